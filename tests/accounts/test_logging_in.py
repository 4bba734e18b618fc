"""Logging in and out: with the right words only, onward to pages of ours only, and not as often as a robot likes."""

from typing import Any

import pytest
import time_machine
from django.test import Client
from pytest_django import Settings

from tests.accounts.conftest import LOGIN, PASSWORD, logged_in, member, text
from tests.hashers import Quick


def log_in(email: str, password: str = PASSWORD, client: Client | None = None, **more: Any) -> Any:
    return (client or Client()).post(LOGIN, {"login": email, "password": password, **more})


def test_wrong_password_and_unknown_address_get_one_answer(alice: Any) -> None:
    wrong, unknown = log_in(alice.email, "not her password"), log_in("alicf@example.com", "not her password")

    assert wrong.status_code == unknown.status_code == 200
    assert "There is no account with this e-mail address and this password." in text(wrong)
    assert text(wrong).replace(alice.email, "") == text(unknown).replace("alicf@example.com", "")


def test_unknown_address_costs_as_much_hashing(alice: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    hashed: list[str] = []
    encode = Quick.encode

    def counted(self: Quick, password: str, *args: Any) -> str:
        hashed.append(password)
        return encode(self, password, *args)

    monkeypatch.setattr(Quick, "encode", counted)
    costs = []
    for act in (
        lambda: log_in(alice.email, "wrong"),
        lambda: log_in("nobody@example.com", "wrong"),
        lambda: Client().post("/accounts/signup/", {"email": alice.email, "password1": PASSWORD}),
        lambda: Client().post("/accounts/signup/", {"email": "new@example.com", "password1": PASSWORD}),
    ):
        hashed.clear()
        act()
        costs.append(len(hashed))

    assert costs == [1, 1, 1, 1]


def test_log_in_changes_the_session_and_log_out_ends_it(alice: Any) -> None:
    client = Client()
    client.get("/accounts/2fa/webauthn/login/", headers={"Accept": "application/json"})
    before = client.cookies["sessionid"].value

    log_in(alice.email, client=client)
    inside = client.cookies["sessionid"]
    assert inside.value != before and inside["httponly"] and inside["samesite"] == "Lax"
    assert inside["max-age"] == 14 * 24 * 3600

    assert "Log out?" in client.get("/accounts/logout/").content.decode()
    assert client.get("/studio/").status_code == 200, "asking is not logging out"
    assert client.post("/accounts/logout/").headers["Location"] == "/"
    stolen = Client()
    stolen.cookies["sessionid"] = inside.value
    assert stolen.get("/studio/").status_code == 302


@pytest.mark.parametrize(
    ("onward", "where"),
    [
        ("/history/?q=fox", "/history/?q=fox"),
        ("http://testserver/history/", "http://testserver/history/"),
        ("https://evil.example/", "/studio/"),
        ("//evil.example/", "/studio/"),
        ("http://localhost/history/", "/studio/"),
        ("javascript:alert(1)", "/studio/"),
        ("http:///evil.example", "/studio/"),
    ],
)
def test_onward_goes_to_our_own_pages_only(alice: Any, onward: str, where: str) -> None:
    assert log_in(alice.email, next=onward).headers["Location"] == where


def test_closed_account_opens_to_nobody(alice: Any, hers: Client) -> None:
    alice.is_active = False
    alice.save()

    assert hers.get("/studio/").status_code == 302
    assert log_in(alice.email).headers["Location"] == "/accounts/inactive/"
    assert "This account is closed" in Client().get("/accounts/inactive/").content.decode()
    assert "There is no account with this" in text(log_in(alice.email, "wrong"))


def test_five_wrong_passwords_close_the_door_for_five_minutes(alice: Any) -> None:
    with time_machine.travel("2026-11-21 12:00:00+00:00", tick=False) as clock:
        for _ in range(5):
            assert log_in(alice.email, "wrong").status_code == 200

        refused = log_in(alice.email)
        assert refused.status_code == 429
        assert refused.headers["Retry-After"] == "300"
        assert "Too many attempts. Wait five minutes, then try again." in text(refused)
        assert text(refused) == text(log_in(alice.email, "wrong"))

        clock.shift(301)
        assert log_in(alice.email).status_code == 302


@pytest.mark.usefixtures("_clock_stands_still")
def test_unknown_address_is_closed_alike(db: None) -> None:
    answers = [log_in("nobody@example.com", "wrong").status_code for _ in range(6)]

    assert answers == [200] * 5 + [429]


def test_whoever_asks_too_often_is_told_when_to_come_back(db: None) -> None:
    with time_machine.travel("2026-11-21 12:00:00+00:00", tick=False) as clock:
        for number in range(20):
            log_in(f"{number}@example.com", "wrong")
        clock.shift(20)
        for _ in range(10):
            log_in("", "wrong")

        page = log_in("", "wrong")
        assert page.status_code == 429
        assert page.headers["Retry-After"] == "40"
        assert "Try again in 40 seconds." in text(page)
        assert log_in("", client=Client(REMOTE_ADDR="192.0.2.9")).status_code == 200, "another network"
        clock.shift(40)
        assert log_in("").status_code == 200


@pytest.mark.usefixtures("_clock_stands_still")
def test_networks_are_told_apart(db: None) -> None:
    """One IPv6 network is one client, and clients of IPv4 stay themselves on a socket of both."""

    def signs_up(address: str) -> int:
        client = Client(REMOTE_ADDR=address)
        return int(client.post("/accounts/signup/", {"email": "", "password1": ""}).status_code)

    first = [signs_up(f"2001:db8::{number:x}") for number in range(1, 12)]
    mapped = [signs_up(f"::ffff:192.0.2.{number}") for number in range(1, 12)]

    assert first == [200] * 10 + [429]
    assert mapped == [200] * 11


@pytest.mark.usefixtures("_clock_stands_still")
def test_forwarded_address_of_a_stranger_is_not_believed(db: None) -> None:
    answers = [
        Client().post("/accounts/signup/", {"email": ""}, headers={"X-Forwarded-For": f"192.0.2.{number}"}).status_code
        for number in range(11)
    ]

    assert answers == [200] * 10 + [429]


def test_pages_on_the_way_in_are_kept_in_no_cache(client: Client, db: None) -> None:
    for address in (LOGIN, "/accounts/signup/", "/accounts/password/reset/", "/accounts/confirm-email/"):
        assert "no-store" in client.get(address).headers["Cache-Control"], address


def test_what_is_not_used_is_not_there(client: Client, db: None) -> None:
    for address in (
        "login/code/",
        "login/code/confirm/",
        "2fa/webauthn/signup/",
        "2fa/trust/",
        "phone/change/",
        "3rdparty/",
    ):
        assert client.get(f"/accounts/{address}").status_code == 404, address


def test_who_is_in_is_not_asked_again(hers: Client) -> None:
    assert hers.get(LOGIN).headers["Location"] == "/studio/"
    assert hers.get("/accounts/signup/").headers["Location"] == "/studio/"


def test_page_of_an_account_sends_nobody_to_the_log_in_and_back(client: Client, alice: Any, settings: Settings) -> None:
    answer = client.get("/accounts/email/?a=1")
    assert answer.headers["Location"] == f"{LOGIN}?next=/accounts/email/%3Fa%3D1"
    assert 'name="next" value="/accounts/email/?a=1"' in client.get(answer.headers["Location"]).content.decode()


def test_two_people_do_not_share_a_session(alice: Any) -> None:
    client = logged_in(alice)
    bob = member("bob@example.com")

    client.post("/accounts/logout/")
    log_in(bob.email, client=client)

    assert bob.email in client.get("/accounts/").content.decode()
    assert alice.email not in client.get("/accounts/").content.decode()
