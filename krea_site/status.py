"""The status page: how the parts of the site are, in words, and how the last days went."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from generations import switches
from generations.models import FalState
from krea_site import health, status_days

DEADLINE_S = 1.0  # a part that hangs is down for this page; it holds a thread no longer
WELL = "working"
DRAWING = {
    "ok": (WELL, "good", "Pictures are being drawn."),
    "locked": ("paused", "warn", "The drawing service has paused our account. Orders are taken, and wait."),
    "down": ("down", "bad", "The drawing service does not answer. Orders are taken, and wait."),
    "stopped": ("paused", "warn", "We have paused drawing. Orders are taken, and wait; the pause counts for no limit."),
    "closed": ("closed", "warn", "No new orders are taken at the moment. What was ordered goes on."),
    "unknown": ("unknown", "warn", "Nothing is known of it at the moment."),
}


@dataclass(frozen=True)
class Part:
    """`state` is a word, `tone` is how it looks (good, warn or bad)."""

    name: str
    state: str
    tone: str
    words: str


@never_cache
@require_safe
def status(request: HttpRequest) -> HttpResponse:
    found = parts(asyncio.run(health.report(DEADLINE_S)), fal_since(), switches.now())
    known = {
        "parts": found,
        "verdict": verdict(found),
        "is_well": all(part.tone == "good" for part in found),
        "days": status_days.last_days(),
        "is_local": settings.USES_STANDIN,
    }
    return render(request, "status/status.html", known)


def fal_since() -> datetime | None:
    """Since when fal is as it is."""
    return FalState.objects.values_list("since", flat=True).first()


def parts(report: Mapping[str, Any], since: datetime | None = None, known: switches.Known | None = None) -> list[Part]:
    """What /readyz says, for people, and what staff has switched off. That the page is seen at all says that the site
    answers."""
    state, tone, words = DRAWING.get(report["fal"], DRAWING["unknown"])
    off = _off(known) if known else ""
    if off:
        state, tone, words = DRAWING[off]
    elif since and tone != "good":
        words += f" Since {since.astimezone(UTC):%-d %B, %H:%M} UTC."
    tasks = {report["broker"], report["worker"]["state"], report["follower"]["state"]}
    return [
        Part("Site", WELL, "good", "Pages and API answer."),
        _part(
            "Database", report["database"] == "ok", "Accounts, credits and orders are at hand.", "It does not answer."
        ),
        _part("Tasks", tasks == {"ok"}, "Orders are worked on.", "They stand still. Orders are taken, and wait."),
        Part("Drawing", state, tone, words),
        _part("Pictures", report["storage"] == "ok", "They can be stored and shown.", "The storage does not answer."),
    ]


def verdict(found: list[Part]) -> str:
    unwell = [part.name.lower() for part in found if part.tone != "good"]
    return f"Not everything works: {', '.join(unwell)}." if unwell else "Everything works."


def _off(known: switches.Known) -> str:
    if switches.SENDING in known.off:
        return "stopped"
    return "closed" if switches.ORDERS in known.off else ""


def _part(name: str, is_well: bool, well: str, unwell: str) -> Part:
    return Part(name, WELL, "good", well) if is_well else Part(name, "down", "bad", unwell)
