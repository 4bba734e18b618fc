"""One id for each request: believed from our own proxies alone, answered, shown with errors, and in every line."""

import json
import logging
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from asgiref.sync import async_to_sync
from django.http import HttpRequest
from django.test import RequestFactory
from django.urls import resolve

from generations import lifecycle, trace
from generations.brief import Brief
from generations.models import Generation
from krea_site import request_ids, task_logs
from krea_site.asgi import application
from krea_site.logs import JsonFormatter, TextFormatter, WithoutAddresses
from krea_site.serve import BehindProxies
from partners.problems import Problem
from tests.conftest import run_queued_tasks
from tests.in_thread import served
from tests.standins.launch import StandIn


@pytest.fixture
def site(transactional_db: None) -> Iterator[str]:
    with served(application) as port:
        yield f"http://127.0.0.1:{port}"


def through(peer: str, *given: bytes, trusted: str = "10.0.0.0/8,127.0.0.1") -> str:
    """The id that a call gets which comes from `peer`."""
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.request", "body": b""}

    scope = {
        "type": "http", "method": "GET", "path": "/healthz", "query_string": b"", "client": (peer, 1000),
        "headers": [(b"x-request-id", value) for value in given] + [(b"x-forwarded-for", b"203.0.113.7")],
    }  # fmt: skip
    async_to_sync(BehindProxies(trusted))(scope, receive, send)
    return str(dict(sent[0]["headers"])[b"x-request-id"].decode())


def test_a_proxy_of_ours_gives_the_id() -> None:
    assert through("10.1.2.3", b"0123456789abcdef") == "0123456789abcdef"
    assert through("127.0.0.1", b"4f1c-made_by-nginx") == "4f1c-made_by-nginx"


@pytest.mark.parametrize(
    ("peer", "given"),
    [
        ("192.0.2.1", [b"0123456789abcdef"]),  # nobody of ours
        ("10.1.2.3", [b"short"]),
        ("10.1.2.3", [b"a" * 65]),
        ("10.1.2.3", [b"0123456789 {prompt}"]),
        ("10.1.2.3", [b"0123456789\xff\xfe"]),
        ("10.1.2.3", [b"0123456789abcdef", b"fedcba9876543210"]),
        ("10.1.2.3", []),
    ],
)
def test_whoever_else_gives_one_gets_another(peer: str, given: list[bytes]) -> None:
    got = through(peer, *given)

    assert re.fullmatch(r"[0-9a-f]{16}", got) and got.encode() not in given


def test_errors_show_the_number_to_people_and_programs(site: str) -> None:
    page = httpx.get(f"{site}/nothing-here", headers={"Host": "localhost", "Accept": "text/html"})
    problem = httpx.get(f"{site}/api/v1/balance", headers={"Host": "localhost"})

    assert f"tell us this number: <code>{page.headers['X-Request-Id']}</code>" in page.text
    assert problem.status_code == 401
    assert problem.json()["request_id"] == problem.headers["X-Request-Id"] != page.headers["X-Request-Id"]


def test_a_problem_without_a_request_names_none() -> None:
    assert "request_id" not in Problem("not_found").body()


@pytest.mark.django_db
def test_a_generation_keeps_the_request_and_its_tasks_carry_it(
    standin: StandIn, alice: Any, fox: Brief, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    lines: list[dict[str, Any]] = []

    class Collect(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(json.loads(JsonFormatter().format(record)))

    logger, handler = logging.getLogger("generations"), Collect()
    logger.addHandler(handler)
    try:
        with trace.about(request="0123456789abcdef"):
            generation = lifecycle.submit(alice, fox)
        run_queued_tasks()
    finally:
        logger.removeHandler(handler)

    image = generation.images.get()
    assert Generation.objects.get().trace == "0123456789abcdef"
    sent = next(line for line in lines if line["logger"] == "generations.sends")
    assert (sent["request"], sent["generation"], sent["image"], sent["draw"]) == (
        "0123456789abcdef", str(generation.pk), str(image.pk), str(image.draw_id),
    )  # fmt: skip
    submitted = next(call for call in standin.log(on="submit"))
    assert submitted["headers"]["x-krea-request-id"] == "0123456789abcdef"


def test_a_task_begins_with_ids_of_its_own_and_a_schedule_with_none() -> None:
    with trace.about(request="of before"):
        task_logs.on_task(task={"func": "generations.tasks.send", "group": "0123456789abcdef"})
        assert trace.present() == {"task": "generations.tasks.send", "request": "0123456789abcdef"}
        task_logs.on_task(task={"func": "krea_site.schedule.watch", "group": "krea_site.schedule.watch"})
        assert trace.present() == {"task": "krea_site.schedule.watch"}


def record(text: str, *args: Any, **more: Any) -> logging.LogRecord:
    found = logging.LogRecord("a.b", logging.INFO, "x.py", 1, text, args, None)
    for name, value in more.items():
        setattr(found, name, value)
    return found


def test_lines_carry_what_is_known_in_both_formats() -> None:
    with trace.about(request="0123456789abcdef", draw="d", image=None):
        text, line = TextFormatter().format(record("hello")), json.loads(JsonFormatter().format(record("hello")))

    assert text.endswith("INFO a.b hello [request=0123456789abcdef draw=d]")
    assert {name: line[name] for name in ("level", "logger", "message", "request", "draw")} == {
        "level": "info", "logger": "a.b", "message": "hello", "request": "0123456789abcdef", "draw": "d",
    }  # fmt: skip
    assert TextFormatter().format(record("hello")).endswith("INFO a.b hello")


def request_to(path: str) -> HttpRequest:
    request = RequestFactory().get(path)
    request.resolver_match = resolve(path) if path.startswith("/webhooks/") else None
    return request


def test_addresses_that_are_secrets_do_not_stand_in_the_log() -> None:
    for path, shown in (("/webhooks/fal/a-secret-token", "webhooks/fal/<str:token>"), ("/s/a-secret-token/x", "/s/…")):
        line = record("%s: %s", "Not Found", path, request=request_to(path))

        assert WithoutAddresses().filter(line)
        assert "secret" not in line.getMessage() and shown in line.getMessage()


def test_ids_have_one_shape() -> None:
    assert request_ids.SHAPE.fullmatch(request_ids.of({"headers": []}))
