"""Signing up: a mailbox is shown to be one's own, once, and nobody learns who else has an account."""

import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from allauth.account.models import EmailAddress
from django.core import mail
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from tests.accounts.conftest import LOGIN, PASSWORD, letters, link, text
from tests.hashers import Quick

SIGNUP = "/accounts/signup/"
SENT = "/accounts/confirm-email/"


def sign_up(client: Client, email: str = "new@example.com", password: str = PASSWORD) -> Any:
    return client.post(SIGNUP, {"email": email, "password1": password})


def test_sign_up_confirm_and_one_is_in(client: Client, db: None) -> None:
    answer = sign_up(client)
    assert (answer.status_code, answer.headers["Location"]) == (302, SENT)
    assert "Look into your mailbox" in client.get(SENT).content.decode()
    assert client.get("/studio/").status_code == 302

    address = link(r"/accounts/confirm-email/[^\s/]+/")
    page = client.get(address).content.decode()
    assert "new@example.com" in page and "<button" in page
    assert not EmailAddress.objects.get().verified, "opening the link is not confirming: mail scanners open links"
    answer = client.post(address)

    assert answer.headers["Location"] == "/studio/"
    assert EmailAddress.objects.get(email="new@example.com").verified
    assert client.get("/studio/").status_code == 200


def test_confirmation_in_another_browser_logs_nobody_in(client: Client, db: None) -> None:
    sign_up(client)

    elsewhere = Client()
    answer = elsewhere.post(link(r"/accounts/confirm-email/[^\s/]+/"))

    assert answer.headers["Location"] == LOGIN
    assert "new@example.com is confirmed." in elsewhere.get(LOGIN).content.decode()
    answer = elsewhere.post(LOGIN, {"login": "NEW@example.com", "password": PASSWORD})
    assert answer.headers["Location"] == "/studio/"


def test_link_works_once_and_for_three_days(client: Client, db: None) -> None:
    sign_up(client)
    address = link(r"/accounts/confirm-email/[^\s/]+/")

    with time_machine.travel(timezone.now() + timedelta(days=3, minutes=1)):
        page = client.get(address)
    assert page.status_code == 200 and "This link does not work" in page.content.decode()
    assert Client().post(address).status_code == 302
    assert "This link does not work" in Client().get(address).content.decode()
    assert Client().post(address).status_code == 404
    assert "This link does not work" in Client().get("/accounts/confirm-email/nonsense/").content.decode()


def test_who_has_not_confirmed_cannot_log_in_and_gets_the_mail_again(client: Client, db: None) -> None:
    sign_up(client)
    mail.outbox.clear()

    with time_machine.travel(timezone.now() + timedelta(minutes=4)):
        answer = Client().post(LOGIN, {"login": "new@example.com", "password": PASSWORD})

    assert answer.headers["Location"] == SENT
    assert letters("new@example.com") == ["Confirm your e-mail address"]


def test_address_with_an_account_gets_the_same_answer_and_its_owner_a_mail(alice: Any) -> None:
    stranger, known = Client(), Client()

    answers = [sign_up(stranger, "stranger@example.com"), sign_up(known, alice.email)]

    assert [(each.status_code, each.headers["Location"]) for each in answers] == [(302, SENT)] * 2
    assert answers[0].cookies.keys() == answers[1].cookies.keys()
    assert text(stranger.get(SENT)) == text(known.get(SENT))
    assert letters("stranger@example.com") == ["Confirm your e-mail address"]
    assert letters(alice.email) == ["You already have an account"]
    assert User.objects.filter(email=alice.email).count() == 1


@pytest.mark.usefixtures("_clock_stands_still")
def test_asking_again_at_once_tells_nothing_either(alice: Any) -> None:
    sign_up(Client(), "stranger@example.com")
    sign_up(Client(), alice.email)
    stranger, known, third = Client(), Client(), Client()

    for client, email in ((stranger, "stranger@example.com"), (known, alice.email), (third, "third@example.com")):
        assert sign_up(client, email).headers["Location"] == SENT

    assert text(stranger.get(SENT)) == text(known.get(SENT)) == text(third.get(SENT))
    assert len(letters(alice.email)) == len(letters("stranger@example.com")) == 1


