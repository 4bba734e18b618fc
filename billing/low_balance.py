"""The mail that somebody asked for when fewer credits are left than they said: one each time the balance falls below.

Holds that are released lift the balance for a moment, so the next mail comes an hour after the last one at the
earliest.
"""

from datetime import timedelta

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from . import ledger
from .models import AutoTopUp
from .signals import balance_low

APART = timedelta(hours=1)
AT_ONCE = 50


def warn_below(user: AbstractBaseUser, amount: int | None) -> None:
    """Mail when less than `amount` (1/100 credit) is available; None for no mail. Where less is available already, that
    is known: the mail comes when the balance falls below it the next time."""
    purse = ledger.wallet(user)
    is_low = amount is not None and purse.available < amount
    AutoTopUp.objects.get_or_create(user_id=user.pk)
    AutoTopUp.objects.filter(user_id=user.pk).update(
        low_threshold=amount, low_mailed_at=timezone.now() if is_low else None
    )


def sweep() -> None:
    for id in list(_below().filter(low_mailed_at=None).values_list("pk", flat=True)[:AT_ONCE]):
        _tell(id)
    above = _warned().filter(user__wallet__balance__gte=F("user__wallet__held") + F("low_threshold"))
    told = above.filter(low_mailed_at__lt=timezone.now() - APART).values_list("pk", flat=True)
    AutoTopUp.objects.filter(pk__in=list(told[:AT_ONCE])).update(low_mailed_at=None)


@transaction.atomic
def _tell(id: int) -> None:
    row = AutoTopUp.objects.select_for_update().get(pk=id)
    if _below().filter(pk=id, low_mailed_at=None).exists():
        AutoTopUp.objects.filter(pk=id).update(low_mailed_at=timezone.now())
        balance_low.send(sender=AutoTopUp, user_id=row.user_id)


def _warned() -> "QuerySet[AutoTopUp]":
    return AutoTopUp.objects.filter(low_threshold__isnull=False, user__is_active=True)


def _below() -> "QuerySet[AutoTopUp]":
    return _warned().filter(user__wallet__balance__lt=F("user__wallet__held") + F("low_threshold"))
