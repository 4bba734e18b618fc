"""Image models in templates."""

from django import template

from generations import memo, price_table
from generations.price_table import ModelPrices

register = template.Library()


@register.filter
def model_name(id: str) -> str:
    """`"krea-2-large"` as `"Krea 2 Large"`"""
    return memo.model_name(id)


@register.simple_tag
def prices_of_pictures() -> list[ModelPrices]:
    """What a picture of each image model that is for sale costs now, at its default size."""
    return [prices for prices in price_table.read() if prices.is_for_sale and prices.plain]


@register.filter
def pictures(credits: int, prices: ModelPrices) -> int:
    """How many pictures so many credits (1/100) buy."""
    return credits // prices.plain
