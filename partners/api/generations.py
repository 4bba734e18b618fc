"""Generations: ordered, listed, read, canceled, deleted. The road is the studio's; only the door is another."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, ClassVar
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpResponse
from rest_framework.request import Request

from billing import prices
from billing.compiled import insert
from generations import catalogue, lifecycle, references, search, switches
from generations.models import Generation, Image, Outcome, Status, Upload
from partners import limits, waiting
from partners.models import Key, Order, Scope
from partners.problems import Problem
from partners.webhooks import endpoints

from . import bodies, presented, shapes
from .bodies import OrderBody
from .describe import described, parameter
from .query import ID, MOMENT, TEXT, Query
from .quotes import binding, quoted
from .view import ApiView, answer

STATUSES = ("queued", "running", *Outcome.values)
MODELS = [model.id for model in catalogue.all()]
FILTERS = ("status", "model", "key", "since", "until", "q", "reference", "cursor", "limit")
READ, WRITE = (Scope.GENERATIONS_READ,), (Scope.GENERATIONS_WRITE,)
READ_OR_WRITE = (*READ, *WRITE)

WAIT = parameter(
    "wait",
    f"Seconds to hold the line, at most {waiting.LONGEST_WAIT_S}. Finished in time: 200; else 202.",
    {"type": "integer", "minimum": 0, "maximum": waiting.LONGEST_WAIT_S},
)
PREFER = parameter("Prefer", "`wait=n`: as the parameter `wait`.", where="header")
DRY_RUN = parameter("dry_run", "`true`: check and price only, and answer 200 with a quote.", {"type": "boolean"})
PAGE = (
    parameter("cursor", "`next` of the page before.", ID),
    parameter("limit", "Items on a page.", {"type": "integer", "minimum": 1, "maximum": 100, "default": 20}),
)
LIST_FILTERS = (
    parameter("status", "Only those that stand so.", {"type": "string", "enum": list(STATUSES)}),
    parameter("model", "Only those of this image model.", {"type": "string", "enum": MODELS}),
    parameter("key", "Only those made with the key of this id.", ID),
    parameter("since", "Only those made at or after this time.", MOMENT),
    parameter("until", "Only those made before this time.", MOMENT),
    parameter("q", "Only those with all of these words, or their beginnings, in their prompt; in quotes whole.", TEXT),
    parameter("reference", "Only those with this reference of yours.", TEXT),
)


class Generations(ApiView):
    scopes: ClassVar[Mapping[str, tuple[str, ...] | None]] = {"get": READ, "post": WRITE}
    takes: ClassVar[Mapping[str, tuple[str, ...]]] = {"get": FILTERS, "post": ("wait", "dry_run")}

    @described(
        "listGenerations",
        "List generations",
        {200: shapes.Generations},
        parameters=[*LIST_FILTERS, *PAGE],
        tag="Generations",
    )
    def get(self, request: Request) -> HttpResponse:
        """The account's generations, newest first, whichever key or page made them."""
        rows, size = _filtered(request)
        found = list(rows[: size + 1])
        shown = found[:size]
        following = str(shown[-1].pk) if len(found) > size else None
        return answer(shapes.Generations(items=presented.generations(shown), next=following))

    @described(
        "createGeneration",
        "Order a generation",
        {202: shapes.Generation, 200: shapes.GenerationOrQuote},
        problems=[
            "invalid_input",
            "insufficient_credits",
            "limit_reached",
            "model_not_for_sale",
            "model_unavailable",
            "orders_closed",
            "quote_expired",
            "quote_mismatch",
            "too_many_unfinished",
        ],
        body=shapes.GenerationBody,
        parameters=[WAIT, PREFER, DRY_RUN],
        tag="Generations",
    )
    def post(self, request: Request) -> HttpResponse:
        """Check the input, fetch the style references, hold the price, and put the images into the queue.

        Answers 202 with the generation. With `wait`, answers 200 with the finished one where that came in time.
        """
        query = Query(request)
        is_dry_run, seconds = query.flag("dry_run"), _seconds(request, query)
        query.done()
        if is_dry_run:
            return self.once(request, lambda: self._read_only(request))
        made = self.once(request, lambda: self._read(request))
        if seconds:
            then = made.headers["Location"]
            waiting.hold_the_line(
                request, made, then.rpartition("/")[2], seconds=seconds, then=f"{then}?wait={seconds}"
            )
        return made

    def _read_only(self, request: Request) -> Callable[[], HttpResponse]:
        body = bodies.read(request.data)
        lifecycle.check_permission(request.user, body.brief)
        given = binding(body.quote, body.brief)
        return lambda: answer(quoted(body.brief, given))

    def _read(self, request: Request) -> Callable[[], HttpResponse]:
        body = bodies.read(request.data)
        quote = binding(body.quote, body.brief)
        if references.are_needed(body.brief):
            switches.check(body.brief.image_model)  # before that; the order itself asks again
        uploads = references.resolve(request.user, body.brief, request=request)
        return partial(_make, request, body, uploads, quote)


