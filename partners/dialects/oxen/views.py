"""The sync call, the queue, the events and the models, as Oxen's samples speak them."""

import base64
import json
from collections.abc import Callable, Iterable
from functools import reduce
from operator import or_
from typing import Any, ClassVar
from uuid import UUID

from django.db.models import QuerySet, Sum
from django.http import HttpResponse
from rest_framework.request import Request

from billing import prices
from generations import catalogue, lifecycle
from generations.brief import Brief
from generations.catalogue import ImageModel, examples
from generations.models import Generation, Image, Status
from generations.pictures import store
from partners import waiting
from partners.api.generations import standing
from partners.api.query import Query
from partners.dialects import orders, seen
from partners.dialects.orders import Wanted
from partners.dialects.seen import Seen
from partners.dialects.view import READ, WRITE, DialectView, Scopes, answer
from partners.idempotency import REPLAYED
from partners.models import Key
from partners.problems import Problem

from . import wire
from .stream import address, since

ROOT = "/api/ai"
LISTED, USUAL_PAGE, MOST_PAGES = 100, 20, 1_000_000
MICROUSD_OF_A_HUNDREDTH = 10  # 1,000 credits are a dollar


class OxenView(DialectView):
    def refuse(self, problem: Problem) -> HttpResponse:
        status, body = wire.refusal(problem)
        return answer(body, status, problem.headers)

    def generation(self, id: UUID) -> Seen:
        """The caller's generation, also a deleted one: a loop that polls it has to end. Raises Problem."""
        row = Generation.objects.filter(user_id=self.request.user.pk, pk=id).prefetch_related("images").first()
        if row is None:
            raise Problem("not_found", "You have no generation with this id.")
        return Seen(row)


class Generate(OxenView):
    """`POST /api/ai/images/generate`: the line is held until the pictures are there, or their deadline is over."""

    scopes: ClassVar[Scopes] = {"post": WRITE}

    def post(self, request: Request) -> HttpResponse:
        made = self.once(request, lambda: _read_sync(request))
        told = json.loads(made.content)
        id, model = told["generation_id"], catalogue.get(told["model"])
        status, body = wire.timed_out(id)  # what is told where nobody holds the line
        held = answer(body, status)
        if REPLAYED in made.headers:
            held[REPLAYED] = made[REPLAYED]
        then = f"{ROOT}/images/generate/{id}?response_format={told['response_format']}"
        waiting.hold_the_line(request, held, id, seconds=model.deadline_s, then=then)
        return held


class Generated(OxenView):
    """`GET /api/ai/images/generate/{id}`: the answer of the sync call, asked for again."""

    scopes: ClassVar[Scopes] = {"get": READ}

    def get(self, request: Request, id: UUID) -> HttpResponse:
        found = self.generation(id)
        if not found.is_finished:
            status, body = wire.timed_out(str(id))
            return answer(body, status)
        if found.row.deleted_at or not found.stored:
            status, body = wire.failure(found)
            return answer(body, status)
        in_base64 = request.query_params.get("response_format") == "b64_json"
        pictures = [{"b64_json": _base64(image)} if in_base64 else {"url": address(image)} for image in found.stored]
        return answer(wire.images(found, pictures))


class Queue(OxenView):
    """`/api/ai/queue`"""

    def get(self, request: Request) -> HttpResponse:
        """The newest of those under way, or of a status; `count` is how many there are in all."""
        query, mine = Query(request), seen.readable(request.user.pk)
        rows = _filtered(query, mine, usual=mine.filter(outcome=None))
        query.done()
        told = [wire.row(each, address) for each in seen.seen(rows.order_by("-pk")[:LISTED])]
        return answer({"count": len(told) if len(told) < LISTED else rows.count(), "generations": told})

    def post(self, request: Request) -> HttpResponse:
        return self.once(request, lambda: _read_queued(request))


class Queued(OxenView):
    """`/api/ai/queue/{id}`"""

    def get(self, request: Request, id: UUID) -> HttpResponse:
        return answer(wire.row(self.generation(id), address))

    def delete(self, request: Request, id: UUID) -> HttpResponse:
        """Cancel; no effect on what is finished."""
        found = self.mine(id)
        if not found.is_finished:
            lifecycle.cancel(found.row)
        return answer({"status": "success", "generation_id": str(id)})


class History(OxenView):
    """`GET /api/ai/generations`: everything, newest first; `count` and `total_cost` are of all that fits."""

    scopes: ClassVar[Scopes] = {"get": READ}

    def get(self, request: Request) -> HttpResponse:
        query, mine = Query(request), seen.readable(request.user.pk)
        number = query.whole("page_number", 1, MOST_PAGES) or 1
        size = query.whole("page_size", 1, LISTED) or USUAL_PAGE
        rows = _filtered(query, mine, usual=mine)
        query.done()
        shown = seen.seen(rows.order_by("-pk")[(number - 1) * size : number * size])
        told = {
            "status": "success",
            "status_message": "resources_found",
            "generations": [wire.entry(each, address) for each in shown],
            "page_number": number,
            "page_size": size,
            "count": rows.count(),
            "total_cost": wire.dollars(_charged(rows)),
        }
        return answer(told)


