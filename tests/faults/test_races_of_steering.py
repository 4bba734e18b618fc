"""Staff that presses at the same moment, on a real PostgreSQL: what may happen once happens once."""

from collections.abc import Callable
from functools import partial
from typing import Any

from uuid_utils.compat import uuid7

from billing.models import Hold, Kind, Transfer
from generations import lifecycle
from generations.models import Generation, Image, Status
from krea_site import bulk_acts, retries, steering
from krea_site.models import BulkAct, RetriedImage, Retry
from krea_site.steering import Outcome, Refused
from tests.conftest import wallet_of
from tests.faults.together import ON_POSTGRES, crowd, failures, together
from tests.krea_site.roads import ended, ordered
from tests.staff import make_staff

pytestmark = ON_POSTGRES
STORED, FAILED = Status.STORED, Status.FAILED
EACH = 39_00


def test_the_same_refund_pressed_by_32_is_given_once(rich: Any) -> None:
    generation = ended(rich, STORED, STORED)
    before = wallet_of(rich)[0]

    results = crowd(partial(steering.refund, generation.pk, actor="staff:1"))

    assert failures(results) == []
    assert sum(each.amount for each in results) == 2 * EACH
    assert wallet_of(rich) == (before + 2 * EACH, 0)
    assert Hold.objects.get(key=generation.key).returned == 2 * EACH


def test_refunds_of_overlapping_images_give_each_back_once(rich: Any) -> None:
    generation = ended(rich, STORED, STORED, STORED)
    ids = [each.pk for each in generation.images.order_by("index")]
    before = wallet_of(rich)[0]
    chosen = [ids[:2], ids[1:], ids[:1], ids, ids[2:], [ids[0], ids[2]]]

    results = together([partial(steering.refund, generation.pk, each, actor="staff:1") for each in chosen] * 4)

    assert failures(results) == []
    assert wallet_of(rich) == (before + 3 * EACH, 0)
    assert sum(each.amount for each in Transfer.objects.filter(kind=Kind.CORRECTION)) == 3 * EACH
    assert not Image.objects.filter(generation=generation, refunded_at=None).exists()


def test_a_retry_pressed_by_16_is_one_generation(rich: Any) -> None:
    operator = make_staff()
    first = ended(rich, FAILED, FAILED)
    before = wallet_of(rich)[0]

    results = crowd(partial(retries.retry, first.pk, at_house_cost=True, by=operator, why="A bad night"), 16)

    assert failures(results) == []
    assert Retry.objects.count() == 1
    assert RetriedImage.objects.count() == 2
    assert Generation.objects.count() == 2
    assert wallet_of(rich) == (before + 2 * EACH, 2 * EACH)


def test_refunds_retries_cancels_and_orders_of_one_customer_do_not_lock_up(rich: Any) -> None:
    operator = make_staff()
    for _ in range(6):
        mixed, waiting = ended(rich, STORED, FAILED), ordered(rich, 2)
        works: list[Callable[[], Any]] = [
            partial(steering.refund, mixed.pk, actor="staff:1"),
            partial(retries.retry, mixed.pk, at_house_cost=True, by=operator, why="A bad night"),
            partial(retries.retry, mixed.pk, at_house_cost=False, by=operator, why="A bad night"),
            partial(steering.cancel, waiting.pk),
            partial(lifecycle.cancel, waiting),
            partial(steering.ask_now, waiting.pk),
            partial(lifecycle.submit, rich, mixed.brief),
        ]

        results = together(works * 2)

        assert failures(results, Refused) == []
        assert set(waiting.images.values_list("status", flat=True)) == {Status.CANCELED}


def test_two_workers_at_one_act_do_each_generation_once(rich: Any) -> None:
    operator = make_staff()
    made = [ended(rich, STORED) for _ in range(12)]
    act = bulk_acts.begin(
        BulkAct.What.REFUND, id=uuid7(), by=operator, why="A bad night", counted=12, ids=[each.pk for each in made],
        newest=uuid7(),
    )  # fmt: skip
    before = wallet_of(rich)[0]

    results = together([partial(bulk_acts.go_on, act.pk), partial(walk, act)] * 3)

    assert failures(results) == []
    act.refresh_from_db()
    while act.finished_at is None:  # whoever lost left it to the next
        BulkAct.objects.filter(pk=act.pk).update(due_at=act.created_at)
        bulk_acts.go_on(act.pk)
        act.refresh_from_db()
    assert (act.seen, act.done, act.amount) == (12, 12, 12 * EACH)
    assert wallet_of(rich) == (before + 12 * EACH, 0)
    assert steering.refund(made[0].pk, actor="staff:1") == Outcome()


def walk(act: BulkAct) -> None:
    """A worker whose lease ran out and that does not know it."""
    late = BulkAct.objects.get(pk=act.pk)
    for id in bulk_acts._rest(late):
        if not bulk_acts._do(late, id):
            return
        late.last = id
