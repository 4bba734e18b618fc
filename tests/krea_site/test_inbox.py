"""The local inbox: mails that nobody sent are read on this machine, and on no other."""

from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from pytest_django import Settings


@pytest.fixture
def mailbox(settings: Settings, tmp_path: Path) -> Path:
    """Mails go to files, as on a site without EMAIL_URL."""
    settings.MAIL_DIR = tmp_path
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.EMAIL_FILE_PATH = str(tmp_path)
    return tmp_path


def visit(client: Client, **more: Any) -> Any:
    return client.get("/inbox/", **more)


def test_mail_is_shown_with_its_link(client: Client, mailbox: Path) -> None:
    link = "http://localhost:8000/accounts/confirm-email/abc:def/"
    mail.send_mail("Bitte bestätigen", f"Confirm here:\n{link}\n", "site@example.com", ["zoë@example.com"])

    page = visit(client).content.decode()

    assert "<h2>Bitte bestätigen</h2>" in page
    assert f'<a href="{link}" rel="nofollow">' in page
    assert "zoë@example.com" in page


def test_newest_mail_comes_first_and_all_of_one_connection_are_there(client: Client, mailbox: Path) -> None:
    first, second = (mail.EmailMessage(f"Mail {number}", "text", to=["a@example.com"]) for number in (1, 2))
    first.extra_headers = {"Date": "Sat, 21 Nov 2026 08:00:00 +0000"}
    second.extra_headers = {"Date": "Sat, 21 Nov 2026 09:00:00 +0000"}
    mail.get_connection().send_messages([first, second])

    page = visit(client).content.decode()

    assert 0 < page.index("Mail 2") < page.index("Mail 1")


def test_markup_in_a_mail_stays_text(client: Client, mailbox: Path) -> None:
    mail.send_mail("<script>alert(1)</script>", "<img src=x onerror=alert(1)>", None, ["a@example.com"])

    page = visit(client).content.decode()

    assert "<script>" not in page and "<img" not in page
    assert "&lt;script&gt;" in page


def test_empty_inbox_says_so_before_the_first_mail(client: Client, settings: Settings, tmp_path: Path) -> None:
    settings.MAIL_DIR = tmp_path / "not made yet"

    page = visit(client)

    assert page.status_code == 200
    assert "Nothing yet" in page.content.decode()


def test_inbox_is_not_cached(client: Client, mailbox: Path) -> None:
    assert "no-store" in visit(client).headers["Cache-Control"]


@pytest.mark.parametrize(
    "more",
    [
        {"REMOTE_ADDR": "192.0.2.7"},
        {"REMOTE_ADDR": ""},
        {"headers": {"X-Forwarded-For": "127.0.0.1"}},
        {"headers": {"Forwarded": "for=127.0.0.1"}},
        {"headers": {"Host": "evil.example"}},
    ],
)
def test_inbox_is_for_this_machine_alone(client: Client, mailbox: Path, more: dict[str, Any]) -> None:
    mail.send_mail("Secret", "link", None, ["a@example.com"])

    answer = visit(client, **more)

    assert answer.status_code in (400, 404)
    assert "Secret" not in answer.content.decode()


@pytest.mark.parametrize("public", [{"IS_PUBLIC": True}, {"EMAIL_URL": "smtp://mail.example"}])
def test_there_is_no_inbox_where_mail_is_sent(
    client: Client, mailbox: Path, settings: Settings, public: dict[str, Any]
) -> None:
    for name, value in public.items():
        setattr(settings, name, value)

    assert visit(client).status_code == 404
