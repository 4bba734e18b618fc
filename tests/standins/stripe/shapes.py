"""Holds a JSON object against what Stripe says of its kind: its own fixtures, and the typed classes of its library.

Nothing is said of values. A fixture tells which keys there are, nested ones too, and their JSON types; a typed class
tells which may be null or missing, and knows the API version that we speak.
"""

import ast
import importlib
import inspect
import re
import types
from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, ForwardRef, Literal, TypeVar, Union, get_args, get_origin

from stripe import ListObject, StripeObject
from stripe._object_classes import OBJECT_CLASSES
from stripe._stripe_object import UntypedStripeObject

Object = dict[str, Any]
JSON_TYPES = {str: "text", int: "number", float: "number", bool: "true or false", dict: "object", list: "list"}


def against_fixture(thing: Any, fixture: Any, where: str) -> Iterator[str]:
    """What keys of the fixture are missing, and where the JSON type is another one. null fits everything here."""
    if thing is None or fixture is None:
        return
    if JSON_TYPES[type(thing)] != JSON_TYPES[type(fixture)]:
        if {type(thing), type(fixture)} != {str, dict}:  # an id, or the object that it names
            yield f"{where} is {JSON_TYPES[type(thing)]}, not {JSON_TYPES[type(fixture)]}"
    elif isinstance(fixture, dict):
        yield from (f"{where}.{name} is missing" for name in fixture if name not in thing)
        for name in fixture.keys() & thing.keys():
            yield from against_fixture(thing[name], fixture[name], f"{where}.{name}")
    elif isinstance(fixture, list) and fixture:
        for each in thing:
            yield from against_fixture(each, fixture[0], f"{where}[]")


def against_class(thing: Any, hint: Any, where: str, home: "Home") -> Iterator[str]:
    """What the library's type for it would not expect."""
    hint = home.resolved(hint)
    origin = get_origin(hint)
    if hint is Any or isinstance(hint, TypeVar):
        return
    if origin is Union:
        options = [list(against_class(thing, option, where, home)) for option in get_args(hint)]
        yield from min(options, key=len)
    elif hint is type(None):
        if thing is not None:
            yield f"{where} is {thing!r:.40}, not null"
    elif origin is Literal:
        if thing not in get_args(hint):
            yield f"{where} is {thing!r}, not one of {get_args(hint)}"
    elif origin in (list, UntypedStripeObject, ListObject):
        yield from inside(thing, origin, get_args(hint), where, home)
    elif isinstance(hint, type) and issubclass(hint, StripeObject):
        yield from fields(thing, hint, where)
    elif type(thing) not in {Decimal: (str,), float: (int, float)}.get(hint, (hint,)):
        yield f"{where} is {thing!r:.40}, not {getattr(hint, '__name__', hint)}"


def inside(thing: Any, origin: Any, of: tuple[Any, ...], where: str, home: "Home") -> Iterator[str]:
    wanted = list if origin is list else dict
    if not isinstance(thing, wanted):
        yield f"{where} is {thing!r:.40}, not {wanted.__name__}"
    elif isinstance(thing, dict) and origin is ListObject:
        yield from (f"{where}.{name} is missing" for name in ("data", "has_more", "object", "url") if name not in thing)
        for each in thing.get("data", []):
            yield from against_class(each, of[0], f"{where}.data[]", home)
    else:
        for each in thing.values() if isinstance(thing, dict) else thing:
            yield from against_class(each, of[0], f"{where}[]", home)


def fields(thing: Any, kind: type, where: str) -> Iterator[str]:
    """Each key of an object, by the annotations of its class."""
    if not isinstance(thing, dict):
        yield f"{where} is {thing!r:.40}, not an object"
        return
    home = Home(kind)
    hints = annotations(kind)
    for name, value in thing.items():
        if name not in hints:
            yield f"{where}.{name} is not known"
        else:
            yield from against_class(value, hints[name], f"{where}.{name}", home)
    for name, hint in hints.items():
        if name not in thing and not may_be_missing(hint):
            yield f"{where}.{name} is missing"


def may_be_missing(hint: Any) -> bool:
    return str(hint).startswith(("Optional[", "typing.Optional[")) or get_origin(hint) is Union


@cache
def annotations(kind: type) -> Mapping[str, Any]:
    """Annotations of one class alone, as they are written."""
    found = inspect.get_annotations(kind)
    skipped = ("OBJECT_NAME", "_inner_class_types", "_field_encodings")
    return {RENAMED.get(name, name): hint for name, hint in found.items() if name not in skipped}


RENAMED = {"from_": "from"}


class Home:
    """Where a class is written: what the names in its annotations mean."""

    def __init__(self, kind: type) -> None:
        self.kind = kind

    def resolved(self, hint: Any) -> Any:
        if isinstance(hint, ForwardRef):
            hint = hint.__forward_arg__
        return self.resolved(meant(self.kind, hint)) if isinstance(hint, str) else hint


@cache
def meant(kind: type, hint: str) -> Any:
    """What the library's annotation stands for."""
    return eval(hint, {}, Names(kind))


class Names(dict[str, Any]):
    """The names that an annotation may use, found when they are asked for."""

    def __init__(self, kind: type) -> None:
        super().__init__()
        self.kind = kind

    def __missing__(self, name: str) -> Any:
        module = importlib.import_module(self.kind.__module__)
        owner: Any = module
        for part in self.kind.__qualname__.split("."):
            owner = getattr(owner, part)
            if isinstance(getattr(owner, name, None), type):
                found = getattr(owner, name)
        if "found" in locals():
            return found
        if name in vars(module):
            return vars(module)[name]
        imported = only_for_checking(module)
        if name in imported:
            source, real = imported[name]
            return getattr(importlib.import_module(source), real)
        raise KeyError(name)


@cache
def only_for_checking(module: types.ModuleType) -> Mapping[str, tuple[str, str]]:
    """What a module imports for type checkers alone."""
    head = re.split(r"\n(?=class |@)", Path(str(module.__file__)).read_text())[0]  # the classes are long
    tree = ast.parse(head)
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module]
    return {alias.asname or alias.name: (str(node.module), alias.name) for node in nodes for alias in node.names}


@cache
def class_of(kind: str) -> type[StripeObject] | None:
    """The library's class for objects of this kind."""
    place = OBJECT_CLASSES.get(kind)
    found: type[StripeObject] | None = getattr(importlib.import_module(place[0]), place[1]) if place else None
    return found
