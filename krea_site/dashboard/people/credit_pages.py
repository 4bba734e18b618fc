"""The levers that give and take credits, and the page on which a second member of staff decides."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from accounts.models import User
from billing import credits
from billing.models import Account
from krea_site import reasons
from krea_site.dashboard import acts, roles
from krea_site.dashboard.gate import staff
from krea_site.dashboard.people import credit_requests, giving
from krea_site.dashboard.people.levers import Doing, Done, Refused, Typed, lever
from krea_site.dashboard.roles import Lever
from krea_site.models import CreditRequest

READ_BY = "The customer reads it on their statement, where it stays. Without names and addresses."
SHOWN = 50


def _giving(person: User) -> list[str]:
    return [f"{_stands(person)} What is given pays a debt first.", _second()]


def _taking(person: User) -> list[str]:
    return [f"{_stands(person)} No more than what is available can be taken.", _second()]


@lever(
    Lever.GIVE_CREDITS,
    Doing("people.give", "Give credits", "Give", _giving, asks_amount=True, read_by=READ_BY),
)
def give(request: HttpRequest, person: User, typed: Typed) -> Done:
    return _change(request, person, typed, takes=False)


@lever(
    Lever.GIVE_CREDITS,
    Doing("people.take", "Take credits", "Take", _taking, is_dangerous=True, asks_amount=True, read_by=READ_BY),
)
def take(request: HttpRequest, person: User, typed: Typed) -> Done:
    return _change(request, person, typed, takes=True)


def _change(request: HttpRequest, person: User, typed: Typed, *, takes: bool) -> Done:
    said = credits.whole(typed.amount)
    purse = Account.objects.filter(user=person).first() or Account()
    if takes and typed.amount > purse.available:
        raise Refused(
            f"At most {credits.whole(max(purse.available, 0))} credits can be taken: no more is available.", "amount"
        )
    if giving.needs_second(request.user, person, typed.amount):
        row = credit_requests.ask(
            person, takes=takes, amount=typed.amount, reason=typed.why, actor=request.user, id=typed.token
        )
        words = f"{said} credits wait for a second member of the staff, for {credit_requests.LASTS.days} days."
        return Done(words, after=credit_requests.in_words(row), verb="people.ask_credits")
    try:
        before, after = giving.move(
            person, typed.amount, takes=takes, key=giving.key_of(typed.token), memo=typed.why, actor=request.user
        )
    except ValueError as error:
        raise Refused(str(error), "amount") from None
    told = {"balance": credits.show(after), "credits": said}
    return Done(
        f"{said} credits {'taken' if takes else 'given'}.", before={"balance": credits.show(before)}, after=told
    )


@staff(Lever.GIVE_CREDITS)
@require_safe
def requests(request: HttpRequest) -> HttpResponse:
    """Those that wait, the oldest first, then what became of others."""
    return _page(request)


@staff(Lever.CONFIRM_CREDITS)
@require_POST
def confirm(request: HttpRequest, id: UUID) -> HttpResponseBase:
    return _decide(request, id, "confirm")


@staff(Lever.CONFIRM_CREDITS)
@require_POST
def refuse(request: HttpRequest, id: UUID) -> HttpResponseBase:
    return _decide(request, id, "refuse")


def _decide(request: HttpRequest, id: UUID, what: str) -> HttpResponseBase:
    row = get_object_or_404(CreditRequest.objects.select_related("user"), pk=id)
    try:
        why = reasons.read(request.POST.get("why", ""))
    except ValueError as error:
        return _page(request, failed=row, problem=str(error), status=422)
    try:
        with transaction.atomic():
            _decided(request, row, what, why)
    except credit_requests.NotNow as refused:
        row.refresh_from_db()
        if row.decided_by_id == request.user.pk:  # a form that was sent twice
            acts.nothing_done(request)
            messages.info(request, f"It is {row.state} already.")
            return redirect("staff-credit-requests")
        return _page(request, failed=row, problem=f"Nothing was changed. {refused}", status=409)
    messages.success(request, "The request is refused." if what == "refuse" else "The credits are moved.")
    return redirect("staff-credit-requests")


def _decided(request: HttpRequest, row: CreditRequest, what: str, why: str) -> None:
    subject, told = f"user:{row.user_id}", credit_requests.in_words(row)
    if what == "refuse":
        credit_requests.refuse(row.pk, actor=request.user, answer=why)
        acts.write(request, "people.refuse_credits", subject, before={"state": "waiting"}, after=told, why=why)
        return
    before, after = credit_requests.confirm(row.pk, actor=request.user, answer=why)
    acts.write(
        request, "people.confirm_credits", subject, before={"balance": credits.show(before)},
        after={**told, "balance": credits.show(after)}, why=why,
    )  # fmt: skip


def _page(
    request: HttpRequest, *, failed: CreditRequest | None = None, problem: str = "", status: int = 200
) -> HttpResponse:
    rows = CreditRequest.objects.select_related("user", "asked_by", "decided_by")
    known: dict[str, Any] = {
        "waiting": credit_requests.waiting().select_related("user", "asked_by").order_by("asked_at"),
        "decided": rows.exclude(state=CreditRequest.State.WAITING).order_by("-decided_at")[:SHOWN],
        "may_decide": roles.may(request.user, Lever.CONFIRM_CREDITS),
        "failed": failed, "problem": problem, "why": request.POST.get("why", ""), "longest": reasons.LONGEST,
        "alone": giving.alone(), "days": credit_requests.LASTS.days,
    }  # fmt: skip
    return render(request, "staff/people/credit_requests.html", known, status=status)


def _stands(person: User) -> str:
    purse = Account.objects.filter(user=person).first() or Account()
    owes = f" They owe {credits.whole(purse.debt)}." if purse.debt else ""
    return f"{credits.whole(purse.available)} credits are available.{owes}"


def _second() -> str:
    return (
        f"Above {credits.whole(giving.alone())} credits for one person within a day, a second member of the staff has "
        "to confirm it: it waits under “Credits to confirm”."
    )
