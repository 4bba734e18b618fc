"""Sign-ups whose address was never confirmed: deleted after thirty days, so that the table does not fill with typing
errors and robots, and the address is free again for whoever owns it."""

from datetime import timedelta

from allauth.account.models import EmailAddress
from django.db import DEFAULT_DB_ALIAS, transaction
from django.db.models import ProtectedError, RestrictedError
from django.db.models.deletion import Collector
from django.utils import timezone

from .models import User

LASTS = timedelta(days=30)


def prune(*, within: timedelta) -> int:
    """Delete those, as many as there is time for; how many."""
    begun = timezone.now()
    old = User.objects.filter(date_joined__lt=begun - LASTS, last_login=None, is_staff=False)
    never = old.filter(emailaddress__isnull=False).exclude(emailaddress__verified=True).order_by("pk")
    deleted = 0
    for pk in never.values_list("pk", flat=True).distinct().iterator():
        if timezone.now() - begun > within:
            break
        deleted += _delete(pk)
    return deleted


@transaction.atomic
def _delete(pk: int) -> bool:
    """False for who confirmed at this moment, and for who has anything beside an address: a key or credits that staff
    gave them, say."""
    addresses = EmailAddress.objects.select_for_update().filter(user=pk)
    user = User.objects.filter(pk=pk, last_login=None).first()
    if user is None or any(address.verified for address in addresses) or _has_more(user):
        return False
    user.delete()
    return True


def _has_more(user: User) -> bool:
    collector = Collector(using=DEFAULT_DB_ALIAS)
    try:
        collector.collect([user])
    except (ProtectedError, RestrictedError):
        return True
    there = set(collector.data) | {rows.model for rows in collector.fast_deletes if rows.exists()}
    return bool(there - {User, EmailAddress})
