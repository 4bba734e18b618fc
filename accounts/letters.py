"""A mail from one template: its subject, its text and its HTML are three readings of the same blocks.

The template begins with `{% extends layout %}` and fills `subject`, `preheader`, `body` and `why` in plain text.
Paragraphs are parted by empty lines; one whose second line is an address becomes a button with the first line on it;
lines that begin with "- " are a list.
"""

import re
from collections.abc import Mapping
from textwrap import wrap
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string

SUBJECT, TEXT, HTML = "mail/subject.txt", "mail/base.txt", "mail/base.html"
WIDTH = 72
# What our mail backend writes down beside the mail; it never leaves the site.
KIND_HEADER, KEY_HEADER = "X-Mail-Kind", "X-Mail-Key"


def compose(to: str, template: str, context: Mapping[str, Any], *, key: str | None = None) -> EmailMultiAlternatives:
    """The mail, not sent yet. A `key` names it: two mails with one key are one mail."""
    known = {**context, "email": to, "site_name": settings.SITE_NAME, "site_url": settings.PUBLIC_URL}
    subject = " ".join(_read(template, known, SUBJECT).split())
    headers = {KIND_HEADER: template.removesuffix(".txt").removesuffix("_message")}
    if key is not None:
        headers[KEY_HEADER] = key
    mail = EmailMultiAlternatives(subject, tidy(_read(template, known, TEXT)), to=[to], headers=headers)
    mail.attach_alternative(_read(template, {**known, "subject": subject}, HTML), "text/html")
    return mail


def _read(template: str, context: dict[str, Any], layout: str) -> str:
    return render_to_string(template, {**context, "layout": layout})


def tidy(text: str) -> str:
    """Paragraphs of whole lines: broken at 72 characters, except where a line stands for itself."""
    parts = [part.strip() for part in re.split(r"\n\s*\n", text.strip())]
    return "\n\n".join(_wrapped(part) for part in parts if part) + "\n"


def _wrapped(paragraph: str) -> str:
    lines = [line.strip() for line in paragraph.splitlines()]
    if any(line.startswith(("- ", "http://", "https://")) for line in lines):
        return "\n".join(lines)
    return "\n".join(wrap(" ".join(lines), WIDTH, break_long_words=False, break_on_hyphens=False))
