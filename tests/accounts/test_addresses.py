"""Changing one's address: confirmed at the new one, told to the old one, and nobody else is harmed by a wish."""

from typing import Any

import time_machine
from allauth.account.models import EmailAddress
from django.core import mail
from django.test import Client

from accounts.models import User
from tests.accounts.conftest import confirmed, letters, link, logged_in, member, text

EMAIL, CHANGE = "/accounts/email/", "/accounts/email/change/"
NEW = "new@example.com"


def wish(client: Client, email: str = NEW) -> Any:
    return client.post(CHANGE, {"email": email})


def confirm_link() -> str:
    return link(r"/accounts/confirm-email/[^\s/]+/")


def test_address_changes_when_the_new_mailbox_confirms(alice: Any, hers: Client) -> None:
    confirmed(hers)

    answer = wish(hers)
    assert answer.headers["Location"] == EMAIL
    page = text(hers.get(EMAIL))
    assert "We sent a mail to new@example.com." in page and "Waiting for confirmation" in page
    alice.refresh_from_db()
    assert alice.email == "alice@example.com"
    assert letters(NEW) == ["Confirm your e-mail address"]

    hers.post(confirm_link())

    alice.refresh_from_db()
    assert alice.email == NEW
    assert list(EmailAddress.objects.values_list("email", "verified", "primary")) == [(NEW, True, True)]
    assert letters("alice@example.com") == ["Your e-mail address was changed"]
    assert "new@example.com is confirmed." in text(hers.get(EMAIL))
    assert logged_in(alice)


def test_change_wants_a_fresh_confirmation_and_keeps_nothing_of_what_was_sent(hers: Client) -> None:
    answer = hers.get(CHANGE)
    assert answer.headers["Location"] == "/accounts/reauthenticate/?next=%2Faccounts%2Femail%2Fchange%2F"

    wish(hers)

    assert not EmailAddress.objects.filter(email=NEW).exists()
    assert NEW not in str(dict(hers.session.items()))
    back = hers.post("/accounts/reauthenticate/", {"password": "a long password 7", "next": CHANGE})
    assert back.headers["Location"] == CHANGE
    assert "Change your address" in text(hers.get(CHANGE))
    assert not EmailAddress.objects.filter(email=NEW).exists()


def test_wish_can_be_sent_again_and_taken_back(alice: Any, hers: Client) -> None:
    with time_machine.travel("2026-11-21 12:00:00+00:00", tick=False) as clock:
        client = confirmed(logged_in(alice))
        wish(client)
        client.get(EMAIL)

        client.post(EMAIL, {"send": ""})
        assert "A mail went to new@example.com moments ago. Wait three minutes" in text(client.get(EMAIL))
        clock.shift(181)
        client.post(EMAIL, {"send": ""})
        assert letters(NEW) == ["Confirm your e-mail address"] * 2

        client.post(EMAIL, {"cancel": ""})
        assert "Your address stays alice@example.com." in text(client.get(EMAIL))
        assert "This link does not work" in text(client.get(confirm_link()))


def test_address_of_somebody_else_gets_the_same_answer_and_stays_theirs(alice: Any, mallory: Any, hers: Client) -> None:
    client = confirmed(logged_in(mallory))

    assert wish(client, alice.email).headers["Location"] == EMAIL
    page = text(client.get(EMAIL)).replace(alice.email, "")
    assert letters(alice.email) == ["Confirm your e-mail address"]
    wish(client, "free@example.com")
    assert text(client.get(EMAIL)).replace("free@example.com", "") == page


def test_owner_who_opens_the_link_of_a_strangers_wish_loses_nothing(alice: Any, mallory: Any, hers: Client) -> None:
    wish(confirmed(logged_in(mallory)), alice.email)
    address = confirm_link()

    assert "This address cannot be confirmed" in text(Client().get(address))
    Client().post(address)

    mallory.refresh_from_db()
    assert mallory.email == "mallory@example.com"
    assert not EmailAddress.objects.filter(user=mallory, verified=True, email=alice.email).exists()


def test_wish_for_an_address_that_signed_up_meanwhile_is_refused(mallory: Any) -> None:
    client = confirmed(logged_in(mallory))
    wish(client)
    address = confirm_link()
    User.objects.create_user(NEW)

    answer = client.post(address, follow=True)

    assert "belongs to another account and could not be confirmed" in text(answer)
    mallory.refresh_from_db()
    assert mallory.email == "mallory@example.com"


def test_own_address_is_no_change(hers: Client, alice: Any) -> None:
    page = text(wish(confirmed(hers), "Alice@Example.com"))

    assert "This is the address of your account already." in page
    assert mail.outbox == []


def test_account_without_a_confirmed_address_confirms_it_first(client: Client, db: None) -> None:
    user = User.objects.create_user("made@example.com", "a long password 7")
    client.force_login(user)
    confirmed(client)

    page = client.get(CHANGE)

    assert "Confirm your address first" in text(page)
    assert letters(user.email) == ["Confirm your e-mail address"]
    wish(client)
    user.refresh_from_db()
    assert user.email == "made@example.com"


def test_overview_shows_the_state_of_all(alice: Any, hers: Client) -> None:
    member("bob@example.com")

    page = text(hers.get("/accounts/"))

    assert "alice@example.com" in page and "Confirmed" in page and "bob@example.com" not in page
    assert "Whoever learns your password can log in as you." in page
    assert "Logged in here only" in page
    wish(confirmed(hers))
    logged_in(alice)
    page = text(hers.get("/accounts/"))
    assert "Changes to new@example.com once that is confirmed." in page
    assert "Logged in at 2 places" in page
    assert 'href="/accounts/" aria-current="page"' in page
