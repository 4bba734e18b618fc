"""The two lanes of the task queue: a send never waits behind the pictures that are being stored."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
import redis
from django.db import connection
from django_q.conf import Conf
from django_q.models import OrmQ
from django_q.signing import SignedPackage

from generations import lanes
from generations.nudge import COLLECT, SEND, nudge, waiting_jobs
from tests import live_site


def taken(broker: lanes.OnDatabase | lanes.OnRedis) -> str | None:
    """The argument of the job that a worker would get next."""
    found = broker.dequeue()
    return str(SignedPackage.loads(found[0][1])["args"][0]) if found else None


@pytest.mark.django_db
def test_a_send_goes_before_the_pictures_that_wait_and_those_go_in_order() -> None:
    broker = lanes.OnDatabase()
    for task, about in ((COLLECT, "picture 1"), (COLLECT, "picture 2"), (SEND, "send 1"), (SEND, "send 2")):
        nudge(task, about)
    assert (waiting_jobs(SEND), waiting_jobs(COLLECT)) == (2, 2)

    order = [taken(broker) for _ in range(4)]

    assert order == ["send 1", "send 2", "picture 1", "picture 2"]
    assert (waiting_jobs(SEND), waiting_jobs(COLLECT)) == (0, 0)


@pytest.mark.django_db
def test_a_job_that_is_being_worked_on_is_given_to_nobody_else_until_it_is_done() -> None:
    broker = lanes.OnDatabase()
    nudge(COLLECT, "a picture")

    first, second = broker.dequeue(), broker.dequeue()

    assert first is not None
    assert second is None
    broker.acknowledge(first[0][0])
    assert not OrmQ.objects.exists()


@pytest.mark.django_db
def test_of_two_clusters_that_saw_the_same_job_one_gets_it() -> None:
    nudge(SEND, "once")
    one, other = OrmQ.objects.get(), OrmQ.objects.get()

    assert lanes.OnDatabase()._lock(one)
    assert not lanes.OnDatabase()._lock(other)


@pytest.fixture
def on_redis(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The queue on Redis, under a name of its own."""
    if not live_site.redis_is_reachable():
        pytest.skip("Redis is not reachable")
    name = f"lanes-{uuid4()}"
    monkeypatch.setattr(Conf, "REDIS", live_site.REDIS)
    monkeypatch.setattr(lanes, "SLOW", f"{name}-slow")
    monkeypatch.setattr(Conf, "CLUSTER_NAME", name)
    yield
    client = redis.Redis.from_url(live_site.REDIS)
    client.delete(f"django_q:{name}:q", f"django_q:{name}-slow:q")
    client.close()


@pytest.mark.redis
def test_on_redis_the_quick_lane_is_emptied_first_too(on_redis: None) -> None:
    quick, slow = lanes.OnRedis(), lanes.OnRedis(lanes.SLOW)
    for broker, about in ((slow, "picture 1"), (slow, "picture 2"), (quick, "send")):
        broker.enqueue(SignedPackage.dumps({"args": [about]}))
    assert (quick.queue_size(), slow.queue_size()) == (1, 2)

    order = [taken(quick) for _ in range(3)]

    assert order == ["send", "picture 1", "picture 2"]
    assert taken(quick) is None


@pytest.mark.django_db(transaction=True)
def test_the_clusters_own_bookkeeping_does_not_wait_for_the_disk_and_everybody_elses_does() -> None:
    # On PostgreSQL nobody in a test's database waits for the disk: what is asked is who says so.
    who = "SELECT setting || ' by ' || source FROM pg_settings WHERE name = 'synchronous_commit'"
    asked, hasty = (who, "off by session") if connection.vendor == "postgresql" else ("PRAGMA synchronous", 1)
    connection.close()
    assert setting(asked) != hasty

    lanes.OnDatabase().acknowledge(0)

    assert setting(asked) == hasty
    connection.close()
    assert setting(asked) != hasty


def setting(statement: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchone()[0]
