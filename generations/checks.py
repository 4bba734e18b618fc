"""Numbered checks of generations: each says what is wrong and what to do."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register

from . import reach


@register
def fal_is_configured(**_: Any) -> list[CheckMessage]:
    """generations.E001 to E003, W001"""
    found: list[CheckMessage] = []
    if settings.FAL_WEBHOOKS not in ("auto", "on", "off"):
        found.append(
            Error(
                f"FAL_WEBHOOKS is {settings.FAL_WEBHOOKS!r}.",
                hint="Set it to auto, on or off.",
                id="generations.E001",
            )
        )
    if not 1 <= settings.FAL_CONCURRENCY <= 10_000:
        found.append(
            Error(
                f"FAL_CONCURRENCY is {settings.FAL_CONCURRENCY}: nothing would be drawn.",
                hint="Set it to the number of slots that your fal account has: 2 for a new one, up to 40.",
                id="generations.E002",
            )
        )
    if settings.FAL_KEY and ":" not in settings.FAL_KEY:
        found.append(
            Error(
                "FAL_KEY has no colon; fal would refuse every picture.",
                hint="Set it to <key id>:<key secret>, as fal's dashboard shows it.",
                id="generations.E003",
            )
        )
    if settings.IS_PUBLIC and settings.SAFE_FETCH_ALLOW:
        found.append(
            Error(
                "SAFE_FETCH_ALLOW opens addresses of this network to strangers on a public site.",
                hint="Unset it; it is for tests on one machine.",
                id="generations.E004",
            )
        )
    if settings.IS_PUBLIC and reach.is_loopback(settings.FAL_QUEUE_URL):
        found.append(
            Warning(
                "A public site draws with the local stand-in for fal.",
                hint="Set FAL_KEY to sell real pictures.",
                id="generations.W001",
            )
        )
    return found
