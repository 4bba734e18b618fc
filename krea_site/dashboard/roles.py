"""The roles of staff, and the levers that each of them may pull: the least that their work needs.

The table below is all there is: no permission is kept in the database but who has which role. Every address under
`/admin/` names one lever, and tests/krea_site/dashboard/test_roles.py asks each address as each role.
"""

from typing import Any

from django.db import models, transaction

from krea_site.models import Role, StaffMember


class Lever(models.TextChoices):
    """What somebody of the staff may see or do. The labels finish the sentence "Your role does not include …"."""

    SEE = "see", "the dashboard"
    SEE_PEOPLE = "see_people", "customers"
    HELP_PEOPLE = "help_people", "resetting a second factor and ending sessions"
    SUSPEND_PEOPLE = "suspend_people", "suspending a customer"
    BE_A_CUSTOMER = "be_a_customer", "logging in as a customer"
    GIVE_CREDITS = "give_credits", "giving and taking credits"
    CONFIRM_CREDITS = "confirm_credits", "confirming large grants of credits"
    SEE_ROADS = "see_roads", "generations, their road and their cost"
    SEE_PICTURES = "see_pictures", "pictures and prompts"
    STEER_PICTURES = "steer_pictures", "retrying, cancelling and refunding pictures"
    SEE_MONEY = "see_money", "purchases, debts and Stripe's events"
    MOVE_MONEY = "move_money", "refunds, forgiving debts and repeating events"
    SET_PRICES = "set_prices", "prices, packs and plans"
    SWITCH = "switch", "switching image models, sending and the notice"
    SET_LIMITS = "set_limits", "limits"
    SEE_REPORTS = "see_reports", "reports of pictures"
    DECIDE_REPORTS = "decide_reports", "taking pictures down"
    ALLOW_UNCHECKED = "allow_unchecked", "letting the safety checker be switched off"
    SEE_MAILS = "see_mails", "the log of mails"
    EDIT_TEXTS = "edit_texts", "the texts of the site"
    SEE_ACTS = "see_acts", "the audit log"
    ERASE = "erase", "requests for erasure"
    SET_ROLES = "set_roles", "who is staff"


_ALL_SEE = {Lever.SEE, Lever.SEE_PEOPLE, Lever.SEE_ROADS}
LEVERS: dict[Role, frozenset[Lever]] = {
    Role.SUPPORT: frozenset(
        _ALL_SEE
        | {Lever.HELP_PEOPLE, Lever.BE_A_CUSTOMER, Lever.GIVE_CREDITS, Lever.SEE_PICTURES, Lever.STEER_PICTURES}
        | {Lever.SEE_MONEY, Lever.SEE_MAILS}
    ),
    Role.FINANCE: frozenset(
        _ALL_SEE
        | {Lever.GIVE_CREDITS, Lever.CONFIRM_CREDITS, Lever.SEE_MONEY, Lever.MOVE_MONEY, Lever.SET_PRICES}
        | {Lever.SEE_ACTS}
    ),
    Role.MODERATOR: frozenset(
        _ALL_SEE
        | {Lever.SUSPEND_PEOPLE, Lever.SEE_PICTURES, Lever.SEE_REPORTS, Lever.DECIDE_REPORTS, Lever.ALLOW_UNCHECKED}
    ),
    Role.OWNER: frozenset(Lever),
}
NOTHING: frozenset[Lever] = frozenset()


def of(user: Any) -> Role | None:
    """The role of a member of staff; None for everybody else, and for staff that has none yet. Whoever was made with
    `createsuperuser` is an owner. Asked once for each object of a user."""
    if not (user.is_authenticated and user.is_active and user.is_staff):
        return None
    if not hasattr(user, "_staff_role"):
        value = StaffMember.objects.filter(user=user).values_list("role", flat=True).first()
        user._staff_role = Role(value) if value else Role.OWNER if user.is_superuser else None
    role: Role | None = user._staff_role
    return role


def levers_of(user: Any) -> frozenset[Lever]:
    role = of(user)
    return LEVERS[role] if role else NOTHING


def may(user: Any, lever: Lever) -> bool:
    return lever in levers_of(user)


@transaction.atomic
def give(user: Any, role: Role | None) -> Role | None:
    """Make `user` staff with this role, or with None no staff any more; the role they had. Locks their row."""
    user = type(user).objects.select_for_update().get(pk=user.pk)
    had = of(user)
    if role is None:
        StaffMember.objects.filter(user=user).delete()
    else:
        StaffMember.objects.update_or_create(user=user, defaults={"role": role})
    type(user).objects.filter(pk=user.pk).update(is_staff=role is not None, is_superuser=role is Role.OWNER)
    return had
