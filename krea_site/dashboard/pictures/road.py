"""The whole road of one generation, as its rows tell it: of each image every status and every draw, the money, what was
told to whom, and what staff did. `road_page` shows it, `road_json` says it to programs.

Statuses on the way come from the events, which are kept for seven days; after that, the draws and the last status are
what is left.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.utils import timezone

from billing.credits import show
from billing.models import Hold, Transfer
from billing.moves import BACK
from generations import fair_order, memo
from generations.models import Draw, Event, Generation, Image, Outcome, Status
from krea_site import retries
from krea_site.models import RetriedImage, Retry, StaffAct
from partners.models import Delivery, DeliveryTry, Order

SOON = timedelta(minutes=5)  # within which the last events of a generation are written after its end
MOST_EVENTS = 2000
WORDS = {  # sending and drawing are told by the draws
    Status.QUEUED: "Back in our queue",
    Status.UNKNOWN: "Unknown: the answer to the send was lost",
    Status.STORING: "fal's picture is being fetched",
    Status.STORED: "Stored",
    Status.FAILED: "Failed",
    Status.BLOCKED: "Blocked",
    Status.CANCELED: "Cancelled",
}
TONES = {Status.STORED: "good", Status.FAILED: "bad", Status.BLOCKED: "warn", Status.UNKNOWN: "bad"}
ENDS: dict[str, str] = {
    Outcome.SUCCEEDED: "good", Outcome.PARTIAL: "warn", Outcome.FAILED: "bad", Outcome.BLOCKED: "warn",
}  # fmt: skip


@dataclass(frozen=True)
class Line:
    """One moment. `after` is how long after the order it was; `image` the place of the image, None for the whole."""

    at: datetime
    after: float
    what: str
    detail: str = ""
    tone: str = ""
    image: int | None = None

    @property
    def since(self) -> str:
        return seconds(self.after)


@dataclass(frozen=True)
class DrawSeen:
    """One attempt at fal. `is_late`: fal answered when the image was at its end already, or another draw was its."""

    row: Draw
    number: int
    is_current: bool
    is_late: bool
    maybe_billed: bool

    @property
    def words(self) -> list[str]:
        """fal's own words of what went wrong."""
        told = (self.row.result or {}).get("detail")
        if isinstance(told, str):
            return [told]
        return [_error(each) for each in told if isinstance(each, dict)] if isinstance(told, list) else []


@dataclass(frozen=True)
class ImageSeen:
    """One image. `waited`, `at_fal` and `storing` are seconds, None where it did not come to that."""

    row: Image
    draws: tuple[DrawSeen, ...]
    lines: tuple[Line, ...]
    position: int | None
    retried: Retry | None
    waited: float | None
    at_fal: float | None
    storing: float | None

    @property
    def tone(self) -> str:
        return TONES.get(Status(self.row.status), "") if self.row.is_final else "running"

    @property
    def cost_microusd(self) -> int:
        return sum(each.row.cost_microusd for each in self.draws)

    @property
    def stages(self) -> str:
        told = (("waited here", self.waited), ("at fal", self.at_fal), ("fetched and stored", self.storing))
        return ", ".join(f"{name} {seconds(value)}" for name, value in told if value is not None)

    @property
    def can_refund(self) -> bool:
        return self.row.is_charged and bool(self.row.price)


@dataclass(frozen=True)
class Told:
    """One delivery of a webhook about it, with its tries, without their bodies."""

    row: Delivery
    tries: tuple[DeliveryTry, ...]


@dataclass(frozen=True)
class Road:
    row: Generation
    order: Order | None
    images: tuple[ImageSeen, ...]
    hold: Hold | None
    transfers: tuple[Transfer, ...]
    told: tuple[Told, ...]
    acts: tuple[StaffAct, ...]
    retries: tuple[Retry, ...]
    retry_of: Retry | None
    has_events: bool

    @property
    def model_name(self) -> str:
        return memo.model_name(self.row.image_model)

    @property
    def door(self) -> str:
        """How it was ordered, as far as the rows know."""
        if self.order is None:
            return "the website"
        return f"the API, in the words of {self.order.dialect}" if self.order.dialect else "the API"

    @property
    def charged(self) -> int:
        return self.hold.captured or 0 if self.hold else 0

    @property
    def returned(self) -> int:
        return self.hold.returned if self.hold else 0

    @property
    def cost_microusd(self) -> int:
        return sum(each.cost_microusd for each in self.images)

    @property
    def maybe_microusd(self) -> int:
        """What fal may have billed beside that, for draws of which nobody knows it."""
        unsure = sum(draw.maybe_billed for image in self.images for draw in image.draws)
        return unsure * self.row.image_cost_microusd

    @property
    def took(self) -> float | None:
        return (self.row.finished_at - self.row.created_at).total_seconds() if self.row.finished_at else None

    @property
    def refundable(self) -> list[ImageSeen]:
        return [each for each in self.images if each.can_refund] if self.row.outcome else []

    @property
    def summary(self) -> str:
        """All of it in one breath."""
        counts = Counter(each.row.status for each in self.images)
        stands = ", ".join(f"{number} {status}" for status, number in counts.items())
        words = [f"Of {len(self.images)} image{'' if len(self.images) == 1 else 's'}: {stands}."]
        if self.row.error_message:
            words.append(f"{self.row.error_message.removesuffix('.')}.")
        words.append(f"It took {seconds(self.took)}." if self.took is not None else "It is under way.")
        return " ".join(words)

    @property
    def lines(self) -> list[Line]:
        """Everything in the order in which it happened."""
        return sorted([*_of_the_whole(self), *(line for each in self.images for line in each.lines)], key=_place)


