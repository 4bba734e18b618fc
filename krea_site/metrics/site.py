"""What the rows know, as metrics: totals from the dashboard's figures, and how things stand at this moment.

Totals that cannot fall are counters. What is told net, such as credits sold less those that a refund took back, is a
gauge, and so is what may be found otherwise later, such as a draw that fal did not bill after all. Labels are image
models, statuses and codes of ours, never people.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from krea_site.dashboard import counting, figures, levels
from krea_site.dashboard.figures import Counts, Sums
from krea_site.models import Alert
from krea_site.watch.facts import Check, Facts, read
from krea_site.watch.kinds import KINDS
from partners.models import Delivery

CENTICREDITS, MICROUSD = 100, 1_000_000
FINAL = ("stored", "failed", "blocked", "canceled")
ENDS = ("succeeded", "partial", "failed", "blocked", "canceled")
FAL_STATES = ("ok", "locked", "down")
PROCESSES = ("worker", "follower", "web")
MOST_CAUSES = 40  # codes of errors come from a table, but rows are for ever
Labelled = Iterable[tuple[tuple[str, ...], float]]
_highest: dict[tuple[str, tuple[str, ...]], float] = {}


@dataclass(frozen=True)
class Site:
    """One look at everything."""

    facts: Facts
    wallets: Mapping[str, int]
    on_the_road: Mapping[str, int]
    deliveries_waiting: int
    totals: Counts
    alerts: tuple[tuple[str, int], ...]


def look() -> Site:
    """Raises DatabaseError where the rows cannot be read."""
    open_now = Counter(Alert.objects.open().values_list("name", flat=True))
    return Site(
        facts=read(), wallets=counting.levels(), on_the_road=levels.on_the_road(),
        deliveries_waiting=Delivery.objects.filter(outcome="").count(), totals=figures.totals(),
        alerts=tuple((name, open_now[name]) for name in KINDS),
    )  # fmt: skip


def metrics(site: Site) -> Iterator[Metric]:
    yield from _money(site.totals, site.wallets)
    yield from _pictures(site)
    yield from _waits(site.facts.hour.counts if site.facts.hour else None)
    yield from _queue(site.facts)
    yield from _parties(site)
    yield from _watch(site)


def _money(totals: Counts, now: Mapping[str, int]) -> Iterator[Metric]:
    yield gauge("krea_credits_sold", "Credits sold, less those that were taken back.", totals.sold / CENTICREDITS)
    yield gauge("krea_credits_granted", "Credits given away, net.", totals.granted / CENTICREDITS)
    yield gauge("krea_credits_spent", "Credits spent on pictures, net.", totals.spent / CENTICREDITS)
    yield gauge("krea_credits_lost", "Credits that the book of losses gave, net.", totals.losses / CENTICREDITS)
    yield gauge("krea_credits_forfeited", "Credits left in deleted accounts.", totals.forfeited / CENTICREDITS)
    yield gauge("krea_credits_outstanding", "Credits in all wallets.", now["outstanding"] / CENTICREDITS)
    yield gauge("krea_credits_held", "Credits that are set aside.", now["held"] / CENTICREDITS)
    yield gauge("krea_credits_debt", "Credits that are owed.", now["debt"] / CENTICREDITS)
    yield gauge("krea_debtors", "Wallets that owe.", now["debtors"])
    yield gauge("krea_revenue_dollars", "Cash received, net of tax and of refunds.", totals.revenue / MICROUSD)
    yield gauge("krea_stripe_fees_dollars", "What Stripe kept of it, as far as it has said so.", totals.fees / MICROUSD)


def _pictures(site: Site) -> Iterator[Metric]:
    models = site.totals.models
    ended = [((model, status), sums.images.get(status, 0)) for model, sums in models.items() for status in FINAL]
    yield counter("krea_images", "Images that ended, by how.", ["model", "status"], ended)
    causes = sorted(site.totals.causes, key=lambda cause: -cause[2])
    told: Counter[tuple[str, ...]] = Counter()
    for place, (status, code, number) in enumerate(causes):
        told[status, code if place < MOST_CAUSES else "other"] += number
    yield counter("krea_image_failures", "Images that did not come, by cause.", ["status", "cause"], told.items())
    yield counter("krea_draws", "Draws at fal.", ["model"], _each(models, "draws"))
    yield gauges("krea_draws_doubtful", "Draws that fal may bill for nothing, as far as known.", ["model"],
                 _each(models, "doubtful"))  # fmt: skip
    yield counter("krea_fal_cost_dollars", "What fal takes for pictures.", ["model"], _dollars(models, "cost"))
    doubtful = _dollars(models, "doubtful_cost")
    yield gauges("krea_fal_doubtful_cost_dollars", "What fal may take for doubtful draws.", ["model"], doubtful)
    spent = [((model,), sums.spent / CENTICREDITS) for model, sums in models.items()]
    yield gauges("krea_image_credits_spent", "Credits spent on pictures, net.", ["model"], spent)
    yield gauges("krea_margin_dollars", "Spent at 1,000 credits a dollar, less fal's cost.", ["model"],
                 _dollars(models, "margin"))  # fmt: skip
    today = site.facts.day.models if site.facts.day else {}
    yield gauges("krea_margin_today_dollars", "The margin of this day (UTC).", ["model"], _dollars(today, "margin"))
    ends = [((status,), site.totals.generations.get(status, 0)) for status in ENDS]
    yield counter("krea_generations", "Generations that ended, by how.", ["status"], ends)
    queued = (("queued",), site.facts.queue.queued)
    road = [queued, *(((name,), number) for name, number in sorted(site.on_the_road.items()))]
    yield gauges("krea_images_open", "Images on their way, by status.", ["status"], road)


def _waits(hour: Counts | None) -> Iterator[Metric]:
    """From the order to the stored file, of the pictures that were ordered in this hour."""
    known = [(measure, wait) for measure, wait in (hour.waits if hour else {}).items() if wait.number]
    told = [
        ((measure, quantile), value / 1000)
        for measure, wait in known
        for quantile, value in (("0.5", wait.median_ms), ("0.95", wait.p95_ms))
    ]
    yield gauges("krea_image_seconds", "How long pictures of this hour took, by part.", ["part", "quantile"], told)
    numbers = [((measure,), wait.number) for measure, wait in known]
    yield gauges("krea_image_seconds_pictures", "Of how many pictures that is told.", ["part"], numbers)


def _queue(facts: Facts) -> Iterator[Metric]:
    queue = facts.queue
    yield gauge("krea_queue_images", "Images that wait for a place at fal.", queue.queued)
    yield gauge("krea_queue_due_images", "Those of them that could be sent now.", queue.due.number)
    yield gauge("krea_queue_oldest_seconds", "How long the first of these waits.", _age(facts, queue.due.since))
    yield gauge("krea_queue_still_seconds", "How long ago anything moved.", _age(facts, queue.moved_at))
    yield gauge("krea_in_flight_images", "Images that hold a place at fal.", queue.in_flight)
    yield gauge("krea_places", "Places at fal: slots and a margin.", queue.places)
    yield gauge("krea_slots", "Slots of our account at fal.", settings.FAL_CONCURRENCY)
    yield gauge("krea_slots_used", "Slots that are in use.", min(queue.in_flight, settings.FAL_CONCURRENCY))
    yield gauge("krea_sending_stopped", "Staff has stopped sending.", queue.off_since is not None)


def _parties(site: Site) -> Iterator[Metric]:
    facts, totals = site.facts, site.totals
    outcomes = [((outcome,), number) for outcome, number in sorted(totals.deliveries.items())]
    yield gauges("krea_deliveries", "Webhooks to partners of all time, by outcome.", ["outcome"], outcomes)
    yield gauge("krea_deliveries_waiting", "Webhooks that wait for a try.", site.deliveries_waiting)
    yield gauge("krea_deliveries_overdue", "Webhooks whose time has come.", facts.deliveries_due.number)
    yield gauge("krea_deliveries_overdue_seconds", "The longest overdue.", _age(facts, facts.deliveries_due.since))
    states = [((state,), number) for state, number in sorted(totals.events.items())]
    yield gauges("krea_stripe_events", "Stripe's events of all time, by state.", ["state"], states)
    yield gauge("krea_stripe_events_waiting", "Events that wait to be handled.", facts.events_waiting.number)
    yield gauge("krea_stripe_events_waiting_seconds", "The oldest of them.", _age(facts, facts.events_waiting.since))
    yield gauge("krea_stripe_events_given_up", "Events that could not be handled.", facts.events_given_up)
    yield gauge("krea_mails_waiting", "Mails that wait.", facts.mails_waiting.number)
    yield gauge("krea_mails_waiting_seconds", "The oldest of them.", _age(facts, facts.mails_waiting.since))
    yield gauge("krea_mails_given_up", "Mails given up in the last hour.", facts.mails_given_up)
    yield gauge("krea_mail_server_away", "The mail server cannot be reached.", facts.mail_server_is_away)
    states = [((name,), int(facts.fal.state == name)) for name in FAL_STATES]
    yield gauges("krea_fal_state", "How fal is.", ["state"], states)
    yield gauge("krea_fal_state_seconds", "For how long.", _age(facts, facts.fal.since))
    if facts.fal.balance_microusd is not None:
        yield gauge("krea_fal_balance_dollars", "What is left at fal.", facts.fal.balance_microusd / MICROUSD)
    if facts.fal.days_left is not None:
        yield gauge("krea_fal_balance_days", "How long that lasts.", facts.fal.days_left)
    yield gauge("krea_unknown_draws", "Draws of the last day that were lost and may be billed.", facts.unknown_draws)
    yield gauge("krea_unknown_draws_dollars", "What they may cost.", facts.unknown_microusd / MICROUSD)
    yield gauge("krea_trials_today", "Trials given today.", facts.trials_today)
    yield gauge("krea_trials_a_day", "Trials that may be given in a day.", settings.TRIAL_PER_DAY)


def _watch(site: Site) -> Iterator[Metric]:
    facts = site.facts
    checks: dict[str, Check | None] = {
        "audit": facts.audit, "stripe": facts.stripe, "fal": facts.fal_check, "backup": facts.backup,
    }  # fmt: skip
    ran = [(name, check) for name, check in checks.items() if check]
    ages = [((name,), _age(facts, check.ended_at)) for name, check in ran]
    yield gauges("krea_check_age_seconds", "Since the last run of each check.", ["check"], ages)
    left = [((name,), check.left) for name, check in ran]
    yield gauges("krea_check_left", "What the last run could not mend.", ["check"], left)
    took = [((name,), check.took.total_seconds()) for name, check in ran]
    yield gauges("krea_check_seconds", "How long the last run took.", ["check"], took)
    beats = [((name,), facts.beats[name]) for name in PROCESSES if name in facts.beats]
    yield gauges("krea_beat_age_seconds", "Since the last sign of life.", ["process"], beats)
    yield gauge("krea_worker_registered", "Some worker is registered.", facts.has_cluster)
    yield gauge("krea_broker_up", "The task queue answers.", facts.broker_answers)
    yield gauge("krea_triggers_missing", "Triggers of the books that are not there.", len(facts.missing_triggers))
    alerts = [((name, KINDS[name].severity.value), number) for name, number in site.alerts]
    yield gauges("krea_alerts_open", "Alerts that are open.", ["name", "severity"], alerts)
    if facts.hour and facts.hour.counted_at:
        yield gauge("krea_figures_age_seconds", "Since this hour was counted.", _age(facts, facts.hour.counted_at))


def gauge(name: str, about: str, value: float) -> Metric:
    return GaugeMetricFamily(name, about, value=float(value))


def gauges(name: str, about: str, labels: list[str], values: Labelled) -> Metric:
    family = GaugeMetricFamily(name, about, labels=labels)
    for label, value in values:
        family.add_metric(list(label), float(value))
    return family


def counter(name: str, about: str, labels: list[str], values: Labelled) -> Metric:
    """A counter that this process never shows lower than before: at the turn of a month a total may be short of what
    is just being counted, and Prometheus would take that for a restart."""
    family = CounterMetricFamily(name, about, labels=labels)
    for label, value in values:
        highest = _highest[name, label] = max(float(value), _highest.get((name, label), 0.0))
        family.add_metric(list(label), highest)
    return family


def _each(models: Mapping[str, Sums], attribute: str) -> Labelled:
    return [((model,), float(getattr(sums, attribute))) for model, sums in models.items()]


def _dollars(models: Mapping[str, Sums], attribute: str) -> Labelled:
    return [(label, value / MICROUSD) for label, value in _each(models, attribute)]


def _age(facts: Facts, at: datetime | None) -> float:
    return max(0.0, (facts.now - at).total_seconds()) if at else 0.0
