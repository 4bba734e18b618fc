"""Workflows, steps and blobs, as Civitai's clients speak them."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC
from hashlib import sha256
from typing import Any, ClassVar
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.utils.dateparse import parse_datetime
from django.utils.timezone import is_naive, make_aware
from rest_framework.request import Request

from billing import ledger
from generations import lifecycle
from generations.models import Generation, Image, Outcome
from generations.pictures import links
from partners import waiting
from partners.dialects import orders, seen
from partners.dialects.orders import Wanted
from partners.dialects.seen import Seen
from partners.dialects.view import READ, WRITE, DialectView, Scopes, answer
from partners.idempotency import REPLAYED
from partners.json_only import Json
from partners.models import Order
from partners.problems import Problem, invalid_query, parameter_error

from . import reading, wire
from .names import SIZES

ROOT = "/v2/consumer/workflows"
TAKE = 100
TRUE = ("true", "1")
OUTPUT = "output"  # the parameter of the address that is asked after a held line


class CivitaiView(DialectView):
    def refuse(self, problem: Problem) -> HttpResponse:
        status, body = wire.refusal(problem)
        return problem_answer(status, body, problem.headers)

    def workflow(self, id: str) -> Seen:
        """The caller's workflow of this id. Raises Problem."""
        try:
            found = self.mine(UUID(id))
        except ValueError:
            raise Problem("not_found", "You have no workflow with this id.") from None
        if found.row.image_model not in SIZES.values():
            raise Problem("not_found", "This generation is none of Krea 2 Medium or Large.")
        return found


class Workflows(CivitaiView):
    def get(self, request: Request) -> HttpResponse:
        """Newest first, whichever door made them."""
        rows, take = _filtered(request)
        found = seen.seen(rows[: take + 1])
        shown = found[:take]
        told = [wire.workflow(each, seen.link) for each in shown]
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

    @transaction.atomic
    def put(self, request: Request, id: str) -> HttpResponse:
        found, change = self.workflow(id), reading.read_update(request.data)
        if change.pop("status", None) and not found.is_finished:
            lifecycle.cancel(found.row)
        if change:
            write(found.row, change)
        return nothing()

    @transaction.atomic
    def patch(self, request: Request, id: str) -> HttpResponse:
        found = self.workflow(id)
        write(found.row, reading.patched(found.wire, request.data))
        return nothing()

    def delete(self, request: Request, id: str) -> HttpResponse:
        lifecycle.delete(self.workflow(id).row)
        return nothing()


class Tags(CivitaiView):
    """`POST …/tags` with a tag as a JSON text, `DELETE …/tags` and `DELETE …/tags/{tag}`."""

    @transaction.atomic
    def post(self, request: Request, id: str) -> HttpResponse:
        found, tag = self.workflow(id), request.data
        if not reading.is_tag(tag):
            raise Problem("bad_request", f"A tag is a JSON text of 1 to {reading.TAG_MAX} characters.")
        tags = found.wire.get("tags", [])
        if tag not in tags and len(tags) == reading.TAGS_MAX:
            raise Problem("bad_request", f"A workflow has at most {reading.TAGS_MAX} tags.")
        write(found.row, {"tags": [*tags, *([] if tag in tags else [tag])]})
        return nothing()

    @transaction.atomic
    def delete(self, request: Request, id: str, tag: str | None = None) -> HttpResponse:
        found = self.workflow(id)
        kept = [] if tag is None else [each for each in found.wire.get("tags", []) if each != tag]
        write(found.row, {"tags": kept})
        return nothing()


class Step(CivitaiView):
    """`GET …/steps/{name}`; the only one is called 0, and also $0."""

    scopes: ClassVar[Scopes] = {"get": READ}

    def get(self, request: Request, id: str, name: str) -> HttpResponse:
        found = self.workflow(id)
        if OUTPUT in request.query_params and not found.is_finished:
            return problem_answer(*wire.timed_out(id), {})
        step = json.loads(_told(found).content)["steps"][0]
        if name not in (step["name"], wire.STEP_NAME, f"${wire.STEP_NAME}"):
            raise Problem("not_found", f"There is no step {name[:60]!r}; the only one is {step['name']!r}.")
        return answer(step["output"] if OUTPUT in request.query_params else step)


class Recipe(CivitaiView):
    """`POST /v2/consumer/recipes/imageGen`: a step's input, answered with its output. The line is held until the
    pictures are there, or their deadline is over."""

    scopes: ClassVar[Scopes] = {"post": WRITE}

    def refuse(self, problem: Problem) -> HttpResponse:
        status, body = wire.refusal(problem)
        return problem_answer(status, wire.of_recipe(body), problem.headers)

    def post(self, request: Request) -> HttpResponse:
        raw = {"steps": [{"$type": "imageGen", "input": request.data}]}
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


class Blob(CivitaiView):
    """`GET /v2/consumer/blobs/{id}` leads to the picture, `HEAD` says that it is there."""

    scopes: ClassVar[Scopes] = {"get": READ, "head": READ}

    def get(self, request: Request, id: str) -> HttpResponse:
        image = _blob(request, id)
        query, name = request.query_params, None
        if query.get("download", "").lower() in TRUE:
            name = query.get("filename", f"{id[:60]}.{image.name.rpartition('.')[2]}")[:120]
        # A permanent redirect is what its clients expect; no-store keeps them from keeping an address that ends.
        status = 204 if request.method == "HEAD" else 308
        return nothing(status, Location=links.absolute_address(image.name, filename=name))


