"""The design keeps its word: contrast in both schemes, colours in tokens alone, one stylesheet with no dead rule."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
STYLESHEET = ROOT / "static" / "css" / "site.css"
OF_THE_DASHBOARD = ROOT / "static" / "css" / "dashboard.css"  # stands on the other one, for the pages of staff alone
FRAME = ("unfold", "admin")  # folders of templates with Unfold's classes, which have their rules in its stylesheet
HOOKS = {"announcement", "generate", "position"}  # classes without a rule: names for scripts and tests
COMPUTED = ("count-", "curve-", "htmx-")  # classes that no file writes out: by a template's number, by htmx
MAILS = ("mail", "email")  # folders of mail templates: mail programs know no stylesheet
READABLE, VISIBLE = 4.5, 3.0  # WCAG 2.2, 1.4.3 and 1.4.11

WORDS_ON = {
    "text": ["ground", "surface", "sunken", "frame", "frame-lit", "good-soft", "warn-soft", "bad-soft", "accent-soft"],
    "muted": ["ground", "surface", "sunken", "frame", "frame-lit"],
    "on-primary": ["primary", "primary-hover"],
    "accent": ["ground", "surface", "accent-soft"],
    "good": ["ground", "surface", "good-soft"],
    "warn": ["ground", "surface", "warn-soft"],
    "bad": ["ground", "surface", "bad-soft"],
}
SHAPES_ON = {
    "line-strong": ["ground", "surface", "sunken"],
    "accent": ["ground", "surface", "sunken", "good-soft", "warn-soft", "bad-soft"],
    "primary": ["ground", "surface", "frame"],
    "part-1": ["ground", "surface"],
    "part-2": ["ground", "surface"],
    "part-3": ["ground", "surface"],
    "part-4": ["ground", "surface"],
}


@cache
def css() -> str:
    return re.sub(r"/\*.*?\*/", "", STYLESHEET.read_text(), flags=re.DOTALL)


@cache
def tokens(scheme: str) -> dict[str, str]:
    """Every token with its value; the dark ones stand on top of the light ones."""
    light, dark = re.findall(r":root \{(.*?)\}", css(), re.DOTALL)[:2]
    found = dict(re.findall(r"--([\w-]+): ([^;]+);", light))
    return found | dict(re.findall(r"--([\w-]+): ([^;]+);", dark)) if scheme == "dark" else found


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, light = sorted([luminance(one), luminance(other)])
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("pairs", "least"), [(WORDS_ON, READABLE), (SHAPES_ON, VISIBLE)], ids=["words", "shapes"])
def test_contrast_is_enough(scheme: str, pairs: dict[str, list[str]], least: float) -> None:
    value = tokens(scheme)
    weak = [
        f"{front} on {ground}: {contrast(value[front], value[ground]):.2f}"
        for front, grounds in pairs.items()
        for ground in grounds
        if contrast(value[front], value[ground]) < least
    ]

    assert weak == []


def test_every_colour_is_checked_or_is_a_ground() -> None:
    colours = {name for name, value in tokens("light").items() if value.startswith("#")}
    checked = {*WORDS_ON, *SHAPES_ON}.union(*WORDS_ON.values(), *SHAPES_ON.values())

    assert colours - checked == {"line"}  # it only parts what space parts already


def test_every_colour_has_a_dark_twin() -> None:
    light, dark = tokens("light"), tokens("dark")

    assert [name for name, value in light.items() if value.startswith("#") and dark[name] == value] == []


def test_colours_stand_in_tokens_alone() -> None:
    rules = re.sub(r":root \{.*?\}", "", css(), flags=re.DOTALL)

    assert re.findall(r"[^\n]*(?:#[0-9a-fA-F]{3,8}\b|\bhsla?\()[^\n]*;", rules) == []


def test_every_token_is_defined_and_used() -> None:
    used = set(re.findall(r"var\(--([\w-]+)", css()))

    assert sorted(used - tokens("light").keys()) == []
    assert sorted(tokens("light").keys() - used) == []


def test_browsers_frame_has_the_colour_of_the_head() -> None:
    document = (ROOT / "templates" / "parts" / "document.html").read_text()

    for scheme in ("light", "dark"):
        assert f'media="(prefers-color-scheme: {scheme})" content="{tokens(scheme)["surface"]}"' in document


def templates() -> Iterator[Path]:
    for path in sorted((ROOT / "templates").rglob("*.html")):
        if not set(MAILS) & set(path.relative_to(ROOT).parts):
            yield path


INLINE = re.compile(
    r"<style|\sstyle=|<script(?![^>]*\bsrc=)(?![^>]*type=\"application/(?:json|ld\+json)\")|\son[a-z]+=[\"']|javascript:",
    re.IGNORECASE,
)


def test_no_template_has_style_or_script_in_it() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}: {found}"
        for path in templates()
        for found in INLINE.findall(re.sub(r"\{[%#].*?[%#]\}", "", path.read_text()))
    ]

    assert wrong == []


def test_stylesheet_fetches_nothing() -> None:
    assert re.findall(r"@import|url\(", css()) == []


def classes_in_stylesheet() -> set[str]:
    both = css() + re.sub(r"/\*.*?\*/", "", OF_THE_DASHBOARD.read_text(), flags=re.DOTALL)
    selectors = re.findall(r"([^{};]+)\{", both)
    return {name for each in selectors for name in re.findall(r"\.([a-zA-Z][\w-]*)", each)}


def classes_in_templates() -> Iterator[tuple[str, str]]:
    """(class, template) for every class that a template writes out; a computed one is left out."""
    for path in templates():
        if path.relative_to(ROOT).parts[1] in FRAME:
            continue
        text = re.sub(r"\{\{.*?\}\}", "?", re.sub(r"\{[%#].*?[%#]\}", " ", path.read_text()))
        for value in re.findall(r'\sclass="([^"]*)"', text):
            for name in re.findall(r"(?<![^\s])[a-zA-Z][\w-]*(?![^\s])", value):
                if not name.endswith("-"):
                    yield name, str(path.relative_to(ROOT))


def test_colours_of_the_dashboard_are_tokens_too() -> None:
    rules = re.sub(r":root \{.*?\}", "", OF_THE_DASHBOARD.read_text(), flags=re.DOTALL)

    assert re.findall(r"[^\n]*(?:#[0-9a-fA-F]{3,8}\b|\bhsla?\()[^\n]*;", rules) == []
    assert set(re.findall(r"var\(--([\w-]+)", rules)) - tokens("light").keys() == set()


def test_every_class_of_a_template_has_a_rule() -> None:
    known = classes_in_stylesheet() | HOOKS

    assert sorted(f"{path}: {name}" for name, path in classes_in_templates() if name not in known) == []


def test_every_class_of_the_stylesheet_is_in_use() -> None:
    folders = ("templates", "static/js", "accounts", "billing", "generations", "partners", "krea_site")
    files = [
        path for folder in folders for path in (ROOT / folder).rglob("*") if path.suffix in (".html", ".js", ".py")
    ]
    words = set(re.findall(r"[a-zA-Z][\w-]*", "\n".join(path.read_text() for path in files)))
    unused = {name for name in classes_in_stylesheet() - words if not name.startswith(COMPUTED)}

    assert sorted(unused) == []
