"""One lever, pulled at one person: its own page says what it does and asks why, and its button does it once.

The act, the row in the audit log and whatever else it writes are one transaction under the lock of the person's row, so
two of the staff come one after the other. Every form has a token, which the log keeps: a form that is sent twice finds
that it was done.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from accounts.models import User
from billing import credits
from krea_site import reasons
from krea_site.dashboard import acts, roles
from krea_site.dashboard.gate import staff
from krea_site.dashboard.roles import Lever
from krea_site.models import Role, StaffAct

MOST_CREDITS = 10_000_000 * credits.PER_CREDIT  # as the command grant_credits: more is a slip of the finger


class Refused(Exception):
    """It cannot be done now; the words say why, and nothing was changed. `field` is what they are about."""

    def __init__(self, words: str, field: str = "") -> None:
        super().__init__(words)
        self.field = field


@dataclass(frozen=True)
class Typed:
    """What stood in the form, read: `amount` in 1/100 credit, where it was asked for; `token` is the form's own."""

    why: str
    token: UUID
    amount: int = 0


@dataclass(frozen=True)
class Done:
    """What was done: `words` for who did it, the rest for the audit log. `way` leads on; else to the person's page."""

    words: str
    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)
    verb: str = ""
    way: Callable[[], HttpResponseBase] | None = None


@dataclass(frozen=True)
class Doing:
    """A lever as its page shows it. `meaning` says what happens, given the person and what is further in the address;
    `read_by` tells who else reads the reason."""

    verb: str
    title: str
    button: str
    meaning: Callable[..., list[str]]
    is_dangerous: bool = False
    asks_amount: bool = False
    read_by: str = "It stays in the audit log; the customer does not read it."


Act = Callable[..., Done]  # (request, person, typed, **what is further in the address); raises Refused


def lever(needed: Lever, doing: Doing) -> Callable[[Act], Callable[..., HttpResponseBase]]:
    """Make the page of a lever out of its act: GET shows it, POST does it."""

    def around(act: Act) -> Callable[..., HttpResponseBase]:
        @staff(needed)
        @require_http_methods(["GET", "HEAD", "POST"])
        def view(request: HttpRequest, /, id: int, **further: Any) -> HttpResponseBase:
            person = get_object_or_404(User, pk=id)
            if request.method != "POST":
                return _page(request, doing, person, further, problems={"": hindrance(request.user, person)})
            typed, problems = _read(request, doing)
            if typed is None:
                return _page(request, doing, person, further, problems=problems, status=422)
            try:
                done = _pull(request, doing, act, id, typed, further)
            except Refused as refused:
                words = {refused.field: f"Nothing was changed. {refused}"}
                return _page(request, doing, person, further, problems=words, status=409)
            if done is None:
                messages.info(request, "This was done already; the form was sent twice.")
                return redirect("staff-person", id)
            messages.success(request, done.words)
            return done.way() if done.way else redirect("staff-person", id)

        return view

    return around


def hindrance(actor: Any, person: User) -> str:
    """Why this member of staff may pull no lever at this person; empty where they may."""
    if person.pk == actor.pk:
        return "This is your own account: somebody else of the staff has to do this."
    if person.is_staff and roles.of(actor) is not Role.OWNER:
        return "This person is staff: only an owner may do this to them."
    if is_closed(person):
        return "This account is closed for good: nothing can be done to it."
    return ""


def is_closed(person: User) -> bool:
    """Deleted by its owner, or about to be."""
    return not person.is_active and not person.is_suspended


@transaction.atomic
def _pull(
    request: HttpRequest, doing: Doing, act: Act, id: int, typed: Typed, further: Mapping[str, Any]
) -> Done | None:
    """None where this very form was sent before."""
    person = User.objects.select_for_update(no_key=True).get(pk=id)
    subject = f"user:{id}"
    if StaffAct.objects.filter(subject=subject, actor=request.user.pk, after__form=str(typed.token)).exists():
        acts.nothing_done(request)
        return None
    if words := hindrance(request.user, person):
        raise Refused(words)
    done = act(request, person, typed, **further)
    after = {**done.after, "form": str(typed.token)}
    acts.write(request, done.verb or doing.verb, subject, before=done.before, after=after, why=typed.why)
    return done


def _read(request: HttpRequest, doing: Doing) -> tuple[Typed | None, dict[str, str]]:
    problems: dict[str, str] = {}
    why, token, amount = "", uuid4(), 0
    try:
        why = reasons.read(request.POST.get("why", ""))
    except ValueError as error:
        problems["why"] = str(error)
    try:
        token = UUID(request.POST.get("token", ""))
    except ValueError:
        problems[""] = "This form was incomplete. Load the page again; nothing was changed."
    if doing.asks_amount:
        try:
            amount = amount_in(request.POST.get("amount", ""))
        except ValueError as error:
            problems["amount"] = str(error)
    return (None if problems else Typed(why, token, amount)), problems


def amount_in(text: str) -> int:
    """Credits as somebody typed them, in 1/100; ValueError that says what is allowed."""
    amount = credits.read(text.replace(",", ""))
    if not 0 < amount <= MOST_CREDITS:
        raise ValueError(f"More than 0 and at most {credits.whole(MOST_CREDITS)} credits.")
    return amount


def _page(
    request: HttpRequest,
    doing: Doing,
    person: User,
    further: Mapping[str, Any],
    *,
    problems: Mapping[str, str],
    status: int = 200,
) -> HttpResponse:
    is_hindered = bool(hindrance(request.user, person))
    known = {
        "person": person, "doing": doing, "may": not is_hindered, "problems": problems, "problem": problems.get("", ""),
        "meaning": doing.meaning(person, **further), "longest": reasons.LONGEST, "token": uuid4(),
        "why": request.POST.get("why", ""), "amount": request.POST.get("amount", ""),
    }  # fmt: skip
    return render(request, "staff/people/lever.html", known, status=status)
