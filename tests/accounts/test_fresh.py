"""Dangerous acts ask anew who it is, and take the second factor alone from whoever has one."""

from typing import Any

import pytest
import time_machine
from allauth.account.adapter import get_adapter
from allauth.mfa.models import Authenticator
from django.contrib.sessions.backends.db import SessionStore
from django.http import HttpRequest, HttpResponse
from django.test import Client

from accounts.fresh import fresh_confirmation
from tests.accounts.conftest import PASSWORD, code, confirmed, logged_in, recovery_codes, text, with_app

BY_PASSWORD, BY_CODE = "/accounts/reauthenticate/", "/accounts/2fa/reauthenticate/"
BY_PASSKEY = "/accounts/2fa/webauthn/reauthenticate/"
GUARDED = [
    "/accounts/email/change/",
    "/accounts/2fa/totp/activate/",
    "/accounts/2fa/totp/deactivate/",
    "/accounts/2fa/recovery-codes/",
    "/accounts/2fa/recovery-codes/generate/",
    "/accounts/2fa/recovery-codes/download/",
    "/accounts/2fa/webauthn/add/",
    "/accounts/2fa/webauthn/keys/1/edit/",
    "/accounts/2fa/webauthn/keys/1/remove/",
]


@pytest.mark.parametrize("address", GUARDED)
def test_log_in_alone_is_not_a_confirmation(hers: Client, address: str) -> None:
    for answer in (hers.get(address), hers.post(address)):
        assert answer.headers["Location"].startswith(f"{BY_PASSWORD}?next="), address
    assert Client().get(address).headers["Location"] == f"/accounts/login/?next={address}"


def test_confirmation_is_fresh_for_a_quarter_of_an_hour(alice: Any) -> None:
    with time_machine.travel("2026-11-21 12:00:00+00:00", tick=False) as clock:
        client = confirmed(logged_in(alice))

        clock.shift(15 * 60 - 1)
        assert client.get(GUARDED[0]).status_code == 200
        clock.shift(1)
        assert client.get(GUARDED[0]).status_code == 302


def test_confirmation_holds_in_one_session_only(alice: Any) -> None:
    confirmed(logged_in(alice))

    assert logged_in(alice).get(GUARDED[0]).status_code == 302


def test_password_does_not_confirm_for_who_has_a_second_factor(alice: Any, hers: Client) -> None:
    with_app(alice)

    page = hers.get(GUARDED[0], follow=True)
    assert page.redirect_chain[-1][0].startswith(BY_CODE)
    answer = hers.post(BY_PASSWORD, {"password": PASSWORD, "next": GUARDED[0]})
    assert answer.headers["Location"].startswith(BY_CODE)
    assert hers.get(GUARDED[0]).status_code == 302

    assert hers.post(BY_CODE, {"code": code(), "next": GUARDED[0]}).headers["Location"] == GUARDED[0]
    assert hers.get(GUARDED[0]).status_code == 200


def test_code_that_confirmed_opens_nothing_else(alice: Any, hers: Client) -> None:
    with_app(alice)
    with time_machine.travel("2026-11-21 12:00:00+00:00", tick=False):
        hers = Client()
        hers.force_login(alice)
        now = code()
        hers.post(BY_CODE, {"code": now, "next": "/accounts/"})

        other = Client()
        other.force_login(alice)
        assert "This code was used before." in text(other.post(BY_CODE, {"code": now}))


def test_recovery_code_confirms_where_the_device_is_lost(alice: Any, hers: Client) -> None:
    with_app(alice)

    answer = hers.post(BY_CODE, {"code": recovery_codes(alice)[0], "next": "/accounts/email/change/"})

    assert answer.headers["Location"] == "/accounts/email/change/"


def test_passkey_is_asked_for_before_a_recovery_code(alice: Any, rf: Any) -> None:
    Authenticator.objects.create(user=alice, type="webauthn", data={})
    Authenticator.objects.create(user=alice, type="recovery_codes", data={"seed": "", "used_mask": 0})

    ways = [way["url"] for way in get_adapter().get_reauthentication_methods(alice)]

    assert ways == [BY_PASSKEY, BY_CODE]


@pytest.mark.usefixtures("_clock_stands_still")
def test_wrong_passwords_stop_the_asking(hers: Client) -> None:
    answers = [hers.post(BY_PASSWORD, {"password": "guess"}).status_code for _ in range(6)]

    assert answers == [200] * 5 + [429]


def test_onward_from_a_confirmation_stays_with_us(hers: Client) -> None:
    answer = hers.post(BY_PASSWORD, {"password": PASSWORD, "next": "https://evil.example/"})

    assert answer.headers["Location"] == "/studio/"


def test_any_view_can_be_guarded(rf: Any, alice: Any) -> None:
    @fresh_confirmation
    def burn(request: HttpRequest, what: str) -> HttpResponse:
        return HttpResponse(f"{what} is gone")

    request = rf.post("/burn/?a=1")
    request.user, request.session = alice, SessionStore()
    request._messages = _Nowhere()
    assert burn(request, what="All").headers["Location"] == f"{BY_PASSWORD}?next=%2Fburn%2F%3Fa%3D1"

    request = rf.post("/burn/", headers={"Referer": "http://testserver/accounts/data/?b=2"})
    request.user, request.session = alice, SessionStore()
    request._messages = _Nowhere()
    assert burn(request, what="All").headers["Location"] == f"{BY_PASSWORD}?next=%2Faccounts%2Fdata%2F%3Fb%3D2"

    request = rf.post("/burn/", headers={"Referer": "https://evil.example/accounts/data/"})
    request.user, request.session = alice, SessionStore()
    request._messages = _Nowhere()
    assert burn(request, what="All").headers["Location"] == f"{BY_PASSWORD}?next=%2Fburn%2F"


class _Nowhere:
    """Where messages go that nobody reads."""

    def add(self, *args: Any) -> None: ...
