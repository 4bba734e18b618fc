"""Generations and images in the words and shapes of the pages: what stage, how far, what it cost, what went wrong."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from django.utils import timezone

from billing.credits import show

from . import fair_order, fal_state, switches
from .brief import BadBrief
from .forms import known_model
from .models import FalState, Generation, Image, Outcome, Status
from .offers import Repeat
from .pictures import links
from .pictures.store import Variant

ALT_LENGTH = 300
WAITING = Status.QUEUED
STAGES = {
    Status.QUEUED: "Waiting",
    Status.SENDING: "Being sent",
    Status.UNKNOWN: "Asking after it",
    Status.DRAWING: "Being drawn",
    Status.STORING: "Being stored",
    Status.STORED: "Ready",
    Status.FAILED: "Failed",
    Status.BLOCKED: "Blocked",
    Status.CANCELED: "Cancelled",
}
OUTCOMES = {
    Outcome.SUCCEEDED: "Ready",
    Outcome.PARTIAL: "Partly ready",
    Outcome.FAILED: "Failed",
    Outcome.BLOCKED: "Blocked",
    Outcome.CANCELED: "Cancelled",
}
MISSING = (Status.FAILED, Status.BLOCKED)
NOT_CHARGED = "Not charged."
BLOCKED_ADVICE = (
    "The content check stopped this picture. Not charged. The same prompt will be stopped again, so change it."
)
FAL_IS_AWAY = (
    "Pictures are waiting: our drawing service is not taking orders right now. "
    "Waiting pictures are drawn as soon as it does; cancelling is free."
)
STOPPED = (
    "Drawing is paused for a while. Orders are taken and wait in their places; the time of the pause counts towards no "
    "deadline, and cancelling is free."
)
ENDINGS = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp"}


@dataclass(frozen=True)
class Tile:
    """One image as the pages show it. `width` and `height` are those of its frame: the size that was asked for, so that
    nothing shifts when the picture arrives. `finish` orders it on the image model that finishes it."""

    image: Image
    width: int
    height: int
    alt: str
    finish: Repeat | None = None

    @property
    def stage(self) -> str:
        if self.image.erased_at:
            return "Deleted"
        if self.image.binned_at:
            return "In the bin"
        if self.image.is_taken_down:
            return "Taken down"
        if self.image.cancel_requested_at and not self.image.is_final:
            return "Being stored" if self.image.status == Status.STORING else "Cancelling"
        if self.image.status == Status.QUEUED and self.image.refusals:
            return "Waiting to try again"
        return STAGES[Status(self.image.status)]

    @property
    def is_ready(self) -> bool:
        return self.image.is_there

    @property
    def reason(self) -> str:
        """What went wrong, in plain words that say that it was not charged, or why it was taken down; else empty."""
        if self.image.is_taken_down:
            return self.image.error_message
        match self.image.status:
            case Status.BLOCKED:
                return BLOCKED_ADVICE
            case Status.CANCELED:
                return self.image.error_message or NOT_CHARGED
            case Status.FAILED:
                told = self.image.error_message or "The picture could not be drawn."
                return told if "not charged" in told.lower() else f"{told} {NOT_CHARGED}"
        return ""

    @property
    def src(self) -> str:
        """The address of a thumbnail of about 640 pixels."""
        variants = self.image.variants
        chosen = variants.get("640") or variants.get("320")
        return links.address(chosen["name"] if chosen else self.image.name)

    @property
    def srcset(self) -> str:
        """Every size there is, the stored original last."""
        found = [f"{links.address(each['name'])} {each['width']}w" for each in self._variants()]
        return ", ".join([*found, f"{links.address(self.image.name)} {self.image.width}w"])

    @property
    def thumbnails(self) -> str:
        """As `srcset`, without the original: for lists."""
        return ", ".join(f"{links.address(each['name'])} {each['width']}w" for each in self._variants())

    @property
    def full(self) -> str:
        return links.address(self.image.name)

    @property
    def download(self) -> str:
        return links.address(self.image.name, filename=self.file_name)

    @property
    def file_name(self) -> str:
        ending = ENDINGS.get(self.image.content_type, "bin")
        return f"{self.image.generation.image_model}-{self.image.seed}.{ending}"

    def _variants(self) -> list[Variant]:
        return sorted(self.image.variants.values(), key=lambda each: each["width"])


@dataclass(frozen=True)
class Card:
    """One generation as the pages show it. `ahead`: how many pictures are drawn before its next one; None where none
    of it waits. `again` orders what failed once more; `is_unfinished` where each picture can be finished elsewhere;
    `waits_for` is what is told of its place while `fal_is_away`."""

    generation: Generation
    tiles: Sequence[Tile]
    ahead: int | None
    fal_is_away: bool
    again: Repeat | None = None
    is_unfinished: bool = False
    waits_for: str = "Waiting for our drawing service, which is not taking orders right now."

    @property
    def images(self) -> list[Image]:
        return [tile.image for tile in self.tiles]

    @property
    def shown(self) -> list[Tile]:
        """Those that are not in the bin."""
        return [tile for tile in self.tiles if tile.image.binned_at is None and tile.image.erased_at is None]

    @property
    def is_running(self) -> bool:
        return self.generation.outcome is None

    @property
    def model_name(self) -> str:
        image_model = known_model(self.generation.image_model)
        return image_model.name if image_model else self.generation.image_model

    @property
    def typical(self) -> str:
        image_model = known_model(self.generation.image_model)
        return "{} to {} s".format(*image_model.typical_s) if image_model else ""

    @property
    def ready(self) -> int:
        return sum(tile.image.status == Status.STORED for tile in self.tiles)

    @property
    def status(self) -> str:
        if self.generation.outcome:
            return OUTCOMES[Outcome(self.generation.outcome)]
        if self.is_canceling:
            return "Cancelling"
        return "Waiting" if self.ahead is not None and self.ready == 0 and not self._any_at_fal else "In progress"

    @property
    def count(self) -> str:
        total = self.generation.quantity
        words = f"{total} picture{'' if total == 1 else 's'}"
        return words if self.ready == total or not self.ready else f"{self.ready} of {words}"

    @property
    def position(self) -> str:
        """Where its next picture stands in the queue; empty where none waits."""
        if self.ahead is None:
            return ""
        if self.fal_is_away:
            return self.waits_for
        if self.ahead == 0:
            return "Next in line."
        return f"{self.ahead} before yours. Others may come in between, so that everybody gets a turn."

    @property
    def is_canceling(self) -> bool:
        return self.is_running and all(tile.image.is_final or tile.image.cancel_requested_at for tile in self.tiles)

    @property
    def can_cancel(self) -> bool:
        return any(
            not tile.image.is_final and not tile.image.cancel_requested_at and tile.image.status != Status.STORING
            for tile in self.tiles
        )

    @property
    def cancel_rule(self) -> str:
        """What cancelling costs now, for the button that does it."""
        open_ones = [
            tile.image for tile in self.tiles if not tile.image.is_final and not tile.image.cancel_requested_at
        ]
        waiting = sum(image.status == WAITING for image in open_ones)
        if waiting == len(open_ones):
            return "free while it waits"
        if not waiting:
            return "it is being drawn: it may still be charged"
        return f"free for the {waiting} that wait{'s' if waiting == 1 else ''}, the rest may be charged"

    @property
    def mark(self) -> str:
        """Changes whenever the card does, but for the time that goes by."""
        stands = [(image.status, bool(image.cancel_requested_at), image.refusals > 0) for image in self.images]
        told = repr((stands, self.generation.outcome, self.ahead, self.fal_is_away))
        return sha256(told.encode()).hexdigest()[:12]

    @property
    def charged(self) -> int:
        return sum(tile.image.price for tile in self.tiles if tile.image.is_charged)

    @property
    def cost(self) -> str:
        if self.is_running:
            return f"{show(self.generation.quoted)} credits set aside"
        back = self.generation.quoted - self.charged
        if not self.charged:
            return "Not charged"
        return f"{show(self.charged)} credits" + (f", {show(back)} given back" if back else "")

    @property
    def reasons(self) -> list[str]:
        """Why pictures are missing, each reason once; with their number where others are ready."""
        told = Counter(tile.reason for tile in self.tiles if tile.image.status in MISSING or tile.image.error_message)
        if len(told) == 1 and self.ready == 0:
            return list(told)
        return [f"{count} picture{'' if count == 1 else 's'}: {reason}" for reason, count in told.items()]

    @property
    def announcement(self) -> str:
        """What a screen reader is told when it is over."""
        if self.is_running:
            return ""
        if self.generation.outcome == Outcome.SUCCEEDED:
            return f"{self.count} ready."
        return f"{self.status}. {' '.join(self.reasons)}"

    @property
    def first(self) -> Tile:
        """The first that is not in the bin."""
        return next(iter(self.shown), self.tiles[0])

    @property
    def so_far(self) -> str:
        """How long it has been under way."""
        return in_words((timezone.now() - self.generation.created_at).total_seconds())

    @property
    def took(self) -> str:
        """How long it took, in words; empty while it runs."""
        if self.generation.finished_at is None:
            return ""
        return in_words((self.generation.finished_at - self.generation.created_at).total_seconds())

    @property
    def _any_at_fal(self) -> bool:
        return any(tile.image.status not in (WAITING, Status.CANCELED) for tile in self.tiles)


def card(generation: Generation) -> Card:
    """The card of one generation, with its true place in the queue."""
    return cards([generation])[0]


def cards(generations: Sequence[Generation]) -> list[Card]:
    """Cards in the order of their generations; whose images are best prefetched."""
    away = any(each.outcome is None for each in generations) and fal_is_away()
    return [_card(each, away) for each in generations]


def tiles(generation: Generation) -> list[Tile]:
    width, height = expected_size(generation)
    alt = alt_text(generation)
    return [Tile(image, width, height, alt) for image in _images(generation)]


def tile(image: Image) -> Tile:
    """One image by itself, which knows its generation."""
    return Tile(image, *expected_size(image.generation), alt_text(image.generation))


def expected_size(generation: Generation) -> tuple[int, int]:
    """Width and height that were asked for; a square for what today's catalogue does not know any more."""
    try:
        return generation.brief.size()
    except BadBrief:
        return 1024, 1024


