"""The local inbox: mails that nobody sent are read on this machine, and on no other."""

from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from krea_site.mails import post
from krea_site.models import Mail

pytestmark = pytest.mark.django_db


@pytest.fixture
def mailbox(settings: Settings) -> None:
    """Mails become rows, as on a site without EMAIL_URL."""
    settings.EMAIL_BACKEND = "krea_site.mails.backend.Rows"


def visit(client: Client, **more: Any) -> Any:
    return client.get("/inbox/", **more)


def test_mail_is_shown_with_its_link(client: Client, mailbox: None) -> None:
    link = "http://localhost:8000/accounts/confirm-email/abc:def/"
    mail.send_mail("Bitte bestätigen", f"Confirm here:\n{link}\n", "site@example.com", ["zoë@example.com"])

    page = visit(client).content.decode()

    assert "<h2>Bitte bestätigen</h2>" in page
    assert f'<a href="{link}" rel="nofollow">' in page
    assert "zoë@example.com" in page


def test_newest_mail_comes_first_and_all_of_one_connection_are_there(client: Client, mailbox: None) -> None:
    mail.get_connection().send_messages(
        [mail.EmailMessage(f"Mail {number}", "text", to=["a@example.com"]) for number in (1, 2)]
    )

    page = visit(client).content.decode()

    assert 0 < page.index("Mail 2") < page.index("Mail 1")


def test_mail_counts_as_sent_and_is_left_alone(client: Client, mailbox: None) -> None:
    mail.send_mail("Hello", "text", None, ["a@example.com"])

    post.sweep()
    post.deliver(Mail.objects.get().pk)

    row = Mail.objects.get()
    assert (row.state, row.tries, row.text) == ("sent", 0, "text")


def test_text_that_was_wiped_is_missed(client: Client, mailbox: None) -> None:
    mail.send_mail("Hello", "the text", None, ["a@example.com"])

    post.prune(timezone.now() + timedelta(days=8))

    page = visit(client).content.decode()
    assert "the text" not in page and "wiped" in page


def test_markup_in_a_mail_stays_text(client: Client, mailbox: None) -> None:
    mail.send_mail("<script>alert(1)</script>", "<img src=x onerror=alert(1)>", None, ["a@example.com"])

    page = visit(client).content.decode()

    assert "<script>" not in page and "<img" not in page
    assert "&lt;script&gt;" in page


def test_empty_inbox_says_so_before_the_first_mail(client: Client) -> None:
    page = visit(client)

    assert page.status_code == 200
    assert "Nothing yet" in page.content.decode()


def test_inbox_is_not_cached(client: Client, mailbox: None) -> None:
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
def test_inbox_is_for_this_machine_alone(client: Client, mailbox: None, more: dict[str, Any]) -> None:
    mail.send_mail("Secret", "link", None, ["a@example.com"])

    answer = visit(client, **more)

    assert answer.status_code in (400, 404)
    assert "Secret" not in answer.content.decode()


@pytest.mark.parametrize("public", [{"IS_PUBLIC": True}, {"EMAIL_URL": "smtp://mail.example"}])
def test_there_is_no_inbox_where_mail_is_sent(
    client: Client, mailbox: None, settings: Settings, public: dict[str, Any]
) -> None:
    for name, value in public.items():
        setattr(settings, name, value)

    assert visit(client).status_code == 404