def test_refused_password_is_refused_alike(alice: Any) -> None:
    pages = [sign_up(Client(), email, "short") for email in (alice.email, "somex@example.com")]

    assert [each.status_code for each in pages] == [200, 200]
    assert text(pages[0]).replace(alice.email, "") == text(pages[1]).replace("somex@example.com", "")


def test_address_that_somebody_else_wishes_to_change_to_can_still_sign_up(alice: Any, client: Client) -> None:
    EmailAddress.objects.create(user=alice, email="new@example.com", verified=False)

    sign_up(client)
    answer = client.post(link(r"/accounts/confirm-email/[^\s/]+/"))

    assert answer.headers["Location"] == "/studio/"
    user = User.objects.get(email="new@example.com")
    assert EmailAddress.objects.get(user=user, email="new@example.com", verified=True).primary


def test_same_person_twice_at_once_is_one_account(client: Client, db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the password of one is hashed, the other is done."""
    encode = Quick.encode

    def slow(self: Quick, *args: Any) -> str:
        monkeypatch.undo()
        User.objects.create_user("new@example.com", PASSWORD)
        return encode(self, *args)

    monkeypatch.setattr(Quick, "encode", slow)
    answer = sign_up(client)

    assert (answer.status_code, answer.headers["Location"]) == (302, SENT)
    assert letters("new@example.com") == ["You already have an account"]
    assert User.objects.count() == 1


@pytest.mark.parametrize(
    ("email", "password", "said"),
    [
        ("", PASSWORD, "Enter your e-mail address."),
        ("nobody", PASSWORD, "Enter an e-mail address such as name@example.com."),
        ("new@example.com", "", "Choose a password."),
        ("new@example.com", "tooshort7", "at least 10 characters"),
        ("new@example.com", "password1234", "too common"),
        ("wilhelmine@example.com", "wilhelmine1", "too similar to the e-mail address"),
        ("new@example.com", "x" * 1001, "at most 1000 characters"),
    ],
)
def test_what_is_wrong_is_said_and_linked_to_its_field(
    client: Client, db: None, email: str, password: str, said: str
) -> None:
    page = sign_up(client, email, password).content.decode()

    error = re.search(r'<div class="error" id="(id_\w+_error)">(.*?)</div>', page, re.S)
    assert error and said in error[2]
    field = re.search(rf'<input[^>]*aria-describedby="[^"]*{error[1]}[^"]*"[^>]*>', page)
    assert field and 'aria-invalid="true"' in field[0] and "autofocus" in field[0]
    assert not User.objects.exists()


def test_rules_are_told_before_and_password_managers_know_the_fields(client: Client, db: None) -> None:
    page = client.get(SIGNUP).content.decode()

    assert "At least 10 characters" in page
    assert re.search(r'<input[^>]*type="email"[^>]*autocomplete="username"', page)
    assert re.search(r'<input[^>]*type="password"[^>]*autocomplete="new-password"', page)
    assert page.count('type="password"') == 1


def test_sign_up_can_be_closed(client: Client, db: None, settings: Settings) -> None:
    settings.SIGNUP_OPEN = False

    assert "Sign-up is closed" in client.get(SIGNUP).content.decode()
    assert "Sign-up is closed" in sign_up(client).content.decode()
    assert not User.objects.exists()


def test_links_in_mails_have_the_sites_own_name(client: Client, db: None, settings: Settings) -> None:
    settings.PUBLIC_URL = "https://shop.example"

    client.post(SIGNUP, {"email": "new@example.com", "password1": PASSWORD}, headers={"Host": "127.0.0.1"})

    assert "https://shop.example/accounts/confirm-email/" in str(mail.outbox[0].body)
    assert "127.0.0.1" not in str(mail.outbox[0].body)


def test_inbox_is_offered_where_mails_stay_here(client: Client, db: None) -> None:
    sign_up(client)

    assert 'href="/inbox/"' in client.get(SENT).content.decode()
    assert 'href="/inbox/"' not in client.get(SENT, headers={"X-Forwarded-For": "192.0.2.1"}).content.decode()
