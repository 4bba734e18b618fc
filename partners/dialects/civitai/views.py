"""Workflows, steps and recipes, as Civitai's clients speak them."""

import json
from collections.abc import Callable
from hashlib import sha256
from typing import Any, ClassVar

from django.db import transaction
from django.http import HttpResponse
from rest_framework.request import Request

from billing import ledger
from generations import lifecycle, switches
from generations.models import Generation, Image, Outcome
from partners import waiting
from partners.dialects import orders, seen
from partners.dialects.orders import Wanted
from partners.dialects.seen import Seen
from partners.dialects.view import WRITE, Scopes, answer
from partners.idempotency import REPLAYED
from partners.json_only import Json
from partners.models import Order, Tag
from partners.problems import Problem, invalid_query, parameter_error

from . import blobs, changes, reading, said_again, wire
from .listing import filtered
from .view import TRUE, CivitaiView, nothing, problem_answer

ROOT = "/v2/consumer/workflows"
OF_QUERY = ("allowMatureContent", "ephemeral", "experimental")  # a recipe's body is the input alone
OUTPUT = "output"  # the parameter of the address that is asked after a held line


class Workflows(CivitaiView):
    def get(self, request: Request) -> HttpResponse:
        """Newest first, whichever door made them."""
        rows, take = filtered(request)
        found = seen.seen(rows.prefetch_related("order__tags")[: take + 1])
        shown = found[:take]
        told = [wire.workflow(each, blobs.link) for each in shown]
        return answer({"next": str(shown[-1].row.pk) if len(found) > take else None, "items": told})

    def post(self, request: Request) -> HttpResponse:
        seconds = _seconds(request)
        if is_whatif(request):
            told = _priced(request, request.data)
            return answer(told, headers=wire.price_headers(told))
        made = self.once(request, lambda: _read(request, request.data))
        id = json.loads(made.content)["id"]
        if seconds and made.status_code == 202:
            waiting.hold_the_line(request, made, id, seconds=seconds, then=f"{ROOT}/{id}?wait={seconds}")
        return made


class JsonPatch(Json):
    media_type = "application/json-patch+json"


class Workflow(CivitaiView):
    parser_classes: ClassVar[tuple[type, ...]] = (Json, JsonPatch)

    def get(self, request: Request, id: str) -> HttpResponse:
        seconds, found = _seconds(request), self.workflow(id)
        told = _told(found)
        if seconds and not found.is_finished:
            waiting.hold_the_line(request, told, id, seconds=seconds, then=request.get_full_path())
        return told

    def put(self, request: Request, id: str) -> HttpResponse:
        found, wanted = self.workflow(id), changes.read_update(request.data)
        change(found, wanted, lambda order: wanted)
        return nothing()

    def patch(self, request: Request, id: str) -> HttpResponse:
        found = self.workflow(id)

        def patched(order: Order | None) -> dict[str, Any]:
            tags = [tag.name for tag in order.tags.all()] if order else []
            return changes.patched(tags, order.wire.get("metadata", {}) if order else {}, request.data)

        change(found, patched(found.order), patched)
        return nothing()

    def delete(self, request: Request, id: str) -> HttpResponse:
        lifecycle.delete(self.workflow(id).row)
        return nothing()


class Tags(CivitaiView):
    """`POST …/tags` with a tag as a JSON text, `DELETE …/tags` and `DELETE …/tags/{tag}`."""

    @transaction.atomic
    def post(self, request: Request, id: str) -> HttpResponse:
        order, tag = locked(self.workflow(id)), request.data
        if not said_again.is_tag(tag):
            raise Problem("bad_request", f"A tag is a JSON text of 1 to {said_again.TAG_MAX} characters.")
        if not order.tags.filter(name=tag).exists():
            if order.tags.count() >= said_again.TAGS_MAX:
                raise Problem("bad_request", f"A workflow has at most {said_again.TAGS_MAX} tags.")
            order.tags.create(name=tag)
        return nothing()

    @transaction.atomic
    def delete(self, request: Request, id: str, tag: str | None = None) -> HttpResponse:
        tags = locked(self.workflow(id)).tags.all()
        (tags if tag is None else tags.filter(name=tag)).delete()
        return nothing()


class Step(CivitaiView):
    """`…/steps/{name}`: the only one, by the name that it was given, and always by 0 and $0."""

    parser_classes: ClassVar[tuple[type, ...]] = (Json, JsonPatch)

    def get(self, request: Request, id: str, name: str) -> HttpResponse:
        found = self._workflow(id, name)
        if OUTPUT in request.query_params and not found.is_finished:
            return problem_answer(*wire.timed_out(id), {})
        step = wire.workflow(found, blobs.link, found.position())["steps"][0]
        return answer(step["output"] if OUTPUT in request.query_params else step)

    @transaction.atomic
    def put(self, request: Request, id: str, name: str) -> HttpResponse:
        order = locked(self._workflow(id, name))
        return self._written(order, changes.read_update_of_step(request.data))

    @transaction.atomic
    def patch(self, request: Request, id: str, name: str) -> HttpResponse:
        order = locked(self._workflow(id, name))
        return self._written(order, changes.patched_step(order.wire.get("step", {}).get("metadata", {}), request.data))

    def _written(self, order: Order, metadata: dict[str, Any]) -> HttpResponse:
        order.wire = {**order.wire, "step": {**order.wire.get("step", {}), **metadata}}
        order.save(update_fields=["wire"])
        return nothing()

    def _workflow(self, id: str, name: str) -> Seen:
        """The workflow that has this step. Raises Problem."""
        found = self.workflow(id)
        called = found.wire.get("step", {}).get("name", wire.STEP_NAME)
        if name not in (called, wire.STEP_NAME, f"${wire.STEP_NAME}"):
            raise Problem("not_found", f"There is no step {name[:60]!r}; the only one is {called!r}.")
        return found


