"""An authenticator app and recovery codes: set up, asked for, used once each, removed; secrets sealed."""

import re
from typing import Any

import pytest
import time_machine
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.test import Client
from pytest_django import Settings

from accounts import sealed
from tests.accounts.conftest import (
    LOGIN,
    PASSWORD,
    code,
    confirmed,
    letters,
    logged_in,
    recovery_codes,
    text,
    with_app,
)

INDEX, STEP, CONFIRM = "/accounts/2fa/", "/accounts/2fa/authenticate/", "/accounts/2fa/reauthenticate/"
ACTIVATE, DEACTIVATE = "/accounts/2fa/totp/activate/", "/accounts/2fa/totp/deactivate/"
CODES, GENERATE, DOWNLOAD = (f"/accounts/2fa/recovery-codes/{rest}" for rest in ("", "generate/", "download/"))
NOON = "2026-11-21 12:00:00+00:00"


def first_step(user: Any, **more: Any) -> Client:
    """A browser that has shown the password and waits before the second step."""
    client = Client()
    answer = client.post(LOGIN, {"login": user.email, "password": PASSWORD, **more})
    assert answer.headers["Location"] == STEP
    return client


@pytest.mark.django_db(transaction=True)
def test_app_is_set_up_and_asked_for_from_then_on(alice: Any) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        client = confirmed(logged_in(alice))
        page = text(client.get(ACTIVATE))
        secret = re.search(r'<code class="secret">([A-Z2-7]{32})</code>', page)
        assert secret and 'src="data:image/svg+xml;base64,' in page and f"secret={secret[1]}" in page
        assert secret[1] not in str(Authenticator.objects.values())

        wrong = client.post(ACTIVATE, {"code": "000000"})
        assert "This code is not right." in text(wrong) and secret[1] in text(wrong), "the same secret: it was scanned"
        done = client.post(ACTIVATE, {"code": code(secret[1])}, follow=True)

        assert "The authenticator app is set up." in text(done)
        assert len(re.findall(r"<li><code>\d{8}</code></li>", text(done))) == 10
        assert letters(alice.email) == ["Second factor switched on"]

        second = first_step(alice)
        assert second.get("/studio/").status_code == 302
        assert "used before" in text(second.post(STEP, {"code": code(secret[1])})), "the code that set it up"
        clock.shift(30)
        assert second.post(STEP, {"code": code(secret[1])}).headers["Location"] == "/studio/"


def test_code_of_the_app_works_once_for_as_long_as_it_is_valid(alice: Any) -> None:
    with_app(alice)
    with time_machine.travel(NOON, tick=False) as clock:
        now = code()
        assert first_step(alice).post(STEP, {"code": now}).headers["Location"] == "/studio/"

        for seconds in (0, 31, 28):  # in all 59 seconds later: the clock of a phone may be that much behind
            clock.shift(seconds)
            assert "This code was used before." in text(first_step(alice).post(STEP, {"code": f"{now[:3]} {now[3:]}"}))
        clock.shift(5)
        assert "This code is not right." in text(first_step(alice).post(STEP, {"code": code(steps=-3)}))
        assert first_step(alice).post(STEP, {"code": code()}).headers["Location"] == "/studio/"


def test_wrong_codes_are_counted_for_the_person_not_the_browser(alice: Any) -> None:
    with_app(alice)
    with time_machine.travel(NOON, tick=False) as clock:
        for _ in range(5):
            assert first_step(alice).post(STEP, {"code": "000000"}).status_code == 200

        refused = first_step(alice).post(STEP, {"code": code()})
        assert (refused.status_code, refused.headers["Retry-After"]) == (429, "300")
        assert "Too many attempts." in text(refused)
        clock.shift(301)
        assert first_step(alice).post(STEP, {"code": code()}).status_code == 302


def test_second_step_needs_the_first_and_does_not_wait_for_ever(alice: Any) -> None:
    with_app(alice)

    assert Client().get(STEP).headers["Location"] == LOGIN
    with time_machine.travel(NOON, tick=False) as clock:
        client = first_step(alice, next="/history/")
        assert 'autocomplete="one-time-code"' in text(client.get(STEP))
        clock.shift(15 * 60 + 1)
        assert client.post(STEP, {"code": code()}).headers["Location"] == LOGIN
        assert first_step(alice, next="/history/").post(STEP, {"code": code()}).headers["Location"] == "/history/"


def test_recovery_code_stands_in_once(alice: Any) -> None:
    with_app(alice)
    one, other = recovery_codes(alice)[:2]

    assert first_step(alice).post(STEP, {"code": f"{one[:4]} {one[4:]}"}).headers["Location"] == "/studio/"

    assert "a recovery code works once" in text(first_step(alice).post(STEP, {"code": one}))
    assert first_step(alice).post(STEP, {"code": other}).headers["Location"] == "/studio/"
    assert len(recovery_codes(alice)) == 8


