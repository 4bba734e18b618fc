"""Passwords: forgotten, chosen anew, changed; and every other session ends with the old one."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from allauth.account.models import EmailAddress
from django.core import mail
from django.test import Client
from django.utils import timezone

from tests.accounts.conftest import LOGIN, PASSWORD, confirmed, letters, link, logged_in, text, with_app

RESET, DONE, CHANGE = "/accounts/password/reset/", "/accounts/password/reset/done/", "/accounts/password/change/"
FRESH = "another long password 8"


def ask(email: str, client: Client | None = None) -> Any:
    return (client or Client()).post(RESET, {"email": email})


def key_link() -> str:
    return link(r"/accounts/password/reset/key/[^\s]+")


def change(client: Client, old: str = PASSWORD, new: str = FRESH) -> Any:
    return client.post(CHANGE, {"oldpassword": old, "password1": new})


def test_forgotten_password_is_chosen_anew_and_ends_every_session(alice: Any, hers: Client) -> None:
    client = Client()
    ask(alice.email, client)
    page = client.get(key_link(), follow=True)
    form = page.redirect_chain[-1][0]
    assert "set-password" in form and 'value="alice@example.com" hidden' in text(page)

    done = client.post(form, {"password1": FRESH}, follow=True)

    assert "Your new password is saved" in text(done)
    assert client.get("/studio/").status_code == 302, "the second factor is still to be asked for"
    assert hers.get("/studio/").status_code == 302
    assert "no account" in text(client.post(LOGIN, {"login": alice.email, "password": PASSWORD}))
    assert logged_in(alice, FRESH).get("/studio/").status_code == 200
    assert letters(alice.email) == ["Choose a new password", "Your password was changed"]


def test_link_works_once_for_two_hours_and_until_a_newer_password(alice: Any) -> None:
    ask(alice.email)
    address = key_link()

    with time_machine.travel(timezone.now() + timedelta(hours=2, minutes=1)):
        assert "This link does not work" in text(Client().get(address, follow=True))
    client = Client()
    form = client.get(address, follow=True).redirect_chain[-1][0]
    client.post(form, {"password1": FRESH})
    assert "This link does not work" in text(Client().get(address, follow=True))
    assert "This link does not work" in text(Client().get("/accounts/password/reset/key/1-abc-def/", follow=True))


def test_unknown_address_gets_the_same_answer_and_a_mail_too(alice: Any) -> None:
    known, unknown = Client(), Client()

    answers = [ask(alice.email, known), ask("nobody@example.com", unknown)]

    assert [(each.status_code, each.headers["Location"]) for each in answers] == [(302, DONE)] * 2
    assert text(known.get(DONE)) == text(unknown.get(DONE))
    assert (letters(alice.email), letters("nobody@example.com")) == (
        ["Choose a new password"],
        ["There is no account for this address"],
    )


def test_closed_account_is_as_unknown(alice: Any) -> None:
    alice.is_active = False
    alice.save()

    ask(alice.email)

    assert letters(alice.email) == ["There is no account for this address"]


def test_address_that_was_only_wished_for_gets_no_key_to_the_account(alice: Any) -> None:
    EmailAddress.objects.create(user=alice, email="other@example.com", verified=False)

    ask("other@example.com")

    assert letters("other@example.com") == ["There is no account for this address"]


@pytest.mark.parametrize("email", ["alice@example.com", "nobody@example.com"])
def test_one_mailbox_gets_five_mails_an_hour(alice: Any, email: str) -> None:
    with time_machine.travel("2026-11-21 12:00:00+00:00", tick=False) as clock:
        for _ in range(5):
            assert ask(email).status_code == 302
        clock.shift(120)
        page = ask(email)

    assert (page.status_code, page.headers["Retry-After"]) == (429, "3480")
    assert "Try again in 58 minutes." in text(page)
    assert len(letters(email)) == 5


def test_change_keeps_this_session_and_ends_the_others(alice: Any, hers: Client) -> None:
    phone = logged_in(alice)

    answer = change(hers)

    assert answer.headers["Location"] == "/accounts/"
    assert "Your password was changed." in text(hers.get("/accounts/"))
    assert phone.get("/accounts/").status_code == 302
    assert letters(alice.email) == ["Your password was changed"]


def test_change_wants_the_current_one_and_says_what_is_wrong(alice: Any, hers: Client) -> None:
    page = text(change(hers, old="not it", new="short"))

    assert "This is not your current password." in page and "at least 10 characters" in page
    assert 'autocomplete="current-password"' in page and 'autocomplete="new-password"' in page
    alice.refresh_from_db()
    assert alice.check_password(PASSWORD)
    assert mail.outbox == []


@pytest.mark.usefixtures("_clock_stands_still")
def test_guessing_the_current_one_is_stopped(hers: Client) -> None:
    answers = [change(hers, old="guess").status_code for _ in range(6)]

    assert answers == [200] * 5 + [429]


def test_who_has_a_second_factor_shows_it_before_changing(alice: Any, hers: Client) -> None:
    with_app(alice)

    answer = change(hers)

    assert answer.headers["Location"] == "/accounts/2fa/reauthenticate/?next=%2Faccounts%2Fpassword%2Fchange%2F"
    alice.refresh_from_db()
    assert alice.check_password(PASSWORD)
    assert FRESH not in str(dict(hers.session.items())), "what was typed is not kept"


def test_account_without_a_password_chooses_one(alice: Any, hers: Client) -> None:
    confirmed(hers)
    hers.force_login(alice)
    alice.set_unusable_password()
    alice.save()
    hers.force_login(alice)

    assert hers.get(CHANGE).headers["Location"] == "/accounts/password/set/"
    answer = hers.post("/accounts/password/set/", {"password1": FRESH})

    assert answer.headers["Location"] == "/accounts/"
    assert logged_in(alice, FRESH)
