"""The web process as it runs: uvicorn on a real socket, Django's threads behind the front."""

import socket
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from django.test import Client

from billing import ledger
from generations import errands
from krea_site import front
from krea_site.asgi import application
from partners import keys
from tests.conftest import make_user
from tests.in_thread import served

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def site(transactional_db: None) -> Iterator[str]:
    """The ASGI application under uvicorn in a thread of its own."""
    with served(application) as port:
        yield f"http://127.0.0.1:{port}"


def cookie_of(user: Any) -> str:
    client = Client()
    client.force_login(user)
    return f"sessionid={client.cookies['sessionid'].value}"


def stalled_reader(address: str, path: str, cookie: str) -> socket.socket:
    """A client that asks and then never reads."""
    host, port = address.removeprefix("http://").split(":")
    line = socket.create_connection((host, int(port)))
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
    line.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nCookie: {cookie}\r\n\r\n".encode())
    return line


def test_readers_that_never_read_do_not_hold_the_pages(site: str) -> None:
    cookie = cookie_of(make_user("alice@example.com"))
    stalled = [stalled_reader(site, path, cookie) for path in ("/accounts/login/", "/live/") for _ in range(25)]

    with httpx.Client(base_url=site, headers={"Host": "localhost"}) as client:
        answers = [client.get("/accounts/login/", timeout=5).status_code for _ in range(10)]

    assert answers == [200] * 10
    for line in stalled:
        line.close()


def test_a_writer_that_stalls_in_its_body_holds_no_page(site: str) -> None:
    host, port = site.removeprefix("http://").split(":")
    stalled = []
    for _ in range(20):
        line = socket.create_connection((host, int(port)))
        line.sendall(b"POST /accounts/login/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nemail=")
        stalled.append(line)

    answer = httpx.get(f"{site}/accounts/login/", headers={"Host": "localhost"}, timeout=5)

    assert answer.status_code == 200
    for line in stalled:
        line.close()


def test_a_body_that_is_too_large_is_refused(site: str) -> None:
    answer = httpx.post(f"{site}/accounts/login/", content=b"x" * (65 * 1024 * 1024), headers={"Host": "localhost"})

    assert (answer.status_code, answer.text) == (413, "The body is larger than 64 MB.\n")


def test_a_browser_is_told_so_on_a_page(site: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(front, "MOST_BODY_BYTES", 1000)
    headers = {"Host": "localhost", "Accept": "text/html,*/*;q=0.8"}

    answer = httpx.post(f"{site}/accounts/login/", content=b"x" * 1001, headers=headers)

    assert (answer.status_code, answer.headers["Content-Type"]) == (413, "text/html; charset=utf-8")
    assert "<h1>That was too large</h1>" in answer.text
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize("name", ["X-Krea-Front", "X_Krea_Front", "x_krea-front"])
def test_a_stranger_cannot_speak_as_the_front(site: str, name: str, settings: Any) -> None:
    """Neither to call as often as they like, nor to have an errand begun that nobody ends."""
    settings.API_CALLS_A_MINUTE = 2
    secret = keys.make(make_user("acme@example.com"), "First")[1]
    headers = {"Host": "localhost", "Authorization": f"Bearer {secret}", name: "line"}
    nowhere = {
        "model": "krea-2-medium",
        "input": {"prompt": "a fox", "image_style_references": [{"image_url": "x://"}]},
    }
    with httpx.Client(base_url=site, headers=headers) as client:
        first = client.post("/api/v1/generations", json=nowhere)
        others = [client.get("/api/v1/balance").status_code for _ in range(2)]

    assert (first.status_code, first.json()["code"]) == (422, "invalid_input")
    assert others == [200, 429]
    assert not errands._open


def read_events(line: Iterator[str], count: int) -> list[str]:
    found: list[str] = []
    while len(found) < count:
        text = next(line)
        if text.startswith("event: "):
            found.append(text.removeprefix("event: "))
    return found


def test_a_stream_tells_what_happens_and_resumes_where_it_was_cut(site: str) -> None:
    alice, mallory = make_user("alice@example.com"), make_user("mallory@example.com")
    headers = {"Cookie": cookie_of(alice), "Host": "localhost"}
    with httpx.stream("GET", f"{site}/live/?since=0", headers=headers, timeout=20) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        lines = stream.iter_lines()
        ledger.grant(alice, 100, key="one", memo="One")
        ledger.grant(mallory, 100, key="not-hers", memo="Not alice's")
        assert read_events(lines, 1) == ["balance.updated"]
    ledger.grant(alice, 100, key="two", memo="Two")
    ledger.grant(alice, 100, key="three", memo="Three")

    with httpx.stream("GET", f"{site}/live/", headers=headers | {"Last-Event-ID": "1"}, timeout=20) as stream:
        text = []
        for line in stream.iter_lines():
            text.append(line)
            if line == "id: 3":
                break

    assert [line for line in text if line.startswith("id: ")] == ["id: 2", "id: 3"]


def test_a_stream_is_for_who_is_logged_in(site: str) -> None:
    answer = httpx.get(f"{site}/live/", headers={"Host": "localhost"})

    assert answer.status_code == 403
