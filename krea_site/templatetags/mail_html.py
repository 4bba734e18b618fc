"""The HTML of a mail, made from its text, with every style where mail programs look for it: on the element."""

import re

from django import template
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe

register = template.Library()

PARAGRAPH = "margin:0 0 16px"
BUTTON = (
    "display:inline-block;padding:11px 20px;border-radius:8px;background:#1b1b1a;color:#ffffff;"
    "font-weight:600;text-decoration:none"
)
CODE = "margin:0 0 16px;font:600 26px/1.3 ui-monospace,Menlo,Consolas,monospace;letter-spacing:3px"
QUIET = "margin:0 0 16px;font-size:13px;line-height:19px;color:#5d5d58;word-break:break-all"
ADDRESS = re.compile(r"https?://[^\s<>\"]+")


@register.filter
def mail_html(text: str) -> SafeString:
    """Paragraphs, lists, buttons and codes, as `accounts.letters` tells them apart. Everything is escaped."""
    parts = [part.strip() for part in re.split(r"\n\s*\n", str(text).strip())]
    return mark_safe("\n".join(_part(part) for part in parts if part))


def _part(part: str) -> str:
    lines = [line.strip() for line in part.splitlines()]
    if len(lines) == 2 and ADDRESS.fullmatch(lines[1]):
        return _button(lines[0].rstrip(":"), lines[1])
    if all(line.startswith("- ") for line in lines):
        items = "".join(f'<li style="margin:0 0 4px">{escape(line[2:])}</li>' for line in lines)
        return f'<ul style="{PARAGRAPH};padding:0 0 0 20px">{items}</ul>'
    if re.fullmatch(r"[A-Z0-9-]{4,20}", part):
        return f'<p style="{CODE}">{part}</p>'
    return f'<p style="{PARAGRAPH}">{_linked(" ".join(lines))}</p>'


def _button(label: str, address: str) -> str:
    return format_html(
        '<p style="{}"><a class="button" href="{}" style="{}">{}</a></p>\n'
        '<p class="quiet" style="{}">Or open this address: <a class="quiet" href="{}" style="color:#5d5d58">{}</a></p>',
        PARAGRAPH, address, BUTTON, label, QUIET, address, address,
    )  # fmt: skip


def _linked(text: str) -> str:
    """Escaped, with its addresses as links."""
    ends = [match.span() for match in ADDRESS.finditer(text)]
    pieces, at = [], 0
    for start, end in ends:
        address = text[start:end].rstrip(".,;:!?)")
        pieces += [escape(text[at:start]), format_html('<a href="{}">{}</a>', address, address)]
        at = start + len(address)
    return "".join([*pieces, escape(text[at:])])
