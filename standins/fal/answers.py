"""Answers in JSON, quickly, and the few error shapes of fal's gateway."""

import json
from collections.abc import Mapping
from typing import Any

from starlette.responses import Response


def answer(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON answer."""
    text = json.dumps(body, separators=(",", ":"))
    return Response(text.encode(), status, headers, "application/json")


def detail(text: str, status: int, error_type: str = "", headers: Mapping[str, str] | None = None) -> Response:
    """A platform error: a flat text and, where it has one, its type in the body and in the header."""
    if not error_type:
        return answer({"detail": text}, status, headers)
    told = {"X-Fal-Error-Type": error_type, **(headers or {})}
    return answer({"detail": text, "error_type": error_type}, status, told)


def not_found() -> Response:
    """What fal says to an id that it does not know."""
    return answer({"status": "NOT_FOUND"}, 404)
