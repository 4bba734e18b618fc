"""One delivery on its way: claimed, tried, written down.

Ten tries in about three days. 2xx is a success. 410 says that nobody wants to be told any more: the endpoint is
disabled. Everything else, a redirect among it, is tried again. A process that dies in the middle leaves the delivery to
the next one when the lease is over; the receiver may then be told twice, with the same `webhook-id`. What goes wrong
here with one delivery is a failed try of that one, and stops no other.
"""

import logging
import random
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

from django.db import DatabaseError, transaction
from django.db.models import F
from django.utils import timezone

from generations import safe_fetch
from partners import sealed
from partners.dialects.hooks import HOOKS
from partners.models import Delivery, DeliveryTry, Endpoint, Listener

from . import endpoints, messages, signing
from .endpoints import LEASE, MOST_TRIES
from .telling import NothingToTell

logger = logging.getLogger(__name__)

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
FOR_ACCOUNT = 10  # calls at once for all receivers of one account, however many names it gives them
LONGEST_RETRY_AFTER = timedelta(hours=24)
FAILING_LASTS = timedelta(days=3)
LOG_LASTS = timedelta(days=30)
KEPT_BYTES = 4096  # of an answer's body
KEPT_CHARACTERS = 1000  # of one of its headers
PRUNED_AT_ONCE = 1000
GONE = 410
KEPT_HEADERS = ("content-type", "content-length", "date", "location", "retry-after", "server")
INTERRUPTED = "We were interrupted before the answer was written down. You may have received this call."
NO_SECRET = "The secret that signs this call cannot be read any more. Make a new one, then have it told anew."
OUR_FAULT = "The call could not be made: a fault of ours, which was written down."


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
    code: str = ""  # of what `safe_fetch` refused

    @property
    def is_success(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


def places(delivery: Delivery) -> tuple[str, int]:
    """What a call counts for while it is under way: its receiver and its account."""
    return delivery.receiver, delivery.user_id


def claim(now: datetime, room: int, inside: "Counter[str | int]") -> list[Call]:
    """Due deliveries for whoever asked first: at most `room`, FOR_EACH for one receiver and FOR_ACCOUNT for one account
    with those `inside`. Whoever has much to be told does not stand before others who have room."""
    _give_up_interrupted(now)
    taken: list[Call] = []
    taking = Counter(inside)
    while len(taken) < room:
        full = [name for name, count in taking.items() if count >= _most(name)]
        due = Delivery.objects.due(now).exclude(receiver__in=[name for name in full if isinstance(name, str)])
        due = due.exclude(user__in=[name for name in full if isinstance(name, int)]).order_by("due_at")
        found = list(due[:room])
        for delivery in found:
            has_place = all(taking[name] < _most(name) for name in places(delivery))
            if has_place and len(taken) < room and (call := _claim(delivery, now)):
                taking.update(places(delivery))
                taken.append(call)
        if not found:  # else: each of them is not due any more, or its receiver or account is full now
            break
    return taken


def _most(name: str | int) -> int:
    return FOR_EACH if isinstance(name, str) else FOR_ACCOUNT


def _give_up_interrupted(now: datetime) -> None:
    """Those whose last try was never written down, since the process died in it."""
    over = Delivery.objects.filter(outcome="", due_at__lte=now, tries__gt=0, tries_left=0)
    for id in over.values_list("pk", flat=True):
        with transaction.atomic():
            if over.filter(pk=id).update(outcome=Delivery.Outcome.GIVEN_UP, finished_at=now):
                DeliveryTry.objects.filter(delivery=id, ended_at=None).update(error=INTERRUPTED)


@transaction.atomic
def _claim(delivery: Delivery, now: datetime) -> Call | None:
    # As it was read, by its own columns alone: of two couriers the second finds it moved, whatever it waited for.
    mine = Delivery.objects.filter(pk=delivery.pk, outcome="", tries=delivery.tries, due_at=delivery.due_at)
    if not mine.update(due_at=now + LEASE, tries=F("tries") + 1, tries_left=F("tries_left") - 1):
        return None
    row = Delivery.objects.select_related("endpoint").get(pk=delivery.pk)
    url = row.endpoint.url if row.endpoint else row.url
    attempt = DeliveryTry(delivery=row, number=row.tries, began_at=now, url=url)
    try:
        with transaction.atomic():
            body = messages.body(row, now)
            attempt.request_body, attempt.request_headers = body.decode(), _headers(row, body, now)
            attempt.save()
    except NothingToTell:
        _end(row, Delivery.Outcome.DROPPED)
        return None
    except DatabaseError:
        raise
    except Exception as error:
        is_unreadable = isinstance(error, sealed.Unreadable)
        if not is_unreadable:
            logger.exception("delivery %s could not be written", row.pk)
        attempt.save()
        _write_down(row, Answer(error=NO_SECRET if is_unreadable else OUR_FAULT), now, is_last=is_unreadable)
        return None
    DeliveryTry.objects.filter(delivery=row, number__lt=row.tries, ended_at=None).update(error=INTERRUPTED)
    return Call(row, url, attempt.request_headers, body)


async def post(call: Call) -> Answer:
    """Make the request; nothing of the database."""
    try:
        told = await safe_fetch.post(
            call.url, call.body, call.headers, timeout_s=TIMEOUT_S, per=("webhook", call.delivery.receiver)
        )
    except safe_fetch.FetchRefused as refused:
        return Answer(error=refused.reason, code=refused.code)
    except Exception:
        logger.exception("delivery %s could not be made", call.delivery.pk)
        return Answer(error=OUR_FAULT)
    return Answer(told.status, told.headers, told.body, _why_not(told.status, told.headers))


@transaction.atomic
def settle(call: Call, answer: Answer) -> None:
    """Write down what was answered, and what becomes of the delivery. A try that was overtaken only notes it."""
    _write_down(call.delivery, answer, timezone.now())


def _write_down(row: Delivery, answer: Answer, now: datetime, *, is_last: bool = False) -> None:
    """`is_last`: no further try can do better."""
    kept = {name: value for name, value in answer.headers.items() if name.lower() in KEPT_HEADERS}
    DeliveryTry.objects.filter(delivery=row, number=row.tries).update(
        ended_at=now,
        status=answer.status,
        answer_headers={name: value[:KEPT_CHARACTERS] for name, value in kept.items()},
        answer_body=answer.body[:KEPT_BYTES].decode(errors="replace").replace("\0", "\ufffd"),
        error=answer.error[:300],
    )
    mine = Delivery.objects.filter(pk=row.pk, outcome="", tries=row.tries)
    if answer.is_success:
        mine.update(outcome=Delivery.Outcome.DELIVERED, finished_at=now)
        if row.endpoint is not None:
            Endpoint.objects.filter(pk=row.endpoint.pk).exclude(failing_since=None).update(failing_since=None)
        return
    hooks = HOOKS[row.dialect] if row.dialect else None
    is_last = is_last or (hooks is not None and hooks.is_over(answer.status, answer.code))
    if is_last or row.tries_left <= 0 or (answer.status == GONE and row.endpoint is None):
        mine.update(outcome=Delivery.Outcome.GIVEN_UP, finished_at=now)
    else:
        wait = wait_after(MOST_TRIES - row.tries_left, (hooks and hooks.ladder) or LADDER)
        mine.update(due_at=now + max(wait, _retry_after(answer, now)))
    if row.endpoint is not None and answer.error not in (OUR_FAULT, NO_SECRET):
        _failed(row.endpoint, answer, now)


def prune(*, within: timedelta) -> int:
    """Delete the log of more than thirty days, as much as there is time for; how many deliveries. One that was told
    anew stays for thirty days more: `due_at` is not before its last try."""
    begins_at = timezone.now() - LOG_LASTS
    old = Delivery.objects.filter(created_at__lt=begins_at, due_at__lt=begins_at).order_by("created_at")
    ends_at, deleted = time.monotonic() + within.total_seconds(), 0
    while time.monotonic() < ends_at and (ids := list(old.values_list("pk", flat=True)[:PRUNED_AT_ONCE])):
        Delivery.objects.filter(pk__in=ids).delete()
        deleted += len(ids)
    return deleted


def wait_after(tries: int, ladder: tuple[timedelta, ...] = LADDER) -> timedelta:
    return ladder[tries - 1] * random.uniform(1 - JITTER, 1 + JITTER)


def _headers(row: Delivery, body: bytes, now: datetime) -> dict[str, str]:
    sign = HOOKS[row.dialect].headers if row.dialect else None
    if sign is not None:
        return {"content-type": "application/json", **sign(row, body, now)}
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
    except (TypeError, ValueError, OverflowError):
        return timedelta()
