"""Money in templates: US cents, and credits without places where there are none."""

from django import template

from billing import cents, credits

register = template.Library()
register.filter("whole", credits.whole)


@register.filter
def usd(amount: int | None) -> str:
    """`1000` as `"$10.00"`; nothing where there is no amount yet."""
    return "" if amount is None else cents.show(amount)
