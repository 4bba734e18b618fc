"""The queue and the sync call, as fal's clients speak them."""

import base64
import json
from collections.abc import Callable
from typing import Any, ClassVar
from uuid import UUID

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe
from rest_framework.request import Request

from generations import lifecycle
from generations.models import Image, Outcome
from generations.pictures import store
from partners import signing_keys, waiting
from partners.dialects import orders, seen
from partners.dialects.orders import Wanted
from partners.dialects.seen import Seen
from partners.dialects.view import READ, WRITE, Scopes, absolute, answer
from partners.idempotency import REPLAYED
from partners.models import Key
from partners.problems import Problem

from . import options, wire
from .view import FalView, refused

QUEUE = "/fal/queue"
RUN = "run"  # the parameter of the address that is asked after a held line
TRUE = ("1", "true")


class Submit(FalView):
    """`POST /fal/queue/{endpoint id}`"""

    scopes: ClassVar[Scopes] = {"post": WRITE}

    def post(self, request: Request, endpoint: str) -> HttpResponse:
        made = self.once(request, lambda: _read(request, endpoint))
        made["X-Fal-Request-Id"] = request_id(made)
        return made


class Run(FalView):
    """`POST /fal/run/{endpoint id}`: the line is held until the picture is there, or its deadline is over."""

    scopes: ClassVar[Scopes] = {"post": WRITE}

    def post(self, request: Request, endpoint: str) -> HttpResponse:
        made = self.once(request, lambda: _read(request, endpoint))
        id = request_id(made)
        held = refused(wire.timed_out(id))  # what is told where nobody holds the line
        if REPLAYED in made.headers:
            held[REPLAYED] = made[REPLAYED]
        row = self.mine(UUID(id)).row
        then = f"{QUEUE}/{wire.app(row.model.endpoint)}/requests/{id}?{RUN}=1"
        waiting.hold_the_line(request, held, id, seconds=row.model.deadline_s, then=then)
        return held


class Status(FalView):
    """`GET …/requests/{id}/status`: cheap and not counted, since clients ask ten times a second and cannot be told to
    ask less."""

    is_counted: ClassVar[bool] = False
    scopes: ClassVar[Scopes] = {"get": READ}

    def get(self, request: Request, app: str, id: UUID) -> HttpResponse:
        found = self.of_app(app, id)
        logs = request.query_params.get("logs", "").lower() in TRUE
        told = wire.status(found, absolute(QUEUE), found.position(), logs=logs)
        return answer(told, 200 if found.is_finished else 202)


class StatusStream(FalView):
    """`GET …/requests/{id}/status/stream`: the same, told whenever it changes, until it is COMPLETED."""

    scopes: ClassVar[Scopes] = {"get": READ}

    def get(self, request: Request, app: str, id: UUID) -> HttpResponse:
        found = self.of_app(app, id)
        logs = request.query_params.get("logs", "").lower() in TRUE
        if waiting.has_front(request) and request.method != "HEAD":
            key = request.auth.pk if isinstance(request.auth, Key) else None
            return waiting.stream(request, None, key, dialect="fal", about={"id": str(id), "logs": logs})
        told = wire.status(found, absolute(QUEUE), found.position(), logs=logs)
        return HttpResponse(wire.event(told), content_type="text/event-stream")


class Result(FalView):
    """`GET …/requests/{id}`: the output, or the error that stands for it."""

    scopes: ClassVar[Scopes] = {"get": READ}

    def get(self, request: Request, app: str, id: UUID) -> HttpResponse:
        found = self.of_app(app, id)
        if not found.is_finished:
            return refused(wire.timed_out(str(id)) if RUN in request.query_params else wire.TOO_EARLY)
        if not found.stored:
            return refused(wire.failure(found))
        return answer(wire.result(found, _data_uri if found.wire.get("sync_mode") else _address))


class Cancel(FalView):
    """`PUT …/requests/{id}/cancel`"""

    scopes: ClassVar[Scopes] = {"put": WRITE}

    @transaction.atomic
    def put(self, request: Request, app: str, id: UUID) -> HttpResponse:
        lifecycle.cancel(self.of_app(app, id).row)
        after = self.mine(id)
        if after.row.outcome == Outcome.CANCELED:
            return answer({"status": "OK"})
        if after.is_finished or not any(image.cancel_requested_at for image in after.images):
            told = "The request is completed, or its picture is being stored."
            return answer({"status": "ALREADY_COMPLETED", "message": told}, 400)
        return answer({"status": "CANCELLATION_REQUESTED"}, 202)


class Unknown(FalView):
    """Whatever else is below fal's address."""

    authentication_classes = ()
    permission_classes = ()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        raise Problem("unknown_address", f"Path {request.path[:200]} not found")


def request_id(made: HttpResponse) -> str:
    """Of a submit, done or said again."""
    return str(json.loads(made.content)["request_id"])


def _read(request: Request, endpoint: str) -> Callable[[], HttpResponse]:
    model = wire.image_model(endpoint)
    if model is None:
        raise Problem("unknown_address", f"Path /{endpoint[:100]} not found. There are: {', '.join(wire.endpoints())}.")
    asked, wanted = wire.read(model, request.data), options.read(request.query_params, request.headers)
    order = Wanted(
        asked.brief,
        wire={"sync_mode": True} if asked.sync_mode else {},
        dialect="fal" if wanted.webhook_url else "",
        webhook_url=wanted.webhook_url,
        start_by=timezone.now() + wanted.start_within if wanted.start_within else None,
    )
    place = orders.prepare(request, [order])

    @transaction.atomic
    def work() -> HttpResponse:
        made = Seen(place()[0])
        before = made.position() or 0
        if wanted.most_waiting is not None and before > wanted.most_waiting:
            raise Problem("too_many_requests", f"{before} images wait before it, more than {wanted.most_waiting}.")
        return answer(wire.submitted(made.row, absolute(QUEUE), before))

    return work


def _address(image: Image) -> str:
    return seen.link(image).address


def _data_uri(image: Image) -> str:
    reader = store.open_range(image.name)
    try:
        data = reader.read(store.size(image.name))
    finally:
        reader.close()
    return f"data:{image.content_type};base64,{base64.b64encode(data).decode()}"


@require_safe
@cache_control(public=True, max_age=3600)
def jwks(request: HttpRequest) -> HttpResponse:
    """`GET /fal/.well-known/jwks.json`: what the signatures of webhooks are checked with."""
    return answer(signing_keys.jwks(timezone.now()))
