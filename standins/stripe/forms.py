"""Stripe's way of writing nested parameters in a form: a[b][0][c]=1, a[]=2."""

import re
from typing import Any
from urllib.parse import parse_qsl

from standins.stripe.errors import malformed

PART = re.compile(r"\[([^\]\[]*)\]")
DEEPEST = 8


def decode(text: str) -> dict[str, Any]:
    """A tree of dicts with texts as leaves; lists are dicts of numbers, which params.py turns into lists."""
    tree: dict[str, Any] = {}
    for name, value in parse_qsl(text, keep_blank_values=True, max_num_fields=5000):
        first, parts = taken_apart(name)
        put(tree, [first, *parts], value, name)
    return tree


def taken_apart(name: str) -> tuple[str, list[str]]:
    first, bracket, _ = name.partition("[")
    parts = PART.findall(name[len(first) :]) if bracket else []
    if not first or len(parts) > DEEPEST:
        raise malformed(f"Invalid parameter name: {name[:100]}", param=name[:100])
    return first, parts


def put(tree: dict[str, Any], path: list[str], value: str, name: str) -> None:
    here = tree
    for part in path[:-1]:
        deeper = here.setdefault(part or str(len(here)), {})
        if not isinstance(deeper, dict):
            raise malformed(f"Invalid parameter name: {name[:100]}", param=name[:100])
        here = deeper
    here[path[-1] or str(len(here))] = value
