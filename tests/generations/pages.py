"""Reads a page as a browser without scripts would: its text, and what its form would send."""

import io
import re
from dataclasses import dataclass, field
from html import unescape
from html.parser import HTMLParser
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from PIL import Image as Pillow

from billing.models import Price, Unit
from generations import references
from generations.models import Upload

HTMX = {"HX-Request": "true"}
GENERATE = {"do": "generate"}
BLOCKS = {"dt", "dd", "div", "p", "li", "td", "th", "tr", "h1", "h2", "h3", "option", "label", "legend"}


@dataclass
class Page:
    """`fields`: what pressing a button of the form `form_id` would send, but for the button itself; `buttons`: its
    (name, value) pairs; `images`: attributes of every picture; `by_id`: attributes of every element with an id."""

    form_id: str
    text: str = ""
    fields: dict[str, str] = field(default_factory=dict)
    buttons: list[tuple[str, str]] = field(default_factory=list)
    images: list[dict[str, str]] = field(default_factory=list)
    by_id: dict[str, dict[str, str]] = field(default_factory=dict)
    invalid: set[str] = field(default_factory=set)


def read(response: Any, form_id: str = "studio-form") -> Page:
    """The page in a response, status and all."""
    reader = _Reader(form_id)
    reader.feed(response.content.decode())
    reader.page.text = re.sub(r"\s+", " ", reader.page.text)
    return reader.page


def upload_of(user: Any, data: bytes | None = None) -> Upload:
    """A picture that is kept as a style reference."""
    [kept] = references.keep(user, [data or picture().read()]).uploads
    assert isinstance(kept, Upload), kept
    return kept


def logged_in(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def open_form(client: Client, query: str = "") -> dict[str, Any]:
    """What the studio's form holds when it is opened."""
    return dict(read(client.get(f"/studio/{query}")).fields)


def send(client: Client, fields: dict[str, Any]) -> Any:
    """Press a button of the studio's form."""
    return client.post("/studio/", fields)


def hrefs(client: Client, address: str, words: str) -> list[str]:
    """Where the links of these words lead, on the page of an address."""
    body = client.get(address).content.decode()
    parts = [part for part in body.split('href="')[1:] if words in part.partition("</a>")[0]]
    return [unescape(part.partition('"')[0]) for part in parts]


def picture(colour: str = "red", name: str = "a.png") -> SimpleUploadedFile:
    file = io.BytesIO()
    Pillow.new("RGB", (64, 48), colour).save(file, "PNG")
    return SimpleUploadedFile(name, file.getvalue(), "image/png")


def raise_price(item: str, amount: int) -> None:
    Price.objects.create(item=item, unit=Unit.IMAGE, amount=amount, cost_microusd=1, holds_from=timezone.now())


class _Reader(HTMLParser):
    def __init__(self, form_id: str) -> None:
        super().__init__()
        self.page = Page(form_id)
        self._in_form = self._fragment = False
        self._select = self._textarea = ""
        self._silent = self._asleep = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        if tag == "template":
            self._asleep += 1
        if self._asleep:
            return
        if told.get("id"):
            self.page.by_id[told["id"]] = told
        if told.get("aria-invalid") == "true":
            self.page.invalid.add(told.get("name", ""))
        if tag == "form":
            self._in_form = told.get("id") == self.page.form_id
        elif tag == "img":
            self.page.images.append(told)
        elif tag in ("script", "style"):
            self._silent += 1
        if self._in_form:
            self._control(tag, told)

    def _control(self, tag: str, told: dict[str, str]) -> None:
        name, fields = told.get("name", ""), self.page.fields
        if tag == "input" and name:
            kind = told.get("type", "text")
            if kind in ("radio", "checkbox"):
                if "checked" in told:
                    fields[name] = told.get("value", "on")
            elif kind != "file":
                fields[name] = told.get("value", "")
        elif tag == "textarea":
            self._textarea = name
            fields[name] = ""
        elif tag == "select":
            self._select = name
        elif tag == "option" and ("selected" in told or self._select not in fields):
            fields[self._select] = told.get("value", "")
        elif tag == "button" and name:
            self.page.buttons.append((name, told.get("value", "")))

    def handle_endtag(self, tag: str) -> None:
        if tag == "template":
            self._asleep -= 1
        if self._asleep:
            return
        if tag in BLOCKS:
            self.page.text += " "
        if tag == "form":
            self._in_form = False
        elif tag == "textarea" and self._textarea:
            # A browser drops the one line break after the tag.
            self.page.fields[self._textarea] = self.page.fields[self._textarea].removeprefix("\n")
            self._textarea = ""
        elif tag in ("script", "style"):
            self._silent -= 1

    def handle_data(self, data: str) -> None:
        if self._asleep:
            return
        if self._textarea:
            self.page.fields[self._textarea] += data
        if not self._silent:
            self.page.text += data
