"""The stream of events. The front sends it (krea_site.front); this call checks who asks and from where on."""

from collections.abc import Mapping
from typing import ClassVar

from django.http import HttpResponse
from drf_spectacular.utils import OpenApiResponse
from rest_framework.request import Request

from generations import events, live
from partners import waiting
from partners.models import Key, Scope

from .describe import described, parameter
from .query import Query
from .view import ApiView

SEQ_MAX = 2**62
STREAM_TYPE = "text/event-stream"
SINCE = parameter(
    "since",
    "Events after the one with this `seq`; without it, those that come from now on.",
    {"type": "integer", "minimum": 0},
)
LAST = parameter(
    "Last-Event-ID",
    "As `since`, and before it: what an EventSource sends when it comes back.",
    where="header",
)
STREAM = OpenApiResponse(
    {"type": "string"},
    description="Server-sent events: `generation.updated`, `image.updated`, `generation.finished`, `balance.updated`. "
    "`data` is one line of JSON, `{seq, type, created_at, data}`. A comment every 15 seconds keeps the line open; the "
    "stream ends after an hour, or when the key dies.",
)


class Events(ApiView):
    scopes: ClassVar[Mapping[str, tuple[str, ...] | None]] = {"get": (Scope.GENERATIONS_READ,)}
    takes: ClassVar[Mapping[str, tuple[str, ...]]] = {"get": ("since",)}

    @described(
        "streamEvents",
        "Follow the events",
        {},
        other={(200, STREAM_TYPE): STREAM},
        parameters=[SINCE, LAST],
        tag="Events",
    )
    def get(self, request: Request) -> HttpResponse:
        """Every change of the account's generations, images and balance, in order and without a gap: come back with
        the last `id` that you read, and nothing is missed."""
        query = Query(request)
        since = query.whole("since", 0, SEQ_MAX)
        query.done()
        last = request.headers.get("Last-Event-ID", "").strip()
        if last.isascii() and last.isdigit() and len(last) <= 18:
            since = int(last)
        key = request.auth.pk if isinstance(request.auth, Key) else None
        if request.method == "HEAD":
            return HttpResponse(content_type=STREAM_TYPE)
        if waiting.has_front(request):
            return waiting.stream(request, since, key)
        told = events.after(request.user.pk, since) if since is not None else []
        return HttpResponse(b"".join(live.encode(row) for row in told), content_type=STREAM_TYPE)