class Recipe(CivitaiView):
    """`POST /v2/consumer/recipes/imageGen`: a step's input, answered with its output. The line is held until the
    pictures are there, or their deadline is over."""

    scopes: ClassVar[Scopes] = {"post": WRITE}

    def refuse(self, problem: Problem) -> HttpResponse:
        status, body = wire.refusal(problem)
        return problem_answer(status, wire.of_recipe(body), problem.headers)

    def post(self, request: Request) -> HttpResponse:
        around = {name: True for name in OF_QUERY if request.query_params.get(name, "").lower() in TRUE}
        raw = {"steps": [{"$type": "imageGen", "input": request.data}], **around}
        if is_whatif(request):
            told = _priced(request, raw)
            return answer(told["steps"][0]["output"], headers=wire.price_headers(told))
        made = self.once(request, lambda: _read(request, raw))
        id = json.loads(made.content)["id"]
        found = self.workflow(id)
        held = problem_answer(*wire.timed_out(id), {})  # what is told where nobody holds the line
        if REPLAYED in made.headers:
            held[REPLAYED] = made[REPLAYED]
        then = f"{ROOT}/{id}/steps/{wire.STEP_NAME}?{OUTPUT}=true"
        waiting.hold_the_line(request, held, id, seconds=found.row.model.deadline_s, then=then)
        return held


def locked(found: Seen) -> Order:
    """What a workflow says again, to be changed in this transaction."""
    Order.objects.get_or_create(generation=found.row)
    return Order.objects.select_for_update().get(generation=found.row)


def change(found: Seen, wanted: dict[str, Any], settled: Callable[[Order], dict[str, Any]]) -> None:
    """Change a workflow as `changes.read_update` has it; `settled` is asked again once nobody else changes it. What is
    to be canceled is canceled first, so that an order is never locked before its images are. Raises Problem when it is
    too late for that, and then nothing is changed."""
    if "status" in wanted and found.status != Outcome.CANCELED:
        lifecycle.cancel(found.row)
        if not Image.objects.filter(generation=found.row).exclude(cancel_requested_at=None).exists():
            raise Problem("too_late", "Every image is finished, or its picture is being stored. Read the workflow.")
    with transaction.atomic():
        order = locked(found)
        _write(order, settled(order))


def _write(order: Order, wanted: dict[str, Any]) -> None:
    if "tags" in wanted:
        order.tags.all().delete()
        Tag.objects.bulk_create(Tag(order=order, name=name) for name in wanted["tags"])
    if "metadata" in wanted:
        order.searched = said_again.words(wanted["metadata"])
    order.wire = {**order.wire, **{name: value for name, value in wanted.items() if name not in ("tags", "status")}}
    order.save(update_fields=["wire", "searched"])


def _read(request: Request, raw: object) -> Callable[[], HttpResponse]:
    asked = reading.read(raw)
    wish, said = None, asked.wire
    if asked.external_id is not None:
        wish = f"civitai:{sha256(asked.external_id.encode()).hexdigest()}"
        said = {**said, "externalId": asked.external_id}
        known = Generation.objects.filter(user_id=request.user.pk, wish=wish).first()
        if known is not None:
            return lambda: _again(known)
    wanted = Wanted(
        asked.brief,
        wire=said,
        wish=wish,
        tags=asked.tags,
        searched=said_again.words(said.get("metadata", {})),
        dialect="civitai" if said["callbacks"] else "",
        output_format=asked.output_format,
    )
    place = orders.prepare(request, [wanted])
    return lambda: _again(place()[0])


def _again(row: Generation) -> HttpResponse:
    """A workflow that was made, now or before."""
    found = seen.find(row.user_id, row.pk)
    if found is None:
        raise Problem("bad_request", "The workflow with this externalId was deleted. Use another one.")
    return _told(found)


def _told(found: Seen) -> HttpResponse:
    return answer(wire.workflow(found, blobs.link, found.position()), 200 if found.is_finished else 202)


def is_whatif(request: Request) -> bool:
    return request.query_params.get("whatif", "").lower() in TRUE


def _priced(request: Request, raw: object) -> dict[str, Any]:
    """The workflow of a whatif. Nothing is ordered, held or fetched."""
    asked = reading.read(raw)
    lifecycle.check_permission(request.user, asked.brief)
    switches.check(asked.brief.image_model)
    purse = ledger.wallet(request.user)
    return wire.whatif(asked, lifecycle.price(asked.brief).amount, 0 if purse.debt else purse.available)


def _seconds(request: Request) -> int:
    """How long the caller will wait; `true` is an old way to say so."""
    given = request.query_params.get("wait", "0").lower()
    if given in ("true", "false"):
        return waiting.DEFAULT_WAIT_S if given == "true" else 0
    if not (given.isascii() and given.isdigit() and len(given) < 9):
        raise invalid_query([parameter_error("wait", "not_allowed", "wait must be a whole number of seconds.")])
    return min(int(given), waiting.LONGEST_WAIT_S)
