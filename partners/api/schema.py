"""The OpenAPI 3.1 document of the API, made by drf-spectacular from the views themselves."""

from functools import cache
from typing import Any

from django.http import HttpRequest, JsonResponse
from django.urls import path
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator

from .calls import CALLS


@cache
def document() -> dict[str, Any]:
    """The document; it changes with the code alone."""
    patterns = [path("api/v1/", (CALLS, None, None))]
    generator: Any = SchemaGenerator(patterns=patterns)  # type: ignore[no-untyped-call]
    found: dict[str, Any] = generator.get_schema(request=None, public=True)
    return found


@require_safe
@cache_control(public=True, max_age=300)
def openapi(request: HttpRequest) -> JsonResponse:
    return JsonResponse(document())
