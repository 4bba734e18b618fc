"""Values as pages show them: credits in US dollars, values as JSON, addresses in a text as links."""

import json
from typing import Any

from django import template

from generations.dollars import in_dollars

register = template.Library()
register.filter("dollars", in_dollars)


@register.filter
def as_json(value: Any) -> str:
    """A value as a JSON document would hold it, in one line."""
    return json.dumps(value, ensure_ascii=False)


@register.filter
def as_document(value: Any) -> str:
    """A value as a JSON document to be read."""
    return json.dumps(value, ensure_ascii=False, indent=2)