def of(generation: Generation) -> Road:
    """Everything that is known of a generation, in a number of queries that does not grow with it."""
    images = list(Image.objects.filter(generation=generation).order_by("index"))
    draws: dict[UUID, list[Draw]] = {}
    for draw in Draw.objects.filter(image__in=images).order_by("created_at", "pk"):
        draws.setdefault(draw.image_id, []).append(draw)
    happened = _events(generation, images)
    waiting = [each for each in images if each.status == Status.QUEUED]
    places = dict(zip([each.pk for each in waiting], fair_order.positions(waiting), strict=True))
    retried = {
        each.image_id: each.retry
        for each in RetriedImage.objects.filter(image__in=images).select_related("retry__again", "retry__by")
    }
    seen = tuple(
        _image(generation, each, draws.get(each.pk, []), happened, places.get(each.pk), retried.get(each.pk))
        for each in images
    )
    retry_of = Retry.objects.filter(again=generation).select_related("by").first()
    return Road(
        row=generation,
        order=Order.objects.select_related("key").filter(generation=generation).first(),
        images=seen,
        hold=Hold.objects.filter(key=generation.key).first(),
        transfers=_transfers(generation, retry_of),
        told=_told([generation.pk, *(each.pk for each in images)]),
        acts=tuple(
            StaffAct.objects.filter(subject=f"generation:{generation.pk}").select_related("actor").order_by("pk")
        ),
        retries=tuple(Retry.objects.filter(first=generation).select_related("by").order_by("pk")),
        retry_of=retry_of,
        has_events=bool(happened),
    )


def seconds(value: float) -> str:
    """`"0.4 s"`, `"12 s"`, `"3 min 5 s"`, `"2 h 10 min"`, `"3 d 4 h"`"""
    if value < 10:
        return f"{max(value, 0):.1f} s"
    whole = round(value)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    if whole < 86_400:
        return f"{whole // 3600} h {whole % 3600 // 60} min"
    return f"{whole // 86_400} d {whole % 86_400 // 3600} h"


def _image(
    generation: Generation,
    row: Image,
    draws: Sequence[Draw],
    happened: Sequence[Event],
    position: int | None,
    retried: Retry | None,
) -> ImageSeen:
    seen = tuple(_draw(row, each, number) for number, each in enumerate(draws, start=1))
    began = generation.created_at
    lines = [*(line for each in seen for line in _of_a_draw(each)), *_of_statuses(row, happened)]
    if row.cancel_requested_at:
        lines.append((row.cancel_requested_at, "Cancelling was asked for", "", ""))
    if row.refunded_at:
        lines.append((row.refunded_at, "Its credits were given back", show(row.price), ""))
    if row.binned_at:
        lines.append((row.binned_at, "Put into the bin", "", ""))
    if row.erased_at:
        lines.append((row.erased_at, "Erased: no file is left", "", ""))
    told = sorted(lines, key=lambda line: line[0])
    sent = next((each.sent_at for each in draws if each.sent_at), None)
    answered = max((each.completed_at for each in draws if each.completed_at), default=None)
    is_stored = row.status == Status.STORED
    return ImageSeen(
        row=row,
        draws=seen,
        lines=tuple(
            Line(at, (at - began).total_seconds(), what, detail, tone, row.index) for at, what, detail, tone in told
        ),
        position=position,
        retried=retried,
        waited=((sent or (row.status_at if row.is_final else timezone.now())) - began).total_seconds(),
        at_fal=((answered or (row.status_at if row.is_final else timezone.now())) - sent).total_seconds()
        if sent
        else None,
        storing=(row.status_at - answered).total_seconds() if is_stored and answered else None,
    )


def _draw(image: Image, row: Draw, number: int) -> DrawSeen:
    is_current = image.draw_id == row.pk
    was_over = image.is_final and row.completed_at is not None and row.completed_at > image.status_at
    is_late = row.completed_at is not None and (was_over or (row.outcome == "delivered" and not is_current))
    unsure = row.may_be_billed and not row.cost_microusd and row.outcome != "delivered"
    return DrawSeen(row, number, is_current, is_late, unsure)


Moment = tuple[datetime, str, str, str]


