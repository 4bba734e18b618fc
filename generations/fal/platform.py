"""fal's platform API about money and requests: usage, billing events, list prices, the balance, and which requests fal
has. Everything here may be asked again freely.

Usage, billing events and the balance are for Admin keys alone (FAL_ADMIN_KEY, or FAL_KEY where that is one); another
one gets `NotAllowed` and can still list requests and prices. Dollars are read as decimals and leave here as integers of
1/1,000,000 dollar.
"""

import json
import random
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final

from django.conf import settings

from generations.fal.addresses import full_id, is_request_id
from generations.fal.answers import wait_s
from generations.fal.delivered import whole
from generations.fal.errors import account_reason
from generations.fal.moments import iso, read_moment
from generations.fal.wire import Answer, Call, NoAnswer, Unavailable, exchange

MILLIONTHS: Final = 1_000_000
REQUESTS_A_PAGE: Final = 100  # fal's own limit
LINES_A_PAGE: Final = 100
EVENTS_A_PAGE: Final = 1000  # fal gives up to 10,000
MOST_PAGES: Final = 20_000  # two million requests: a list that has no end is a fault
PAUSES_S = (1.0, 4.0, 15.0)  # fal allows ten calls a second for each account; these are for the night
LONGEST_PAUSE_S: Final = 60.0


class NotAllowed(Exception):
    """This key may not ask that, or fal does not understand the question; the text is fal's reason. `status` as fal
    answered."""

    def __init__(self, reason: str, status: int) -> None:
        super().__init__(reason)
        self.reason, self.status = reason, status


@dataclass(frozen=True)
class UsageLine:
    """What fal charges for one endpoint on one day at one price."""

    endpoint: str
    day: date
    unit: str
    units_millionths: int
    microusd: int


@dataclass(frozen=True)
class Charge:
    """One billing event: what one request cost."""

    request_id: str
    endpoint: str
    at: datetime
    units_millionths: int
    microusd: int


@dataclass(frozen=True)
class Listed:
    """One request in fal's history; all but its name is there once it has ended. `drawn_ms`: how long it was drawn."""

    request_id: str
    sent_at: datetime | None
    ended_at: datetime | None
    status: int | None
    drawn_ms: int | None = None


@dataclass(frozen=True)
class ListPrice:
    """What fal asks for one unit now."""

    endpoint: str
    unit: str
    microusd: int


def usage(since: datetime, until: datetime, endpoints: Iterable[str]) -> list[UsageLine]:
    """What was used by day (UTC), of every endpoint; of `endpoints` where fal wants to be told which. NotAllowed,
    Unavailable."""
    asked = {
        "start": iso(since), "end": iso(until), "timezone": "UTC", "timeframe": "day", "bound_to_timeframe": "false",
        "expand": "time_series", "limit": str(LINES_A_PAGE),
    }  # fmt: skip
    try:
        return list(_usage(asked))
    except NotAllowed as refusal:
        if refusal.status not in {400, 422}:
            raise
    return list(_usage({**asked, "endpoint_id": ",".join(sorted(endpoints))}))


def charges(endpoint: str, since: datetime, until: datetime) -> Iterator[Charge]:
    """Each billing event of that time, in no order that a caller may rely on. NotAllowed, Unavailable."""
    asked = {
        "endpoint_id": full_id(endpoint),
        "start": iso(since),
        "end": iso(until),
        "limit": str(EVENTS_A_PAGE),
    }
    for item in _items("models/billing-events", "billing_events", asked):
        request_id, at = item.get("request_id"), read_moment(item.get("timestamp"))
        cost = _microusd(item.get("cost_total"))
        if cost is None and isinstance(nano := item.get("cost_estimate_nano_usd"), (int, Decimal)):
            cost = _whole(Decimal(nano) / 1000)
        if not isinstance(request_id, str) or not is_request_id(request_id) or at is None or cost is None:
            raise Unavailable("a billing event cannot be read")
        yield Charge(request_id, endpoint, at, _microusd(item.get("output_units")) or 0, cost)


def requests(endpoint: str, since: datetime, until: datetime) -> Iterator[Listed]:
    """Each request of that time, without what it asked for. NotAllowed, Unavailable."""
    asked = {
        "endpoint_id": full_id(endpoint),
        "start": iso(since),
        "end": iso(until),
        "limit": str(REQUESTS_A_PAGE),
    }
    for item in _items("models/requests/by-endpoint", "items", asked):
        request_id = item.get("request_id")
        if isinstance(request_id, str) and is_request_id(request_id):
            yield _listed(request_id, item)


def request(endpoint: str, request_id: str, since: datetime) -> tuple[Listed, dict[str, Any]] | None:
    """One request and what it asked for, as far as fal still keeps that; None where fal knows none. Unavailable."""
    asked = {
        "endpoint_id": full_id(endpoint),
        "request_id": request_id,
        "start": iso(since),
        "expand": "payloads",
    }
    for item in _items("models/requests/by-endpoint", "items", {**asked, "limit": "1"}):
        if item.get("request_id") == request_id:
            given = item.get("json_input")
            return _listed(request_id, item), given if isinstance(given, dict) else {}
    return None


