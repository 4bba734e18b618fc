"""How things stand at this moment: told live, each by a small table, one row, or an index of what is open alone."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db.models import Count, Q
from django.utils import timezone

from billing import reconcile
from billing.models import StripeEvent
from generations import dispatch, fal_balance
from generations.models import FalBalance, FalState, Image, Status
from krea_site import health
from krea_site.dashboard import counting
from krea_site.models import CheckRun
from partners.models import Delivery

ON_THE_ROAD = (Status.SENDING, Status.UNKNOWN, Status.DRAWING, Status.STORING)
STALE = timedelta(hours=36)  # since a check that happens each night
LATE_S = {"worker": health.WORKER_LATE_S, "follower": health.FOLLOWER_LATE_S, "web": 60.0}


@dataclass(frozen=True)
class Levels:
    """Credits in 1/100. `outstanding` is what all wallets have, `held` the part that is set aside. `on_the_road` has
    images by status; `in_flight` those that hold one of `places` at fal, which are `slots` and a margin."""

    outstanding: int
    held: int
    debt: int
    debtors: int
    queued: int
    oldest_queued_at: datetime | None
    on_the_road: dict[str, int]
    in_flight: int
    slots: int
    places: int
    deliveries_waiting: int
    deliveries_late: int
    events_waiting: int
    events_failed: int

    @property
    def at_fal(self) -> int:
        """Those that fal has, or may have."""
        return sum(self.on_the_road.get(status, 0) for status in (Status.SENDING, Status.UNKNOWN, Status.DRAWING))

    @property
    def unknown(self) -> int:
        return self.on_the_road.get(Status.UNKNOWN, 0)

    @property
    def slots_used(self) -> int:
        """At most all of them: what is beyond waits at fal."""
        return min(self.in_flight, self.slots)


@dataclass(frozen=True)
class Check:
    """The newest run of something that proves the books. `left` is what differs; None where it never ran."""

    name: str
    url_name: str
    at: datetime | None = None
    left: int | None = None

    @property
    def age_s(self) -> float | None:
        return None if self.at is None else (timezone.now() - self.at).total_seconds()

    @property
    def is_stale(self) -> bool:
        return self.age_s is not None and self.age_s > STALE.total_seconds()

    @property
    def tone(self) -> str:
        if self.left is None or self.is_stale:
            return "warn"
        return "bad" if self.left else "good"


@dataclass(frozen=True)
class Heartbeat:
    """`age_s` is None where a process never gave a sign of life."""

    name: str
    age_s: float | None

    @property
    def is_well(self) -> bool:
        return self.age_s is not None and self.age_s <= LATE_S.get(self.name, health.WORKER_LATE_S)


def levels() -> Levels:
    queued = Image.objects.queued().order_by()
    oldest = queued.order_by("id").values_list("id", flat=True).first()
    waiting = Delivery.objects.filter(outcome="").aggregate(all=Count("pk"), late=Count("pk", filter=Q(tries__gt=0)))
    events = StripeEvent.objects.filter(handled_at=None).aggregate(
        waiting=Count("pk", filter=Q(due_at__isnull=False)), failed=Count("pk", filter=Q(due_at=None))
    )
    return Levels(
        **counting.levels(),
        queued=queued.count(),
        oldest_queued_at=None if oldest is None else datetime.fromtimestamp((oldest.int >> 80) / 1000, UTC),
        on_the_road=on_the_road(),
        in_flight=dispatch.in_flight(),
        slots=settings.FAL_CONCURRENCY,
        places=dispatch.places(),
        deliveries_waiting=waiting["all"],
        deliveries_late=waiting["late"],
        events_waiting=events["waiting"],
        events_failed=events["failed"],
    )


def on_the_road() -> dict[str, int]:
    """Images that were sent and have no end yet, by status."""
    rows = Image.objects.filter(status__in=ON_THE_ROAD).order_by().values_list("status").annotate(Count("pk"))
    return {str(status): number for status, number in rows}


def checks() -> list[Check]:
    """The audit of the ledger and both comparisons, in this order."""
    stripe = reconcile.newest()
    return [
        _newest(CheckRun.Kind.AUDIT, "Audit of the ledger", "staff-audit"),
        Check("Stripe's records", "staff-stripe", stripe.ended_at if stripe else None, stripe.left if stripe else None),
        _newest(CheckRun.Kind.FAL, "fal's records", "staff-fal"),
    ]


def heartbeats() -> list[Heartbeat]:
    """Worker, follower and web; that this is asked says that a web process is there."""
    ages = {"web": 0.0} | health.ages()
    return [Heartbeat(name, ages.get(name)) for name in LATE_S]


def fal() -> FalState:
    return FalState.objects.filter(pk=1).first() or FalState(pk=1)


def balance() -> FalBalance:
    return fal_balance.known()


def _newest(kind: str, name: str, url_name: str) -> Check:
    row = CheckRun.objects.filter(kind=kind).order_by("-ended_at").first()
    return Check(name, url_name, row.ended_at, row.left) if row else Check(name, url_name)
