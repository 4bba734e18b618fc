"""The log of mails: staff sees how each went, and never what was in it."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from krea_site import mails
from krea_site.mails import log, post, smtp
from krea_site.models import Mail
from tests.staff import make_staff, staff_client

pytestmark = pytest.mark.django_db
SECRET = "01900000-0000-7000-8000-0000000005ec"


@pytest.fixture
def carol(db: None) -> Client:
    """Is staff, and logged in."""
    return staff_client(make_staff(email="carol@example.com"))


@pytest.fixture(autouse=True)
def rows(settings: Settings) -> None:
    settings.EMAIL_BACKEND = "krea_site.mails.backend.Rows"
    settings.EMAIL_URL = "smtp://mail.example"


def written(to: str = "alice@example.com") -> Mail:
    mails.send(to, "report", {"reason": "Other", "report_id": SECRET})
    return Mail.objects.order_by("-id")[0]


def refused(row: Mail, *, permanent: bool) -> None:
    mail = post.claim(row.pk)
    assert mail
    post.not_sent(mail, smtp.NotTaken("The server refused the address: 550 gone", "550", permanent=permanent))


def read(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def test_log_lists_each_mail_with_its_state_and_no_body(carol: Client) -> None:
    for name, permanent in (("tried", False), ("lost", True), ("new", None)):
        row = written(f"{name}@example.com")
        if permanent is not None:
            refused(row, permanent=permanent)

    page = read(carol, "/admin/mails/")

    assert page.index("new@") < page.index("lost@") < page.index("tried@")
    assert page.count(">waiting<") == 2 and page.count(">failed<") == 1
    assert SECRET not in page


@pytest.mark.parametrize(("state", "seen"), [("waiting", "tried@"), ("failed", "lost@"), ("sent", "No mail is in")])
def test_log_filters_by_state(carol: Client, state: str, seen: str) -> None:
    refused(written("tried@example.com"), permanent=False)
    refused(written("lost@example.com"), permanent=True)

    page = read(carol, f"/admin/mails/?state={state}")

    assert [word for word in ("tried@", "lost@", "No mail is in") if word in page] == [seen]


def test_log_goes_on_on_the_next_page(carol: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "ON_A_PAGE", 2)
    ids = [written(f"user{number}@example.com").pk for number in range(3)]

    first = read(carol, "/admin/mails/")
    second = read(carol, f"/admin/mails/?before={ids[1]}")

    assert ("user0@" in first, "user1@" in first, f"before={ids[1]}" in first) == (False, True, True)
    assert ("user0@" in second, "user1@" in second, "Older" in second) == (True, False, False)


@pytest.mark.parametrize("query", ["state=lost", "before=x"])
def test_page_that_there_is_not_is_not_found(carol: Client, query: str) -> None:
    assert carol.get(f"/admin/mails/?{query}").status_code == 404


def test_mail_shows_its_tries_and_not_its_text(carol: Client) -> None:
    row = written()
    refused(row, permanent=True)

    page = read(carol, f"/admin/mails/{row.pk}/")

    assert "The server refused the address: 550 gone" in page
    assert "alice@example.com" in page and "Send now" in page
    assert SECRET not in page and "Look at the report" not in page


def test_try_that_never_ended_says_what_that_means(carol: Client) -> None:
    row = written()
    post.claim(row.pk)

    assert "then the server may have the mail" in read(carol, f"/admin/mails/{row.pk}/")


def test_staff_sends_again_what_was_given_up(carol: Client) -> None:
    row = written()
    refused(row, permanent=True)

    answer: Any = carol.post(f"/admin/mails/{row.pk}/again", follow=True)

    assert "It is being sent." in answer.content.decode()
    assert Mail.objects.get().state == "waiting"


def test_mail_that_was_sent_is_not_sent_again(carol: Client) -> None:
    row = written()
    Mail.objects.update(sent_at=timezone.now(), text="", html="")

    answer: Any = carol.post(f"/admin/mails/{row.pk}/again", follow=True)

    assert "It cannot be sent" in answer.content.decode()
    assert "Send now" not in answer.content.decode()


@pytest.mark.parametrize("path", ["/admin/mails/", f"/admin/mails/{SECRET}/", f"/admin/mails/{SECRET}/again"])
def test_log_is_for_staff_alone(client: Client, mallory: Any, path: str) -> None:
    assert client.post(path).headers["Location"].startswith("/accounts/login/")

    client.force_login(mallory)
    assert client.post(path).status_code == 404
