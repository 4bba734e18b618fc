"""Wallets that owe, for staff: how each came to it, and letting some of it go."""

from typing import Any, cast
from uuid import UUID, uuid4

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import F, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from billing import credits, takings
from billing.errors import KeyReused, NothingToForgive
from billing.models import Account, Kind, Taking, Transfer
from krea_site import reasons
from krea_site.dashboard import acts, roles
from krea_site.dashboard.gate import staff
from krea_site.dashboard.roles import Lever

ON_A_PAGE = 50
MOST_FORGIVEN = 50


@staff(Lever.SEE_MONEY)
@require_safe
def debt_list(request: HttpRequest) -> HttpResponse:
    """Those that owe most first."""
    rows = Account.objects.filter(debt__gt=0).select_related("user").order_by("-debt", "pk")
    page = Paginator(rows, ON_A_PAGE).get_page(request.GET.get("page"))
    return render(request, "staff/debts.html", {"page": page})


@staff(Lever.SEE_MONEY, act=Lever.MOVE_MONEY)
@require_http_methods(["GET", "HEAD", "POST"])
def debt(request: HttpRequest, id: int) -> HttpResponse:
    """One wallet, by its id; a POST forgives."""
    row = get_object_or_404(Account.objects.select_related("user"), pk=id, user__isnull=False)
    return _forgive(request, row) if request.method == "POST" else _page(request, row)


def _forgive(request: HttpRequest, row: Account) -> HttpResponse:
    """Named by the form's own token, so that a form that is sent twice forgives once."""
    problems: dict[str, str] = {}
    amount, reason = 0, ""
    try:
        amount = credits.read(request.POST.get("amount", "").replace(",", ""))
    except ValueError as error:
        problems["amount"] = str(error)
    try:
        reason = reasons.read(request.POST.get("reason", ""))
    except ValueError as error:
        problems["reason"] = str(error)
    if problems:
        return _page(request, row, problems=problems, status=422)
    try:
        token = UUID(request.POST.get("token", ""))
        _let_go(request, row, amount, token=token, reason=reason)
    except (NothingToForgive, KeyReused, ValueError):
        row.refresh_from_db()
        words = f"Nothing was forgiven: {credits.show(row.debt)} credits are owed now."
        return _page(request, row, problems={"amount": words}, status=409)
    messages.success(request, f"{credits.whole(amount)} credits are forgiven.")
    return redirect("staff-debt", row.pk)


@transaction.atomic
def _let_go(request: HttpRequest, row: Account, amount: int, *, token: UUID, reason: str) -> None:
    by = reasons.actor(request.user)
    if not takings.forgive(cast(Any, row.user), amount, key=f"forgive:{token}", reason=reason, actor=by):
        acts.nothing_done(request)
        return
    row.refresh_from_db()
    owed, owes = credits.show(row.debt + amount), credits.show(row.debt)
    acts.write(request, "debt.forgive", f"wallet:{row.pk}", before={"debt": owed}, after={"debt": owes}, why=reason)


def _page(
    request: HttpRequest, row: Account, *, problems: dict[str, str] | None = None, status: int = 200
) -> HttpResponse:
    forgiven = Transfer.objects.filter(target=row, kind=Kind.CORRECTION, key__startswith="forgive:")
    known = {
        "wallet": row,
        "takings": _owing(row),
        "forgiven": forgiven.order_by("-created_at")[:MOST_FORGIVEN],
        "problems": problems or {},
        "amount": request.POST.get("amount", credits.show(row.debt)),
        "reason": request.POST.get("reason", ""),
        "token": uuid4(),
        "longest": reasons.LONGEST,
        "may_move": roles.may(request.user, Lever.MOVE_MONEY),
    }
    return render(request, "staff/debt.html", known, status=status)


def _owing(row: Account) -> "QuerySet[Taking]":
    """What took more than there was, the newest first, with the sums that a person reads."""
    rows = Taking.objects.filter(wallet=row, owed__gt=0).select_related("reversal").order_by("-pk")
    return rows.annotate(amount=F("cash") + F("bonus"), came_back=F("restored_cash") + F("restored_bonus"))
