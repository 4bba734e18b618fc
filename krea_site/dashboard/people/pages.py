"""The list of people with its search, and the page of one: each part for the roles that need it."""

from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import NoReverseMatch, reverse
from django.views.decorators.http import require_safe

from accounts import addresses, factors, sessions, suspensions
from accounts.models import User
from billing import purchases, statement
from billing.models import Account, Purchase, StripeCustomer
from generations.models import Event, Generation, Image
from krea_site import cursors
from krea_site.dashboard import roles
from krea_site.dashboard.gate import staff
from krea_site.dashboard.people import checker, finding, giving, levers
from krea_site.dashboard.roles import Lever
from krea_site.models import CreditRequest, Impersonation, Report, StaffAct
from partners.models import Key

FEW, SOME, MANY = 8, 20, 50
MONEY = {Lever.SEE_MONEY, Lever.GIVE_CREDITS}


@staff(Lever.SEE_PEOPLE)
@require_safe
def people(request: HttpRequest) -> HttpResponseBase:
    """`q` finds; one match leads straight to its page. Without it the newest, `before` an id."""
    wanted, before = request.GET.get("q", "").strip()[: finding.LONGEST], request.GET.get("before", "")
    if wanted:
        found = finding.matches(wanted)
        if len(found) == 1:
            return redirect("staff-person", found[0].user.pk)
        known: dict[str, Any] = {"matches": found, "wanted": wanted, "most": finding.MOST}
        return render(request, "staff/people/list.html", known)
    rows = list(cursors.before(User.objects.order_by("-pk"), before)[: finding.MOST + 1])
    shown = [finding.Match(row, "") for row in rows[: finding.MOST]]
    known = {"matches": shown, "wanted": "", "following": shown[-1].user.pk if len(rows) > finding.MOST else None}
    return render(request, "staff/people/list.html", known)


@staff(Lever.SEE_PEOPLE)
@require_safe
def person(request: HttpRequest, id: int) -> HttpResponse:
    row = get_object_or_404(User, pk=id)
    allowed = roles.levers_of(request.user)
    known = _who(row) | {
        "hindrance": levers.hindrance(request.user, row),
        "may": {lever.value: True for lever in allowed},
        "acts": StaffAct.objects.filter(subject=f"user:{row.pk}").select_related("actor").order_by("-pk")[:SOME],
    }
    if allowed & MONEY:
        known |= _money(row)
    if Lever.SEE_MONEY in allowed:
        known["purchases"] = [purchases.shown(each) for each in _newest(Purchase.objects, row)]
    if Lever.SEE_PICTURES in allowed:
        known |= _pictures(row)
    if Lever.HELP_PEOPLE in allowed:
        known |= {"keys": Key.objects.of(row).order_by("revoked_at", "-created_at")[:MANY]}
        known |= {"places": sessions.places_of(row)}
    if Lever.SEE_REPORTS in allowed:
        theirs = Image.objects.filter(pk=OuterRef("image_id"), user=row)
        known["reports"] = Report.objects.filter(Exists(theirs)).order_by("-pk")[:SOME]
    return render(request, "staff/people/person.html", known)


@staff(Lever.SEE_MONEY)
@require_safe
def movements(request: HttpRequest, id: int) -> HttpResponse:
    """Every movement of the wallet, page by page; to be read only."""
    row = get_object_or_404(User, pk=id)
    wallet = Account.objects.filter(user=row).first()
    page = statement.page(wallet, cursor=request.GET.get("after", ""), before=request.GET.get("before", ""), size=MANY)
    return render(request, "staff/people/statement.html", {"person": row, "page": page})


def _who(row: User) -> dict[str, Any]:
    places = sessions.places_of(row)
    seen = [moment for moment in (row.last_login, *(place.seen_at for place in places)) if moment]
    is_closed = levers.is_closed(row)
    return {
        "person": row,
        "is_confirmed": addresses.is_confirmed(row),
        "seen_at": max(seen, default=None),
        "role": roles.of(row),
        "suspension": suspensions.of(row),
        "is_closed": is_closed,
        "factors": factors.of(row),
        "may_be_unchecked": checker.may(row),
        "visits": Impersonation.objects.filter(user=row).select_related("staff").order_by("-began_at")[:FEW],
    }


def _money(row: User) -> dict[str, Any]:
    wallet = Account.objects.filter(user=row).first()
    return {
        "wallet": wallet or Account(),
        "statement": statement.page(wallet, size=FEW),
        "stripe": StripeCustomer.objects.filter(user=row).order_by("-created_at"),
        "requests": CreditRequest.objects.filter(user=row, state=CreditRequest.State.WAITING),
        "alone": giving.alone(),
    }


def _pictures(row: User) -> dict[str, Any]:
    """Without prompts: what a picture shows is nobody's business here."""
    return {
        "generations": Generation.objects.filter(user=row).order_by("-id")[:FEW],
        "all_generations": _address("staff-generations", f"?user={row.pk}"),
        "events": Event.objects.filter(user=row).order_by("-seq")[:SOME],
    }


def _newest(rows: Any, row: User) -> "QuerySet[Any]":
    found: QuerySet[Any] = rows.filter(user=row).select_related("user").prefetch_related("reversals__taking")
    return found.order_by("-pk")[:FEW]


def _address(name: str, query: str) -> str:
    try:
        return reverse(name) + query
    except NoReverseMatch:
        return ""
