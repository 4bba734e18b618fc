"""How things are, read from the rows once for each round of the watch and for /metrics: cheap at any size of the site,
since everything is asked through an index that holds what is open, waiting or young, never what has been.
"""

import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from shutil import disk_usage
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import Count, Max, Min, Q, QuerySet, Sum
from django.utils import timezone

from billing import reconcile, triggers
from billing.models import StripeEvent
from generations import dispatch, fal_balance, switches
from generations.models import Draw, FalState, Image
from krea_site import health
from krea_site.dashboard import figures
from krea_site.dashboard.periods import Period
from krea_site.mails import post
from krea_site.models import CheckRun, Mail, TrialCount
from partners.models import Delivery

LATELY = timedelta(hours=1)
A_DAY = timedelta(days=1)
DUE = Q(due_at__isnull=False)
LATEST_DRAWS = 50  # enough to know when one of those that are at fal was over
HOST = socket.gethostname()[:100]
WATCHING_SINCE = "watching since"
WEB = "web"  # the sign of life of the web processes, given by their rounds


@dataclass(frozen=True)
class Check:
    """The last run of a comparison; `left` is what it could not mend."""

    ended_at: datetime
    took: timedelta
    left: int


@dataclass(frozen=True)
class Waiting:
    """How many wait, and since when the one that waits longest."""

    number: int = 0
    since: datetime | None = None


@dataclass(frozen=True)
class Queue:
    """What could be sent to fal at this moment, how much room there is for it, and when it last moved."""

    due: Waiting = Waiting()
    queued: int = 0
    in_flight: int = 0
    places: int = 0
    moved_at: datetime | None = None  # when something was sent, or a place at fal came free
    off_since: datetime | None = None  # staff has stopped sending


@dataclass(frozen=True)
class Fal:
    state: str = "ok"
    since: datetime | None = None
    reason: str = ""
    balance_microusd: int | None = None
    days_left: int | None = None


@dataclass(frozen=True)
class Margin:
    """What an image model's pictures brought less what fal takes for them, and of which time."""

    microusd: int
    of: str


@dataclass(frozen=True)
class Facts:
    """`beats` are seconds since the last sign of life, by the kind of process; who never gave one is missing."""

    now: datetime
    set_up_at: datetime | None = None  # when the tables were last changed: what never ran may be that young
    audit: Check | None = None
    stripe: Check | None = None
    fal_check: Check | None = None
    backup: Check | None = None
    missing_triggers: tuple[str, ...] = ()
    events_waiting: Waiting = Waiting()
    events_given_up: int = 0
    fal: Fal = Fal()
    queue: Queue = Queue()
    beats: Mapping[str, float] = field(default_factory=dict)
    has_cluster: bool = True  # some worker is registered, whether it has time or not
    broker_answers: bool = True
    mails_waiting: Waiting = Waiting()
    mails_given_up: int = 0  # in the last hour
    mail_server_is_away: bool = False
    deliveries_due: Waiting = Waiting()
    unknown_draws: int = 0  # in the last day
    unknown_microusd: int = 0
    trials_today: int = 0
    margins: Mapping[str, Margin] = field(default_factory=dict)  # by image model
    hour: figures.Slot | None = None  # the one that is on
    day: figures.Counts | None = None


@dataclass(frozen=True)
class Machine:
    """What only the machine itself knows. `storage` is "" where a picture can be written and read, else what failed."""

    host: str = HOST
    disk_bytes: int = 1
    disk_free_bytes: int = 1
    storage: str = ""


