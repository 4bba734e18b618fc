"""What is left of our money at fal, read every few minutes: at zero fal locks the account, and a lock outlives a
top-up by hours."""

import logging
from datetime import timedelta
from uuid import UUID

from django.db.models import Sum
from django.utils import timezone

from .fal import platform
from .fal.client import Unavailable
from .fal.platform import NotAllowed
from .models import Draw, FalBalance
from .nudge import BALANCE, nudge

logger = logging.getLogger(__name__)

READ_EVERY = timedelta(minutes=5)
ASK_AGAIN = timedelta(hours=6)  # where this key may not read it: it may be exchanged for another one
BURN_DAYS = 7
DAY_S = 86_400


def known() -> FalBalance:
    """The row, or one that knows nothing; asks nobody."""
    return FalBalance.objects.filter(pk=1).first() or FalBalance(pk=1)


def sweep() -> None:
    """Have a worker read it when it is time. Claimed here: a nudge that is lost is made up for by the next one."""
    now = timezone.now()
    if FalBalance.objects.filter(pk=1, due_at__gt=now).exists():
        return
    FalBalance.objects.get_or_create(pk=1)
    if FalBalance.objects.filter(pk=1, due_at__lte=now).update(due_at=now + READ_EVERY):
        nudge(BALANCE)


def look() -> None:
    """Ask fal and write down what it says. What was known stays where fal does not answer."""
    row, now = FalBalance.objects.get_or_create(pk=1)[0], timezone.now()
    rows = FalBalance.objects.filter(pk=row.pk)
    try:
        amount = platform.balance()
    except NotAllowed as refusal:
        logger.info("fal's balance may not be read with this key: %s", refusal)
        said = refusal.reason[:200]
        rows.update(amount_microusd=None, refusal=said, asked_at=now, due_at=now + ASK_AGAIN, burn_microusd=burn())
    except Unavailable as trouble:
        logger.info("fal's balance could not be read (%s)", trouble)
        rows.update(asked_at=now)
    else:
        rows.update(amount_microusd=amount, refusal="", asked_at=now, read_at=now, burn_microusd=burn())


def burn() -> int:
    """What our draws cost on a day: the mean of the last seven, or of as many as there are since the first draw."""
    now = timezone.now()
    since = UUID(int=int((now - timedelta(days=BURN_DAYS)).timestamp() * 1000) << 80)  # an id begins with its moment
    rows = Draw.objects.filter(pk__gte=since)
    cost = rows.aggregate(sum=Sum("cost_microusd"))["sum"] or 0
    first = rows.order_by("pk").values_list("created_at", flat=True).first()
    seconds = min(max(int((now - first).total_seconds()), DAY_S), BURN_DAYS * DAY_S) if first else DAY_S
    return cost * DAY_S // seconds
