"""The streams of events. The front sends them (krea_site.front); these calls check who asks, and from where on."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, ClassVar
from uuid import UUID

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import OpenApiResponse
from rest_framework.request import Request

from generations import events, live
from generations.models import Event, Generation
from partners import waiting
from partners.models import Key, Scope
from partners.problems import Problem, invalid_query, parameter_error

from .describe import described, parameter
from .view import ApiView

STREAM_TYPE = "text/event-stream"
MINUTES_MAX = 10
ALLOWED = f"the seq of an event, or 1m to {MINUTES_MAX}m for what happened in the last minutes"
_MINUTES = re.compile(r"([1-9]\d?)m", re.ASCII)
OF_A_SINCE = {"type": "string", "pattern": rf"^([0-9]{{1,{live.SEQ_DIGITS}}}|[1-9]m|{MINUTES_MAX}m)$"}
SINCE = parameter(
    "since",
    f"The events after the one with this `seq` (0: all that are kept), or those of the last minutes, `1m` to "
    f"`{MINUTES_MAX}m`; without it, those that come from now on.",
    OF_A_SINCE,
)
SINCE_OF_ONE = parameter(
    "since", "The events after the one with this `seq`, or those of the last minutes; without it, all.", OF_A_SINCE
)
LAST = parameter(
    "Last-Event-ID",
    "The `id` of the last event that was read: the stream goes on after it. It goes before `since`, since an "
    "EventSource that comes back sends it by itself.",
    where="header",
)
MESSAGE = {
    "type": "object",
    "description": "One message of the stream; its `data` is one line of JSON.",
    "required": ["id", "event", "data"],
    "properties": {
        "id": {"type": "string", "pattern": "^[0-9]+$"},
        "event": {"type": "string"},
        "data": {
            "type": "string",
            "contentMediaType": "application/json",
            "contentSchema": {"$ref": "#/components/schemas/StreamEvent"},
        },
    },
}
STREAM = OpenApiResponse(
    MESSAGE,
    description="Server-sent events: `generation.updated`, `image.updated`, `generation.finished`, `balance.updated`. "
    "`data` is one line of JSON, `{seq, type, created_at, data}`. A comment every 15 seconds keeps the line open; the "
    "stream ends within an hour, or when the key dies.",
)
STREAM_OF_ONE = OpenApiResponse(
    MESSAGE,
    description="As `/events`, of this generation and its images alone. The stream ends after `generation.finished`.",
)
OVER = OpenApiResponse(
    description="The generation is finished, and the caller has read all that is kept of it; an EventSource that is "
    "answered so does not come back."
)
PROBLEMS = ("events_gone", "too_many_streams")


class Events(ApiView):
    scopes: ClassVar[Mapping[str, tuple[str, ...] | None]] = {"get": (Scope.GENERATIONS_READ,)}
    takes: ClassVar[Mapping[str, tuple[str, ...]]] = {"get": ("since",)}

    @described(
        "streamEvents",
        "Follow the events",
        {},
        problems=PROBLEMS,
        other={(200, STREAM_TYPE): STREAM},
        parameters=[SINCE, LAST],
        tag="Events",
    )
    def get(self, request: Request) -> HttpResponse:
        """Every change of the account's generations, images and balance, in order and without a gap: come back with
        the last `id` that you read, and nothing is missed."""
        return _stream(request, _asked(request))


class GenerationEvents(ApiView):
    scopes: ClassVar[Mapping[str, tuple[str, ...] | None]] = {"get": (Scope.GENERATIONS_READ,)}
    takes: ClassVar[Mapping[str, tuple[str, ...]]] = {"get": ("since",)}

    @described(
        "streamGenerationEvents",
        "Follow one generation",
        {},
        problems=[*PROBLEMS, "not_found"],
        other={(200, STREAM_TYPE): STREAM_OF_ONE, 204: OVER},  # type: ignore[dict-item]
        parameters=[SINCE_OF_ONE, LAST],
        tag="Events",
    )
    def get(self, request: Request, id: UUID) -> HttpResponse:
        """What happens to one generation and its images, from its beginning to its end."""
        row = Generation.objects.filter(user_id=request.user.pk, pk=id, deleted_at=None).first()
        if row is None:
            raise Problem("not_found", "You have no generation with this id.")
        since, last = _asked(request), events.finished(row)
        if since is None:
            since = events.before(row)
        if row.outcome is not None and (last is None or last <= since):
            return HttpResponse(status=204)
        return _stream(request, since, row)


def _stream(request: Request, since: int | None, of: Generation | None = None) -> HttpResponse:
    if request.method == "HEAD":
        return HttpResponse(content_type=STREAM_TYPE)
    key = request.auth.pk if isinstance(request.auth, Key) else None
    if waiting.has_front(request):
        about: dict[str, Any] = {"generation": str(of.pk)} if of else {}
        return waiting.stream(request, since, key, about=about)
    told: list[Event] = [] if since is None else events.after(request.user.pk, since)
    said = live.OneGeneration(of.pk).tell(told) if of else b"".join(live.encode(row) for row in told)
    return HttpResponse(said, content_type=STREAM_TYPE)


def _asked(request: Request) -> int | None:
    """The `seq` after which the caller wants to hear; None for what comes from now on. Raises Problem for what cannot
    be told without leaving something out."""
    name, given = "Last-Event-ID", request.headers.get("Last-Event-ID", "").strip()
    if not given:
        name, given = "since", request.query_params.get("since")
    if given is None:
        return None
    minutes = _MINUTES.fullmatch(given) if name == "since" else None
    if minutes and int(minutes[1]) <= MINUTES_MAX:
        return events.before_moment(request.user.pk, timezone.now() - timedelta(minutes=int(minutes[1])))
    seq = live.seq_in(given)
    if seq is None:
        raise _wrong(name, f"{name} must be {ALLOWED if name == 'since' else 'the id of an event'}.")
    kept = events.kept(request.user.pk)
    if seq > kept.stop - 1:
        raise _wrong(name, f"{name} is {seq}, and the account's last event has the seq {kept.stop - 1}.", kept.stop - 1)
    if 0 < seq < kept.start - 1:
        detail = f"The events from {seq + 1} to {kept.start - 1} are not kept any more."
        raise Problem("events_gone", detail, resume_after=kept.start - 1)
    return seq


def _wrong(name: str, detail: str, most: int | None = None) -> Problem:
    code = "not_allowed" if most is None else "out_of_range"
    return invalid_query([parameter_error(name, code, detail, ALLOWED if most is None else {"maximum": most})])
