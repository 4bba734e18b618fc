"""A visitor who follows links and forms over real HTTP, as a browser without scripts does."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Self
from urllib.parse import urljoin

import httpx

VOID = ("input", "meta", "link", "br")


@dataclass
class Element:
    """One element, with all text inside it."""

    tag: str
    attributes: dict[str, str]
    form: int | None
    text: str = ""

    @property
    def words(self) -> str:
        return " ".join(self.text.split())


@dataclass
class Page(HTMLParser):
    """What a page says (`text`), its elements, and which form each belongs to."""

    source: str
    elements: list[Element] = field(default_factory=list)
    text: str = ""

    def __post_init__(self) -> None:
        super().__init__()
        self._open: list[Element] = []
        self._form: int | None = None
        self.feed(self.source)
        self.text = " ".join(self.text.split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs}, self._form)
        if tag == "form":
            element.form = self._form = len(self.elements)
        self.elements.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        while self._open and self._open.pop().tag != tag:
            pass

    def handle_data(self, data: str) -> None:
        self.text += f" {data}"
        for element in self._open:
            element.text += data

    def form_of(self, element: Element) -> int | None:
        """The form it is in, or the one that it names."""
        named = element.attributes.get("form")
        found = (one.form for one in self.elements if one.tag == "form" and one.attributes.get("id") == named)
        return next(found) if named else element.form


class Visitor:
    """At one page of one site; `went_to` is where the last answer sent a browser that leaves the site."""

    def __init__(self, url: str) -> None:
        self._client = httpx.Client(base_url=url, timeout=20, trust_env=False)
        self.url, self.page, self.status, self.went_to = url, Page(""), 0, ""
        self.headers: httpx.Headers = httpx.Headers()
        self._typed: dict[str, str] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    @property
    def text(self) -> str:
        return self.page.text

    def open(self, address: str) -> Self:
        return self._arrive(self._client.get(urljoin(self.url, address)))

    def follow(self, words: str) -> Self:
        """Click the link with these words."""
        return self.open(self.link(words))

    def link(self, words: str) -> str:
        """Where the link with these words leads."""
        links = [one for one in self.page.elements if one.tag == "a" and one.words == words]
        return links[0].attributes["href"]

    def fill(self, **typed: str) -> Self:
        """Type into fields, by name; for a tick, "1" or nothing."""
        known = {one.attributes.get("name") for one in self.page.elements}
        assert typed.keys() <= known, f"no field {typed.keys() - known}"
        self._typed |= typed
        return self

    def press(self, words: str, *, at: int = 0) -> Self:
        """Press the button with these words, the first or a later one."""
        found = [one for one in self.page.elements if one.tag == "button" and name_of(one) == words]
        button = found[at]
        form = self.page.form_of(button)
        assert form is not None
        target = urljoin(self.url, self.page.elements[form].attributes.get("action") or self.url)
        sent = self._values(form)
        if "name" in button.attributes:
            sent[button.attributes["name"]] = button.attributes.get("value", "")
        return self._arrive(self._client.post(target, data=sent))

    def value(self, name: str) -> str:
        """What stands in this field."""
        found = next(one for one in self.page.elements if one.attributes.get("name") == name)
        return self._values(self.page.form_of(found) or 0).get(name, "")

    def _values(self, form: int) -> dict[str, str]:
        """What this form would send, as typed or as it came."""
        sent: dict[str, str] = {}
        chooser = ""
        for one in self.page.elements:
            name = one.attributes.get("name", chooser if one.tag == "option" else "")
            if self.page.form_of(one) != form or not name or one.tag == "button":
                continue
            if one.tag == "select":
                chooser = name
                sent[name] = ""
            elif one.tag == "option":
                if "selected" in one.attributes or not sent[name]:
                    sent[name] = one.attributes["value"]
            elif one.attributes.get("type") in ("checkbox", "radio"):
                if "checked" in one.attributes:
                    sent[name] = one.attributes["value"]
            elif one.attributes.get("type") != "submit":
                sent[name] = one.attributes.get("value", "")
        known = {one.attributes.get("name") for one in self.page.elements if self.page.form_of(one) == form}
        sent |= {name: value for name, value in self._typed.items() if name in known}
        return {name: value for name, value in sent.items() if value or name not in self._typed}

    def _arrive(self, answer: httpx.Response) -> Self:
        self._typed, self.went_to = {}, ""
        while answer.is_redirect:
            target = urljoin(str(answer.url), answer.headers["location"])
            if httpx.URL(target).netloc != httpx.URL(self.url).netloc:
                self.went_to = target
                break
            answer = self._client.get(target)
        self.url, self.status, self.headers = str(answer.url), answer.status_code, answer.headers
        self.page = Page(answer.text if "html" in answer.headers.get("content-type", "") else "")
        return self


def name_of(button: Element) -> str:
    return button.attributes.get("aria-label") or button.words
