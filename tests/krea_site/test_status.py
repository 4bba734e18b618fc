"""The status page: each part in words, and the last days from rows that are counted once."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import time_machine
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from generations.models import Generation, Image
from krea_site import schedule, status, status_days
from krea_site.models import StatusDay
from tests.krea_site.test_mail_log import read

pytestmark = [pytest.mark.django_db, pytest.mark.unaudited]  # pictures whose prices nobody set aside
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
WELL = {
    "ready": True, "database": "ok", "broker": "ok", "storage": "ok", "fal": "ok",
    "worker": {"state": "ok"}, "follower": {"state": "ok"},
}  # fmt: skip


@pytest.fixture(autouse=True)
def fresh() -> None:
    cache.clear()


def drawn(user: Any, *ends: tuple[str, float], at: datetime = NOON) -> None:
    """Pictures ordered at a moment, each with its last status and the seconds until then."""
    order = Generation.objects.create(
        user=user, image_model="krea-2-medium", input={"prompt": "x"}, quantity=len(ends), image_price=1, unfinished=0,
        outcome="partial", created_at=at, finished_at=at,
    )  # fmt: skip
    for index, (ended, seconds) in enumerate(ends):
        id = UUID(int=(int(at.timestamp() * 1000) << 80) + Image.objects.count())
        Image.objects.create(
            id=id, generation=order, user=user, index=index, seed=1, price=1, status=ended, sha256="0" * 64,
            status_at=at + timedelta(seconds=seconds),
        )  # fmt: skip


def test_day_is_counted_from_its_own_pictures(alice: Any) -> None:
    drawn(alice, *[("stored", seconds) for seconds in range(1, 101)], ("failed", 3), ("blocked", 3), ("canceled", 3))
    midnight = datetime(2026, 11, 20, tzinfo=UTC)
    drawn(alice, ("failed", 1), at=midnight - timedelta(milliseconds=1))
    drawn(alice, ("queued", 1), ("stored", 200), at=midnight)
    drawn(alice, ("failed", 1), at=midnight + timedelta(days=1))

    day = status_days.count(date(2026, 11, 20))

    assert (day.stored, day.failed, day.median_s, day.p95_s, day.is_sample) == (101, 1, 51.0, 96.0, False)
    assert day.share == 99.0


def test_share_is_never_rounded_up_to_all() -> None:
    assert status_days.Day(date(2026, 1, 1), 99_999, 1, 1, 1).share == 99.9
    assert status_days.Day(date(2026, 1, 1), 7, 0, 1, 1).share == 100.0
    assert status_days.Day(date(2026, 1, 1), 0, 0, None, None).share is None


def test_day_that_is_not_counted_yet_is_told_from_its_newest(alice: Any) -> None:
    drawn(alice, ("failed", 1), ("stored", 5), ("stored", 7))

    day = status_days.count(date(2026, 11, 20), most=2)

    assert (day.stored, day.failed, day.median_s, day.is_sample) == (2, 0, 5.0, True)


def test_night_counts_what_is_over_and_the_page_reads_that(alice: Any) -> None:
    drawn(alice, ("stored", 5), ("failed", 1))
    with time_machine.travel(NOON + timedelta(days=1)):
        schedule.count_status_days()
        schedule.count_status_days()
        Image.objects.all().delete()

        today, yesterday, *_ = status_days.last_days()

    assert StatusDay.objects.count() == 2
    assert (today.stored, yesterday.stored, yesterday.failed, yesterday.median_s) == (0, 1, 1, 5.0)


def test_days_are_looked_at_once_a_minute_and_anew_at_midnight(alice: Any) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        status_days.last_days()
        drawn(alice, ("stored", 5))
        assert status_days.last_days()[0].stored == 0
        clock.shift(61)
        assert status_days.last_days()[0].stored == 1
        midnight = datetime(2026, 11, 21, tzinfo=UTC)
        clock.move_to(midnight - timedelta(seconds=1))
        assert [day.stored for day in status_days.last_days()[:2]] == [1, 0]
        clock.move_to(midnight)
        assert [day.stored for day in status_days.last_days()[:2]] == [0, 1]


def test_figures_cost_a_fixed_number_of_queries() -> None:
    with CaptureQueriesContext(connection) as queries:
        status_days.last_days()

    read = [query["sql"] for query in queries if "statusday" in query["sql"] or "generations" in query["sql"]]
    assert len(read) == 1 + status_days.SHOWN


def test_pictures_of_a_day_are_found_by_the_primary_key() -> None:
    if connection.vendor == "postgresql":
        # What it would choose for a large table.
        connection.cursor().execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")

    plan = status_days.ordered_on(date(2026, 11, 20)).explain()

    assert "generations_image" in plan and ("Index Scan" in plan or "SEARCH" in plan)
    assert "Seq Scan" not in plan and "Sort" not in plan and "TEMP B-TREE" not in plan


@pytest.mark.django_db(transaction=True)
def test_page_tells_how_each_part_is(client: Client, alice: Any) -> None:
    with time_machine.travel(NOON + timedelta(hours=1)):
        drawn(alice, ("stored", 5), ("failed", 1))
        page = read(client, "/status/")

    assert "Not everything works: tasks." in page  # no worker and no follower run here
    assert "50.0 %" in page and "5.0 s" in page
    assert '<time datetime="2026-11-20">20 Nov</time>' in page


@pytest.mark.parametrize(
    ("broken", "verdict"),
    [
        ({}, "Everything works."),
        ({"fal": "locked"}, "Not everything works: drawing."),
        ({"fal": "unheard of"}, "Not everything works: drawing."),
        ({"storage": "down", "database": "down"}, "Not everything works: database, pictures."),
        ({"follower": {"state": "down"}}, "Not everything works: tasks."),
        ({"broker": "down"}, "Not everything works: tasks."),
    ],
)
def test_report_is_put_in_words(broken: dict[str, Any], verdict: str) -> None:
    assert status.verdict(status.parts({**WELL, **broken})) == verdict


def test_trouble_at_fal_says_since_when() -> None:
    fal = status.parts({**WELL, "fal": "locked"}, NOON)[3]

    assert (fal.state, fal.tone) == ("paused", "warn")
    assert fal.words.endswith("Orders are taken, and wait. Since 20 November, 12:00 UTC.")
    assert status.parts(WELL, NOON)[3].words == "Pictures are being drawn."
