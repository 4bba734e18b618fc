"""The catalogue: what can be drawn with, its input as JSON Schema, and what it costs now. Open to all."""

from collections.abc import Mapping
from typing import ClassVar

from django.http import HttpResponse
from rest_framework.request import Request

from generations import catalogue, offers
from partners.problems import Problem

from . import presented, shapes
from .describe import described
from .view import ApiView, answer


class Models(ApiView):
    scopes: ClassVar[Mapping[str, tuple[str, ...] | None]] = {"get": None}

    @described("listModels", "List the image models", {200: shapes.ImageModels}, tag="Models")
    def get(self, request: Request) -> HttpResponse:
        """Every image model with the JSON Schema of its input and the prices that hold now. Needs no key."""
        found = catalogue.all()
        rows = offers.price_rows([name for each in found for name in each.price_item_names])
        items = [presented.image_model(each, rows) for each in found]
        return answer(shapes.ImageModels(items=items, next=None, maintenance=presented.maintenance()))


class Model(ApiView):
    scopes: ClassVar[Mapping[str, tuple[str, ...] | None]] = {"get": None}

    @described("getModel", "Read one image model", {200: shapes.ImageModel}, problems=["not_found"], tag="Models")
    def get(self, request: Request, id: str) -> HttpResponse:
        """One image model with the JSON Schema of its input and the prices that hold now. Needs no key."""
        try:
            found = catalogue.get(id)
        except catalogue.UnknownImageModel as unknown:
            raise Problem("not_found", str(unknown), allowed=list(unknown.known)) from unknown
        return answer(presented.image_model(found, offers.price_rows(list(found.price_item_names))))
