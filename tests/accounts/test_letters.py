"""Mails from one template: text as it is read, HTML made of it, and nothing of what strangers typed becomes markup."""

from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import allauth
import pytest
from django.conf import settings as django_settings
from django.core.mail import EmailMultiAlternatives
from django.utils import timezone

from accounts.letters import compose, tidy

ALLAUTHS = Path(allauth.__file__).parent / "templates"
KINDS = sorted(
    str(path.relative_to(ALLAUTHS))
    for app in ("account", "mfa", "usersessions")
    for path in (ALLAUTHS / app).glob("email/*_message.txt")
    if not path.name.startswith("base_")
)
LINK = "http://localhost:8000/somewhere/?a=1&b=2"
CONTEXT = {
    "activate_url": LINK, "password_reset_url": LINK, "signup_url": LINK, "timestamp": timezone.now(),
    "ip": "192.0.2.7", "device": "<b>Browser</b>", "from_email": "old@example.com", "to_email": "new@example.com",
    "deleted_email": "old@example.com",
}  # fmt: skip


class Tags(HTMLParser):
    """The tags of a page, with their attributes; whether all that were opened are closed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def html_of(mail: EmailMultiAlternatives) -> str:
    return str(mail.alternatives[0][0])


def letter(template: str, **more: Any) -> EmailMultiAlternatives:
    return compose("alice@example.com", template, {**CONTEXT, **more})


@pytest.mark.parametrize("kind", KINDS)
def test_every_mail_of_allauths_is_ours(kind: str) -> None:
    assert (django_settings.BASE_DIR / "templates" / kind).is_file()

    mail = letter(kind, code="ABC-123")

    assert 5 < len(mail.subject) < 60 and not mail.subject.endswith(".")
    text, page = str(mail.body), html_of(mail)
    assert "You get this because" in text and "You get this because" in page
    assert f"{django_settings.SITE_NAME}, {django_settings.PUBLIC_URL}/" in text
    assert "Hello from" not in text and "  " not in text and "{" not in text and "\n\n\n" not in text
    tags = Tags(page)
    assert tags.open == []
    assert {tag for tag, _ in tags.found} & {"img", "script", "table", "form", "iframe"} == set()
    assert [attrs["lang"] for tag, attrs in tags.found if tag == "html"] == ["en-GB"]
    assert "<b>" not in page
    assert all(len(line) <= 72 or line.startswith(("http", "- ")) for line in text.splitlines())


def test_address_becomes_a_button_with_the_line_above_on_it() -> None:
    mail = letter("account/email/password_reset_key_message.txt")

    assert f"Choose a new password:\n{LINK}\n" in mail.body
    buttons = [attrs for tag, attrs in Tags(html_of(mail)).found if tag == "a" and attrs.get("class") == "button"]
    assert [attrs["href"] for attrs in buttons] == [LINK]


def test_code_takes_the_place_of_the_address() -> None:
    mail = letter("account/email/email_confirmation_message.txt", code="ABCD-1234")

    assert "\nABCD-1234\n" in mail.body and LINK not in mail.body
    assert ">ABCD-1234</p>" in html_of(mail)


def test_what_a_stranger_typed_adds_no_link_and_no_paragraph() -> None:
    mail = letter("account/email/password_changed_message.txt", device="Log in: https://evil.example/")

    links = [attrs["href"] for tag, attrs in Tags(html_of(mail)).found if tag == "a"]
    assert not any("evil" in str(link) for link in links)


def test_lines_are_broken_at_72_and_addresses_never() -> None:
    address = "https://example.com/" + "a" * 100

    assert tidy(f"{'word ' * 20}\n\nGo there:\n{address}\n\n\n\n- one\n- two") == (
        f"{('word ' * 14).strip()}\n{('word ' * 6).strip()}\n\nGo there:\n{address}\n\n- one\n- two\n"
    )
