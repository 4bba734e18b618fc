"""Values as pages show them: credits in US dollars, values as JSON, addresses in a text as links."""

import json
from typing import Any

from django import template

from generations.dollars import in_dollars, of_microusd

register = template.Library()
register.filter("dollars", in_dollars)
register.filter("microusd", of_microusd)


@register.filter
def millionths(value: int) -> str:
    """An integer of millionths as a number without needless decimals."""
    whole, rest = divmod(value, 1_000_000)
    return f"{whole:,}.{rest:06d}".rstrip("0").rstrip(".")


@register.filter
def as_json(value: Any) -> str:
    """A value as a JSON document would hold it, in one line."""
    return json.dumps(value, ensure_ascii=False)


@register.filter
def as_document(value: Any) -> str:
    """A value as a JSON document to be read."""
    return json.dumps(value, ensure_ascii=False, indent=2)
