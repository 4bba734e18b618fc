"""Who is staff: giving a role to somebody by their address, changing it, taking it away."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from accounts import factors, sessions
from accounts.models import User
from krea_site import reasons
from krea_site.dashboard import acts, roles
from krea_site.dashboard.gate import staff
from krea_site.dashboard.roles import Lever
from krea_site.models import Role, StaffAct

NONE = "none"
CHOICES = (*Role.choices, (NONE, "No role: not staff any more"))


class NotGiven(Exception):
    """The role stays as it is; the words say why, `field` which field they are about."""

    def __init__(self, words: str, field: str) -> None:
        super().__init__(words)
        self.field = field


@dataclass(frozen=True)
class Member:
    user: User
    role: Role | None
    has_factor: bool


@staff(Lever.SET_ROLES)
@require_safe
def member_list(request: HttpRequest) -> HttpResponse:
    return _page(request)


@staff(Lever.SET_ROLES)
@require_POST
def give_role(request: HttpRequest) -> HttpResponseBase:
    """`email`, `role` (one of Role, or none), `why`, and the form's `token`."""
    typed = {name: request.POST.get(name, "").strip() for name in ("email", "role", "why", "token")}
    problems: dict[str, str] = {}
    try:
        why = reasons.read(typed["why"])
    except ValueError as error:
        problems["why"] = str(error)
    if typed["role"] not in dict(CHOICES):
        problems["role"] = f"Choose one of: {', '.join(dict(CHOICES))}."
    person = User.objects.filter(email__iexact=typed["email"][:254]).first()
    if person is None:
        problems["email"] = "There is no account with this address. They sign up first."
    try:
        token = UUID(typed["token"])
    except ValueError:
        problems["email"] = "This form was incomplete. Load the page again."
    if problems or person is None:
        return _page(request, typed, problems, status=422)
    role = None if typed["role"] == NONE else Role(typed["role"])
    try:
        had = _give(request, person.pk, role, why, token)
    except NotGiven as error:
        return _page(request, typed, {error.field: f"Nothing was changed. {error}"}, status=409)
    if had == role:
        messages.info(request, "They have this role already.")
    else:
        messages.success(request, f"{person.email} is {f'staff now: {role.label}' if role else 'not staff any more'}.")
    return redirect("staff-members")


def set_role(person_id: int, role: Role | None) -> tuple[User, Role | None]:
    """Give or take a role; the person, and the role they had. Whoever had another is logged out everywhere. Raises
    NotGiven for a closed account, and where no owner would be left. Inside a transaction."""
    # All staff in one order: two who take each other's role at once come one after the other.
    everybody = list(User.objects.select_for_update(no_key=True).filter(is_staff=True).order_by("pk"))
    person = User.objects.select_for_update(no_key=True).get(pk=person_id)
    if role is not None and not person.is_active:
        raise NotGiven("This account is closed or suspended.", "email")
    had = roles.of(person)
    others = [each for each in everybody if each.pk != person.pk and roles.of(each) is Role.OWNER]
    if had is Role.OWNER and role is not Role.OWNER and not others:
        raise NotGiven("They are the last owner. Make somebody else an owner first.", "role")
    if had != role or (role is None and person.is_staff):
        roles.give(person, role)
        if had is not None:
            sessions.end_all(person.pk)
    return person, had


@transaction.atomic
def _give(request: HttpRequest, person_id: int, role: Role | None, why: str, token: UUID) -> Role | None:
    """The role they had; the new one where nothing had to be changed."""
    subject = f"user:{person_id}"
    if StaffAct.objects.filter(subject=subject, actor=request.user.pk, after__form=str(token)).exists():
        acts.nothing_done(request)
        return role
    if person_id == request.user.pk:
        raise NotGiven("This is yourself: another owner has to do it.", "email")
    _, had = set_role(person_id, role)
    if had == role:
        acts.nothing_done(request)
        return role
    after = {"role": role.value if role else None, "form": str(token)}
    acts.write(request, "staff.role", subject, before={"role": had.value if had else None}, after=after, why=why)
    return had


def _page(
    request: HttpRequest,
    typed: dict[str, str] | None = None,
    problems: dict[str, str] | None = None,
    *,
    status: int = 200,
) -> HttpResponse:
    rows = User.objects.filter(is_staff=True).order_by("email")
    known: dict[str, Any] = {
        "members": [Member(row, roles.of(row), factors.has_any(row)) for row in rows],
        "typed": typed or {"email": request.GET.get("email", ""), "role": request.GET.get("role", "")},
        "problems": problems or {}, "choices": CHOICES, "token": uuid4(), "longest": reasons.LONGEST,
    }  # fmt: skip
    return render(request, "staff/people/members.html", known, status=status)
