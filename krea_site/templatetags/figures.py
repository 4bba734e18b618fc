"""Figures in templates."""

from django import template

from krea_site.dashboard import words
from krea_site.dashboard.charts import Chart

register = template.Library()
register.filter("age", words.age)


@register.filter
def call(value: int | None, chart: Chart) -> str:
    """A number as its chart writes it; a dash where it is not known."""
    return "\N{EN DASH}" if value is None else chart.shown(value)


@register.filter
def parts(text: str) -> list[str]:
    """`"Median,95 %"` as two names."""
    return text.split(",")
