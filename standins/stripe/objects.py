"""What Stripe sends are plain objects: how they are copied, shown, compared and named."""

import json
import secrets
import string
from typing import Any

Object = dict[str, Any]

API_VERSION = "2026-10-28.endive"
LETTERS = string.ascii_letters + string.digits


def new_id(prefix: str, length: int = 24) -> str:
    """A name nobody had before, in the shape of Stripe's."""
    return f"{prefix}_{''.join(secrets.choice(LETTERS) for _ in range(length))}"


def shown(thing: Object) -> Object:
    """As Stripe sends it: without what only we need to know, whose names begin with an underscore."""
    return {name: value for name, value in thing.items() if not name.startswith("_")}


def copied(value: Any) -> Any:
    """A copy that shares nothing with the original."""
    return json.loads(json.dumps(value))


def listed(items: list[Object], url: str, *, more: bool = False) -> Object:
    """Stripe's wrapping of a list."""
    return {"object": "list", "data": items, "has_more": more, "url": url}


def former(before: Object, after: Object) -> Object:
    """`previous_attributes`: the old values of what differs; inside objects only what differs there."""
    found: Object = {}
    for name in before.keys() | after.keys():
        old, new = before.get(name), after.get(name)
        if old == new:
            continue
        if isinstance(old, dict) and isinstance(new, dict) and name != "items":
            found[name] = former(old, new)
        else:
            found[name] = old
    return found


def address(**given: Any) -> Object:
    """An address with all its parts, null where nothing is known."""
    parts = ("city", "country", "line1", "line2", "postal_code", "state")
    return {name: given.get(name) for name in parts}
