"""How an address outside the API is described: the pages that people see, and what only tests call."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.responses import Response

from standins.stripe.call import Call
from standins.stripe.world import World

Handler = Callable[[World, Call], Awaitable[Response]]


@dataclass(frozen=True)
class Door:
    """`on` is "page" for what customers see; "" for what nobody spoils or logs."""

    method: str
    path: re.Pattern[str]
    on: str
    handler: Handler


def door(method: str, path: str, on: str, handler: Handler) -> Door:
    """`path` is a regular expression; its named groups are the call's `found`."""
    return Door(method, re.compile(path), on, handler)
