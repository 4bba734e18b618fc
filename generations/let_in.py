"""Whether a customer may order: asked in the order's own transaction, so that none is taken once an account is shut.

Whoever orders writes an event first, which locks the customer's number; whoever shuts an account waits for that number
before it commits. So an order is taken before the account is shut, or refused; it never comes after.
"""

from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import QuerySet

from billing.compiled import select

from .models import Customer
from .switches import Unavailable

SUSPENDED = "This account is suspended. Please write to support."
CLOSED = "This account is closed."


class AccountIsShut(Unavailable):
    """The account was suspended or closed since the caller was let in."""

    def __init__(self, *, is_suspended: bool) -> None:
        self.is_suspended = is_suspended
        super().__init__(SUSPENDED if is_suspended else CLOSED)


def check(user_id: int) -> None:
    """Raises AccountIsShut. Call it after the order's first event."""
    if not _open(user_id):
        user = get_user_model()._default_manager.get(pk=user_id)
        raise AccountIsShut(is_suspended=user.is_suspended)


def wait_for_orders(user_id: int) -> None:
    """For whoever shuts an account, behind that in the same transaction: let those orders end that came before, and
    have others wait for the commit."""
    Customer.objects.get_or_create(user_id=user_id)
    Customer.objects.select_for_update().get(user_id=user_id)


@select
def _open(user_id: int) -> "QuerySet[Any, int]":
    return get_user_model()._default_manager.filter(pk=user_id, is_active=True).values_list("pk", flat=True)