class Entry(OxenView):
    """`GET /api/ai/generations/{id}`"""

    scopes: ClassVar[Scopes] = {"get": READ}

    def get(self, request: Request, id: UUID) -> HttpResponse:
        told = {"status": "success", "status_message": "resource_found"}
        return answer(told | {"generation": wire.entry(self.mine(id), address)})


class Events(OxenView):
    """`GET /api/events`"""

    scopes: ClassVar[Scopes] = {"get": READ}

    def get(self, request: Request) -> HttpResponse:
        last = request.headers.get("Last-Event-ID", "").strip()
        is_number = last.isascii() and last.isdigit() and len(last) <= 18
        start = int(last) if is_number else since(request.user.pk)
        key = request.auth.pk if isinstance(request.auth, Key) else None
        if request.method == "HEAD":
            return HttpResponse(content_type="text/event-stream")
        return waiting.stream(request, start, key, dialect="oxen")


class Models(OxenView):
    """`GET /api/ai/models`, and `featured`: what there is is what is recommended."""

    scopes: ClassVar[Scopes] = {"get": READ}

    def get(self, request: Request) -> HttpResponse:
        developer = request.query_params.get("developer_name", wire.DEVELOPER).strip().lower()
        return _listed(known for known in catalogue.all() if developer == wire.DEVELOPER.lower())


class Search(OxenView):
    """`GET /api/ai/models/search?search=`: those in whose words every word stands."""

    scopes: ClassVar[Scopes] = {"get": READ}

    def get(self, request: Request) -> HttpResponse:
        words = request.query_params.get("search", "").lower().split()
        return _listed(known for known in catalogue.all() if all(word in wire.words(known) for word in words))


class Favorites(OxenView):
    """`GET /api/ai/models/favorites`: nobody marks any here."""

    scopes: ClassVar[Scopes] = {"get": READ}

    def get(self, request: Request) -> HttpResponse:
        return _listed(())


class Model(OxenView):
    """`GET /api/ai/models/{id}`"""

    scopes: ClassVar[Scopes] = {"get": READ}

    def get(self, request: Request, id: str) -> HttpResponse:
        known = wire.image_model(id)
        if known is None:
            raise Problem("not_found", f"Model not found: {id[:60]}")
        return answer(_model(known))


class Unknown(OxenView):
    """Whatever else is below Oxen's address."""

    authentication_classes = ()
    permission_classes = ()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        raise Problem("unknown_address", f"There is nothing at {request.path[:200]}.")


def _read_sync(request: Request) -> Callable[[], HttpResponse]:
    asked = wire.read_sync(request.data)
    place = orders.prepare(request, [Wanted(brief) for brief in asked.briefs])

    def work() -> HttpResponse:
        made = place()[0]
        told = {"generation_id": str(made.pk), "model": made.image_model, "response_format": asked.response_format}
        return answer(told, 202)

    return work


def _read_queued(request: Request) -> Callable[[], HttpResponse]:
    asked = wire.read_queued(request.data)
    place = orders.prepare(request, [Wanted(brief) for brief in asked.briefs])
    return lambda: answer({"generations": [{"generation_id": str(made.pk), "status": "queued"} for made in place()]})


def _filtered(query: Query, rows: "QuerySet[Generation]", *, usual: "QuerySet[Generation]") -> "QuerySet[Generation]":
    """Those that the parameters ask for. `usual`: where no status is asked for."""
    word, model = query.choice("status", wire.WORDS), query.choice("model", wire.model_ids())
    meant = [status for status, told in wire.STATUSES.items() if told == word]
    found = reduce(or_, (standing(rows, status) for status in meant)) if meant else usual
    if model:
        found = found.filter(image_model__in=[known.id for known in catalogue.all() if known.oxen_id == model])
    return found if query.choice("media_type", wire.MEDIA) in (None, "image") else found.none()


def _charged(rows: "QuerySet[Generation]") -> int:
    """What was taken for all of them and not given back, in 1/100 credit."""
    of_these = Image.objects.filter(generation__in=rows.order_by().values("pk"))
    return of_these.filter(status=Status.STORED, refunded_at=None).aggregate(sum=Sum("price"))["sum"] or 0


def _listed(models: Iterable[ImageModel]) -> HttpResponse:
    return answer({"object": "list", "data": [_model(known) for known in models]})


def _model(known: ImageModel) -> dict[str, Any]:
    """With the price of an image at its defaults, where it is for sale now."""
    try:
        price = lifecycle.price(Brief.read(known.id, examples.minimal(known))).amount * MICROUSD_OF_A_HUNDREDTH
    except prices.NoPrice:
        price = None
    return wire.model(known, price)


def _base64(image: Image) -> str:
    reader = store.open_range(image.name)
    try:
        return base64.b64encode(reader.read(store.size(image.name))).decode()
    finally:
        reader.close()
