"""Millionths of a US dollar in templates."""

from django import template

from billing import repricing

register = template.Library()


@register.filter
def microusd(amount: int) -> str:
    """`30000` as `"$0.03"`."""
    return repricing.show_dollars(amount)