def _of_statuses(image: Image, happened: Sequence[Event]) -> Iterator[Moment]:
    seen = set()
    for event in happened:
        status = str(event.data.get("status", ""))
        if event.object_id == image.pk and status in WORDS:
            seen.add(status)
            yield event.created_at, WORDS[Status(status)], _why(image, status), TONES.get(Status(status), "")
    if image.is_final and image.status not in seen:
        yield (
            image.status_at,
            WORDS[Status(image.status)],
            _why(image, image.status),
            TONES.get(Status(image.status), ""),
        )


def _why(image: Image, status: str) -> str:
    return f"{image.error_code}: {image.error_message}" if status == image.status and image.error_code else ""


def _of_a_draw(seen: DrawSeen) -> Iterator[Moment]:
    row, name = seen.row, f"Draw {seen.number}"
    yield row.created_at, f"{name}: its turn came", row.endpoint, ""
    if row.sent_at:
        yield row.sent_at, f"{name}: sent to fal", "", ""
    if row.accepted_at:
        yield row.accepted_at, f"{name}: fal took it", row.request_id or "", ""
    if row.history_asked_at:
        yield row.history_asked_at, f"{name}: fal's request history was searched for it", "", ""
    if row.cancel_asked_at:
        yield row.cancel_asked_at, f"{name}: fal was asked to cancel it", "", ""
    if row.completed_at:
        by = {"webhook": " by webhook", "follower": ", when it was asked"}.get(row.answered_by, "")
        late = ", too late" if seen.is_late else ""
        tone = "warn" if seen.is_late else "" if row.outcome == "delivered" else "bad"
        yield row.completed_at, f"{name}: fal answered {row.result_status}{by}{late}", row.outcome, tone


def _of_the_whole(road: Road) -> Iterator[Line]:
    row, began = road.row, road.row.created_at

    def line(at: datetime, what: str, detail: str = "", tone: str = "") -> Line:
        return Line(at, (at - began).total_seconds(), what, detail, tone)

    count = f"{row.quantity} image{'' if row.quantity == 1 else 's'}"
    yield line(began, f"Ordered: {count}, {road.model_name}", f"through {road.door}")
    if road.hold:
        yield line(road.hold.created_at, f"{show(road.hold.amount)} credits set aside")
        if road.hold.settled_at:
            back = road.hold.amount - road.charged
            words = f"{show(road.charged)} credits charged" + (f", {show(back)} released" if back else "")
            yield line(road.hold.settled_at, words)
    if row.finished_at:
        yield line(row.finished_at, f"Over: {row.outcome}", "", ENDS.get(row.outcome or "", ""))
    if row.deleted_at:
        yield line(row.deleted_at, "Deleted by its customer")
    if row.erased_at:
        yield line(row.erased_at, "Prompt and settings erased")
    for transfer in road.transfers:
        if BACK in transfer.key:
            yield line(transfer.created_at, f"{show(transfer.amount)} credits given back", transfer.actor)
    for each in road.retries:
        yield line(each.created_at, "Drawn again by staff", each.why)
    for told in road.told:
        for attempt in told.tries:
            said = f"{attempt.status}" if attempt.status else attempt.error or "no answer"
            yield line(attempt.began_at, f"Webhook {told.row.topic}, try {attempt.number}", said)


def _events(generation: Generation, images: Sequence[Image]) -> list[Event]:
    """Those about its images, found among the customer's own of that time."""
    until = (generation.finished_at or timezone.now()) + SOON
    ids = [each.pk for each in images]
    mine = Event.objects.filter(
        user_id=generation.user_id, created_at__gte=generation.created_at - SOON, created_at__lte=until
    )
    return list(mine.filter(object_id__in=ids).order_by("seq")[:MOST_EVENTS])


def _transfers(generation: Generation, retry: Retry | None) -> tuple[Transfer, ...]:
    key = generation.key
    names = [key, f"debt:{key}"]
    if retry:
        names += [retry.key, retries.unused(retry.key)]
    named = Q(key__in=names) | Q(key__startswith=f"{key}{BACK}")
    return tuple(Transfer.objects.filter(named).select_related("source", "target").order_by("created_at", "pk"))


def _told(ids: Sequence[UUID]) -> tuple[Told, ...]:
    rows = Delivery.objects.filter(object_id__in=ids).select_related("endpoint").order_by("pk")
    log: dict[UUID, list[DeliveryTry]] = {}
    bodies = ("request_headers", "request_body", "answer_headers", "answer_body")
    for each in DeliveryTry.objects.filter(delivery__in=rows).defer(*bodies).order_by("began_at"):
        log.setdefault(each.delivery_id, []).append(each)
    return tuple(Told(row, tuple(log.get(row.pk, []))) for row in rows)


def _error(told: dict[str, Any]) -> str:
    return ": ".join(filter(None, (str(told.get("type", "")), str(told.get("msg", "")))))


def _place(line: Line) -> tuple[datetime, int]:
    return line.at, -1 if line.image is None else line.image