class Refresh(CivitaiView):
    """`POST /v2/consumer/blobs/{id}/refresh`: the blob with a fresh address."""

    scopes: ClassVar[Scopes] = {"post": READ}

    def post(self, request: Request, id: str) -> HttpResponse:
        return answer(wire.blob(_blob(request, id), seen.link))


class Unknown(CivitaiView):
    """Whatever else is below Civitai's address."""

    authentication_classes = ()
    permission_classes = ()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        raise Problem("unknown_address", f"There is nothing at {request.path[:200]}.")


def problem_answer(status: int, body: dict[str, Any], headers: Mapping[str, str]) -> HttpResponse:
    told = answer(body, status, headers)
    told["Content-Type"] = "application/problem+json"
    return told


def nothing(status: int = 204, **headers: str) -> HttpResponse:
    gone = HttpResponse(status=status, headers=headers)
    del gone["Content-Type"]
    return gone


def write(row: Generation, change: dict[str, Any]) -> None:
    """Change what a workflow says again. In a transaction."""
    order, _ = Order.objects.select_for_update().get_or_create(generation=row)
    order.wire = {**order.wire, **change}
    order.save(update_fields=["wire"])


def _read(request: Request, raw: object) -> Callable[[], HttpResponse]:
    asked = reading.read(raw)
    wish, said = None, asked.wire
    if asked.external_id is not None:
        wish = f"civitai:{sha256(asked.external_id.encode()).hexdigest()}"
        said = {**said, "externalId": asked.external_id}
        known = Generation.objects.filter(user_id=request.user.pk, wish=wish).first()
        if known is not None:
            return lambda: _again(known)
    place = orders.prepare(request, [Wanted(asked.brief, wire=said, wish=wish)])
    return lambda: _again(place()[0])


def _again(row: Generation) -> HttpResponse:
    """A workflow that was made, now or before."""
    found = seen.find(row.user_id, row.pk)
    if found is None:
        raise Problem("bad_request", "The workflow with this externalId was deleted. Use another one.")
    return _told(found)


def _told(found: Seen) -> HttpResponse:
    return answer(wire.workflow(found, seen.link, found.position()), 200 if found.is_finished else 202)


def is_whatif(request: Request) -> bool:
    return request.query_params.get("whatif", "").lower() in TRUE


def _priced(request: Request, raw: object) -> dict[str, Any]:
    """The workflow of a whatif. Nothing is ordered, held or fetched."""
    asked = reading.read(raw)
    lifecycle.check_permission(request.user, asked.brief)
    purse = ledger.wallet(request.user)
    return wire.whatif(asked, lifecycle.price(asked.brief).amount, 0 if purse.debt else purse.available)


def _blob(request: Request, id: str) -> Image:
    """A stored picture of the caller's. Raises Problem."""
    try:
        wanted = UUID(id.removeprefix(wire.BLOB))
    except ValueError:
        raise Problem("not_found", "You have no blob with this id.") from None
    row = Image.objects.filter(user_id=request.user.pk, generation__deleted_at=None, pk=wanted).first()
    if row is None or not row.is_there:
        raise Problem("not_found", "You have no blob with this id, or its picture is not there yet.")
    return row


def _seconds(request: Request) -> int:
    """How long the caller will wait; `true` is an old way to say so."""
    given = request.query_params.get("wait", "0").lower()
    if given in ("true", "false"):
        return waiting.DEFAULT_WAIT_S if given == "true" else 0
    if not (given.isascii() and given.isdigit() and len(given) < 9):
        raise invalid_query([parameter_error("wait", "not_allowed", "wait must be a whole number of seconds.")])
    return min(int(given), waiting.LONGEST_WAIT_S)


def _filtered(request: Request) -> "tuple[QuerySet[Generation], int]":
    query, errors = request.query_params, []
    rows = seen.readable(request.user.pk).filter(image_model__in=SIZES.values())
    is_ascending = query.get("ascending", "").lower() in TRUE
    if query.get("excludeFailed", "").lower() in TRUE:
        rows = rows.filter(Q(outcome=None) | Q(outcome__in=[Outcome.SUCCEEDED, Outcome.PARTIAL, Outcome.CANCELED]))
    for name, lookup in (("fromDate", "created_at__gte"), ("toDate", "created_at__lte")):
        if given := query.get(name):
            moment = _moment(given)
            if moment is None:
                errors.append(parameter_error(name, "not_allowed", f"{name} must be a time in ISO 8601."))
            else:
                rows = rows.filter(**{lookup: moment})
    if cursor := query.get("cursor"):
        try:
            rows = rows.filter(**{"pk__gt" if is_ascending else "pk__lt": UUID(cursor)})
        except ValueError:
            errors.append(parameter_error("cursor", "not_allowed", "cursor must be the next of a list."))
    take = query.get("take", str(TAKE))
    if not (take.isascii() and take.isdigit() and 1 <= int(take[:9]) <= TAKE):
        errors.append(parameter_error("take", "out_of_range", f"take must be a whole number from 1 to {TAKE}."))
    for name in ("tags", "excludeTags", "query"):
        if name in query:
            errors.append(parameter_error(name, "not_supported", f"{name} cannot be searched for here; leave it out."))
    if errors:
        raise invalid_query(errors)
    return rows.order_by("pk" if is_ascending else "-pk"), int(take)


def _moment(text: str) -> Any:
    try:
        found = parse_datetime(text)
        return found and (make_aware(found) if is_naive(found) else found).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
