"""Image models in templates."""

from django import template

from generations import memo

register = template.Library()


@register.filter
def model_name(id: str) -> str:
    """`"krea-2-large"` as `"Krea 2 Large"`"""
    return memo.model_name(id)
