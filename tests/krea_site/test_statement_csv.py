"""The door of the statement's file: whom it answers, and that nobody is held up by those who never read."""

import asyncio
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.test import Client

from billing import ledger, statement_csv
from krea_site.asgi import application
from tests.conftest import make_user

PATH = "/billing/statement.csv"
NEVER_READ = 12

pytestmark = pytest.mark.django_db(transaction=True)


def cookie_of(user: Any) -> str:
    client = Client()
    client.force_login(user)
    return "; ".join(f"{name}={morsel.value}" for name, morsel in client.cookies.items())


async def no_disconnect() -> dict[str, Any]:
    await asyncio.Event().wait()
    raise AssertionError


async def ask(cookie: str, query: str = "", method: str = "GET") -> tuple[int, dict[str, str], str]:
    """Status, headers and body, as a reader who takes everything gets them."""
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"cookie", cookie.encode())] if cookie else []
    scope = {"type": "http", "method": method, "path": PATH, "query_string": query.encode(), "headers": headers}
    await application(scope, no_disconnect, send)
    start, *parts = sent
    head = {name.decode(): value.decode() for name, value in start["headers"]}
    assert not parts[-1].get("more_body")
    return start["status"], head, b"".join(part["body"] for part in parts).decode()


def test_owner_gets_the_filtered_statement_and_nothing_of_others() -> None:
    alice, mallory = make_user("alice@example.com", 5_00), make_user("mallory@example.com", 7_00)
    ledger.hold(alice, 2_00, key="order:1")
    ledger.capture("order:1", 2_00, memo="1 image")

    status, headers, body = async_to_sync(ask)(cookie_of(alice), "kind=usage")

    assert status == 200
    assert headers["content-type"] == "text/csv; charset=utf-8; header=present"
    assert headers["content-disposition"] == 'attachment; filename="statement-usage.csv"'
    assert headers["cache-control"] == "no-store"
    assert [line.split(",")[2] for line in body.splitlines()] == ['"What"', '"1 image"']
    theirs = async_to_sync(ask)(cookie_of(mallory))[2]
    assert theirs.count("\r\n") == 2 and ",7.00," in theirs


def test_others_are_refused() -> None:
    bob = cookie_of(make_user("bob@example.com"))

    assert async_to_sync(ask)(bob)[2] == statement_csv.head().decode()
    assert async_to_sync(ask)(bob, method="HEAD")[::2] == (200, "")
    assert async_to_sync(ask)(bob, method="POST")[0] == 405
    assert async_to_sync(ask)(bob, "from=yesterday")[0] == 400
    status, headers, _ = async_to_sync(ask)("", "kind=usage")
    assert (status, headers["location"]) == (302, "/accounts/login/?next=/billing/statement.csv%3Fkind%3Dusage")


def test_readers_who_never_read_hold_nobody_up_and_no_second_chunk() -> None:
    alice = make_user("alice@example.com")
    for number in range(statement_csv.CHUNK + 1):
        ledger.grant(alice, 1, key=f"grant:{number}", memo="One more")
    cookie = cookie_of(alice)

    async def play() -> tuple[list[int], str]:
        parts = [0] * NEVER_READ
        begun = [asyncio.Event() for _ in range(NEVER_READ)]

        async def never_read(number: int) -> None:
            async def send(message: Any) -> None:
                if message["type"] == "http.response.body":
                    parts[number] += 1
                    begun[number].set()
                    await asyncio.Event().wait()

            headers = [(b"cookie", cookie.encode())]
            scope = {"type": "http", "method": "GET", "path": PATH, "query_string": b"", "headers": headers}
            await application(scope, no_disconnect, send)

        stalled = [asyncio.create_task(never_read(number)) for number in range(NEVER_READ)]
        await asyncio.gather(*(event.wait() for event in begun))
        _, _, body = await ask(cookie)
        for task in stalled:
            task.cancel()
        await asyncio.gather(*stalled, return_exceptions=True)
        return parts, body

    parts, body = async_to_sync(play)()

    assert parts == [1] * NEVER_READ
    assert body.count("\r\n") == statement_csv.CHUNK + 2
