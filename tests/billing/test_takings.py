"""What refunds and disputes take, what comes back, and debt that is let go."""

from typing import Any

import pytest

from billing import audit, ledger, splits, takings
from billing.errors import KeyReused, NothingToForgive
from billing.models import Book, Kind, Taking, Transfer
from tests.conftest import wallet_of

pytestmark = pytest.mark.django_db


def buy(user: Any, credits: int, *, bonus: int = 0, key: str = "stripe:pi_1") -> None:
    ledger.purchase(user, cash=credits * 100, bonus=bonus * 100, key=key, memo="Pack")


def spend(user: Any, credits: int, *, key: str = "order:1") -> None:
    ledger.hold(user, credits * 100, key=key)
    ledger.capture(key, credits * 100, memo="Pictures")


def take(user: Any, credits: int, *, bonus: int = 0, key: str = "stripe:du_1", kind: Kind = Kind.DISPUTE) -> Taking:
    return takings.take(user, cash=credits * 100, bonus=bonus * 100, kind=kind, key=key, memo="Disputed payment")


def restore(credits: int, *, bonus: int = 0, key: str = "stripe:du_1") -> None:
    takings.restore(key, cash=credits * 100, bonus=bonus * 100, memo="Dispute won")


def stands(user: Any) -> tuple[int, int]:
    """Balance and debt, in whole credits."""
    purse = ledger.wallet(user)
    return purse.balance // 100, purse.debt // 100


def booked(book: Book) -> int:
    """What a book of ours received less what it gave, in whole credits."""
    return audit.sums()[ledger.book(book).pk] // 100


def test_cash_goes_back_to_sales_and_bonus_to_grants(bob: Any) -> None:
    buy(bob, 25_000, bonus=1_000)

    take(bob, 12_500, bonus=500, key="stripe:re_1", kind=Kind.REFUND)

    assert stands(bob) == (13_000, 0)
    assert (booked(Book.SALES), booked(Book.GRANTS)) == (-12_500, -500)


def test_what_is_spent_becomes_debt_and_both_books_have_theirs_all_the_same(bob: Any) -> None:
    buy(bob, 25_000, bonus=1_000)
    spend(bob, 20_000)

    row = take(bob, 25_000, bonus=1_000)

    assert (stands(bob), row.owed) == ((0, 20_000), 20_000_00)
    assert (booked(Book.SALES), booked(Book.GRANTS), booked(Book.LOSSES)) == (0, 0, -20_000)


def test_a_taking_is_taken_once_and_with_other_numbers_is_an_error(bob: Any) -> None:
    buy(bob, 100)
    take(bob, 60)
    take(bob, 60)

    assert stands(bob) == (40, 0)
    with pytest.raises(KeyReused):
        take(bob, 61)
    with pytest.raises(KeyReused):
        take(bob, 60, bonus=1)


def test_a_won_dispute_brings_back_what_was_taken(bob: Any) -> None:
    buy(bob, 1_000, bonus=50)
    spend(bob, 300)
    before = stands(bob)

    take(bob, 1_000, bonus=50)
    assert stands(bob) == (0, 300)
    restore(1_000, bonus=50)
    restore(1_000, bonus=50)

    assert stands(bob) == before
    assert (booked(Book.SALES), booked(Book.GRANTS), booked(Book.LOSSES)) == (-1_000, -50, 0)
    with pytest.raises(KeyReused):
        restore(999, bonus=50)


def test_what_was_paid_off_since_comes_back_too(bob: Any) -> None:
    buy(bob, 1_000)
    spend(bob, 800)
    take(bob, 1_000)
    buy(bob, 500, key="stripe:pi_2")
    assert stands(bob) == (0, 300)

    restore(1_000)

    assert stands(bob) == (1_000 - 800 + 500, 0)
    assert booked(Book.LOSSES) == 0


