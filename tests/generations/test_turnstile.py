"""So many at once for each customer, so many in all, whichever thread they come from."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from generations.turnstile import Turnstile


def test_turnstile_lets_so_many_in_for_each_and_in_all() -> None:
    turnstile = Turnstile(each=2, total=3)
    inside: list[str] = []

    async def visit(key: str, leaving: asyncio.Event) -> None:
        async with turnstile.turn(key):
            inside.append(key)
            await leaving.wait()
            inside.remove(key)

    async def story() -> None:
        leaving = asyncio.Event()
        visits = [asyncio.create_task(visit(key, leaving)) for key in "aaabbb"]
        await _settle()
        assert inside == ["a", "a", "b"]
        leaving.set()
        await asyncio.gather(*visits)
        assert inside == []

    asyncio.run(story())


def test_turnstile_lets_the_next_in_line_in_past_those_who_may_not_yet() -> None:
    turnstile = Turnstile(each=1, total=2)

    async def story() -> None:
        async with turnstile.turn("a"):
            second = asyncio.create_task(_pass(turnstile, "a"))
            await _settle()
            await asyncio.wait_for(_pass(turnstile, "b"), 5)
            assert not second.done()
        await asyncio.wait_for(second, 5)

    asyncio.run(story())


def test_turnstile_forgets_who_left_the_line() -> None:
    turnstile = Turnstile(each=1, total=1)

    async def story() -> None:
        async with turnstile.turn("a"):
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(_pass(turnstile, "b"), 0.01)
        await asyncio.wait_for(_pass(turnstile, "c"), 5)

    asyncio.run(story())


def test_turnstile_takes_a_place_back_from_who_leaves_as_it_is_given() -> None:
    turnstile = Turnstile(each=1, total=1)

    async def story() -> None:
        async with turnstile.turn("a"):
            waiting = asyncio.create_task(_pass(turnstile, "b"))
            await _settle()
        waiting.cancel()  # the place was given, and its holder has not run since
        with pytest.raises(asyncio.CancelledError):
            await waiting
        await asyncio.wait_for(_pass(turnstile, "c"), 5)

    asyncio.run(story())


def test_turnstile_counts_all_threads_together() -> None:
    turnstile = Turnstile(each=3, total=100)
    counting = threading.Lock()
    counts = {"inside": 0, "most": 0, "visits": 0}

    async def visit() -> None:
        async with turnstile.turn("one customer"):
            with counting:
                counts["inside"] += 1
                counts["visits"] += 1
                counts["most"] = max(counts["most"], counts["inside"])
            await _settle()
            with counting:
                counts["inside"] -= 1

    async def many() -> None:
        await asyncio.gather(*[visit() for _ in range(40)])

    with ThreadPoolExecutor(5) as threads:
        list(threads.map(lambda _: asyncio.run(many()), range(5)))

    assert counts == {"inside": 0, "most": 3, "visits": 200}


async def _pass(turnstile: Turnstile, key: str) -> None:
    async with turnstile.turn(key):
        pass


async def _settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)
