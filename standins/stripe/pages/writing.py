"""Writing HTML: templates are ours, every value in them is escaped unless it was written here too."""

from collections.abc import Iterable
from html import escape
from string import Formatter
from typing import Any


class Html(str):
    """Text that is HTML already."""

    __slots__ = ()


class _Escaping(Formatter):
    def format_field(self, value: Any, format_spec: str) -> str:
        return str(value) if isinstance(value, Html) else escape(format(value, format_spec))


_FORMATTER = _Escaping()
NOTHING = Html("")


def fill(template: str, /, **values: Any) -> Html:
    """The template with its {names} filled in. Templates are literals in our code, never what anybody sent."""
    return Html(_FORMATTER.vformat(template, (), values))


def joined(parts: Iterable[Html], between: str = "\n") -> Html:
    return Html(between.join(parts))


def link(url: str | None, words: str, *, kind: str = "") -> Html:
    """A link; only its words where the address is none that a browser should follow."""
    if not url or not url.startswith(("http://", "https://", "/")):
        return fill("{words}", words=words)
    return fill('<a href="{url}" class="{kind}">{words}</a>', url=url, words=words, kind=kind)
