"""How a call of the API is described: method, address, what it may say, who answers."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from standins.stripe.call import Call
from standins.stripe.objects import Object
from standins.stripe.params import Params
from standins.stripe.world import World

Handler = Callable[[World, Call], Object]


@dataclass(frozen=True)
class Route:
    """One call. Its answer is an object, or a list whose `data` are objects."""

    method: str
    path: re.Pattern[str]
    handler: Handler
    params: Params = field(default_factory=dict)
    address: str = ""


def route(method: str, address: str, handler: Handler, params: Params | None = None) -> Route:
    """`{id}` in the address is a named part."""
    pattern = re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", address))
    return Route(method, pattern, handler, params or {}, address)
