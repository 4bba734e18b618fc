"""What the API asks of the front (krea_site.front), by headers that never leave the house: to hold a line until a
generation is finished, to hand out a picture, to send a stream of events, or to note whether the answer of a call found
its caller. None of that may hold a page thread.

Without the front (a test's client) nobody reads them: the call is answered at once.
"""

import json
import re
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.utils import timezone
from rest_framework.request import Request

from generations import errands

LINE = "X-Krea-Line"
PICTURE = "X-Krea-Picture"
STREAM = "X-Krea-Stream"
CALL = "X-Krea-Call"
ARRIVED = "X-Krea-Arrived"  # the front's mark beside its own: when the call came
ASKED_AGAIN = "line"  # the front's mark when it asks after the waiting: wait no more
LONGEST_WAIT_S = 100
DEFAULT_WAIT_S = 60  # of "Prefer: wait" without a number
_PREFERRED = re.compile(r"(?:^|[,;])\s*wait(?:\s*=\s*\"?(?P<seconds>\d{1,9})\"?)?\s*(?:$|[,;])", re.IGNORECASE)


@dataclass(frozen=True)
class Line:
    """Wait until this generation of this user is finished, at most so long, then ask `then` with the caller's key."""

    user: int
    generation: str
    seconds: int
    then: str


@dataclass(frozen=True)
class Stream:
    """Send the user's events after `since` (None: from now on) for as long as the key, or the session, is valid.
    `dialect` says whose words they are put in, and `about` what that dialect has to know; empty: the native ones."""

    user: int
    since: int | None
    key: str | None
    dialect: str = ""
    about: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Call:
    """A call that a repetition may join (partners.dialects.joined), by the row that keeps its answer, and until when
    that was to be joined when this call came."""

    id: int
    ends_at: str


def preferred(request: Request) -> int | None:
    """The seconds of `Prefer: wait=n`, at most LONGEST_WAIT_S; None where the caller does not say."""
    found = _PREFERRED.search(request.headers.get("Prefer", ""))
    return None if found is None else min(int(found["seconds"] or DEFAULT_WAIT_S), LONGEST_WAIT_S)


def has_front(request: Request) -> bool:
    """Whether there is somebody to read what is asked here."""
    return errands.FRONT_HEADER in request.headers


def arrived(request: Request) -> datetime:
    """When the call came, before whatever it waited for."""
    told: str | None = request.headers.get(ARRIVED)
    return datetime.fromisoformat(told) if told and has_front(request) else timezone.now()


def hold_the_line(request: Request, answer: HttpResponse, generation: UUID | str, *, seconds: int, then: str) -> None:
    """Have the front wait before it answers, unless it has waited already."""
    if request.method == "HEAD":
        return
    if has_front(request) and request.headers[errands.FRONT_HEADER] != ASKED_AGAIN:
        answer[LINE] = json.dumps(asdict(Line(request.user.pk, str(generation), seconds, then)))


def stream(
    request: Request, since: int | None, key: UUID | None, dialect: str = "", about: dict[str, Any] | None = None
) -> HttpResponse:
    told = Stream(request.user.pk, since, str(key) if key else None, dialect, about or {})
    return HttpResponse(headers={STREAM: json.dumps(asdict(told))})


def note(call: Call, answer: HttpResponse) -> None:
    """Have the front note whether the caller is still there when this is answered."""
    answer[CALL] = json.dumps(asdict(call))


def line_in(header: bytes | None) -> Line | None:
    return None if header is None else Line(**json.loads(header))


def stream_in(header: bytes | None) -> Stream | None:
    return None if header is None else Stream(**json.loads(header))


def call_in(header: bytes | None) -> Call | None:
    return None if header is None else Call(**json.loads(header))
