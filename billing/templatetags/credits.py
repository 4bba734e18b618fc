"""Credits in templates: amounts of 1/100 credit as people read them, and the wallet of whoever is logged in."""

from typing import Any

from django import template

from billing.models import Account

register = template.Library()


@register.filter
def credits(amount: int) -> str:
    """`1234500` as `"12,345.00"`"""
    whole, rest = divmod(abs(amount), 100)
    return f"{MINUS if amount < 0 else ''}{whole:,}.{rest:02d}"


@register.filter
def signed(amount: int) -> str:
    """As `credits`, with a plus before what came in."""
    return f"+{credits(amount)}" if amount > 0 else credits(amount)


@register.filter
def thousands(number: int) -> str:
    """`1000000` as `"1,000,000"`"""
    return f"{number:,}"


@register.simple_tag
def wallet_of(user: Any) -> Account:
    """The user's wallet as it stands; an empty one where nothing was ever moved. Only reads."""
    return Account.objects.filter(user_id=user.pk).first() or Account()


MINUS = "\N{MINUS SIGN}"
