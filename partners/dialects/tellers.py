"""Who puts a user's events into words, by the dialect of whoever asked for the stream."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from generations.live import OneGeneration, Teller
from partners.waiting import Stream

from .fal.stream import StatusTeller
from .oxen.stream import CompletionTeller


def _native(user: int, about: dict[str, Any]) -> Teller | None:
    """None: the plain words for all there is."""
    return OneGeneration(UUID(about["generation"])) if about else None


def _fal(user: int, about: dict[str, Any]) -> Teller:
    return StatusTeller(user, UUID(about["id"]), logs=about["logs"])


def _oxen(user: int, about: dict[str, Any]) -> Teller:
    return CompletionTeller(user)


TELLERS: dict[str, Callable[[int, dict[str, Any]], Teller | None]] = {"": _native, "fal": _fal, "oxen": _oxen}


def of(asked: Stream) -> Teller | None:
    return TELLERS[asked.dialect](asked.user, asked.about)
