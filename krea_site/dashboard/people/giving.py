"""Giving credits to a person, or taking some that were given: alone up to a sum, above it with a second word.

Everything that one member of staff moved for one person within a day counts together, so that many small sums are one
large one. Called under the lock of the person's row, which makes two at once count each other.
"""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Q, Sum
from django.utils import timezone

from accounts.models import User
from billing import credits, ledger
from billing.errors import InsufficientCredits
from billing.models import Account, Transfer
from krea_site import reasons

COUNTED = timedelta(days=1)
KEY = "staff:"  # of what was done alone; what two decided has the key of its request


def alone() -> int:
    """What one member of staff may move for one person within a day without a second, in 1/100 credit."""
    return int(settings.STAFF_CREDITS_ALONE) * credits.PER_CREDIT


def counted(actor: Any, purse: Account) -> int:
    """What they moved alone for this wallet within the last day, given and taken together."""
    rows = Transfer.objects.filter(Q(target=purse) | Q(source=purse), created_at__gt=timezone.now() - COUNTED)
    mine = rows.filter(actor=reasons.actor(actor), key__startswith=KEY)
    return mine.aggregate(sum=Sum("amount"))["sum"] or 0


def needs_second(actor: Any, person: User, amount: int) -> bool:
    purse = Account.objects.filter(user=person).first()
    return amount + (counted(actor, purse) if purse else 0) > alone()


def key_of(token: UUID) -> str:
    return f"{KEY}{token}"


def move(person: User, amount: int, *, takes: bool, key: str, memo: str, actor: Any) -> tuple[int, int]:
    """Give or take once under this key; the balance before and after. ValueError that says what can be taken where
    that is less; then nothing is moved."""
    before = ledger.wallet(person).balance
    if takes:
        try:
            ledger.take_away(person, amount, key=key, memo=memo, actor=reasons.actor(actor))
        except InsufficientCredits as error:
            raise ValueError(
                f"At most {credits.whole(max(error.available, 0))} credits can be taken: no more is available."
            ) from None
    else:
        ledger.grant(person, amount, key=key, memo=memo, actor=reasons.actor(actor))
    return before, Account.objects.get(user=person).balance
