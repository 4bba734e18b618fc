"""Wake-ups between processes through a real Redis, and the poller as a net under them."""

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import redis
from asgiref.sync import async_to_sync
from django.db import connection

from billing import ledger
from generations import events, hub, live, nudge, wakeups
from tests import live_site
from tests.conftest import make_user

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def real_redis(settings: Any) -> Iterator["redis.Redis"]:
    if not live_site.redis_is_reachable():
        pytest.skip("no Redis is reachable")
    settings.REDIS_URL = live_site.REDIS
    client = redis.Redis.from_url(live_site.REDIS)
    yield client
    client.close()


async def end(hub: live.Hub) -> None:
    for task in hub._tasks:
        task.cancel()
    await asyncio.gather(*hub._tasks, return_exceptions=True)


def test_a_wake_up_from_another_process_rings_through_redis(real_redis: "redis.Redis") -> None:
    async def hears() -> bool:
        hub = live.Hub()
        bell = hub.join(7)
        try:
            while not real_redis.pubsub_numsub(wakeups.CHANNEL)[0][1]:
                await asyncio.sleep(0.01)
            real_redis.publish(wakeups.CHANNEL, "7")
            return await asyncio.wait_for(bell.wait(), 3)  # sooner than the poller, which sees no row here
        finally:
            await end(hub)

    assert async_to_sync(hears)()


def test_a_change_is_published_for_other_processes(real_redis: "redis.Redis") -> None:
    alice = make_user("alice@example.com")
    channel = real_redis.pubsub()  # type: ignore[no-untyped-call]
    channel.subscribe(wakeups.CHANNEL)
    channel.get_message(timeout=2)

    ledger.grant(alice, 100, key="one", memo="")

    message = channel.get_message(timeout=2)
    assert message is not None
    assert message["data"] == str(alice.pk).encode()
    channel.close()


def test_the_poller_rings_when_every_wake_up_is_lost() -> None:
    alice = make_user("alice@example.com")

    async def hears() -> bool:
        hub = live.Hub()
        hub._seen[alice.pk] = await live.in_reader(events.latest, alice.pk)
        bell = hub.join(alice.pk)
        wakeups._listeners.remove(hub._ring_from_thread)
        try:
            await live.in_reader(lambda: ledger.grant(alice, 100, key="one", memo=""))
            return await asyncio.wait_for(bell.wait(), 5)
        finally:
            await end(hub)

    assert async_to_sync(hears)()


def test_a_change_does_not_fail_when_redis_is_away(settings: Any) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    alice = make_user("alice@example.com")

    ledger.grant(alice, 100, key="one", memo="")
    wakeups.ring(alice.pk)

    assert ledger.wallet(alice).balance == 100
    assert nudge.waiting_jobs(nudge.SEND) == 0


def test_a_stream_that_nobody_hears_any_more_leaves_the_hub() -> None:
    async def joined_and_left() -> dict[int, Any]:
        hub = live.Hub()
        one, other = hub.join(7), hub.join(7)
        hub.leave(7, one)
        hub.leave(7, other)
        await end(hub)
        return dict(hub._waiting)

    assert async_to_sync(joined_and_left)() == {}


def test_who_joins_a_look_that_began_before_their_bell_rang_looks_once_more() -> None:
    alice = make_user("alice@example.com")

    def give() -> None:
        ledger.grant(alice, 100, key="one", memo="")
        connection.close()

    async def heard() -> list[int]:
        here = hub.Hub()
        try:
            earlier = asyncio.create_task(here.news(alice.pk, 0))
            while not here._reads:
                await asyncio.sleep(0)
            await asyncio.sleep(0)  # a reader's thread has it now; from here on this loop hears of nothing
            both = threading.Barrier(2)
            for idle in [hub._readers.submit(both.wait) for _ in range(2)]:
                idle.result()  # the thread is free again: it has looked, and found nothing
            with ThreadPoolExecutor(1) as aside:
                aside.submit(give).result()
            assert not earlier.done()
            return [row.seq for row in (await here.news(alice.pk, 0)).rows]
        finally:
            await end(here)

    assert async_to_sync(heard)() == [1]


def test_many_streams_of_one_customer_look_together() -> None:
    alice = make_user("alice@example.com")
    ledger.grant(alice, 100, key="one", memo="")

    async def heard() -> set[int]:
        here = hub.Hub()
        try:
            return {id(news) for news in await asyncio.gather(*(here.news(alice.pk, 0) for _ in range(100)))}
        finally:
            await end(here)

    assert len(async_to_sync(heard)()) == 1