class OneGeneration(ApiView):
    scopes: ClassVar[Mapping[str, tuple[str, ...] | None]] = {"get": READ_OR_WRITE, "delete": WRITE}
    takes: ClassVar[Mapping[str, tuple[str, ...]]] = {"get": ("wait",)}

    @described(
        "getGeneration",
        "Read a generation",
        {200: shapes.Generation, 202: shapes.Generation},
        problems=["not_found"],
        parameters=[WAIT, PREFER],
        tag="Generations",
    )
    def get(self, request: Request, id: UUID) -> HttpResponse:
        """The generation as it stands, each stored image with a fresh signed address.

        With `wait`: 200 as soon as it is finished, 202 where it is not finished in time.
        """
        query = Query(request)
        seconds = _seconds(request, query)
        query.done()
        row = _mine(request, id)
        is_waited_for = bool(seconds) and row.outcome is None
        told = answer(presented.generation(row), status=202 if is_waited_for else 200)
        preferred = waiting.preferred(request)
        if preferred is not None and waiting.has_front(request):
            told["Preference-Applied"] = f"wait={preferred}"
        if is_waited_for:
            waiting.hold_the_line(request, told, id, seconds=seconds, then=request.get_full_path())
        return told

    @described("deleteGeneration", "Delete a generation", {204: None}, problems=["not_found"], tag="Generations")
    def delete(self, request: Request, id: UUID) -> HttpResponse:
        """Hide the generation and its pictures for good, and cancel what still runs. Its ledger row stays."""
        lifecycle.delete(_mine(request, id))
        gone = HttpResponse(status=204)
        del gone["Content-Type"]
        return gone


class Cancel(ApiView):
    scopes: ClassVar[Mapping[str, tuple[str, ...] | None]] = {"post": WRITE}

    @described(
        "cancelGeneration",
        "Cancel a generation",
        {202: shapes.Generation, 200: shapes.Generation},
        problems=["not_found", "too_late"],
        tag="Generations",
    )
    def post(self, request: Request, id: UUID) -> HttpResponse:
        """Wish every unfinished image canceled. What waits is canceled at once and free; what is being drawn is asked
        back, and charged only if it comes all the same. 202 until that is decided, then 200."""
        return self.once(request, lambda: partial(_cancel, request, id))


def _make(request: Request, body: OrderBody, uploads: list[Upload], quote: prices.Quote | None) -> HttpResponse:
    key = request.auth if isinstance(request.auth, Key) else None
    if body.webhook_url:
        endpoints.listener(request.user.pk)  # from before the first event on
    allowed = limits.of_order(key, body.brief.quantity)
    made, images = lifecycle.place(request.user, body.brief, uploads=uploads, quote=quote, limits=allowed)
    order = Order(
        generation=made,
        key=key,
        reference=body.reference,
        metadata=dict(body.metadata),
        webhook_url=body.webhook_url or "",
    )
    insert(order)
    shown = presented.ordered(made, images)
    return answer(shown, status=202, headers={"Location": f"{request.path}/{made.pk}"})


def _cancel(request: Request, id: UUID) -> HttpResponse:
    row = _mine(request, id)
    lifecycle.cancel(row)
    fresh = _mine(request, id)
    if not any(image.cancel_requested_at for image in fresh.images.all()):
        raise Problem("too_late")
    return answer(presented.generation(fresh), status=202 if fresh.outcome is None else 200)


def _mine(request: Request, id: UUID) -> Generation:
    row = presented.readable(request.user.pk).filter(pk=id).first()
    if row is None:
        raise Problem("not_found", "You have no generation with this id.")
    return row


def _seconds(request: Request, query: Query) -> int:
    """How long the caller will wait; the parameter goes before the header."""
    asked = query.whole("wait", 0, waiting.LONGEST_WAIT_S)
    return asked if asked is not None else waiting.preferred(request) or 0


def _filtered(request: Request) -> "tuple[QuerySet[Generation], int]":
    query = Query(request)
    words = query.text("q")
    wanted: dict[str, Any] = {
        "image_model": query.choice("model", MODELS),
        "order__key_id": query.id("key"),
        "created_at__gte": query.moment("since"),
        "created_at__lt": query.moment("until"),
        "order__reference": query.text("reference"),
        "pk__lt": query.id("cursor"),
    }
    status, size = query.choice("status", STATUSES), query.page_size()
    query.done()
    rows = presented.readable(request.user.pk).filter(**{name: value for name, value in wanted.items() if value})
    if words is not None:
        rows = _with_words(rows, request.user, words)
    return standing(rows, status).order_by("-pk"), size


def _with_words(rows: "QuerySet[Generation]", user: Any, words: str) -> "QuerySet[Generation]":
    """As the search of the gallery finds them; what holds no word at all is in no prompt."""
    try:
        return search.narrow(rows, user, words, by="pk")
    except ValueError:
        return rows.none()


def standing(rows: "QuerySet[Generation]", status: str | None) -> "QuerySet[Generation]":
    """Those of one public status, or all."""
    if status is None:
        return rows
    if status in Outcome.values:
        return rows.filter(outcome=status)
    under_way = Exists(Image.objects.filter(generation=OuterRef("pk")).exclude(status=Status.QUEUED))
    return rows.filter(under_way if status == "running" else ~under_way, outcome=None)
