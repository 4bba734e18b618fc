"""Generations, images, draws and events, row by row, without prompts, pictures and secrets."""

from typing import Any, ClassVar
from uuid import UUID

from django.contrib import admin
from django.contrib.admin import ShowFacets
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from generations import catalogue
from generations.models import Beat, Draw, Event, Generation, Image, Status
from krea_site import picture_filters
from krea_site.dashboard.asked import Asked, Chosen
from krea_site.dashboard.roles import Lever
from krea_site.dashboard.site import Rows
from krea_site.models import BulkAct, Retry


class OfStatus(Chosen):
    title = "image is"
    parameter_name = "image_status"
    conditions: ClassVar[dict[str, Q]] = {name: Q(status=name) for name in Status.values} | {
        picture_filters.IN_FLIGHT: Q(status__in=picture_filters.AT_WORK),
        picture_filters.FAILED_OR_BLOCKED: Q(status__in=(Status.FAILED, Status.BLOCKED)),
        picture_filters.UNDER_WAY: Q(status__in=(Status.QUEUED, *picture_filters.AT_WORK)),
    }


class OfError(Asked):
    title = "cause"
    parameter_name = "error"

    def condition(self, word: str) -> Q | None:
        return Q(error_code="") if word == picture_filters.NOT_SAID else ~Q(error_code="") & Q(error_code=word)


class Timed(Chosen):
    title = "fal said how long it drew"
    parameter_name = "timed"
    conditions: ClassVar[dict[str, Q]] = {"1": Q(draw__drawn_ms__isnull=False)}


class OfOutcome(Asked):
    title = "outcome"
    parameter_name = "outcome"

    def condition(self, word: str) -> Q | None:
        return Q(outcome=word)


class Billed(Chosen):
    title = "perhaps billed for nothing"
    parameter_name = "billed"
    conditions: ClassVar[dict[str, Q]] = {"1": picture_filters.MAYBE_BILLED}


class Paid(Chosen):
    title = "cost something"
    parameter_name = "paid"
    conditions: ClassVar[dict[str, Q]] = {"1": Q(cost_microusd__gt=0)}


def of_model(field: str) -> type[Chosen]:
    class OfModel(Chosen):
        title = "image model"
        parameter_name = "image_model"
        conditions: ClassVar[dict[str, Q]] = {each.id: Q(**{field: each.id}) for each in catalogue.all()}

    return OfModel


def ordered(field: str) -> tuple[type[Asked], type[Asked]]:
    """`since` and `until`: about the order, as in `picture_filters`, by the id of the generation in this field."""

    class Since(Asked):
        title = parameter_name = "since"

        def condition(self, word: str) -> Q | None:
            read = picture_filters.Filters.read({"since": word})
            return Q(**{f"{field}__gte": picture_filters.first_id(read.since)}) if read.since else None

    class Until(Asked):
        title = parameter_name = "until"

        def condition(self, word: str) -> Q | None:
            read = picture_filters.Filters.read({"until": word})
            return Q(**{f"{field}__lt": picture_filters.first_id(read.until)}) if read.until else None

    return Since, Until


class ByExactId(Rows):
    """Searched by whole ids alone: each is a look into an index, however large the table is."""

    lever = Lever.SEE_ROADS
    show_facets = ShowFacets.NEVER
    sortable_by: ClassVar[tuple[str, ...]] = ()
    ids: ClassVar[tuple[str, ...]] = ("pk",)
    texts: ClassVar[tuple[str, ...]] = ()
    search_fields: ClassVar[tuple[str, ...]] = ("pk",)
    ordering: ClassVar[tuple[str, ...]] = ("-pk",)

    def get_search_results(
        self, request: HttpRequest, queryset: "QuerySet[Any]", search_term: str
    ) -> tuple["QuerySet[Any]", bool]:
        word = search_term.strip()
        if not word:
            return queryset, False
        found = Q()
        for name in self.texts:
            found |= Q(**{name: word})
        try:
            id = UUID(word)
        except ValueError:
            pass
        else:
            for name in self.ids:
                found |= Q(**{name: id})
        return (queryset.filter(found) if found else queryset.none()), False


@admin.register(Generation)
class Generations(ByExactId):
    ids: ClassVar[tuple[str, ...]] = ("pk",)
    list_display: ClassVar[tuple[str, ...]] = (
        "id", "created_at", "user_id", "image_model", "quantity", "outcome", "error_code", "image_price",
    )  # fmt: skip
    list_filter: ClassVar[tuple[Any, ...]] = ("outcome", of_model("image_model"), *ordered("pk"))
    exclude: ClassVar[tuple[str, ...]] = ("input", "references", "wish", "user")


@admin.register(Image)
class Images(ByExactId):
    ids: ClassVar[tuple[str, ...]] = ("pk", "generation")
    list_display: ClassVar[tuple[str, ...]] = (
        "id", "generation_id", "index", "image_model", "status", "status_at", "error_code", "price", "refunded_at",
    )  # fmt: skip
    list_filter: ClassVar[tuple[Any, ...]] = (OfStatus, of_model("image_model"), OfError, Timed, *ordered("generation"))
    exclude: ClassVar[tuple[str, ...]] = ("name", "variants", "user", "generation", "draw")


@admin.register(Draw)
class Draws(ByExactId):
    ids: ClassVar[tuple[str, ...]] = ("pk", "image")
    texts: ClassVar[tuple[str, ...]] = ("request_id",)
    list_display: ClassVar[tuple[str, ...]] = (
        "id", "image_id", "endpoint", "request_id", "sent_at", "completed_at", "result_status", "outcome",
        "may_be_billed", "cost_microusd",
    )  # fmt: skip
    list_filter: ClassVar[tuple[Any, ...]] = (
        OfOutcome, Billed, Paid, of_model("image__image_model"), *ordered("image__generation"),
    )  # fmt: skip
    exclude: ClassVar[tuple[str, ...]] = ("token", "result", "image")


@admin.register(Event)
class Events(Rows):
    lever = Lever.SEE_ROADS
    show_facets = ShowFacets.NEVER
    sortable_by: ClassVar[tuple[str, ...]] = ()
    list_display: ClassVar[tuple[str, ...]] = ("id", "created_at", "user_id", "seq", "kind", "object_id", "data")
    list_filter: ClassVar[tuple[str, ...]] = ("kind",)
    ordering: ClassVar[tuple[str, ...]] = ("-pk",)
    exclude: ClassVar[tuple[str, ...]] = ("user",)


@admin.register(Beat)
class Beats(Rows):
    """Signs of life of processes, and their leases."""

    lever = Lever.SEE
    list_display: ClassVar[tuple[str, ...]] = ("name", "at", "holder", "until")
    ordering: ClassVar[tuple[str, ...]] = ("name",)


@admin.register(Retry)
class Retries(ByExactId):
    ids: ClassVar[tuple[str, ...]] = ("pk", "first", "again")
    list_display: ClassVar[tuple[str, ...]] = ("id", "created_at", "first_id", "again_id", "at_house_cost", "amount")
    exclude: ClassVar[tuple[str, ...]] = ("by", "first", "again", "bulk")


@admin.register(BulkAct)
class BulkActs(ByExactId):
    lever = Lever.STEER_PICTURES
    list_display: ClassVar[tuple[str, ...]] = ("id", "created_at", "what", "counted", "done", "refused", "finished_at")
    exclude: ClassVar[tuple[str, ...]] = ("by",)
