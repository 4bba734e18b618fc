"""The runbook beside the alert: the part of docs/alerts.md that tells what one means and what to do."""

import re
from functools import cache

from django.conf import settings
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

from krea_site.watch.kinds import anchor

FILE = settings.BASE_DIR / "docs" / "alerts.md"


def section(name: str) -> SafeString:
    """As HTML; empty where there is none."""
    return _sections().get(anchor(name), SafeString())


@cache
def _sections() -> dict[str, SafeString]:
    """By the anchor of the heading. The text is ours; raw HTML in it is shown as text."""
    text = FILE.read_text() if FILE.exists() else ""
    read = MarkdownIt("commonmark", {"html": False})
    parts = re.split(r"^### (.+)$", text, flags=re.MULTILINE)
    pairs = zip(parts[1::2], parts[2::2], strict=True)
    own = {title: re.split(r"^## ", body, flags=re.MULTILINE)[0] for title, body in pairs}
    return {_slug(title): mark_safe(read.render(body)) for title, body in own.items()}


def _slug(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
