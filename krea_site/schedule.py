"""What happens by the clock: each night the audit, the closing of the books' days, and the sweeping out of what is old.

The rows are django-q2's Schedules, made after every migrate; saying it again changes nothing, and a time that an
operator moved stays moved. Times are UTC.
"""

import logging
from datetime import datetime, time, timedelta

from django.conf import settings
from django.core.management import call_command
from django.utils import timezone
from django_q.models import Failure, Schedule

from accounts import sessions, unconfirmed
from billing import allowances, closings, stripe_events
from generations import fal_erasures, shares
from generations.models import Event
from krea_site import check_orders, check_runs, exports, reports, status_days, trial
from krea_site.dashboard import rollups
from krea_site.mails import post
from krea_site.models import CheckOrder
from krea_site.watch import proofs, rounds
from krea_site.watch import rows as alerts
from partners import idempotency, rate_limits, signing_keys
from partners.webhooks import deliveries

logger = logging.getLogger(__name__)

NIGHTLY = {
    "krea_site.schedule.reconcile_stripe": time(1, 10),
    "krea_site.schedule.reconcile_fal": time(1, 25),
    "krea_site.schedule.close_days": time(2, 10),
    "krea_site.schedule.audit_ledger": time(2, 40),
    "krea_site.schedule.prune_events": time(3, 10),
    "krea_site.schedule.prune_sessions": time(3, 40),
    "krea_site.schedule.prune_failures": time(3, 50),
    "krea_site.schedule.prune_exports": time(3, 55),
    "krea_site.schedule.prune_trial_counts": time(3, 58),
    "krea_site.schedule.prune_mails": time(4, 0),
    "krea_site.schedule.prune_alerts": time(4, 3),
    "krea_site.schedule.prune_reports": time(4, 5),
    "krea_site.schedule.prune_checks": time(4, 12),
    "krea_site.schedule.prune_shares": time(4, 8),
    "krea_site.schedule.prune_fal_erasures": time(4, 9),
    "krea_site.schedule.prune_kept_answers": time(4, 10),
    "krea_site.schedule.prune_deliveries": time(4, 15),
    "krea_site.schedule.prune_buckets": time(4, 20),
    "krea_site.schedule.rotate_signing_keys": time(4, 25),
    "krea_site.schedule.prune_allowances": time(4, 30),
    "krea_site.schedule.prune_stripe_events": time(4, 35),
    "krea_site.schedule.prune_unconfirmed": time(4, 45),
    "krea_site.schedule.count_status_days": time(0, 30),
    "krea_site.schedule.count_figures": time(1, 50),
    "krea_site.schedule.prune_figures": time(4, 40),
}
EVERY_MINUTE = ("krea_site.schedule.watch", "krea_site.schedule.prove")
EVENTS_LAST = timedelta(days=7)
FAILURES_LAST = timedelta(days=30)
AT_ONCE = 2000  # rows deleted in one transaction: nobody waits long for its locks
WORKING_TIME = timedelta(seconds=settings.TASK_TIMEOUT_S * 2 // 3)
OPTIONS = {  # the tasks that may be long
    "krea_site.schedule.prove": {"timeout": check_runs.AUDIT_LASTS_S},
    "krea_site.schedule.audit_ledger": {"timeout": check_runs.AUDIT_LASTS_S},
    "krea_site.schedule.reconcile_stripe": {"timeout": check_runs.RECONCILING_LASTS_S},
    "krea_site.schedule.reconcile_fal": {"timeout": check_orders.FAL_LASTS_S},
}


def install() -> None:
    """Put the table of the cache and every schedule in place."""
    call_command("createcachetable", verbosity=0)
    for name, at in NIGHTLY.items():
        row = {"func": name, "schedule_type": Schedule.DAILY, "next_run": _next(at)}
        if name in OPTIONS:
            row["kwargs"] = repr({"q_options": OPTIONS[name]})
        Schedule.objects.get_or_create(name=name, defaults=row)
    for name in EVERY_MINUTE:
        often = {"func": name, "schedule_type": Schedule.MINUTES, "minutes": 1, "next_run": timezone.now()}
        if name in OPTIONS:
            often["kwargs"] = repr({"q_options": OPTIONS[name]})
        Schedule.objects.get_or_create(name=name, defaults=often)
    Schedule.objects.filter(name__startswith="krea_site.schedule.").exclude(name__in=[*NIGHTLY, *EVERY_MINUTE]).delete()


def watch() -> None:
    """A round of the watch by the worker; web processes and followers make them too."""
    rounds.make("worker")


def prove() -> None:
    """Audit and comparison with Stripe by day, while they are cheap."""
    proofs.make()


def audit_ledger() -> int:
    return check_runs.audit()


def reconcile_stripe() -> int:
    return check_runs.stripe()


def reconcile_fal() -> int | None:
    """Compare fal's records with our draws, from the last run on; how many things are left."""
    check_orders.ask(CheckOrder.Kind.FAL)
    return check_orders.go_on(CheckOrder.Kind.FAL)


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


def prune_unconfirmed() -> int:
    return unconfirmed.prune(within=WORKING_TIME)


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


def prune_alerts() -> int:
    return alerts.prune()


def prune_checks() -> int:
    return check_runs.prune()


def prune_reports() -> int:
    return reports.prune()


def prune_shares() -> int:
    return shares.prune()


def prune_fal_erasures() -> int:
    """Forget what fal erased more than thirty days ago; how many requests."""
    return fal_erasures.prune()


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


def count_figures() -> int:
    """Have the dashboard's figures of the last days counted anew, after the night's comparisons."""
    return rollups.again_lately()


def prune_figures() -> int:
    return rollups.prune()


def _next(at: time) -> datetime:
    """The next time that the clock shows `at`."""
    now = timezone.now()
    today = datetime.combine(now.date(), at, tzinfo=now.tzinfo)
    return today if today > now else today + timedelta(days=1)