def read(now: datetime | None = None) -> Facts:
    """How everything is that the rows know. Raises DatabaseError where they cannot be read."""
    now = now or timezone.now()
    unhandled = StripeEvent.objects.filter(handled_at=None)
    events = unhandled.aggregate(
        waiting=Count("pk", filter=DUE), since=Min("received_at", filter=DUE), given_up=Count("pk", filter=~DUE)
    )
    day, hours = figures.now(Period.DAY), figures.last(Period.HOUR, 2)
    unknown = Draw.objects.filter(outcome="unknown", may_be_billed=True, created_at__gte=now - A_DAY)
    lost = unknown.aggregate(number=Count("pk"), cost=Sum("image__generation__image_cost_microusd"))
    beats = health.ages()
    return Facts(
        now=now,
        set_up_at=MigrationRecorder.Migration.objects.aggregate(at=Max("applied"))["at"],
        audit=_check(CheckRun.Kind.AUDIT),
        stripe=_stripe(),
        fal_check=_check(CheckRun.Kind.FAL),
        backup=_check(CheckRun.Kind.BACKUP),
        missing_triggers=tuple(triggers.missing(connection)),
        events_waiting=Waiting(events["waiting"], events["since"]),
        events_given_up=events["given_up"],
        fal=_fal(),
        queue=_queue(now),
        beats=beats,
        has_cluster=health.has_cluster(),
        broker_answers=_broker_answers(),
        mails_waiting=_waiting(Mail.objects.waiting(), "created_at"),
        mails_given_up=Mail.objects.given_up().filter(given_up_at__gte=now - LATELY).count(),
        mail_server_is_away=bool(settings.EMAIL_URL and cache.get(post.AWAY)),
        deliveries_due=_waiting(Delivery.objects.due(now), "due_at"),
        unknown_draws=lost["number"],
        unknown_microusd=lost["cost"] or 0,
        trials_today=TrialCount.objects.filter(name=f"day:{now:%Y-%m-%d}").values_list("used", flat=True).first() or 0,
        margins=_margins(day, hours[0].counts),
        hour=hours[1],
        day=day,
    )


def read_machine() -> Machine:
    """How this machine is; asks no database."""
    space = disk_usage(settings.VAR_DIR)
    return Machine(HOST, space.total, space.free, _storage())


def audited() -> Check | None:
    return _check(CheckRun.Kind.AUDIT)


def compared_with_stripe() -> Check | None:
    return _stripe()


def _check(kind: CheckRun.Kind) -> Check | None:
    row = CheckRun.objects.filter(kind=kind).order_by("-ended_at").first()
    return Check(row.ended_at, row.ended_at - row.begun_at, row.left) if row else None


def _stripe() -> Check | None:
    row = reconcile.newest()
    return Check(row.ended_at, row.ended_at - row.began_at, row.left) if row and row.ended_at else None


def _fal() -> Fal:
    row, balance = FalState.objects.first() or FalState(), fal_balance.known()
    return Fal(row.state, row.since, row.reason, balance.amount_microusd, balance.days_left)


def _queue(now: datetime) -> Queue:
    _, withheld = switches.stopped_and_withheld()
    could_go = Image.objects.queued().due().exclude(image_model__in=withheld)
    due = could_go.aggregate(number=Count("pk"), since=Min("status_at"), held=Max("not_before"))
    since = max(due["since"], due["held"] or due["since"]) if due["since"] else None
    newest = Draw.objects.order_by("-pk").values_list("created_at", "completed_at")[:LATEST_DRAWS]
    return Queue(
        due=Waiting(due["number"], since),
        queued=Image.objects.queued().count(),
        in_flight=dispatch.in_flight(),
        places=dispatch.places(),
        moved_at=max((at for each in newest for at in each if at), default=None),
        off_since=switches.off_since(switches.SENDING),
    )


def _margins(day: figures.Counts | None, hour: figures.Counts | None) -> Mapping[str, Margin]:
    """The worse of two for each image model: this day's and that of the last hour that is over."""
    found = [(model, Margin(sums.margin, "today")) for model, sums in (day.models if day else {}).items()]
    found += [(model, Margin(sums.margin, "of the last hour")) for model, sums in (hour.models if hour else {}).items()]
    return dict(sorted(found, key=lambda each: -each[1].microusd))  # the last one stays: the worst


def _waiting(rows: "QuerySet[Any]", field_name: str) -> Waiting:
    found = rows.aggregate(number=Count("pk"), since=Min(field_name))
    return Waiting(found["number"], found["since"])


def _broker_answers() -> bool:
    return _probe("broker") == ""


def _storage() -> str:
    return _probe("storage")


def _probe(name: str) -> str:
    """The name of what a probe of /readyz failed with; "" where it did not. One that hangs has failed."""
    try:
        health.PROBES[name].ask().result(timeout=health.DEADLINE_S)
    except Exception as error:  # whatever a disk, a bucket or Redis can raise
        return type(error).__name__
    return ""
