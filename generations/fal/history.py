"""fal's history of requests: finds a request whose answer was lost, and a result that the queue has forgotten.

It may list a request only once it has ended, so "not there" is sure only of what must have ended by now; that
is for the caller to judge.
"""

import json
from collections.abc import Iterator, Set
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.conf import settings

from generations.fal.addresses import full_id, is_request_id
from generations.fal.answers import wait_s
from generations.fal.delivered import whole
from generations.fal.errors import without_echo
from generations.fal.moments import iso, read_moment
from generations.fal.wire import Call, NoAnswer, Unavailable, authorization, exchange, patiently

PAGE: Final = 100
MAX_PAGES: Final = 30
CLOCKS_S: Final = 30  # by how much fal's clock and ours may differ
KEPT: Final = timedelta(days=30)


@dataclass(frozen=True)
class Found:
    """`status_code` and `output` are there once it has ended; a rescue then needs no second call."""

    request_id: str
    status_code: int | None = None
    output: object = None


@dataclass(frozen=True)
class NotThere:
    """`complete`: all of the time in question was read, and everything in it could be compared."""

    complete: bool


def find(
    endpoint: str,
    *,
    prompt: str,
    seed: int,
    since: datetime,
    until: datetime | None = None,
    exclude: Set[str] = frozenset(),
) -> Found | NotThere:
    """The request sent in that time with that prompt and seed, but for the ids that belong to other draws.

    Unavailable."""
    slack = timedelta(seconds=CLOCKS_S)
    earliest, latest = since - slack, (until or datetime.now(UTC)) + slack
    complete = True
    for item in _items({"endpoint_id": full_id(endpoint), "start": iso(earliest), "end": iso(latest)}):
        if item is None:
            complete = False
            continue
        request_id, sent_at = item.get("request_id"), read_moment(item.get("sent_at"))
        if request_id in exclude or not _is_of(endpoint, item):
            continue
        if sent_at is not None and not earliest <= sent_at <= latest:
            continue
        given = _parsed(item.get("json_input"))
        if not isinstance(given, dict) or sent_at is None or not is_request_id(request_id):
            complete = False  # it may be the one
        elif given.get("prompt") == prompt and whole(given.get("seed")) == seed:
            return Found(str(request_id), *_ended(item))
    return NotThere(complete)


def payload(endpoint: str, request_id: str, *, since: datetime | None = None) -> tuple[int, object] | None:
    """HTTP status and body of a result that is gone from the queue; None where the history has none. `since`: a
    moment before it was sent (30 days ago if not known). Unavailable."""
    params = {"endpoint_id": full_id(endpoint), "request_id": request_id}
    start = (since or datetime.now(UTC) - KEPT) - timedelta(seconds=CLOCKS_S)
    for item in _items({**params, "start": iso(start)}):
        if item is not None and item.get("request_id") == request_id:
            status, output = _ended(item)
            return None if status is None or output is None else (status, output)
    return None


def _items(params: dict[str, str]) -> Iterator[dict[str, Any] | None]:
    """Every item of every page; None for what cannot be read, and where the pages have no end."""
    cursor = ""
    seen: set[str] = set()
    for _ in range(MAX_PAGES):
        page = _page({**params, **({"cursor": cursor} if cursor else {})})
        items = page.get("items")
        for item in items if isinstance(items, list) else [None]:
            yield item if isinstance(item, dict) else None
        cursor = str(page.get("next_cursor") or "")
        if not cursor or page.get("has_more") is False:
            return
        if cursor in seen:
            break
        seen.add(cursor)
    yield None


def _page(params: dict[str, str]) -> dict[str, Any]:
    url = f"{settings.FAL_API_URL}/models/requests/by-endpoint"
    call = Call("GET", url, authorization(), {**params, "expand": "payloads", "limit": str(PAGE)})

    def attempt() -> dict[str, Any]:
        try:
            answer = exchange(call)
        except NoAnswer as lost:
            raise Unavailable(lost.reason) from lost
        body = answer.body()
        if not answer.ok or not isinstance(body, dict):
            raise Unavailable(f"history answered {answer.status}", retry_after_s=wait_s(answer.headers))
        return body

    return patiently(attempt)


def _is_of(endpoint: str, item: dict[str, Any]) -> bool:
    return item.get("endpoint_id", full_id(endpoint)) in {endpoint, full_id(endpoint)}


def _ended(item: dict[str, Any]) -> tuple[int | None, object]:
    status, output = whole(item.get("status_code")), _parsed(item.get("json_output"))
    return status, output if status is not None and 200 <= status < 300 else without_echo(output)


def _parsed(value: object) -> object:
    """A payload, also where it was written as a string of JSON."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return None
