"""Where one is logged in: each place by its browser and address, and an end to one or to all others."""

from typing import Any

import pytest
import time_machine
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.test import Client

from accounts import devices, sessions
from krea_site import schedule
from tests.accounts.conftest import LOGIN, PASSWORD, logged_in, text

SESSIONS = "/accounts/sessions/"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0"
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.0 Mobile/15E148 Safari/604.1"
)


def browser(user: Any, user_agent: str, ip: str) -> Client:
    client = Client(REMOTE_ADDR=ip, headers={"User-Agent": user_agent})
    client.post(LOGIN, {"login": user.email, "password": PASSWORD})
    return client


def row(ip: str) -> UserSession:
    return UserSession.objects.get(ip=ip)


def test_list_tells_places_apart(alice: Any, mallory: Any) -> None:
    desk = browser(alice, FIREFOX, "192.0.2.1")
    browser(alice, IPHONE, "198.51.100.7")
    browser(mallory, FIREFOX, "203.0.113.9")

    page = text(desk.get(SESSIONS))

    assert page.index("Firefox on Linux") < page.index("This one") < page.index("Safari on iPhone")
    assert "192.0.2.1" in page and "198.51.100.7" in page and "203.0.113.9" not in page


def test_one_session_is_logged_out_and_no_other(alice: Any) -> None:
    desk, phone, tablet = (browser(alice, FIREFOX, f"192.0.2.{number}") for number in (1, 2, 3))

    answer = desk.post(f"{SESSIONS}{row('192.0.2.2').pk}/end/")

    assert answer.headers["Location"] == SESSIONS
    assert "That session was logged out." in text(desk.get(SESSIONS))
    assert [client.get("/accounts/").status_code for client in (desk, phone, tablet)] == [200, 302, 200]


def test_this_session_can_be_logged_out_here_too(alice: Any) -> None:
    desk = browser(alice, FIREFOX, "192.0.2.1")

    assert desk.post(f"{SESSIONS}{row('192.0.2.1').pk}/end/").headers["Location"] == "/"

    assert desk.get("/accounts/").status_code == 302


def test_all_others_are_logged_out_at_once(alice: Any, mallory: Any) -> None:
    desk, phone, tablet = (browser(alice, FIREFOX, f"192.0.2.{number}") for number in (1, 2, 3))
    hers = browser(mallory, FIREFOX, "192.0.2.4")

    desk.post(SESSIONS)

    assert "Logged out of 2 other sessions." in text(desk.get(SESSIONS))
    assert [client.get("/accounts/").status_code for client in (desk, phone, tablet, hers)] == [200, 302, 302, 200]


def test_nobody_ends_a_session_of_somebody_else(alice: Any, mallory: Any) -> None:
    desk = browser(alice, FIREFOX, "192.0.2.1")
    thief = browser(mallory, FIREFOX, "192.0.2.2")

    assert thief.post(f"{SESSIONS}{row('192.0.2.1').pk}/end/").status_code == 404
    assert thief.get(f"{SESSIONS}{row('192.0.2.1').pk}/end/").status_code == 405
    assert desk.get("/accounts/").status_code == 200


def test_session_that_is_over_is_not_listed_and_forgotten_at_night(alice: Any) -> None:
    desk, phone = browser(alice, FIREFOX, "192.0.2.1"), browser(alice, IPHONE, "192.0.2.2")
    Session.objects.filter(session_key=phone.session.session_key).delete()

    schedule.prune_sessions()
    assert UserSession.objects.get().ip == "192.0.2.1"
    assert "192.0.2.2" not in text(desk.get(SESSIONS))


def test_last_visit_is_noted_every_ten_minutes(alice: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "_noted", {})
    with time_machine.travel("2026-11-21 12:00:00+00:00", tick=False) as clock:
        client = logged_in(alice)
        for minutes, ip in ((5, "192.0.2.5"), (6, "192.0.2.6"), (9, "192.0.2.9"), (2, "192.0.2.2")):
            clock.shift(minutes * 60)
            client.get("/accounts/password/change/", REMOTE_ADDR=ip)

    seen = UserSession.objects.get()
    assert (seen.ip, seen.last_seen_at.isoformat()) == ("192.0.2.2", "2026-11-21T12:22:00+00:00")


@pytest.mark.parametrize(
    ("user_agent", "words"),
    [
        (FIREFOX, "Firefox on Linux"),
        (IPHONE, "Safari on iPhone"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/131.0.0.0 Safari/537.36 Edg/131.0", "Edge on Windows"),
        ("Mozilla/5.0 (Linux; Android 15; Pixel 9) Chrome/131.0 Mobile Safari/537.36", "Chrome on Android"),
        ("curl/8.11.0", "curl/8.11.0"),
        ("", "A program that does not say its name"),
    ],
)
def test_browsers_have_names(user_agent: str, words: str) -> None:
    assert devices.in_words(user_agent) == words
