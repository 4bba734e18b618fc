"""Terms, privacy, refunds, imprint: a draft that comes with the site, and what the operator made of it.

A draft is a file beside this one; versions are rows, added and never edited, the highest number shown.
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction

from krea_site.models import TextVersion

DRAFTS = Path(__file__).parent / "drafts"
TITLES = {"terms": "Terms", "privacy": "Privacy", "refunds": "Refunds", "imprint": "Imprint"}
MOST_CHARACTERS = 100_000


class Overtaken(Exception):
    """Somebody else saved a version since this one was begun."""


@dataclass(frozen=True)
class Text:
    """What a page shows. Version 0 is the draft that nobody has edited."""

    slug: str
    number: int
    body: str
    changed_at: datetime | None = None

    @property
    def title(self) -> str:
        return TITLES[self.slug]

    @property
    def is_draft(self) -> bool:
        return self.number == 0


def current(slug: str) -> Text:
    """KeyError for a text that there is not."""
    newest = TextVersion.objects.filter(slug=slug).order_by("-number").first()
    return draft(slug) if newest is None else Text(slug, newest.number, newest.body, newest.created_at)


def draft(slug: str) -> Text:
    """The one that comes with the site."""
    if slug not in TITLES:
        raise KeyError(slug)
    body = (DRAFTS / f"{slug}.md").read_text(encoding="utf-8")
    return Text(slug, 0, body.replace("{site}", settings.SITE_NAME).replace("{address}", settings.PUBLIC_URL))


def version(slug: str, number: int) -> Text:
    """TextVersion.DoesNotExist where there is none; 0 is the draft."""
    if number == 0:
        return draft(slug)
    row = TextVersion.objects.get(slug=slug, number=number)
    return Text(slug, row.number, row.body, row.created_at)


def save(slug: str, body: str, *, after: int, author: Any) -> int:
    """Add the version that follows number `after`; its number. Raises Overtaken when another follows it already,
    or there is no such version."""
    if slug not in TITLES:
        raise KeyError(slug)
    if after and not TextVersion.objects.filter(slug=slug, number=after).exists():
        raise Overtaken
    try:
        with transaction.atomic():
            row = TextVersion.objects.create(slug=slug, number=after + 1, body=body, author=author)
    except IntegrityError:
        raise Overtaken from None
    return row.number


def unedited() -> list[str]:
    """The titles of the texts that still are drafts."""
    edited = set(TextVersion.objects.values_list("slug", flat=True).order_by("slug").distinct())
    return [title for slug, title in TITLES.items() if slug not in edited]
