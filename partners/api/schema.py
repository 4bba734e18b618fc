"""The OpenAPI 3.1 document of the API, made by drf-spectacular from the views themselves."""

from functools import cache
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.utils.cache import patch_cache_control
from django.views.decorators.csrf import csrf_exempt
from drf_spectacular.generators import SchemaGenerator

from partners.problems import Problem

from . import order_bodies, shapes
from .calls import CALLS


@cache
def document() -> dict[str, Any]:
    """The document; it changes with the code alone."""
    patterns = [path("api/v1/", (CALLS, None, None))]
    generator: Any = SchemaGenerator(patterns=patterns)  # type: ignore[no-untyped-call]
    found: dict[str, Any] = generator.get_schema(request=None, public=True)
    order_bodies.say(found)
    found["components"]["schemas"]["StreamEvent"] = shapes.StreamEvent.model_json_schema()
    _say_who_needs_a_body(found)
    return found


@csrf_exempt
def openapi(request: HttpRequest) -> HttpResponse:
    if request.method not in ("GET", "HEAD"):
        return Problem("method_not_allowed", "Use GET here.", headers={"Allow": "GET"}, allowed=["GET"]).response()
    told = JsonResponse(document())
    patch_cache_control(told, public=True, max_age=300)
    return told


def _say_who_needs_a_body(document: dict[str, Any]) -> None:
    """Whoever changes nothing needs none; everybody else does."""
    for methods in document["paths"].values():
        for method, told in methods.items():
            if "requestBody" in told:
                told["requestBody"]["required"] = method != "patch"
