"""A generation as the dialects look at it: its row, its images, what was written on it, and its place in the queue."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any
from uuid import UUID

from django.db.models import Prefetch, QuerySet

from generations import fair_order
from generations.models import Generation, Image, Outcome, Status
from generations.pictures import links
from generations.pictures.links import Link
from partners.models import Order

ENDED = {Outcome.SUCCEEDED, Outcome.PARTIAL}


@dataclass(frozen=True)
class Seen:
    row: Generation

    @cached_property
    def images(self) -> list[Image]:
        return list(self.row.images.all())

    @property
    def order(self) -> Order | None:
        return getattr(self.row, "order", None)

    @property
    def wire(self) -> dict[str, Any]:
        """What its dialect wrote down when it was ordered."""
        return dict(self.order.wire) if self.order else {}

    @property
    def tags(self) -> list[str]:
        return [tag.name for tag in self.order.tags.all()] if self.order else []

    @property
    def status(self) -> str:
        return self.row.status

    @property
    def is_finished(self) -> bool:
        return self.row.outcome is not None

    @property
    def stored(self) -> list[Image]:
        return [image for image in self.images if image.is_there]

    @property
    def missing(self) -> list[Image]:
        """Images that ended without a picture, in order."""
        return [image for image in self.images if image.is_final and image.status != Status.STORED]

    @property
    def taken_down(self) -> str:
        """Why the operator removed its pictures, where that is so and none is left; else empty."""
        told = [image.error_message for image in self.images if image.is_taken_down]
        return told[0] if told and not self.stored else ""

    @property
    def charged(self) -> int:
        """What was taken for it and not given back, in 1/100 credit."""
        return sum(image.price for image in self.images if image.is_charged)

    @property
    def seconds(self) -> float | None:
        """How long it took to draw, from the first send to the last picture."""
        if self.row.started_at is None or self.row.finished_at is None:
            return None
        return max((self.row.finished_at - self.row.started_at).total_seconds(), 0.0)

    def position(self) -> int | None:
        """How many images are drawn before its next one; None when nothing of it waits. Asks the database."""
        waiting = [image for image in self.images if image.status == Status.QUEUED]
        first = min(waiting, key=lambda image: (image.turn, image.pk), default=None)
        return None if first is None else fair_order.position(first)


def readable(user_id: int) -> "QuerySet[Generation]":
    """A user's generations with all that is shown of them."""
    images = Prefetch("images", Image.objects.order_by("index"))
    mine = Generation.objects.filter(user_id=user_id, deleted_at=None)
    return mine.select_related("order").prefetch_related(images)


def find(user_id: int, id: UUID) -> Seen | None:
    row = readable(user_id).filter(pk=id).first()
    return None if row is None else Seen(row)


def seen(rows: Iterable[Generation]) -> list[Seen]:
    return [Seen(row) for row in rows]


def link(image: Image) -> Link:
    """The signed address of a stored picture, as the world sees it."""
    return links.link(image.name, absolute=True)


def unix(moment: datetime | None) -> int | None:
    return None if moment is None else int(moment.timestamp())
