"""Errands: slow work for a page (fetching and decoding what strangers name) done outside the page threads.

A view that needs one raises `Wanted`; `door` turns that into an internal answer, the ASGI front runs the errand as a
coroutine and asks the view again, which then finds the answers. Without the front (a command, a test's client) the
errand is run on the spot.
"""

import asyncio
import secrets
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial, wraps
from typing import Any, TypeVar
from uuid import UUID

from asgiref.sync import async_to_sync
from django.http import HttpRequest, HttpResponse

T = TypeVar("T")

FRONT_HEADER = "X-Krea-Front"  # set by our front alone; it strips what a stranger sends
WANTED_HEADER = "X-Krea-Errand"
# Decoding and writing of files: two threads of their own, never those of the pages.
_hands = ThreadPoolExecutor(max_workers=2, thread_name_prefix="errands")


@dataclass(frozen=True)
class Problem:
    """Why something could not be had: a stable code and a plain sentence."""

    code: str
    detail: str


Answer = UUID | Problem | None  # an upload's id, what went wrong, or: it is there


@dataclass
class Errand:
    """`work` gives one answer per thing asked for, in order."""

    work: Callable[[], Coroutine[Any, Any, list[Answer]]]
    answers: list[Answer] = field(default_factory=list)
    is_done: bool = False

    async def run(self) -> None:
        self.answers = await self.work()
        self.is_done = True


class Wanted(Exception):
    def __init__(self, token: str) -> None:
        self.token = token
        super().__init__(token)


_open: dict[str, Errand] = {}  # by unguessable token; the front and the page threads are one process


def perform(request: HttpRequest | None, work: Callable[[], Coroutine[Any, Any, list[Answer]]]) -> list[Answer]:
    """The errand's answers: at once, or by raising Wanted, to be asked again."""
    token = request.headers.get(FRONT_HEADER) if request is not None else None
    if token is None:
        return async_to_sync(work)()
    known = _open.get(token)
    if known is not None and known.is_done:
        return known.answers
    fresh = secrets.token_urlsafe(16)
    _open[fresh] = Errand(work)
    raise Wanted(fresh)


async def aside(work: Callable[..., T], *args: Any) -> T:
    """Work of processor and disk within an errand; nothing of the database."""
    return await asyncio.get_running_loop().run_in_executor(_hands, partial(work, *args))


def find(token: str) -> Errand | None:
    return _open.get(token)


def forget(token: str) -> None:
    _open.pop(token, None)


def door(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """For views that may need an errand."""

    @wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except Wanted as wanted:
            return HttpResponse(status=202, headers={WANTED_HEADER: wanted.token})

    return wrapped