@pytest.mark.django_db(transaction=True)
def test_codes_are_shown_downloaded_and_made_anew_after_a_confirmation(alice: Any, hers: Client) -> None:
    with_app(alice)
    old = recovery_codes(alice)
    for address in (CODES, DOWNLOAD, GENERATE):
        assert hers.get(address).headers["Location"].startswith(f"{CONFIRM}?next="), address
    hers.post(CONFIRM, {"code": code(), "next": CODES})

    page = hers.get(CODES)
    assert all(each in text(page) for each in old) and "no-store" in page.headers["Cache-Control"]
    file = hers.get(DOWNLOAD)
    assert file.headers["Content-Disposition"] == 'attachment; filename="recovery-codes.txt"'
    assert file.content.decode().split("\n\n")[1].split() == old
    assert "Those that you have, 10 unused, no longer work." in text(hers.get(GENERATE))
    hers.post(GENERATE)

    assert not set(old) & set(recovery_codes(alice))
    assert all(each in text(hers.get(CODES)) for each in recovery_codes(alice))
    assert letters(alice.email) == ["New recovery codes"]


def test_codes_of_somebody_else_are_nowhere(alice: Any, mallory: Any) -> None:
    with_app(alice)
    thief = confirmed(logged_in(mallory))

    assert [thief.get(address).status_code for address in (CODES, DOWNLOAD)] == [404, 404]
    assert "Recovery codes stand in for a second factor. Add one first." in text(thief.post(GENERATE))


def test_last_factor_goes_with_its_codes(alice: Any, hers: Client) -> None:
    with_app(alice)
    hers.post(CONFIRM, {"code": code(), "next": INDEX})

    assert "Remove the authenticator app?" in text(hers.get(DEACTIVATE))
    hers.post(DEACTIVATE)

    assert not Authenticator.objects.filter(user=alice).exists()
    assert "The authenticator app was removed." in text(hers.get(INDEX))
    assert letters(alice.email) == ["Second factor switched off"]
    assert logged_in(alice)


def test_unconfirmed_address_gets_no_second_factor(alice: Any, hers: Client) -> None:
    EmailAddress.objects.create(user=alice, email="new@example.com", verified=False)

    page = confirmed(hers).get(ACTIVATE, follow=True)

    assert "Confirm your e-mail address first." in text(page)


def test_secrets_are_sealed_and_fit_nothing_where_the_key_is_lost(alice: Any, settings: Settings) -> None:
    with_app(alice)
    assert "JBSWY3DP" not in str(Authenticator.objects.values())
    old, settings.SECRET_KEY = settings.SECRET_KEY, "x" * 60

    assert "not right" in text(first_step(alice).post(STEP, {"code": code()}))
    settings.SECRET_KEY_FALLBACKS = [old]
    assert first_step(alice).post(STEP, {"code": code()}).headers["Location"] == "/studio/"
    assert sealed.unseal("nonsense") != sealed.unseal("nonsense")


@pytest.mark.parametrize(
    "said",
    ["", "null", "1", "[]", "{}", '"x"', "{", '{"id": "AA", "rawId": "AA", "response": {}, "type": "public-key"}'],
)
def test_passkey_that_is_none_is_refused_everywhere(alice: Any, said: str) -> None:
    with_app(alice)
    step = first_step(alice)
    step.get(STEP)
    hers = Client()
    hers.force_login(alice)
    hers.post(CONFIRM, {"code": code(), "next": INDEX})
    hers.get("/accounts/2fa/webauthn/add/")
    stranger = Client()
    stranger.get("/accounts/2fa/webauthn/login/", headers={"Accept": "application/json"})

    for client, address in (
        (step, STEP),
        (hers, "/accounts/2fa/webauthn/add/"),
        (stranger, "/accounts/2fa/webauthn/login/"),
    ):
        answer = client.post(address, {"credential": said})
        assert answer.status_code in (200, 302), address
    assert stranger.get("/accounts/").status_code == step.get("/accounts/").status_code == 302
    assert not Authenticator.objects.filter(type="webauthn").exists()


def test_options_for_a_passkey_name_the_site_and_nobody(client: Client, db: None) -> None:
    answer = client.get("/accounts/2fa/webauthn/login/", headers={"Accept": "application/json"})

    options = answer.json()["publicKey"]
    assert (options["rpId"], options["userVerification"]) == ("localhost", "required")
    assert not options.get("allowCredentials")
    assert client.get("/accounts/2fa/webauthn/login/").headers["Location"] == LOGIN