def prices(endpoints: Iterable[str]) -> list[ListPrice]:
    """What fal's price list says now; endpoints that it leaves out are left out. NotAllowed, Unavailable."""
    asked = {"endpoint_id": ",".join(sorted(endpoints))}
    found = []
    for item in _items("models/pricing", "prices", asked):
        price = _microusd(item.get("unit_price"))
        if price is not None and item.get("currency") == "USD":
            found.append(ListPrice(str(item.get("endpoint_id")), str(item.get("unit") or "")[:32], price))
    return found


def balance() -> int:
    """What is left of our money at fal. NotAllowed, Unavailable. Asked once: somebody asks again in a few minutes."""
    body = _read(_answer("account/billing", {"expand": "credits"}))
    told = body.get("credits")
    if isinstance(told, dict) and told.get("currency", "USD") == "USD":
        left = _microusd(told.get("current_balance"))
        if left is not None:
            return left
    raise Unavailable("the balance cannot be read")


def _usage(asked: dict[str, str]) -> Iterator[UsageLine]:
    for bucket in _items("models/usage", "time_series", asked):
        at, results = read_moment(bucket.get("bucket")), bucket.get("results")
        if at is None or not isinstance(results, list):
            raise Unavailable("a line of usage cannot be read")
        for line in results:
            cost = _microusd(line.get("cost_total", line.get("cost"))) if isinstance(line, dict) else None
            if cost is None:
                raise Unavailable("a line of usage cannot be read")
            yield UsageLine(
                str(line.get("endpoint_id"))[:100], at.astimezone(UTC).date(), str(line.get("unit") or "")[:32],
                _microusd(line.get("quantity")) or 0, cost,
            )  # fmt: skip


def _items(path: str, name: str, params: dict[str, str]) -> Iterator[dict[str, Any]]:
    """Every item of every page. Unavailable where pages have no end."""
    cursor, seen = "", set[str]()
    for _ in range(MOST_PAGES):
        page = _patiently(path, {**params, **({"cursor": cursor} if cursor else {})})
        found = page.get(name)
        if not isinstance(found, list):
            raise Unavailable(f"{path} has no {name}")
        yield from (item for item in found if isinstance(item, dict))
        cursor = str(page.get("next_cursor") or "")
        if not cursor or page.get("has_more") is False:
            return
        if cursor in seen:
            break
        seen.add(cursor)
    raise Unavailable(f"{path} has no end")


def _patiently(path: str, params: dict[str, str]) -> dict[str, Any]:
    """Asked again a few times where fal is busy or away, not before the moment that it names."""
    return _again(lambda: _read(_answer(path, params)))


def _again(attempt: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    for pause_s in PAUSES_S:
        try:
            return attempt()
        except Unavailable as trouble:
            if trouble.retry_after_s > LONGEST_PAUSE_S:
                raise
            time.sleep(max(trouble.retry_after_s, pause_s * random.uniform(0.5, 1.5)))
    return attempt()


def _answer(path: str, params: dict[str, str]) -> Answer:
    try:
        return exchange(Call("GET", f"{settings.FAL_API_URL}/{path}", _authorization(), params))
    except NoAnswer as lost:
        raise Unavailable(lost.reason) from lost


def _authorization() -> dict[str, str]:
    return {"Authorization": f"Key {settings.FAL_ADMIN_KEY or settings.FAL_KEY or 'standin:standin'}"}


def _read(answer: Answer) -> dict[str, Any]:
    if answer.ok:
        try:
            body = json.loads(answer.content, parse_float=Decimal)
        except (ValueError, RecursionError):
            body = None
        if isinstance(body, dict):
            return body
    elif 400 <= answer.status < 500 and answer.status not in {408, 425, 429}:
        raise NotAllowed(account_reason(answer.body()) or f"fal answered {answer.status}", answer.status)
    raise Unavailable(f"the platform API answered {answer.status}", retry_after_s=wait_s(answer.headers))


def _listed(request_id: str, item: dict[str, Any]) -> Listed:
    sent_at, ended_at = read_moment(item.get("sent_at")), read_moment(item.get("ended_at"))
    return Listed(request_id, sent_at, ended_at, whole(item.get("status_code")), _drawn_ms(item.get("duration")))


def _drawn_ms(value: object) -> int | None:
    """A duration in seconds; None for what is none, or longer than a day."""
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
        return None
    return _whole(Decimal(value) * 1000) if 0 <= value < 86_400 else None


def _microusd(value: object) -> int | None:
    """Millionths of a number; None for what is none."""
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
        return None
    number = Decimal(value)
    return _whole(number * MILLIONTHS) if number.is_finite() and abs(number) < 10**10 else None


def _whole(number: Decimal) -> int:
    return int(number.to_integral_value())
