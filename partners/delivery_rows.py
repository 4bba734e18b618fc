"""The log of a webhook, or of the addresses that orders named, as its owner reads it: the deliveries, page by page, and
every try of one."""

import json
from dataclasses import dataclass
from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404
from django.urls import reverse

from .models import Delivery, DeliveryTry

ON_A_PAGE = 30
STATES = {
    "": "All",
    "waiting": "Waiting",
    "delivered": "Delivered",
    "given_up": "Given up",
    "dropped": "Dropped",
}
TONES = {"waiting": "accent", "delivered": "good", "given_up": "bad", "dropped": ""}


@dataclass(frozen=True)
class Row:
    delivery: Delivery

    @property
    def state(self) -> str:
        return STATES[self.delivery.status]

    @property
    def address(self) -> str:
        """Of its page."""
        if self.delivery.endpoint_id is None:
            return reverse("callback", args=[self.delivery.pk])
        return reverse("delivery", args=[self.delivery.endpoint_id, self.delivery.pk])

    @property
    def again(self) -> str:
        """Where its being told anew is asked for."""
        return f"{self.address}again"

    @property
    def tone(self) -> str:
        """The badge's class."""
        return TONES[self.delivery.status]


@dataclass(frozen=True)
class Log:
    """One page of the log at `address`. `state` is that of the filter, "" for all; `following` the place of the next
    page, if there is one."""

    rows: list[Row]
    address: str
    state: str
    following: UUID | None
    is_first: bool

    @property
    def states(self) -> dict[str, str]:
        return STATES


@dataclass(frozen=True)
class Try:
    """One request, with bodies as they are read best: JSON in lines of its own."""

    row: DeliveryTry
    request: str
    answer: str

    @property
    def seconds(self) -> str:
        took = self.row.took
        return "" if took is None else f"{took.total_seconds():.3f}"


def log(rows: "QuerySet[Delivery]", address: str, state: str, before: str) -> Log:
    """Newest first; `before` is the id of the last one of the page before. Http404 for what is no state, no place."""
    if state not in STATES:
        raise Http404("There is no such state.")
    if state:
        rows = rows.filter(outcome="" if state == "waiting" else state)
    if before:
        try:
            rows = rows.filter(pk__lt=UUID(before))
        except ValueError as error:
            raise Http404("There is no such page.") from error
    found = list(rows.order_by("-id")[: ON_A_PAGE + 1])
    following = found[ON_A_PAGE - 1].pk if len(found) > ON_A_PAGE else None
    return Log([Row(each) for each in found[:ON_A_PAGE]], address, state, following, not before)


def tries(delivery: Delivery) -> list[Try]:
    """The newest first."""
    return [
        Try(row, _readable(row.request_body), _readable(row.answer_body)) for row in delivery.log.order_by("-number")
    ]


def _readable(body: str) -> str:
    try:
        return json.dumps(json.loads(body), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return body