def test_what_was_forgiven_goes_back_to_losses_which_bore_it(bob: Any) -> None:
    buy(bob, 1_000)
    spend(bob, 800)
    take(bob, 1_000)
    takings.forgive(bob, 300_00, key="forgive:1", reason="A friend of the house", actor="staff:1")
    buy(bob, 200, key="stripe:pi_2")
    assert (stands(bob), booked(Book.LOSSES)) == ((0, 300), -600)

    restore(1_000)

    assert stands(bob) == (1_000 - 800 + 200, 0)
    assert booked(Book.LOSSES) == 0


def test_forgiving_falls_on_the_debt_that_is_left_and_not_on_one_that_was_paid_off(bob: Any) -> None:
    buy(bob, 500, key="stripe:pi_1")
    buy(bob, 800, key="stripe:pi_2")
    spend(bob, 1_300)
    take(bob, 500, key="stripe:re_1", kind=Kind.REFUND)
    take(bob, 800, key="stripe:du_2")
    buy(bob, 500, key="stripe:pi_3")  # pays off the first
    takings.forgive(bob, 800_00, key="forgive:1", reason="Settled by a call", actor="staff:1")
    assert stands(bob) == (0, 0)

    restore(800, key="stripe:du_2")

    assert stands(bob) == (0, 0)
    assert dict(Taking.objects.values_list("key", "forgiven")) == {"stripe:re_1": 0, "stripe:du_2": 800_00}


def test_no_more_is_forgiven_than_is_owed_and_each_thing_once(bob: Any) -> None:
    take(bob, 100)
    with pytest.raises(NothingToForgive):
        takings.forgive(bob, 101_00, key="forgive:1", reason="Too much", actor="staff:1")
    with pytest.raises(NothingToForgive):
        takings.forgive(bob, 0, key="forgive:1", reason="Nothing", actor="staff:1")

    for _ in range(2):
        takings.forgive(bob, 40_00, key="forgive:2", reason="Goodwill", actor="staff:1")
    assert stands(bob) == (0, 60)
    with pytest.raises(KeyReused):
        takings.forgive(bob, 41_00, key="forgive:2", reason="Goodwill", actor="staff:1")
    made = Transfer.objects.get(key="forgive:2")
    assert (made.actor, made.memo) == ("staff:1", "Goodwill")


def test_a_part_of_a_dispute_may_come_back(bob: Any) -> None:
    buy(bob, 1_000, bonus=100)
    take(bob, 1_000, bonus=100)

    restore(400, bonus=40)

    assert stands(bob) == (440, 0)
    assert booked(Book.SALES) == -400


def test_what_is_held_stays_held(alice: Any) -> None:
    ledger.hold(alice, 400_00, key="order:1")
    take(alice, 1_000)
    restore(1_000)

    assert wallet_of(alice) == (1000_00, 400_00)


@pytest.mark.parametrize("cuts", [(1_000,), (333, 333, 334), (1, 998, 1), (250, 250, 250, 250)])
def test_parts_add_up_to_the_whole_however_it_is_cut(cuts: tuple[int, ...]) -> None:
    for net in (1_000, 841, 999, 1):
        places = [sum(cuts[:number]) for number in range(len(cuts))]
        parts = [splits.net_part(net, 1_000, before=place, cents=cut) for place, cut in zip(places, cuts, strict=True)]
        assert sum(parts) == net


@pytest.mark.unaudited
@pytest.mark.parametrize(
    ("change", "says"),
    [({"owed": 1_00}, "it owed 100, its transfers say 0"), ({"cash": 99_00}, "it took 9900, its transfers say 10000")],
)
def test_the_audit_sees_a_taking_that_is_not_what_its_transfers_say(bob: Any, change: Any, says: str) -> None:
    buy(bob, 100)
    row = take(bob, 100)
    Taking.objects.filter(pk=row.pk).update(**change)

    assert f"taking {row}: {says}" in [*audit.findings()]
