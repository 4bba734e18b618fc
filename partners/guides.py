"""The guides of docs/api as pages: the same markdown, with this site's own address in the code.

`studio.example` stands for the site wherever a guide names it. Programs that stand beside each other, one for each
language, are shown as tabs.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import slugify
from markdown_it import MarkdownIt
from markdown_it.token import Token

FOLDER = Path(settings.BASE_DIR) / "docs" / "api"
NAMED = "studio.example"
NOTHING = SafeString()
LANGUAGES = {"sh": "curl", "python": "Python", "js": "JavaScript"}


@dataclass(frozen=True)
class Guide:
    """A file of the folder, and what it is for, in a few words."""

    slug: str
    file: str
    title: str
    about: str


@dataclass(frozen=True)
class Program:
    """A block of code: what to save it as (empty: any name), and its language in people's words."""

    file: str
    language: str
    text: str


@dataclass(frozen=True)
class Part:
    """A stretch of a guide: text, or programs that do the same."""

    html: SafeString
    programs: tuple[Program, ...]


GUIDES = {
    guide.slug: guide
    for guide in (
        Guide("start", "guide.md", "Guide", "From a key to pictures, webhooks and events"),
        Guide(
            "rules", "README.md", "Rules and errors", "Keys, limits, retries, webhooks, and every error with its cure"
        ),
        Guide("fal", "fal.md", "Coming from fal", "Keep a program that was made for fal"),
        Guide("civitai", "civitai.md", "Coming from Civitai", "Keep a program that was made for Civitai"),
        Guide("oxen", "oxen.md", "Coming from Oxen", "Keep a program that was made for Oxen"),
    )
}


@cache
def parts(slug: str) -> list[Part]:
    """The stretches of a guide, in their order; KeyError where there is none. It changes with the code alone."""
    text = (FOLDER / GUIDES[slug].file).read_text()
    text = text.replace(f"https://{NAMED}", settings.PUBLIC_URL).replace(NAMED, urlsplit(settings.PUBLIC_URL).netloc)
    markdown = MarkdownIt("commonmark").enable("table")
    found: list[Part] = []
    pending: list[Token] = []
    for token in [*markdown.parse(text), None]:
        if token is not None and token.type != "fence":
            pending.append(token)
            continue
        if pending:
            _refine(pending)
            found.append(Part(mark_safe(markdown.renderer.render(pending, markdown.options, {})), ()))
            pending = []
        if token is not None:
            _add(found, _program(token))
    return found


def headings(slug: str) -> list[tuple[str, str]]:
    """The sections of a guide: the id of each, and its words."""
    lines = (FOLDER / GUIDES[slug].file).read_text().splitlines()
    return [(slugify(line[3:]), line[3:]) for line in lines if line.startswith("## ")]


def _program(token: Token) -> Program:
    language, _, file = token.info.partition(" ")
    return Program(file, LANGUAGES.get(language, language), token.content)


def _add(found: list[Part], program: Program) -> None:
    """Beside the program before it, where that says the same in another language."""
    before = found[-1].programs if found else ()
    if before and program.language not in [each.language for each in before]:
        found[-1] = Part(NOTHING, (*before, program))
    else:
        found.append(Part(NOTHING, (program,)))


def _refine(tokens: list[Token]) -> None:
    """Give headings their ids, links to other guides their addresses, and cells the names of their columns."""
    columns: list[str] = []
    place = 0
    for number, token in enumerate(tokens):
        match token.type:
            case "heading_open":
                token.attrSet("id", slugify(tokens[number + 1].content))
            case "table_open":
                token.attrSet("class", "table stacked")
                columns = []
            case "th_open":
                columns.append(tokens[number + 1].content)
            case "tr_open":
                place = 0
            case "td_open":
                token.attrSet("data-label", columns[place])
                place += 1
                tokens[number + 1].children = [*_tag("<span>"), *(tokens[number + 1].children or ()), *_tag("</span>")]
            case "inline":
                for link in token.children or ():
                    if link.type == "link_open":
                        link.attrSet("href", _address(str(link.attrGet("href"))))


def _tag(html: str) -> list[Token]:
    return [Token("html_inline", "", 0, content=html)]


def _address(href: str) -> str:
    file, _, anchor = href.partition("#")
    slug = next((guide.slug for guide in GUIDES.values() if guide.file == file), None)
    if slug is None:
        return href
    return reverse("guide", args=[slug]) + (f"#{anchor}" if anchor else "")
