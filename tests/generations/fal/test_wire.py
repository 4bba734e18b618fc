"""The pooled clients: shared by threads, not by forks; many small pools in the follower; limits on what is read."""

import asyncio
import os
import threading
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from pytest_django import Settings

from generations.fal import wire
from generations.fal.client import State, open_async, status, status_async
from tests.generations.fal.conftest import LARGE, Serve
from tests.generations.fal.servers import closed_port, reply, trickle
from tests.standins.launch import StandIn


def ids(count: int) -> list[str]:
    return [f"019ef3ca-bf2e-71b2-8000-{number:012}" for number in range(count)]


def test_threads_share_one_client_and_never_get_each_others_answers(standin: StandIn) -> None:
    clients = []

    def ask(request_id: str) -> State:
        clients.append(wire.client())
        return status(LARGE, request_id).state

    with ThreadPoolExecutor(16) as threads:
        states = list(threads.map(ask, ids(100)))

    assert states == [State.MISSING] * 100
    assert len(set(clients)) == 1


def test_a_fork_makes_its_own_client(standin: StandIn) -> None:
    status(LARGE, ids(1)[0])
    parents = wire.client()
    reads, writes = os.pipe()

    child = os.fork()
    if child == 0:
        try:  # whatever happens, the child must not go on with the tests
            own = wire.client() is not parents and wire.client() is wire.client()
            works = status(LARGE, ids(1)[0]).state == State.MISSING
            os.write(writes, b"good" if own and works else b"bad!")
        finally:
            os._exit(0)

    os.waitpid(child, 0)
    os.set_blocking(reads, False)
    assert os.read(reads, 4) == b"good"
    assert wire.client() is parents
    assert status(LARGE, ids(1)[0]).state == State.MISSING
    os.close(reads)
    os.close(writes)


def test_the_follower_asks_about_many_at_once(standin: StandIn) -> None:
    async def ask_all() -> list[State]:
        async with open_async(32) as http:
            return [one.state for one in await asyncio.gather(*(status_async(http, LARGE, each) for each in ids(300)))]

    assert asyncio.run(ask_all()) == [State.MISSING] * 300


def test_calls_that_wait_for_their_turn_do_not_run_out_of_time(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    call = wire.Call("GET", serve(lambda heard: reply(200)).url)

    async def ask_and_wait_an_hour() -> int:
        loop = asyncio.get_running_loop()
        present = loop.time
        async with open_async(1) as http:
            async with http.places:
                asked = asyncio.create_task(wire.exchange_async(http, call))
                await asyncio.sleep(0)  # it has asked for the place
                monkeypatch.setattr(loop, "time", lambda: present() + 3600)
                await asyncio.sleep(0)  # whatever is due by now comes true
            return (await asked).status

    assert asyncio.run(ask_and_wait_an_hour()) == 200


def test_the_follower_goes_by_a_proxy_where_one_is_set_but_not_to_the_stand_in(
    serve: Serve, standin: StandIn, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{closed_port()}")

    async def ask() -> State:
        async with open_async() as http:
            return (await status_async(http, LARGE, ids(1)[0])).state

    assert asyncio.run(ask()) == State.MISSING

    settings.FAL_QUEUE_URL = "http://queue.fal.run"
    proxy = wire.Call("GET", settings.FAL_QUEUE_URL)

    async def ask_by_proxy() -> None:
        async with open_async() as http:
            await wire.exchange_async(http, proxy)

    with pytest.raises(wire.NoAnswer, match="ConnectError"):
        asyncio.run(ask_by_proxy())


def test_what_is_larger_than_allowed_is_not_read(serve: Serve) -> None:
    call = wire.Call("GET", serve(lambda heard: reply(200, b"x" * 1001)).url)

    with pytest.raises(wire.TooLarge):
        wire.exchange(call, max_bytes=1000)
    assert len(wire.exchange(call, max_bytes=1001).content) == 1001


def test_a_length_that_is_a_lie_does_not_help(serve: Serve) -> None:
    answer = reply(200, b"x" * 5000).replace(b"content-length: 5000\r\n", b"")
    call = wire.Call("GET", serve(lambda heard: answer).url)

    with pytest.raises(wire.TooLarge):
        wire.exchange(call, max_bytes=1000)


def test_the_follower_reads_no_more_either(serve: Serve) -> None:
    call = wire.Call("GET", serve(lambda heard: reply(200, b"x" * 1001)).url)

    async def ask() -> None:
        async with open_async() as http:
            await wire.exchange_async(http, call, max_bytes=1000)

    with pytest.raises(wire.TooLarge):
        asyncio.run(ask())


def test_the_follower_does_not_wait_for_ever(serve: Serve, settings: Settings) -> None:
    settings.FAL_TIMEOUT_S = 0.1
    call = wire.Call("GET", serve(lambda heard: trickle(reply(200, b"x" * 100), 0.02)).url)

    async def ask() -> None:
        async with open_async() as http:
            await wire.exchange_async(http, call)

    with pytest.raises(wire.NoAnswer):
        asyncio.run(ask())


def test_a_client_that_loses_the_race_to_be_made_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "_clients", {})
    start = threading.Barrier(8)

    def make(_: int) -> httpx.Client:
        start.wait()
        return wire.client()

    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(make, range(8)))

    assert len(set(made)) == 1
    made[0].close()


def test_a_text_that_is_no_json_is_kept_short() -> None:
    assert wire.Answer(500, {}, b"\xff" + b"x" * 9000).body() == "\ufffd" + "x" * 1999
