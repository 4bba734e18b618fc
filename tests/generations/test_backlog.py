"""While much waits, nothing asks for the same work again and again."""

from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.utils import timezone
from django_q.models import OrmQ

from generations import follow, lifecycle, nudge, sweep
from generations.brief import Brief
from generations.fal import client
from generations.models import Draw, Image, Status
from tests.conftest import draw_everything, look_at_everything, run_queued_tasks
from tests.standins.launch import StandIn


def jobs() -> list[str]:
    """The tasks that wait, by name, in their order."""
    return [row.task["func"] for row in OrmQ.objects.order_by("id")]


def test_a_picture_that_arrives_asks_for_a_dispatcher_only_where_another_waits(
    alice: Any, fox: Brief, standin: StandIn, settings: Any
) -> None:
    settings.FAL_CONCURRENCY = 1  # and one more for the time that we take to notice
    lifecycle.submit(alice, Brief.read("krea-2-medium", {"prompt": "three foxes"}, 3))
    run_queued_tasks()
    assert Image.objects.queued().count() == 1

    look_at_everything()

    assert jobs() == [nudge.COLLECT, nudge.DISPATCH, nudge.COLLECT, nudge.DISPATCH]
    run_queued_tasks()
    look_at_everything()
    assert jobs() == [nudge.COLLECT]
    run_queued_tasks()
    assert jobs() == []


def test_what_the_sweep_asked_for_is_not_asked_for_again_while_it_waits(
    alice: Any, fox: Brief, standin: StandIn
) -> None:
    standin.control(latency_s=60)
    generation = lifecycle.submit(alice, fox)
    run_queued_tasks()
    lifecycle.cancel(generation)
    OrmQ.objects.all().delete()  # the nudge is lost

    for _ in range(3):
        sweep.run()

    assert jobs() == [nudge.CANCEL]
    Image.objects.update(nudged_at=timezone.now() - timedelta(minutes=5))
    sweep.run()
    assert jobs() == [nudge.CANCEL] * 2
    draw_everything()


def test_a_round_of_the_follower_looks_at_a_few_and_at_the_longest_due_first(
    alice: Any, fox: Brief, standin: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follow, "LOOKS_A_ROUND", 1)
    first, second = (lifecycle.submit(alice, fox) for _ in range(2))
    run_queued_tasks()
    follower = follow.Follower()
    waits = {draw.image.generation_id: draw.pk for draw in Draw.objects.select_related("image")}

    async def look() -> None:
        async with client.open_async() as http:
            follower._due = {waits[first.pk]: 2.0, waits[second.pk]: 1.0}
            await follower.look_at_due(http)

    async_to_sync(look)()

    assert Image.objects.get(generation=first).status == Status.DRAWING
    assert Image.objects.get(generation=second).status == Status.STORING
    draw_everything()
