"""Races of switches and prices, on a real PostgreSQL: staff, dispatchers and senders at the same moment."""

from datetime import timedelta
from functools import partial
from typing import Any

from django.utils import timezone

from billing import offering, planned, prices, repricing
from billing.models import Pack, PlannedOffer, Price
from billing.repricing import NewPrice
from generations import dispatch, draws, lifecycle, sweep, switches
from generations.models import Draw, Image, Pause, Status, Switch
from tests.conftest import wallet_of
from tests.faults.on_the_road import FOX, TEN
from tests.faults.together import ON_POSTGRES, crowd, failures, together

pytestmark = ON_POSTGRES


def test_once_sending_is_stopped_no_dispatcher_takes_more(rich: Any) -> None:
    for _ in range(10):
        lifecycle.submit(rich, FOX)
        version = switches.find(switches.SENDING).version
        seen: list[int] = []

        def stop(version: int = version, seen: list[int] = seen) -> None:
            switches.turn(switches.SENDING, is_off=True, seen=version)
            seen.append(Draw.objects.count())

        results = together([dispatch.run] * 8 + [stop] + [dispatch.run] * 8)

        assert failures(results) == [] and Draw.objects.count() == seen[0]
        switches.turn(switches.SENDING, is_off=False, seen=version + 1)
        Image.objects.filter(status=Status.SENDING).update(status=Status.QUEUED)


def test_a_draw_is_claimed_or_taken_back_and_never_both(rich: Any) -> None:
    for _ in range(30):
        lifecycle.submit(rich, FOX)
        dispatch.run()
        draw = Draw.objects.select_related("image__generation").latest("created_at")

        claimed, *_ = results = together([partial(draws.claim, draw), partial(draws.not_sent, draw)])

        assert failures(results) == []
        draw.refresh_from_db()
        image = Image.objects.get(pk=draw.image_id)
        assert (draw.sent_at is not None) is claimed is (image.status == Status.SENDING)
        assert (draw.outcome == draws.NOT_SENT) is not claimed
        lifecycle.cancel(image.generation)
        Image.objects.filter(pk=image.pk, status=Status.SENDING).update(status=Status.QUEUED)
        lifecycle.cancel_image(image)


def test_the_same_switch_by_many_is_turned_once(rich: Any) -> None:
    for name in (switches.SENDING, "krea-2-medium"):
        results = crowd(partial(switches.turn, name, is_off=True, notice="Rest.", seen=0), 16)

        assert failures(results) == [] and sum(each is not None for each in results) == 1
        assert Switch.objects.get(pk=name).version == 1
    assert Pause.objects.count() == 1


def test_of_many_who_want_different_things_one_wins(rich: Any) -> None:
    wishes = [
        partial(switches.turn, "krea-2-medium", is_off=True, notice=f"Notice {number}.", seen=0) for number in range(16)
    ]

    results = together(wishes)

    assert sum(isinstance(each, switches.ChangedMeanwhile) for each in results) == 15
    assert failures(results, switches.ChangedMeanwhile) == [] and Switch.objects.get().version == 1


def test_sweeps_that_give_back_beside_dispatchers_and_customers_lose_nothing(rich: Any) -> None:
    generations = [lifecycle.submit(rich, TEN) for _ in range(4)]
    switches.turn("krea-2-medium", is_off=True, gives_back=True, seen=0)

    results = together(
        [sweep.withheld] * 4 + [dispatch.run] * 4 + [partial(lifecycle.cancel, each) for each in generations]
    )

    assert failures(results) == []
    sweep.withheld()
    assert set(Image.objects.values_list("status", flat=True)) == {Status.CANCELED}
    assert not Draw.objects.exists() and wallet_of(rich) == (10_000_00, 0)


def test_the_same_price_by_many_is_one_row_and_different_ones_are_told(rich: Any) -> None:
    moment = timezone.now() + timedelta(days=1)
    shown = repricing.seen("krea-2-large")
    same = NewPrice("krea-2-large", 80_00, 60_000, moment)

    results = crowd(partial(repricing.add, same, shown=shown), 16)

    assert failures(results) == [] and sum(each is not None for each in results) == 1
    shown = repricing.seen("krea-2-large")
    others = [
        partial(
            repricing.add, NewPrice("krea-2-large", 81_00 + number, 60_000, moment + timedelta(days=1)), shown=shown
        )
        for number in range(16)
    ]
    results = together(others)
    assert sum(isinstance(each, repricing.ChangedMeanwhile) for each in results) == 15
    assert failures(results, repricing.ChangedMeanwhile) == []
    assert Price.objects.filter(item="krea-2-large").count() == 3
    later = Price.objects.filter(item="krea-2-large").latest("pk")
    assert sorted(crowd(partial(repricing.withdraw, later), 8)) == [False] * 7 + [True]
    assert prices.current(["krea-2-large"], at=moment + timedelta(days=2))["krea-2-large"].amount == 80_00


def test_a_planned_offer_is_carried_out_once_by_many(rich: Any) -> None:
    wish = offering.Wish(False, 7_000, 7_000_000)
    planned.plan(None, wish=wish, is_plan=False, at=timezone.now() + timedelta(hours=1))
    PlannedOffer.objects.update(holds_from=timezone.now() - timedelta(seconds=1))

    results = crowd(planned.bring_in, 16)

    assert failures(results) == [] and Pack.objects.filter(cents=7_000).count() == 1
    assert PlannedOffer.objects.get().problem == ""
