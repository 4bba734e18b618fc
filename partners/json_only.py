"""The one way in which the API reads and writes: JSON. Named in the settings, so it imports no view."""

import json
from collections.abc import Sequence
from typing import IO, Any

from django.conf import settings
from rest_framework.exceptions import ParseError
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.request import Request

from .problems import Problem, too_large

DEEPEST = 32
EXACT = 2**53  # up to here every whole number has a float of its own


class Json(BaseParser):  # type: ignore[misc]
    """Strict JSON: no NaN, no Infinity, and nothing nested so deep that it cannot be read. JSON has one kind of number,
    so 2.0 is read as 2."""

    media_type = "application/json"

    def parse(self, stream: IO[bytes], media_type: str | None = None, parser_context: Any = None) -> Any:
        packed = parser_context["request"].headers.get("Content-Encoding", "identity").strip().lower()
        if packed not in ("", "identity"):
            raise Problem("unsupported_media_type", "Send the JSON as it is, without a Content-Encoding.")
        most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        data = stream.read(most + 1)
        if len(data) > most:
            raise too_large(most)
        try:
            value = json.loads(data.decode(), parse_constant=_refuse, parse_float=_number)
        except (ValueError, RecursionError) as error:
            raise ParseError from error
        if _is_too_deep(value):
            raise ParseError
        return value


class AlwaysJson(BaseContentNegotiation):  # type: ignore[misc]
    """There is one representation; what the caller would rather have changes nothing."""

    def select_parser(self, request: Request, parsers: Sequence[BaseParser]) -> BaseParser | None:
        kind = (request.content_type or "").partition(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == kind), None)

    def select_renderer(self, request: Request, renderers: Sequence[Any], format_suffix: Any = None) -> Any:
        return renderers[0], renderers[0].media_type


def _refuse(constant: str) -> Any:
    raise ValueError(constant)


def _number(text: str) -> float:
    value = float(text)
    return int(value) if value.is_integer() and abs(value) < EXACT else value


def _is_too_deep(value: Any) -> bool:
    level: list[Any] = [value]
    for _ in range(DEEPEST):
        level = [
            inner
            for each in level
            if isinstance(each, dict | list)
            for inner in (each.values() if isinstance(each, dict) else each)
        ]
    return bool(level)
