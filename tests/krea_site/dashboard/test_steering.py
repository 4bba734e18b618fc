"""What staff may do to pictures: give credits back, draw again, cancel, ask. Each once, however often it is said."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from django_q.models import OrmQ

from billing import ledger, statement, takings
from billing.errors import ReturnedTooMuch
from billing.models import Account, Hold, Kind, Transfer
from generations import draws, lifecycle, memo
from generations.models import Event, Generation, Image, Status
from krea_site import farewell, retries, steering
from krea_site.models import RetriedImage, Retry
from krea_site.steering import Outcome, Refused
from partners import keys, limits, usage
from partners.api import presented
from partners.models import Order
from tests.conftest import wallet_of
from tests.krea_site.roads import end, ended, ordered, send
from tests.staff import make_staff

pytestmark = pytest.mark.django_db
STORED, FAILED, BLOCKED, CANCELED = Status.STORED, Status.FAILED, Status.BLOCKED, Status.CANCELED
EACH = 39_00
WHY = "Wrong colours"


@pytest.fixture
def operator(db: None) -> Any:
    return make_staff()


def ids(generation: Generation, *places: int) -> list[Any]:
    return [each.pk for each in generation.images.order_by("index") if each.index in places]


def cost(generation: Generation) -> Any:
    return presented.generation(presented.readable(generation.user_id).get(pk=generation.pk)).cost


def test_credits_come_back_for_one_picture_and_then_for_the_rest(alice: Any) -> None:
    generation = ended(alice, STORED, STORED, FAILED)
    assert wallet_of(alice) == (1000_00 - 2 * EACH, 0)

    first = steering.refund(generation.pk, ids(generation, 1), actor="staff:7")
    again = steering.refund(generation.pk, ids(generation, 1), actor="staff:7")
    rest = steering.refund(generation.pk, actor="staff:8")

    assert (first, again, rest) == (Outcome(1, EACH), Outcome(), Outcome(1, EACH))
    assert wallet_of(alice) == (1000_00, 0)
    assert Hold.objects.get().returned == 2 * EACH
    back = Transfer.objects.filter(kind=Kind.CORRECTION).order_by("created_at")
    assert [(each.key, each.source.book, each.amount, each.actor) for each in back] == [
        (f"{generation.key}:back:1", "usage", EACH, "staff:7"),
        (f"{generation.key}:back:0", "usage", EACH, "staff:8"),
    ]


def test_the_customer_reads_of_it_on_statement_api_and_usage(alice: Any) -> None:
    generation = ended(alice, STORED, STORED, FAILED)
    steering.refund(generation.pk, ids(generation, 0), actor="staff:7")

    line = statement.page(Account.objects.get(user=alice)).movements[0]
    assert (line.kind, line.amount, line.generation) == ("Correction", EACH, generation.pk)
    assert line.transfer.memo == "Credits back for 1 of 3 images, Krea 2 Medium"
    told = cost(generation)
    assert (told.held, told.charged, told.refunded) == ("117.00", "39.00", "78.00")
    assert [(each.amount, each.code) for each in told.refunds] == [("39.00", "refunded"), ("39.00", "fal_error")]
    day = generation.finished_at.date()  # type: ignore[union-attr]
    [row] = usage.rows(alice.pk, day, day.replace(year=day.year + 1))
    assert (row.images, row.credits, row.refunded) == (2, 2 * EACH, EACH)
    assert Event.objects.filter(kind="generation.updated", data__status="partial").count() == 1


def test_more_than_was_captured_never_comes_back(alice: Any) -> None:
    generation = ended(alice, STORED)
    ledger.pay_back(generation.key, EACH, part="0", memo=memo.paid_back(generation, 1))

    with pytest.raises(ReturnedTooMuch):
        ledger.pay_back(generation.key, 1, part="1", memo="And one more")

    assert wallet_of(alice) == (1000_00, 0)
    Image.objects.filter(generation=generation).update(refunded_at=generation.finished_at)  # as the books have it


def test_what_is_under_way_or_of_an_account_that_left_is_not_refunded(alice: Any, bob: Any) -> None:
    running = ordered(alice, 2)
    end(running.images.all()[0], STORED)
    with pytest.raises(Refused, match="still under way"):
        steering.refund(running.pk, actor="staff:7")

    steering.cancel(running.pk)
    farewell.begin(alice)
    with pytest.raises(Refused, match="account is deleted"):
        steering.refund(running.pk, actor="staff:7")
    with pytest.raises(Refused, match="account is deleted"):
        retries.retry(running.pk, ids(running, 1), at_house_cost=True, by=bob, why=WHY)
    assert not Transfer.objects.filter(kind=Kind.CORRECTION).exists()


def test_a_failed_picture_is_drawn_again_at_the_houses_cost_once(alice: Any, operator: Any) -> None:
    first = ended(alice, STORED, FAILED, FAILED)
    before = wallet_of(alice)

    [made] = retries.retry(first.pk, at_house_cost=True, by=operator, why=WHY)
    again = retries.retry(first.pk, at_house_cost=True, by=operator, why=WHY)

    assert again == []
    assert (made.first, made.again.quantity, made.amount) == (first, 2, 2 * EACH)
    assert made.again.input == first.input
    assert wallet_of(alice) == (before[0] + 2 * EACH, 2 * EACH)
    gift = Transfer.objects.get(key=f"retry:{made.pk}")
    assert (gift.kind, gift.memo) == (Kind.GRANT, "For drawing 2 images again, at our cost")
    assert RetriedImage.objects.count() == 2


def test_what_is_not_drawn_at_the_houses_cost_is_no_gift(alice: Any, operator: Any) -> None:
    first = ended(alice, FAILED, FAILED, FAILED)
    [made] = retries.retry(first.pk, at_house_cost=True, by=operator, why=WHY)
    delivered, failed, cancelled = made.again.images.order_by("index")

    end(delivered, STORED)
    end(failed, FAILED)
    end(cancelled, CANCELED)

    assert wallet_of(alice) == (1000_00, 0)
    back = Transfer.objects.get(key=f"retry:{made.pk}:unused")
    assert (back.target.book, back.amount) == ("grants", 2 * EACH)
    [again] = retries.retry(made.again.pk, at_house_cost=True, by=operator, why=WHY)
    lifecycle.cancel(again.again)
    assert wallet_of(alice) == (1000_00, 0)


def test_what_a_debt_took_of_it_is_not_taken_back_on_top(alice: Any, operator: Any) -> None:
    first = ended(alice, FAILED)
    [made] = retries.retry(first.pk, at_house_cost=True, by=operator, why=WHY)
    takings.take(alice, cash=1000_00 + 10_00, bonus=0, key="stripe:du_1", kind=Kind.DISPUTE, memo="Disputed")
    assert wallet_of(alice) == (EACH, EACH)

    lifecycle.cancel(made.again)

    assert wallet_of(alice) == (0, 0)
    assert Transfer.objects.get(key=f"retry:{made.pk}:unused").amount == EACH - 10_00


def test_at_the_customers_cost_it_counts_against_the_keys_limit(alice: Any, operator: Any) -> None:
    key, _ = keys.make(alice, "Shop", monthly_limit=EACH + 1)
    first = ended(alice, FAILED, FAILED)
    Order.objects.create(generation=first, key=key)
    one, other = ids(first, 0), ids(first, 1)

    [made] = retries.retry(first.pk, one, at_house_cost=False, by=operator, why=WHY)
    with pytest.raises(Refused, match="limit"):
        retries.retry(first.pk, other, at_house_cost=False, by=operator, why=WHY)
    assert limits.used([key.family], today=timezone.now().date()) == {key.family: EACH}
    [free] = retries.retry(first.pk, other, at_house_cost=True, by=operator, why=WHY)
    lifecycle.cancel(made.again)

    assert free.again.order.key == key
    assert limits.used([key.family], today=timezone.now().date()) == {key.family: 0}


def test_at_the_customers_cost_a_picture_that_cannot_be_paid_is_refused_whole(bob: Any, operator: Any) -> None:
    ledger.grant(bob, EACH, key="gift", memo="A gift")
    first = ended(bob, FAILED)
    ended(bob, STORED)

    with pytest.raises(Refused, match="are missing"):
        retries.retry(first.pk, at_house_cost=False, by=operator, why=WHY)
    assert not Retry.objects.exists()
    [made] = retries.retry(first.pk, at_house_cost=True, by=operator, why=WHY)

    assert wallet_of(bob) == (EACH, EACH)
    assert made.again.user == bob


def test_pinned_seeds_are_drawn_with_the_seeds_of_those_that_failed(alice: Any, operator: Any) -> None:
    first = ended(alice, FAILED, STORED, FAILED, FAILED, seed=100)

    made = retries.retry(first.pk, at_house_cost=True, by=operator, why=WHY)

    seeds = [[image.seed for image in each.again.images.order_by("index")] for each in made]
    assert seeds == [[100], [102, 103]]


def test_blocked_and_cancelled_ones_are_drawn_again_where_they_are_named(alice: Any, operator: Any) -> None:
    first = ended(alice, BLOCKED, CANCELED, STORED)

    assert retries.retry(first.pk, at_house_cost=True, by=operator, why=WHY) == []
    [made] = retries.retry(first.pk, ids(first, 0, 1, 2), at_house_cost=True, by=operator, why=WHY)

    assert made.again.quantity == 2


def test_what_its_customer_deleted_is_not_drawn_again(alice: Any, operator: Any) -> None:
    first = ended(alice, FAILED)
    lifecycle.delete(first)

    with pytest.raises(Refused, match="deleted it"):
        retries.retry(first.pk, at_house_cost=True, by=operator, why=WHY)


def test_cancelling_takes_what_waits_at_once_and_wishes_for_the_rest(alice: Any) -> None:
    generation = ordered(alice, 3)
    send(generation.images.order_by("index")[0])

    assert steering.cancel(generation.pk, ids(generation, 2)) == Outcome(1)
    assert steering.cancel(generation.pk) == Outcome(2)
    assert steering.cancel(generation.pk) == Outcome()

    rows = generation.images.order_by("index")
    assert [each.status for each in rows] == [Status.DRAWING, CANCELED, CANCELED]
    assert rows[0].cancel_requested_at is not None
    drawing = rows[0].draw
    assert drawing is not None
    draws.cancel_agreed(drawing)


def test_asking_now_makes_what_waits_due_and_has_workers_look(alice: Any) -> None:
    generation = ordered(alice, 3)
    unknown, drawing, later = generation.images.order_by("index")
    send(unknown, Status.UNKNOWN, history_asked_at=timezone.now())
    send(drawing)
    Image.objects.filter(pk=later.pk).update(not_before=timezone.now() + timedelta(hours=1))
    OrmQ.objects.all().delete()

    assert steering.ask_now(generation.pk) == Outcome(3)

    asked = sorted(row.task["func"].rpartition(".")[2] for row in OrmQ.objects.all())
    assert asked == ["dispatch", "look", "resolve"]
    unknown.refresh_from_db()
    later.refresh_from_db()
    assert unknown.draw is not None
    assert (unknown.draw.history_asked_at, later.not_before) == (None, None)
