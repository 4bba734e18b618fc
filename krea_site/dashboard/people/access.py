"""Levers on how a person gets in: suspending, second factor, sessions, password, keys; and looking in their place."""

from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest
from django.shortcuts import redirect
from django.urls import reverse

from accounts import factors, rescue, sessions, suspensions
from accounts.adapters import whom_to_write_to
from accounts.models import User
from generations import let_in
from krea_site import impersonation, mails
from krea_site.dashboard.people.levers import Doing, Done, Refused, Typed, lever
from krea_site.dashboard.roles import Lever
from partners import keys
from partners.models import Key


def _suspending(person: User) -> list[str]:
    return [
        "Every session ends, and nobody can log in. Who tries with the right password reads that the account is "
        "suspended.",
        "API keys answer 403 account_suspended, shared links are closed, webhooks wait, and nothing is charged: "
        "neither auto top-up nor a plan's renewal. An invoice of a plan that is open already waits.",
        "Pictures that are under way come to their end as usual. The person gets a mail.",
        "Lifted, everything is as before.",
    ]


@lever(
    Lever.SUSPEND_PEOPLE,
    Doing("people.suspend", "Suspend this account", "Suspend", _suspending, is_dangerous=True),
)
def suspend(request: HttpRequest, person: User, typed: Typed) -> Done:
    if person.is_staff:
        raise Refused("This person is staff. Take their role away first.")
    if suspensions.suspend(person.pk, reason=typed.why, by=_id(request)) is None:
        raise Refused("This account is suspended already.")
    let_in.wait_for_orders(person.pk)
    mails.send(person.email, "account_suspended", whom_to_write_to(), key=f"suspended:{typed.token}")
    return Done("The account is suspended.", before={"suspended": False}, after={"suspended": True})


@lever(
    Lever.SUSPEND_PEOPLE,
    Doing(
        "people.lift", "Lift the suspension", "Lift the suspension",
        lambda person: ["Everything is as before the suspension; the person logs in again. They get a mail."],
    ),
)  # fmt: skip
def lift(request: HttpRequest, person: User, typed: Typed) -> Done:
    if not suspensions.lift(person.pk, by=_id(request)):
        raise Refused("This account is not suspended.")
    context = {"page": settings.PUBLIC_URL + reverse("account_login")}
    mails.send(person.email, "suspension_lifted", context, key=f"lifted:{typed.token}")
    return Done("The suspension is lifted.", before={"suspended": True}, after={"suspended": False})


def _resetting(person: User) -> list[str]:
    found = factors.of(person)
    has = [f"{found.passkeys} passkey{'' if found.passkeys == 1 else 's'}"] if found.passkeys else []
    has = (["an app"] if found.has_app else []) + has
    return [
        f"They have {' and '.join(has) or 'no second factor'}. All of it is deleted, recovery codes too, and every "
        "session ends.",
        "From then on the password alone lets in, so be sure that it is they who ask. They get a mail.",
    ]


@lever(
    Lever.HELP_PEOPLE,
    Doing("people.reset_factor", "Reset the second factor", "Delete second factors", _resetting, is_dangerous=True),
)
def reset_factor(request: HttpRequest, person: User, typed: Typed) -> Done:
    deleted = rescue.reset_factors(person)
    if not deleted:
        raise Refused("They have no second factor.")
    context = {"page": settings.PUBLIC_URL + reverse("mfa_index"), "reset": _reset_page()}
    mails.send(person.email, "factor_reset", context, key=f"factor-reset:{typed.token}")
    return Done("The second factors are deleted, and every session has ended.", before={"factors": deleted})


@lever(
    Lever.HELP_PEOPLE,
    Doing(
        "people.end_sessions", "End all sessions", "End all sessions",
        lambda person: ["They are logged out everywhere and can log in again. API keys go on."],
    ),
)  # fmt: skip
def end_sessions(request: HttpRequest, person: User, typed: Typed) -> Done:
    ended = sessions.end_all(person.pk)
    return Done(f"{ended} session{'' if ended == 1 else 's'} ended.", after={"ended": ended})


@lever(
    Lever.HELP_PEOPLE,
    Doing(
        "people.end_session", "End a session", "End this session",
        lambda person, session: ["They are logged out of this one place."],
    ),
)  # fmt: skip
def end_session(request: HttpRequest, person: User, typed: Typed, session: int) -> Done:
    if not sessions.end(person, session):
        raise Refused("This session has ended already.")
    return Done("The session has ended.", after={"session": session})


@lever(
    Lever.HELP_PEOPLE,
    Doing(
        "people.mail_password_reset", "Send a password reset mail", "Send the mail",
        lambda person: [
            "They get the mail that “Forgot your password?” sends, with a link for two hours. Nobody else sees it."
        ],
    ),
)  # fmt: skip
def mail_password_reset(request: HttpRequest, person: User, typed: Typed) -> Done:
    if not person.is_active:
        raise Refused("The account is suspended: a new password would not let them in.")
    rescue.mail_password_reset(request, person)
    return Done("The mail is on its way.")


def _revoking(person: User, key: UUID) -> list[str]:
    row = Key.objects.filter(pk=key, user=person).first()
    if row is None:
        return ["This person has no such key."]
    return [f"The key {row.prefix}… opens nothing from then on, for good. Whatever uses it stops working."]


@lever(
    Lever.HELP_PEOPLE,
    Doing("people.revoke_key", "Revoke an API key", "Revoke this key", _revoking, is_dangerous=True),
)
def revoke_key(request: HttpRequest, person: User, typed: Typed, key: UUID) -> Done:
    row = Key.objects.filter(pk=key, user=person).first()
    if row is None or not keys.revoke(row):
        raise Refused("This key is revoked already, or not of this person.")
    return Done(f"The key {row.prefix}… is revoked.", after={"key": str(row.pk)})


def _visiting(person: User) -> list[str]:
    minutes = impersonation.LASTS // timedelta(minutes=1)
    return [
        f"For {minutes} minutes you see the site as they do. You can look and change nothing; downloads and whatever "
        "shows a secret stay closed, and so does this dashboard.",
        "A line on every page says as whom you look and ends it. Begin and end are in the audit log.",
    ]


@lever(Lever.BE_A_CUSTOMER, Doing("people.visit", "Log in as this customer", "Look as them", _visiting))
def visit(request: HttpRequest, person: User, typed: Typed) -> Done:
    if person.is_staff:
        raise Refused("This person is staff. Nobody takes the place of staff.")
    if not person.is_active:
        raise Refused("The account is suspended, so there is nothing to see in their place.")
    row = impersonation.begin(request, person, why=typed.why)
    after = {"visit": str(row.pk), "ends_at": row.ends_at.isoformat()}
    return Done("You look at the site as this customer now.", after=after, way=lambda: redirect("studio"))


def _id(request: HttpRequest) -> int:
    assert request.user.pk is not None
    return request.user.pk


def _reset_page() -> str:
    return settings.PUBLIC_URL + reverse("account_reset_password")
