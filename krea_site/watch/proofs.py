"""Proofs by day: the audit of the ledger and the comparison with Stripe, for as long as they are cheap.

Each night they run in any case. Between the nights one runs again while it takes a few seconds, and at most one part in
SHARE of the time: so on a small site what is wrong is known within two minutes, and a large one is left alone by day.

Of Stripe's payments there is a glance each minute besides, a call for a hundred of them, however large the site is.
Where it sees anything new, or what it saw is gone, the whole comparison runs at once.
"""

import logging
from datetime import timedelta

from django.conf import settings
from django.core.cache import cache
from django.utils import timezone

from billing import reconcile, stripe_gateway
from billing.models import Purchase, Transfer
from billing.stripe_values import StripeRefused, StripeUnavailable
from krea_site import check_runs
from krea_site.watch import facts
from krea_site.watch.facts import Check

SHARE = 30
CHEAP = timedelta(seconds=5)
DEAR = timedelta(seconds=60 if settings.IS_POSTGRES else 10)  # SQLite lets nobody write meanwhile: left to the night
A_WHILE = timedelta(hours=1)  # after one that was neither: the machine may only have been busy
AUDIT_EVERY = timedelta(seconds=settings.WATCH_PATIENCE_S * 2 // 3)  # the clock of the schedule comes every minute
STRIPE_EVERY = timedelta(hours=1)
GLANCE_EVERY_S = settings.WATCH_STRIPE_EVERY_S * 2 // 3
# With a live key Stripe allows 500 reads for each payment, and 10,000 a month at the least: 120 after each payment, and
# one in ten minutes otherwise, stay far below both.
LIVELY = timedelta(hours=2)
QUIET_S = 600
GLANCED, SEEN = "krea_site.proofs.glanced", "krea_site.proofs.seen"
SEEN_LASTS_S = 7 * 86_400
FEW = 10_000  # rows that a first run by day may have to look through

logger = logging.getLogger(__name__)


def make() -> None:
    """Those that are due, one after the other."""
    if is_due(facts.audited(), AUDIT_EVERY, has_few=_has_few_transfers()):
        check_runs.audit()
    if not (settings.STRIPE_SECRET_KEY and Purchase.objects.exists()):
        return
    last = facts.compared_with_stripe()
    if is_due(last, STRIPE_EVERY, has_few=True):
        check_runs.stripe()
    elif last is not None and timezone.now() - last.ended_at >= SHARE * last.took:
        _glance(last)


def is_due(last: Check | None, every: timedelta, *, has_few: bool) -> bool:
    """Whether a check may run now whose last run was this."""
    if last is None:
        return has_few
    wait = max(every, SHARE * last.took, A_WHILE if last.took > CHEAP else every)
    return last.took < DEAR and timezone.now() - last.ended_at >= wait


def _glance(last: Check) -> None:
    """Look at Stripe's payments, if it is time; where they are otherwise than after the last comparison, compare."""
    if not cache.add(GLANCED, True, _glance_lasts_s()):
        return
    try:
        if reconcile.glance() == cache.get(SEEN, frozenset()):
            return
        check_runs.stripe()
        if facts.compared_with_stripe() != last:  # it went through: what is still to be seen is known
            cache.set(SEEN, reconcile.glance(), SEEN_LASTS_S)
    except (StripeUnavailable, StripeRefused) as error:
        logger.warning("Stripe could not be looked at: %s", error)


def _glance_lasts_s() -> int:
    is_quiet = not Purchase.objects.filter(paid_at__gte=timezone.now() - LIVELY).exists()
    return max(GLANCE_EVERY_S, QUIET_S) if stripe_gateway.is_live() and is_quiet else GLANCE_EVERY_S


def _has_few_transfers() -> bool:
    return Transfer.objects.order_by()[:FEW].count() < FEW
