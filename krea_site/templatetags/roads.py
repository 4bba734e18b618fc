"""What the pages of generations and of the audit log ask of values in templates."""

from collections.abc import Container, Mapping
from typing import Any

from django import template

from krea_site.dashboard import act_words

register = template.Library()
register.filter("act_words", act_words.of)
register.filter("act_address", act_words.address)


@register.filter
def of(key: Any, values: Mapping[Any, Any]) -> Any:
    """What stands there under this key; empty where nothing does."""
    return values.get(key, "")


@register.filter
def is_in(value: Any, values: Container[str]) -> bool:
    """Whether it is among what was typed."""
    return str(value) in values
