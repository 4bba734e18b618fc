"""Suspending somebody, and letting them in again: `User.is_active` is what every door asks, the row says why.

An account that is closed for good is not active either, and has no suspension: it can be neither suspended nor let in.
"""

from django.db import transaction
from django.utils import timezone

from . import sessions
from .models import Suspension, User


def of(user: User) -> Suspension | None:
    """The suspension that stands."""
    return Suspension.objects.filter(user=user, lifted_at=None).first()


@transaction.atomic
def suspend(user_id: int, *, reason: str, by: int) -> Suspension | None:
    """Nobody is logged in as this person any more, nobody gets in, and none of their keys opens anything. None where
    the account is suspended or closed already; of two who say it at once, one does it."""
    if not User.objects.filter(pk=user_id, is_active=True).update(is_active=False):
        return None
    sessions.end_all(user_id)
    return Suspension.objects.create(user_id=user_id, reason=reason, by=by)


@transaction.atomic
def lift(user_id: int, *, by: int) -> bool:
    """Let the person in again; everything is as before but for the sessions, which stay ended. False where no
    suspension stands."""
    # The user's row first, as everywhere: an account that is deleted at this moment stays closed.
    User.objects.select_for_update().filter(pk=user_id).first()
    standing = Suspension.objects.filter(user_id=user_id, lifted_at=None)
    if not standing.update(lifted_at=timezone.now(), lifted_by=by):
        return False
    User.objects.filter(pk=user_id).update(is_active=True)
    return True
