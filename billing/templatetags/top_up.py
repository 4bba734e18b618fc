"""The section of auto top-up on the billing page, which need not know what it says."""

from typing import Any

from django import template

from billing import topup_rows, topups

register = template.Library()


@register.inclusion_tag("billing/top_up.html", takes_context=True)
def auto_top_up(context: Any) -> dict[str, Any]:
    return {**topup_rows.state(topups.of(context["user"])), "csrf_token": context.get("csrf_token", "")}
