"""One customer's five hundred pictures do not hold up another's five. Time is pretended, queue and rows are real."""

from typing import Any

import pytest
from pytest_django import Settings

from billing import set_limits
from billing.set_limits import Scope
from generations import fair_order, lifecycle
from generations.brief import Brief
from generations.models import Generation, Image
from tests.conftest import make_user
from tests.faults.on_the_road import FOX, TEN
from tests.faults.pretend_time import Clockwork

FIVE = Brief.read("krea-2-medium", {"prompt": "five foxes"}, 5)
LIGHTHOUSE = Brief.read("krea-2-large", {"prompt": "a lighthouse"})
TYPICAL_S = FOX.model.typical_seconds


@pytest.fixture
def first(db: None) -> Any:
    return make_user("first@example.com", 100_000_00)


@pytest.fixture
def second(db: None) -> Any:
    return make_user("second@example.com", 100_000_00)


def order(user: Any, brief: Brief, times: int) -> list[Generation]:
    return [lifecycle.submit(user, brief) for _ in range(times)]


def drawn_for(user: Any, clockwork: Clockwork) -> list[Image]:
    return list(Image.objects.select_related("generation").filter(user=user, id__in=clockwork.done))


@pytest.mark.parametrize("slots", [2, 10])
@pytest.mark.parametrize("after_s", [0, 25])
def test_five_behind_five_hundred_wait_at_most_twice_as_long_as_alone_and_one_draw(
    first: Any, second: Any, settings: Settings, slots: int, after_s: int
) -> None:
    settings.FAL_CONCURRENCY = slots
    alone = Clockwork()
    (five,) = order(second, FIVE, 1)
    alone.run(of=five)
    alone_s = alone.wait_of(five, asked_at=0)

    together = Clockwork()
    order(first, TEN, 50)
    together.run(until=after_s)
    (five,) = order(second, FIVE, 1)
    together.run(of=five)

    assert together.wait_of(five, asked_at=after_s) <= 2 * alone_s + TYPICAL_S


def test_whoever_cancels_five_hundred_and_asks_for_one_waits_like_a_newcomer(
    first: Any, second: Any, settings: Settings
) -> None:
    settings.FAL_CONCURRENCY = 2
    clockwork = Clockwork()
    many = order(first, TEN, 50)
    order(second, TEN, 3)
    clockwork.run(until=30)

    for generation in many:
        lifecycle.cancel(generation)
    (one,) = order(first, FOX, 1)
    (newcomers,) = order(make_user("new@example.com", 100_00), FOX, 1)

    place = fair_order.position(Image.objects.get(generation=one))
    assert fair_order.position(Image.objects.get(generation=newcomers)) == place + 1
    asked_at = clockwork.now
    clockwork.run(of=one)
    assert clockwork.wait_of(one, asked_at=asked_at) <= 4 * TYPICAL_S


def test_a_customer_of_weight_3_gets_three_times_as_much(first: Any, second: Any, settings: Settings) -> None:
    settings.FAL_CONCURRENCY = 2
    set_limits.put(Scope(user_id=first.pk), {"queue_weight": 3}, was={})
    clockwork = Clockwork()
    order(second, TEN, 4)
    order(first, TEN, 4)

    clockwork.run(images=40)

    assert abs(len(drawn_for(first, clockwork)) - 30) <= 2


def test_slow_and_quick_image_models_share_the_seconds(first: Any, second: Any, settings: Settings) -> None:
    settings.FAL_CONCURRENCY = 2
    clockwork = Clockwork()
    order(first, LIGHTHOUSE, 20)
    order(second, TEN, 5)

    clockwork.run(images=40)

    seconds = [
        sum(image.generation.model.typical_seconds for image in drawn_for(user, clockwork)) for user in (first, second)
    ]
    assert abs(seconds[0] - seconds[1]) <= 2 * LIGHTHOUSE.model.typical_seconds


def test_a_hundred_small_orders_gain_nothing_over_ten_large_ones(first: Any, second: Any, settings: Settings) -> None:
    settings.FAL_CONCURRENCY = 2
    clockwork = Clockwork()
    order(second, TEN, 10)
    order(first, FOX, 100)

    clockwork.run(images=60)

    assert abs(len(drawn_for(first, clockwork)) - 30) <= 2


def test_who_was_away_has_saved_up_nothing(first: Any, second: Any, settings: Settings) -> None:
    """An hour of drawing for one alone is no debt to the other: from then on they take turns."""
    settings.FAL_CONCURRENCY = 2
    clockwork = Clockwork()
    order(second, FOX, 1)
    order(first, TEN, 12)
    clockwork.run(images=40)
    before = len(drawn_for(second, clockwork))

    order(second, TEN, 4)
    clockwork.run(images=60)

    assert abs(len(drawn_for(second, clockwork)) - before - 10) <= 2
