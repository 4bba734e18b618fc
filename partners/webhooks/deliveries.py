"""One delivery on its way: claimed, tried, written down.

Ten tries in about three days. 2xx is a success. 410 says that nobody wants to be told any more: the endpoint is
disabled. Everything else, a redirect among it, is tried again. A process that dies in the middle leaves the delivery to
the next one when the lease is over; the receiver may then be told twice, with the same `webhook-id`.
"""

import random
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from generations import safe_fetch
from partners import sealed
from partners.models import Delivery, DeliveryTry, Endpoint, Listener

from . import endpoints, messages, signing
from .endpoints import LEASE, MOST_TRIES

# The wait after each try that failed, each a fifth longer or shorter by chance: ten tries in three days.
LADDER = (
    timedelta(seconds=5),
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=6),
    timedelta(hours=12),
    timedelta(hours=24),
    timedelta(hours=27),
)
JITTER = 0.2
TIMEOUT_S = 15.0
FOR_EACH = 4  # calls at once for one receiver
LONGEST_RETRY_AFTER = timedelta(hours=24)
FAILING_LASTS = timedelta(days=3)
LOG_LASTS = timedelta(days=30)
KEPT_BYTES = 4096  # of an answer's body
PRUNED_AT_ONCE = 1000
GONE = 410
KEPT_HEADERS = ("content-type", "content-length", "date", "location", "retry-after", "server")


