"""The follower: one works, under a lease; it asks gently at first and gives up nothing that fal can still give."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.db.models.functions import Now
from django.utils import timezone

from generations import fal_state, follow, lifecycle, sweep
from generations.brief import Brief
from generations.fal import client
from generations.follow import Follower
from generations.models import Beat, Draw, FalState, Image
from tests.conftest import draw_everything, long_ago, run_queued_tasks, status_of, wallet_of
from tests.standins.launch import StandIn

Run = Callable[[], Any]


@pytest.mark.django_db
def test_of_two_followers_one_works_until_its_lease_ends() -> None:
    assert follow.take_lease("first")
    assert not follow.take_lease("second")
    assert follow.take_lease("first")

    Beat.objects.filter(name="follower").update(until=Now() - timedelta(seconds=1))

    assert follow.take_lease("second")
    assert not follow.take_lease("first")


@pytest.mark.django_db
def test_a_lease_that_is_given_back_is_free_at_once() -> None:
    follow.take_lease("first")
    follow.give_lease_back("second")
    assert not follow.take_lease("second")

    follow.give_lease_back("first")

    assert follow.take_lease("second")


def in_drawing(user: Any, fox: Brief) -> Draw:
    lifecycle.submit(user, fox)
    run_queued_tasks()
    return Draw.objects.get()


def test_a_draw_is_first_looked_at_half_way_and_then_every_second(
    alice: Any, fox: Brief, standin: StandIn, settings: Any
) -> None:
    standin.control(latency_s=60)
    draw = in_drawing(alice, fox)
    assert follow.first_look_after_s(draw) == pytest.approx(5, abs=0.5)
    assert follow.next_look_after_s(draw) == 1

    draw.accepted_at = timezone.now() - timedelta(seconds=60)
    assert follow.first_look_after_s(draw) == 0
    assert follow.next_look_after_s(draw) == 3

    settings.FAL_WEBHOOKS = "on"
    assert follow.next_look_after_s(draw) > 3


def test_a_follower_takes_a_picture_all_the_way_by_its_own_ticks(alice: Any, fox: Brief, standin: StandIn) -> None:
    generation = lifecycle.submit(alice, fox)
    follower = Follower()

    async def tick() -> None:
        async with client.open_async() as http:
            follower._due = dict.fromkeys(follower._due, 0.0)
            await follower.tick(http)

    for _ in range(10):
        async_to_sync(tick)()
        run_queued_tasks()
        if status_of(generation) == "succeeded":
            break

    assert wallet_of(alice) == (961_00, 0)
    assert Beat.objects.filter(name="worker").exists()


def test_a_follower_ends_when_it_is_told_and_gives_its_lease_back(db: None) -> None:
    follower = Follower()

    async def run() -> None:
        stop = asyncio.Event()
        task = asyncio.create_task(follower.run(stop))
        await asyncio.sleep(0)
        stop.set()
        await task

    async_to_sync(run)()

    beat = Beat.objects.filter(name="follower").first()
    assert beat is None or beat.until is None


def test_a_round_that_fails_does_not_end_the_follower(
    alice: Any, fox: Brief, standin: StandIn, caplog: pytest.LogCaptureFixture
) -> None:
    draw = in_drawing(alice, fox)
    Draw.objects.filter(pk=draw.pk).update(endpoint="not an endpoint")  # a look raises ValueError
    follower = Follower()

    async def look() -> None:
        async with client.open_async() as http:
            follower._due = {draw.pk: 0.0}
            await follower.look_at_due(http)

    async_to_sync(look)()

    assert f"looking at draw {draw.pk} failed" in caplog.text
    Draw.objects.filter(pk=draw.pk).update(endpoint="krea/v2/medium/text-to-image")
    draw_everything()


def test_while_fal_is_away_a_drawn_picture_outlives_its_deadline_and_is_fetched_later(
    alice: Any, fox: Brief, standin: StandIn, look: Run
) -> None:
    in_drawing(alice, fox)
    Image.objects.update(deadline_at=timezone.now() - timedelta(hours=1))
    standin.kill()

    look()
    sweep.run()
    assert Image.objects.get().status == "drawing"

    standin.restart()
    draw_everything()
    assert (Image.objects.get().status, wallet_of(alice)) == ("stored", (961_00, 0))


def test_contact_that_stays_lost_ends_the_wait_and_is_free(alice: Any, fox: Brief, standin: StandIn, look: Run) -> None:
    in_drawing(alice, fox)
    Image.objects.update(deadline_at=timezone.now() - timedelta(hours=3))
    standin.kill()

    look()

    image = Image.objects.get()
    standin.restart()
    assert (image.status, image.error_code, wallet_of(alice)) == ("failed", "lost", (1000_00, 0))
    assert Draw.objects.get().may_be_billed


def test_what_was_tried_and_refused_fails_at_its_deadline_also_while_it_waits(
    alice: Any, fox: Brief, standin: StandIn
) -> None:
    standin.control([{"on": "submit", "times": None, "status": 503}])
    lifecycle.submit(alice, fox)
    run_queued_tasks()
    Image.objects.update(deadline_at=long_ago())

    sweep.run()

    image = Image.objects.get()
    assert (image.status, image.error_code, wallet_of(alice)) == ("failed", "fal_unavailable", (1000_00, 0))
    assert fal_state.row().state in FalState.State.values
