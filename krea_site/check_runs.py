"""The audit and the comparison with Stripe, each one run under its lock and written down; fal's is in check_orders."""

import logging
from datetime import datetime, timedelta
from typing import Final

from django.core.cache import cache
from django.utils import timezone

from billing import audit as books
from billing import reconcile
from billing.models import Reconciliation
from billing.stripe_values import StripeRefused, StripeUnavailable
from generations import audit as road
from generations.models import FalDay
from krea_site.models import CheckRun

logger = logging.getLogger(__name__)

AUDIT_LASTS_S: Final = 2 * 3600
RECONCILING_LASTS_S: Final = 1 * 3600
MOST_KEPT = 100
KEPT_FOR = timedelta(days=30)
DAYS_KEPT_FOR = timedelta(days=400)


def audit() -> int:
    """Prove the books; how many things differ. Each is logged as an error.

    A long audit is given to a second worker while the first still counts: that one leaves it alone."""
    if not cache.add("krea_site.audit", True, AUDIT_LASTS_S):
        return 0
    begun_at = timezone.now()
    try:
        with books.one_moment():
            found = [*books.findings(), *road.findings()]
    finally:
        cache.delete("krea_site.audit")
    write_down(CheckRun.Kind.AUDIT, begun_at, found)
    for finding in found:
        logger.error("audit: %s", finding)
    logger.info("audit: %d findings", len(found))
    return len(found)


def stripe() -> int:
    """Compare Stripe's records with ours, before the audit; how many things it could not mend. Each is logged as an
    error. As with the audit, a second worker that gets it too leaves it alone."""
    if not cache.add("krea_site.reconcile_stripe", True, RECONCILING_LASTS_S):
        return 0
    try:
        outcome = reconcile.run()
    except (StripeUnavailable, StripeRefused) as error:
        logger.error("reconcile_stripe: Stripe gave no answer (%s); the next run begins where this one did", error)
        return 0
    finally:
        cache.delete("krea_site.reconcile_stripe")
    for finding in outcome.findings:
        log = logger.warning if finding.is_mended else logger.error
        log("reconcile_stripe: %s %s", finding.id, finding.words)
    logger.info("reconcile_stripe: %d mended, %d left", outcome.mended, outcome.left)
    return outcome.left


def write_down(kind: CheckRun.Kind, begun_at: datetime, findings: list[str], *, left: int | None = None) -> CheckRun:
    """Keep what a check found, for the front page and the watch. `left` where not every line is something left."""
    count = len(findings) if left is None else left
    return CheckRun.objects.create(
        kind=kind, begun_at=begun_at, ended_at=timezone.now(), left=count, findings=findings[:MOST_KEPT]
    )


def newest(kind: CheckRun.Kind) -> CheckRun | None:
    """The last run that went through."""
    return CheckRun.objects.filter(kind=kind).order_by("-ended_at").first()


def prune() -> int:
    """Forget runs of a month ago, and fal's days after a year and some; the newest of each kind stays."""
    old = timezone.now() - KEPT_FOR
    last = [row.pk for kind in CheckRun.Kind if (row := newest(kind))]
    gone: int = CheckRun.objects.filter(ended_at__lt=old).exclude(pk__in=last).delete()[0]
    of_stripe = reconcile.newest()
    gone += Reconciliation.objects.filter(began_at__lt=old).exclude(pk=of_stripe.pk if of_stripe else 0).delete()[0]
    return gone + FalDay.objects.filter(day__lt=(timezone.now() - DAYS_KEPT_FOR).date()).delete()[0]