@dataclass(frozen=True)
class Call:
    """A request that is ready to be made."""

    delivery: Delivery
    url: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Answer:
    """What came of it: a status with what was answered, or an error without."""

    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    error: str = ""

    @property
    def is_success(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


def claim(now: datetime, room: int, inside: "Counter[str]") -> list[Call]:
    """Due deliveries for whoever asked first: at most `room`, and FOR_EACH for one receiver with those `inside`."""
    full = [receiver for receiver, count in inside.items() if count >= FOR_EACH]
    due = Delivery.objects.due(now).exclude(receiver__in=full).order_by("due_at")
    taken: list[Call] = []
    places = Counter(inside)
    for delivery in due[: 2 * room]:
        if len(taken) < room and places[delivery.receiver] < FOR_EACH and (call := _claim(delivery, now)):
            places[delivery.receiver] += 1
            taken.append(call)
    return taken


@transaction.atomic
def _claim(delivery: Delivery, now: datetime) -> Call | None:
    mine = Delivery.objects.due(now).filter(pk=delivery.pk)
    if not mine.update(due_at=now + LEASE, tries=F("tries") + 1, tries_left=F("tries_left") - 1):
        return None
    row = Delivery.objects.select_related("endpoint").get(pk=delivery.pk)
    try:
        body = messages.body(row, now)
    except messages.NothingToTell:
        _end(row, Delivery.Outcome.DROPPED)
        return None
    try:
        headers = _headers(row, body, now)
    except sealed.Unreadable:
        _end(row, Delivery.Outcome.GIVEN_UP)
        return None
    url = row.endpoint.url if row.endpoint else row.url
    DeliveryTry.objects.create(
        delivery=row, number=row.tries, began_at=now, url=url, request_headers=headers, request_body=body.decode()
    )
    return Call(row, url, headers, body)


async def post(call: Call) -> Answer:
    """Make the request; nothing of the database."""
    try:
        told = await safe_fetch.post(
            call.url, call.body, call.headers, timeout_s=TIMEOUT_S, per=("webhook", call.delivery.receiver)
        )
    except safe_fetch.FetchRefused as refused:
        return Answer(error=refused.reason)
    return Answer(told.status, told.headers, told.body, _why_not(told.status, told.headers))


@transaction.atomic
def settle(call: Call, answer: Answer) -> None:
    """Write down what was answered, and what becomes of the delivery. A try that was overtaken only notes it."""
    now = timezone.now()
    row = call.delivery
    DeliveryTry.objects.filter(delivery=row, number=row.tries).update(
        ended_at=now,
        status=answer.status,
        answer_headers={name: value for name, value in answer.headers.items() if name.lower() in KEPT_HEADERS},
        answer_body=answer.body[:KEPT_BYTES].decode(errors="replace").replace("\0", "\ufffd"),
        error=answer.error[:300],
    )
    mine = Delivery.objects.filter(pk=row.pk, outcome="", tries=row.tries)
    if answer.is_success:
        mine.update(outcome=Delivery.Outcome.DELIVERED, finished_at=now)
        if row.endpoint is not None:
            Endpoint.objects.filter(pk=row.endpoint.pk).exclude(failing_since=None).update(failing_since=None)
        return
    if row.tries_left <= 0 or (answer.status == GONE and row.endpoint is None):
        mine.update(outcome=Delivery.Outcome.GIVEN_UP, finished_at=now)
    else:
        mine.update(due_at=now + max(wait_after(MOST_TRIES - row.tries_left), _retry_after(answer, now)))
    if row.endpoint is not None:
        _failed(row.endpoint, answer, now)


def prune(*, within: timedelta) -> int:
    """Delete the log of more than thirty days, as much as there is time for; how many deliveries."""
    old = Delivery.objects.filter(created_at__lt=timezone.now() - LOG_LASTS).order_by("created_at")
    ends_at, deleted = time.monotonic() + within.total_seconds(), 0
    while time.monotonic() < ends_at and (ids := list(old.values_list("pk", flat=True)[:PRUNED_AT_ONCE])):
        Delivery.objects.filter(pk__in=ids).delete()
        deleted += len(ids)
    return deleted


def wait_after(tries: int) -> timedelta:
    return LADDER[tries - 1] * random.uniform(1 - JITTER, 1 + JITTER)


def _headers(row: Delivery, body: bytes, now: datetime) -> dict[str, str]:
    signed = signing.headers(messages.id_of(row), int(now.timestamp()), body, _secrets(row, now))
    return {"content-type": "application/json", **signed}


def _secrets(row: Delivery, now: datetime) -> list[str]:
    return endpoints.secrets(row.endpoint or Listener.objects.get(user_id=row.user_id), now)


def _failed(endpoint: Endpoint, answer: Answer, now: datetime) -> None:
    """Note since when it fails; disable it when that is too long, or when it says that it is gone."""
    if answer.status == GONE:
        endpoints.disable(endpoint, Endpoint.Cause.GONE)
        return
    Endpoint.objects.filter(pk=endpoint.pk, failing_since=None).update(failing_since=now)
    if Endpoint.objects.filter(pk=endpoint.pk, failing_since__lte=now - FAILING_LASTS).exists():
        endpoints.disable(endpoint, Endpoint.Cause.FAILING)


def _end(row: Delivery, outcome: Delivery.Outcome) -> None:
    Delivery.objects.filter(pk=row.pk).update(outcome=outcome, finished_at=timezone.now())


def _why_not(status: int, headers: Mapping[str, str]) -> str:
    """Why an answer does not count, in a sentence; empty for a success."""
    if 200 <= status < 300:
        return ""
    if 300 <= status < 400:
        return f"Answered {status}, which leads elsewhere. Redirects are not followed; give the last address instead."
    if status == GONE:
        return "Answered 410: the endpoint wants to be told no more."
    return f"Answered {status} instead of 2xx."


def _retry_after(answer: Answer, now: datetime) -> timedelta:
    """How long the receiver asks us to wait, at most a day; nothing where it does not say (RFC 9110, 10.2.3)."""
    text = next((value for name, value in answer.headers.items() if name.lower() == "retry-after"), "").strip()
    if text.isascii() and text.isdigit():
        return min(timedelta(seconds=min(int(text[:9]), 10**8)), LONGEST_RETRY_AFTER)
    try:
        at = parsedate_to_datetime(text)
        return max(timedelta(), min(at - now, LONGEST_RETRY_AFTER))
    except (TypeError, ValueError):
        return timedelta()
