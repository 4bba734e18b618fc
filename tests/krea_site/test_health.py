"""Alive and ready: what /healthz and /readyz say when parts of the site are away."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from asgiref.sync import async_to_sync
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from generations import fal_state
from generations.models import Beat
from krea_site import health, staff
from krea_site.asgi import application
from tests.standins.launch import ROOT, free_port

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def storage(settings: Settings, tmp_path: Path) -> Path:
    settings.MEDIA_DIR = tmp_path / "media"
    return tmp_path / "media"


@pytest.fixture
def processes() -> None:
    """Worker and follower gave a sign of life a moment ago."""
    beat("worker", 1)
    beat("follower", 0)


def beat(name: str, seconds_ago: float) -> None:
    Beat.objects.update_or_create(name=name, defaults={"at": timezone.now() - timedelta(seconds=seconds_ago)})


def ask(path: str) -> tuple[int, dict[bytes, bytes], bytes]:
    """What the web process answers: status, headers, body."""
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.request", "body": b""}

    scope = {"type": "http", "method": "GET", "path": path, "headers": [], "query_string": b""}
    async_to_sync(application)(scope, receive, send)
    return sent[0]["status"], dict(sent[0]["headers"]), sent[1]["body"]


def ready() -> tuple[int, dict[str, Any]]:
    status, _, body = ask("/readyz")
    return status, json.loads(body)


def test_healthz_says_ok_and_touches_no_database(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        status, headers, body = ask("/healthz")

    assert (status, body) == (200, b"ok\n")
    assert headers[b"cache-control"] == b"no-store"


def test_readyz_says_that_all_is_well(processes: None) -> None:
    status, told = ready()

    ages = [told[name].pop("age_s") for name in ("worker", "follower")]
    assert status == 200
    assert told == {
        "ready": True,
        "database": "ok",
        "broker": "ok",
        "storage": "ok",
        "worker": {"state": "ok"},
        "follower": {"state": "ok"},
        "fal": "ok",
    }
    assert 1 <= ages[0] < 5 and 0 <= ages[1] < 5


def test_pages_of_django_say_the_same(processes: None, client: Client) -> None:
    healthz, readyz = client.get("/healthz"), client.get("/readyz")

    assert (healthz.status_code, healthz.content) == (200, b"ok\n")
    assert (readyz.status_code, readyz.json()["ready"]) == (200, True)
    assert readyz.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(("name", "seconds"), [("worker", 31), ("follower", 21)])
def test_process_that_is_silent_for_long_makes_the_site_unready(processes: None, name: str, seconds: int) -> None:
    beat(name, seconds)

    status, told = ready()

    assert (status, told["ready"], told[name]["state"]) == (503, False, "down")
    assert told[name]["age_s"] >= seconds


def test_process_that_never_spoke_makes_the_site_unready() -> None:
    status, told = ready()

    assert status == 503
    assert told["worker"] == told["follower"] == {"state": "down", "age_s": None}


@pytest.mark.parametrize("state", ["locked", "down"])
def test_fal_is_told_and_does_not_make_the_site_unready(processes: None, state: str) -> None:
    row = fal_state.row()
    row.state, row.reason = state, "User is locked. Reason: Exhausted balance."
    row.save()

    status, told = ready()

    assert (status, told["ready"], told["fal"]) == (200, True, state)
    assert "Exhausted" not in json.dumps(told)


def test_storage_that_takes_nothing_makes_the_site_unready(processes: None, storage: Path) -> None:
    storage.write_text("a file in the place of the folder")

    status, told = ready()

    assert (status, told["storage"], told["database"]) == (503, "down", "ok")


@pytest.fixture(params=["refuses", "hangs"])
def dead_database(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a PostgreSQL that takes no connection, or takes it and never says a word."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        if request.param == "hangs":
            server.listen(100)
        yield f"postgres://nobody@127.0.0.1:{server.getsockname()[1]}/nothing?connect_timeout=5"


def test_dead_database_makes_the_site_unready_and_hangs_nothing(dead_database: str) -> None:
    port = free_port()
    with web_process(port, DATABASE_URL=dead_database):
        began = time.monotonic()
        answers = [httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=10) for _ in range(2)]
        took_s = time.monotonic() - began
        alive = httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=1)

    assert [answer.status_code for answer in answers] == [503, 503]
    assert answers[0].json() == {
        "ready": False,
        "database": "down",
        "broker": "down",  # without Redis, the database is the broker
        "storage": "ok",
        "worker": {"state": "down", "age_s": None},
        "follower": {"state": "down", "age_s": None},
        "fal": "unknown",
    }
    assert took_s < 2 * health.DEADLINE_S + 2
    assert alive.text == "ok\n"


@contextmanager
def web_process(port: int, **env: str) -> Iterator[None]:
    command = [sys.executable, "-m", "krea_site.serve", "--bind", f"127.0.0.1:{port}"]
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **env})
    try:
        while not staff.answers(f"http://127.0.0.1:{port}/healthz"):
            assert process.poll() is None, "the web process ended"
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait(timeout=20)


@pytest.mark.parametrize(("redis_url", "state"), [("redis://127.0.0.1:9/0", "down"), ("", "ok")])
def test_redis_that_is_away_makes_the_site_unready(tmp_path: Path, redis_url: str, state: str) -> None:
    port = free_port()
    with web_process(port, REDIS_URL=redis_url, DATABASE_URL=f"sqlite:///{tmp_path}/db.sqlite3"):
        answer = httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=10)

    assert (answer.status_code, answer.json()["broker"]) == (503, state)  # the database has no tables in either case
