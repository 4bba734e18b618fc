"""What is wrong, told from the facts alone: pure, and every number that decides is in here or in the settings."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings

from krea_site.watch.facts import WATCHING_SINCE, Check, Facts, Machine

CHECKED_WITHIN = timedelta(hours=36)  # audit and comparisons happen each night
SAVED_WITHIN = timedelta(hours=26)
PATIENCE = timedelta(seconds=settings.WATCH_PATIENCE_S)  # how long something may be so before it is an alert
WORKER_BUSY = timedelta(minutes=10)  # a worker that is there may have so much to do
EVENTS_WAIT = timedelta(minutes=15)
MANY_EVENTS = 50
MAILS_WAIT = timedelta(minutes=30)  # greylisting is over after fifteen
MANY_MAILS = 5  # given up in an hour; one is somebody's misspelt address
WEBHOOKS_WAIT = timedelta(minutes=5)  # past their time: the courier calls within a second
LEAST_DAYS = 3  # that the balance at fal should last
NEARLY_FULL = 0.10  # of the disk is free
MUCH_SPACE = 20 * 1024**3  # a tenth of a large disk is plenty
MICROUSD = 1_000_000
LEAST_LOSS = 1 * MICROUSD  # what fal drew of an order that is not settled yet is no loss


@dataclass(frozen=True)
class Found:
    """`words` say it in a sentence or two, with the numbers of now; without prompts, keys and addresses."""

    name: str
    words: str
    subject: str = ""


def of_site(facts: Facts) -> Iterator[Found]:
    """What is wrong with the site."""
    yield from _books(facts)
    yield from _stripe(facts)
    yield from _fal(facts)
    yield from _queue(facts)
    yield from _processes(facts)
    yield from _post(facts)
    yield from _backups(facts)


def of_machine(machine: Machine) -> Iterator[Found]:
    """What is wrong with one machine."""
    if machine.storage:
        words = f"A file could not be written and read again ({machine.storage}). Pictures that fal draws wait there."
        yield Found("storage_down", words, machine.host)
    share = machine.disk_free_bytes / max(machine.disk_bytes, 1)
    if share < NEARLY_FULL and machine.disk_free_bytes < MUCH_SPACE:
        left = f"{machine.disk_free_bytes / 1024**3:.1f} GB ({share:.0%})"
        yield Found("disk_nearly_full", f"{left} of the disk under VAR_DIR are left.", machine.host)


def _books(facts: Facts) -> Iterator[Found]:
    if facts.audit and facts.audit.left:
        yield Found("audit_failed", f"{_things(facts.audit.left)} not what the transfers say.")
    yield from _too_old(facts, "audit_old", facts.audit, CHECKED_WITHIN, "The last audit was")
    if facts.missing_triggers:
        names = ", ".join(facts.missing_triggers[:4])
        yield Found("triggers_missing", f"Rows that must never change could be changed: {names} is missing or off.")


def _stripe(facts: Facts) -> Iterator[Found]:
    if facts.stripe and facts.stripe.left:
        yield Found("stripe_differs", f"{_things(facts.stripe.left)} otherwise at Stripe, and could not be mended.")
    if settings.STRIPE_SECRET_KEY:
        yield from _too_old(facts, "stripe_unchecked", facts.stripe, CHECKED_WITHIN, "The last whole comparison was")
    waiting = facts.events_waiting
    if waiting.number >= MANY_EVENTS or _since(facts, waiting.since) > EVENTS_WAIT:
        words = f"{_many(waiting.number, 'event')} to be handled, waiting since {_clock(waiting.since)}."
        yield Found("stripe_events_wait", words)
    if facts.events_given_up:
        words = f"{_many(facts.events_given_up, 'event')} could not be handled; nothing is tried again by itself."
        yield Found("stripe_events_given_up", words)


def _fal(facts: Facts) -> Iterator[Found]:
    fal = facts.fal
    if fal.state == "locked":
        yield Found("fal_locked", f"Since {_clock(fal.since)}. Orders are taken and wait; fal says: {fal.reason[:200]}")
    if fal.state == "down" and _since(facts, fal.since) > PATIENCE:
        yield Found("fal_down", f"Since {_clock(fal.since)}. Orders are taken and wait.")
    if fal.days_left is not None and fal.days_left < LEAST_DAYS:
        left = f"${(fal.balance_microusd or 0) / MICROUSD:,.2f}"
        days = "less than a day" if fal.days_left < 1 else f"{fal.days_left} days"
        yield Found("fal_balance_low", f"{left} are left; at the pace of the last days that lasts {days}.")
    if facts.fal_check and facts.fal_check.left:
        yield Found("fal_differs", f"{_things(facts.fal_check.left)} otherwise at fal, and could not be explained.")
    if not settings.USES_STANDIN:
        yield from _too_old(facts, "fal_unchecked", facts.fal_check, CHECKED_WITHIN, "The last whole comparison was")
    if facts.unknown_microusd > settings.WATCH_UNKNOWN_CENTS * MICROUSD / 100:
        dollars = f"${facts.unknown_microusd / MICROUSD:,.2f}"
        draws = f"{_many(facts.unknown_draws, 'draw')} of the last day lost on the way"
        yield Found("unknown_draws", f"{draws}; fal may bill {dollars} for them.")
    for image_model, margin in sorted(facts.margins.items()):
        if margin.microusd <= -LEAST_LOSS:
            loss = f"${-margin.microusd / MICROUSD:,.2f}"
            words = f"Its pictures {margin.of} cost {loss} more at fal than they brought."
            yield Found("margin_negative", words, image_model)


def _queue(facts: Facts) -> Iterator[Found]:
    queue = facts.queue
    if not queue.due.number or _since(facts, queue.due.since) <= PATIENCE:
        return
    waiting = f"{_many(queue.due.number, 'picture')} could be sent to fal, and nothing goes"
    if queue.off_since is not None:
        if _since(facts, queue.off_since) > PATIENCE:
            yield Found("queue_stands_still", f"{waiting}: staff has stopped sending, since {_clock(queue.off_since)}.")
    elif facts.fal.state == "ok" and queue.in_flight < queue.places and _stands(facts):
        since = f"the last one was {_clock(queue.moved_at)}" if queue.moved_at else "none ever was"
        yield Found("queue_stands_still", f"{waiting}: {since}. {queue.in_flight} of {queue.places} places are taken.")


def _stands(facts: Facts) -> bool:
    moved_at = facts.queue.moved_at
    return moved_at is None or facts.now - moved_at > PATIENCE


def _processes(facts: Facts) -> Iterator[Found]:
    """The worker's sign of life is a task that the follower sends: without a follower it says nothing, and one that is
    registered may be busy."""
    ages = {name: timedelta(seconds=age) for name, age in facts.beats.items()}
    if ages.get(WATCHING_SINCE, 2 * PATIENCE) <= PATIENCE:  # the site was off, and is starting
        return
    follower_is_late = "follower" in ages and ages["follower"] > PATIENCE
    if follower_is_late:
        yield Found("follower_dead", f"None gave a sign of life for {_long(ages['follower'])}.")
    if "worker" in ages and ages["worker"] > PATIENCE:
        is_busy = facts.has_cluster and (follower_is_late or ages["worker"] <= WORKER_BUSY)
        if not is_busy:
            yield Found("worker_dead", f"No task was done for {_long(ages['worker'])}: nothing is sent or stored.")
    if "web" in ages and ages["web"] > 2 * PATIENCE:
        yield Found("web_dead", f"None gave a sign of life for {_long(ages['web'])}: nobody can reach the site.")
    if not facts.broker_answers:
        yield Found("broker_down", "The worker gets no tasks; what is lost meanwhile is found again by the sweep.")


def _post(facts: Facts) -> Iterator[Found]:
    waiting = facts.mails_waiting
    if _since(facts, waiting.since) > MAILS_WAIT or facts.mails_given_up >= MANY_MAILS or facts.mail_server_is_away:
        parts = [
            f"{_many(waiting.number, 'mail')} not sent yet, written {_clock(waiting.since)} or later."
            if waiting.number
            else "",
            f"{_many(facts.mails_given_up, 'mail')} given up in the last hour." if facts.mails_given_up else "",
            "The mail server cannot be reached." if facts.mail_server_is_away else "",
        ]
        yield Found("mails_fail", " ".join(part for part in parts if part))
    due = facts.deliveries_due
    if _since(facts, due.since) > WEBHOOKS_WAIT:
        words = f"{_many(due.number, 'call')} to partners overdue, the first since {_clock(due.since)}."
        yield Found("webhooks_wait", words)
    if facts.trials_today >= settings.TRIAL_PER_DAY:
        words = f"{_many(facts.trials_today, 'trial')} given today; new customers get none until midnight (UTC)."
        yield Found("trial_caps_reached", words)


def _backups(facts: Facts) -> Iterator[Found]:
    if settings.IS_PUBLIC or facts.backup:
        yield from _too_old(facts, "backup_old", facts.backup, SAVED_WITHIN, "The last one was made")
    if facts.backup and facts.backup.left:
        yield Found("backup_incomplete", f"{_many(facts.backup.left, 'file')} missing or altered when it was made.")


def _too_old(facts: Facts, name: str, last: Check | None, within: timedelta, what: str) -> Iterator[Found]:
    """Where there was none yet, the age is that of the tables: a site that was set up today had no night yet."""
    at = last.ended_at if last else facts.set_up_at
    if at is not None and facts.now - at > within:
        yield Found(
            name, f"{what} {_clock(at)}." if last else f"That never happened, and the site stands since {_clock(at)}."
        )


def _since(facts: Facts, at: datetime | None) -> timedelta:
    """How long ago; nothing waits for no time."""
    return facts.now - at if at else timedelta(0)


def _many(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _things(number: int) -> str:
    return "1 thing is" if number == 1 else f"{number:,} things are"


def _clock(at: datetime | None) -> str:
    return f"{at:%-d %B, %H:%M} UTC" if at else "an unknown time"


def _long(age: timedelta) -> str:
    seconds = int(age.total_seconds())
    if seconds < 120:
        return f"{seconds} seconds"
    return f"{seconds // 60} minutes" if seconds < 7200 else f"{seconds // 3600} hours"
