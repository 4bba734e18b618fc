"""The little markup of the texts, made safe: everything is escaped first, and only what is listed here becomes HTML.

    # Title                 ## Heading                ### Lesser heading
    - an item               1. a numbered item
    **bold**                [words](https://…, mailto:… or /path/)
    [[what the operator still has to fill in]]

Paragraphs are parted by empty lines.
"""

import re
from collections.abc import Iterator

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

LINK = re.compile(r"\[([^\[\]]+)\]\(([^()\s]+)\)")
BOLD = re.compile(r"\*\*([^*]+)\*\*")
BLANK = re.compile(r"\[\[([^\[\]]+)\]\]")
HEADING = re.compile(r"(#{1,3}) +(.+)")
ITEM = {"ul": re.compile(r"- +(.+)"), "ol": re.compile(r"\d{1,3}\. +(.+)")}
MAY_LINK = re.compile(r"(https?://|mailto:|/(?!/)|#)", re.IGNORECASE)


def render(body: str) -> SafeString:
    """The text as HTML. The largest heading is an h1; a page has one."""
    blocks = re.split(r"\n\s*\n", body.replace("\r\n", "\n").strip())
    return mark_safe("\n".join(part for block in blocks for part in _block(block.splitlines())))


def blanks(body: str) -> list[str]:
    """What the operator still has to fill in."""
    return BLANK.findall(body)


def _block(lines: list[str]) -> Iterator[str]:
    """A heading ends with its line; items go on over lines that are indented; the rest is a paragraph."""
    paragraph: list[str] = []
    while lines:
        heading = HEADING.fullmatch(lines[0].strip())
        kind = next((kind for kind, item in ITEM.items() if item.fullmatch(lines[0])), None)
        if heading or kind:
            yield from _paragraph(paragraph)
            paragraph = []
        if heading:
            level = len(heading[1])
            yield f"<h{level}>{_inline(heading[2])}</h{level}>"
            lines = lines[1:]
        elif kind:
            items, lines = _items(lines, ITEM[kind])
            yield f"<{kind}>{''.join(f'<li>{_inline(item)}</li>' for item in items)}</{kind}>"
        else:
            paragraph.append(lines[0].strip())
            lines = lines[1:]
    yield from _paragraph(paragraph)


def _paragraph(lines: list[str]) -> Iterator[str]:
    if lines:
        yield f"<p>{_inline(' '.join(lines))}</p>"


def _items(lines: list[str], item: re.Pattern[str]) -> tuple[list[str], list[str]]:
    """The items that the lines begin with, and the lines behind them."""
    items: list[str] = []
    for number, line in enumerate(lines):
        found = item.fullmatch(line)
        if found:
            items.append(found[1])
        elif items and line.startswith("  "):
            items[-1] += f" {line.strip()}"
        else:
            return items, lines[number:]
    return items, []


def _inline(text: str) -> str:
    marked = BLANK.sub(r'<mark class="blank">to be filled in by the operator: \1</mark>', str(escape(text)))
    return LINK.sub(_link, BOLD.sub(r"<strong>\1</strong>", marked))


def _link(found: re.Match[str]) -> str:
    """Escaped already. What may not be linked stays as it was written."""
    words, address = found[1], found[2]
    return f'<a href="{address}">{words}</a>' if MAY_LINK.match(address) else found[0]
