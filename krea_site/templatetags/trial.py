"""Why somebody has no trial credits, where they look for them."""

from typing import Any

from django import template

from krea_site import trial

register = template.Library()


@register.simple_tag
def trial_refusal(user: Any) -> str:
    """The reason as a sentence; empty where the trial was given, or was never due."""
    return trial.refusal(user)