def alt_text(generation: Generation) -> str:
    """The prompt, at a length that can be listened to."""
    prompt = " ".join(generation.prompt.split())
    return prompt if len(prompt) <= ALT_LENGTH else f"{prompt[: ALT_LENGTH - 1].rstrip()}\N{HORIZONTAL ELLIPSIS}"


def fal_is_away() -> bool:
    """Whether nothing is sent: fal is not well, or staff has stopped it."""
    return is_stopped() or fal_state.row().state != FalState.State.OK


def is_stopped() -> bool:
    return switches.SENDING in switches.now().off


def fal_notice() -> str:
    """What to tell everybody while staff has stopped sending, fal's account is locked or fal is down; empty while it
    draws."""
    if is_stopped():
        return switches.now().off[switches.SENDING] or STOPPED
    return FAL_IS_AWAY if fal_is_away() else ""


def in_words(seconds: float) -> str:
    """`"12 s"`, `"3 min 5 s"`, `"2 h 10 min"`"""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def _card(generation: Generation, away: bool) -> Card:
    shown = tiles(generation)
    queued = [tile.image for tile in shown if tile.image.status == Status.QUEUED]
    ahead = fair_order.position(min(queued, key=lambda image: (image.turn, image.id))) if queued else None
    if away and is_stopped():
        return Card(generation, shown, ahead, away, waits_for="Waiting: drawing is paused for a while.")
    return Card(generation, shown, ahead, away)


def _images(generation: Generation) -> list[Image]:
    """Its images, each knowing its generation without another query."""
    found = sorted(generation.images.all(), key=lambda image: image.index)
    for image in found:
        image.generation = generation
    return found
