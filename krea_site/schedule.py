"""What happens by the clock: each night the audit, the closing of the books' days, and the sweeping out of what is old.

The rows are django-q2's Schedules, made after every migrate; saying it again changes nothing, and a time that an
operator moved stays moved. Times are UTC.
"""

import logging
from datetime import datetime, time, timedelta

from django.conf import settings
from django.core.cache import cache
from django.core.management import call_command
from django.utils import timezone
from django_q.models import Failure, Schedule

from accounts import sessions
from billing import allowances, audit, closings, reconcile, stripe_events
from billing.stripe_values import StripeRefused, StripeUnavailable
from generations import audit as road_audit
from generations import shares
from generations.models import Event
from krea_site import exports, reports, status_days, trial
from krea_site.mails import post
from partners import idempotency, rate_limits, signing_keys
from partners.webhooks import deliveries

logger = logging.getLogger(__name__)

NIGHTLY = {
    "krea_site.schedule.reconcile_stripe": time(1, 10),
    "krea_site.schedule.close_days": time(2, 10),
    "krea_site.schedule.audit_ledger": time(2, 40),
    "krea_site.schedule.prune_events": time(3, 10),
    "krea_site.schedule.prune_sessions": time(3, 40),
    "krea_site.schedule.prune_failures": time(3, 50),
    "krea_site.schedule.prune_exports": time(3, 55),
    "krea_site.schedule.prune_trial_counts": time(3, 58),
    "krea_site.schedule.prune_mails": time(4, 0),
    "krea_site.schedule.prune_reports": time(4, 5),
    "krea_site.schedule.prune_shares": time(4, 8),
    "krea_site.schedule.prune_kept_answers": time(4, 10),
    "krea_site.schedule.prune_deliveries": time(4, 15),
    "krea_site.schedule.prune_buckets": time(4, 20),
    "krea_site.schedule.rotate_signing_keys": time(4, 25),
    "krea_site.schedule.prune_allowances": time(4, 30),
    "krea_site.schedule.prune_stripe_events": time(4, 35),
    "krea_site.schedule.count_status_days": time(0, 30),
}
EVENTS_LAST = timedelta(days=7)
FAILURES_LAST = timedelta(days=30)
AT_ONCE = 2000  # rows deleted in one transaction: nobody waits long for its locks
WORKING_TIME = timedelta(seconds=settings.TASK_TIMEOUT_S * 2 // 3)
AUDIT_LASTS_S = 2 * 3600
RECONCILING_LASTS_S = 1 * 3600
OPTIONS = {  # the tasks that may be long
    "krea_site.schedule.audit_ledger": {"timeout": AUDIT_LASTS_S},
    "krea_site.schedule.reconcile_stripe": {"timeout": RECONCILING_LASTS_S},
}


def install() -> None:
    """Put the table of the cache and every schedule in place."""
    call_command("createcachetable", verbosity=0)
    for name, at in NIGHTLY.items():
        row = {"func": name, "schedule_type": Schedule.DAILY, "next_run": _next(at)}
        if name in OPTIONS:
            row["kwargs"] = repr({"q_options": OPTIONS[name]})
        Schedule.objects.get_or_create(name=name, defaults=row)
    Schedule.objects.filter(name__startswith="krea_site.schedule.").exclude(name__in=NIGHTLY).delete()


def audit_ledger() -> int:
    """Prove the books; how many things differ. Each is logged as an error.

    A long audit is given to a second worker while the first still counts: that one leaves it alone."""
    if not cache.add("krea_site.audit", True, AUDIT_LASTS_S):
        return 0
    try:
        with audit.one_moment():
            found = [*audit.findings(), *road_audit.findings()]
    finally:
        cache.delete("krea_site.audit")
    for finding in found:
        logger.error("audit: %s", finding)
    logger.info("audit: %d findings", len(found))
    return len(found)


def reconcile_stripe() -> int:
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


def close_days() -> int:
    """Close the days of our books that are over; how many rows that wrote."""
    return closings.close_days()


def prune_events() -> int:
    """Delete events of more than seven days, as many as one task has time for; how many."""
    old = Event.objects.filter(created_at__lt=timezone.now() - EVENTS_LAST).order_by("created_at")
    ends_at = timezone.now() + WORKING_TIME
    deleted = 0
    while timezone.now() < ends_at and (ids := list(old.values_list("pk", flat=True)[:AT_ONCE])):
        deleted += Event.objects.filter(pk__in=ids).delete()[0]
    return deleted


def prune_sessions() -> None:
    call_command("clearsessions")
    sessions.forget_ended()


def prune_failures() -> int:
    """django-q2 keeps every failed task for ever; a month is enough to look into one."""
    old: tuple[int, dict[str, int]] = Failure.objects.filter(stopped__lt=timezone.now() - FAILURES_LAST).delete()
    return old[0]


def prune_exports() -> int:
    return exports.prune()


def prune_trial_counts() -> int:
    return trial.prune_counts()


def prune_mails() -> int:
    return post.prune()


def prune_reports() -> int:
    return reports.prune()


def prune_shares() -> int:
    return shares.prune()


def prune_kept_answers() -> int:
    return idempotency.prune(within=WORKING_TIME)


def prune_buckets() -> int:
    return rate_limits.prune()


def prune_deliveries() -> int:
    return deliveries.prune(within=WORKING_TIME)


def rotate_signing_keys() -> None:
    signing_keys.rotate()


def prune_allowances() -> int:
    return allowances.prune(timezone.now().date())


def prune_stripe_events() -> int:
    return stripe_events.prune()


def count_status_days() -> None:
    """The two days before this one; the one before yesterday again, since its last pictures may have ended since."""
    status_days.count_again(2)


def _next(at: time) -> datetime:
    """The next time that the clock shows `at`."""
    now = timezone.now()
    today = datetime.combine(now.date(), at, tzinfo=now.tzinfo)
    return today if today > now else today + timedelta(days=1)
