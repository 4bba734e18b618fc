"""`expand[]`: ids become objects, and parts that are left out by default are put in."""

from collections.abc import Callable, Mapping
from typing import Any

from standins.stripe.errors import malformed
from standins.stripe.objects import Object, shown
from standins.stripe.store import Store

DEEPEST = 4
Include = Callable[[Object], Object]  # from an object to a part that it has only when asked for


def expanded(store: Store, includes: Mapping[tuple[str, str], Include], thing: Object, paths: list[str]) -> Object:
    """The object as it is sent, with all that these paths ask for."""
    told = shown(thing)
    for path in paths:
        parts = path.split(".")
        if len(parts) > DEEPEST:
            raise malformed(f"You cannot expand more than {DEEPEST} levels of a property.", param="expand")
        told = put(store, includes, told, parts, path)
    return told


def put(
    store: Store, includes: Mapping[tuple[str, str], Include], thing: Object, parts: list[str], path: str
) -> Object:
    """A copy of the object in which this path is expanded."""
    name, rest = parts[0], parts[1:]
    value = opened(store, includes, thing, name, path)
    if rest:
        value = inside(store, includes, value, rest, path)
    return {**thing, name: value}


def inside(store: Store, includes: Mapping[tuple[str, str], Include], value: Any, rest: list[str], path: str) -> Any:
    if isinstance(value, list):
        return [inside(store, includes, one, rest, path) for one in value]
    return put(store, includes, value, rest, path) if isinstance(value, dict) else value


def opened(store: Store, includes: Mapping[tuple[str, str], Include], thing: Object, name: str, path: str) -> Any:
    """What stands under this name, with ids looked up."""
    include = includes.get((thing.get("object", ""), name))
    if include and name not in thing:
        return include(thing)
    if name not in thing:
        raise malformed(f"This property cannot be expanded ({path}).", param="expand")
    value = thing[name]
    if isinstance(value, str):
        if (found := store.find(value)) is None:
            raise malformed(f"This property cannot be expanded ({path}).", param="expand")
        return shown(found)
    if isinstance(value, list):
        return [looked_up(store, one) for one in value]
    if value is None or isinstance(value, dict):
        return shown(value) if isinstance(value, dict) else None
    raise malformed(f"This property cannot be expanded ({path}).", param="expand")


def looked_up(store: Store, value: Any) -> Any:
    if isinstance(value, str):
        found = store.find(value)
        return shown(found) if found else value
    return shown(value) if isinstance(value, dict) and "object" in value else value
