"""Credits: held, captured, released, bought, taken back; each operation once, whatever is said twice."""

from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.utils import DatabaseError

from billing import audit, ledger, takings, triggers
from billing.errors import AllowanceExceeded, AlreadySettled, InsufficientCredits, KeyReused
from billing.ledger import Limit
from billing.models import Account, Allowance, Book, Hold, Kind, Transfer
from tests.conftest import wallet_of


def test_a_hold_sets_credits_aside_and_keeps_the_balance(alice: Any) -> None:
    ledger.hold(alice, 300_00, key="order:1")

    purse = ledger.wallet(alice)
    assert (purse.balance, purse.held, purse.available) == (1000_00, 300_00, 700_00)


def test_a_capture_takes_what_was_delivered_and_hands_back_the_rest(alice: Any) -> None:
    ledger.hold(alice, 300_00, key="order:1")

    ledger.capture("order:1", 200_00, memo="2 images")

    assert wallet_of(alice) == (800_00, 0)
    moved = Transfer.objects.get(key="order:1")
    assert (moved.kind, moved.amount, moved.balance_after, moved.memo) == ("usage", 200_00, 800_00, "2 images")
    assert moved.target == ledger.book(Book.USAGE)


def test_a_release_hands_everything_back_and_moves_nothing(alice: Any) -> None:
    ledger.hold(alice, 300_00, key="order:1")

    ledger.release("order:1")

    assert wallet_of(alice) == (1000_00, 0)
    assert not Transfer.objects.filter(kind=Kind.USAGE).exists()


def test_more_than_is_available_is_refused_with_what_is_missing(alice: Any) -> None:
    ledger.hold(alice, 900_00, key="order:1")

    with pytest.raises(InsufficientCredits) as refused:
        ledger.hold(alice, 100_01, key="order:2")

    assert (refused.value.price, refused.value.available, refused.value.missing) == (100_01, 100_00, 1)
    assert wallet_of(alice) == (1000_00, 900_00)
    assert not Hold.objects.filter(key="order:2").exists()


def test_a_hold_said_twice_is_held_once(alice: Any) -> None:
    ledger.hold(alice, 300_00, key="order:1")
    ledger.hold(alice, 300_00, key="order:1")

    assert wallet_of(alice) == (1000_00, 300_00)


def test_a_hold_said_again_with_other_numbers_is_an_error(alice: Any, mallory: Any) -> None:
    ledger.hold(alice, 300_00, key="order:1")

    with pytest.raises(KeyReused):
        ledger.hold(alice, 299_00, key="order:1")
    with pytest.raises(KeyReused):
        ledger.hold(mallory, 300_00, key="order:1")


def test_a_capture_said_twice_is_taken_once(alice: Any) -> None:
    ledger.hold(alice, 300_00, key="order:1")
    ledger.capture("order:1", 200_00, memo="2 images")
    ledger.capture("order:1", 200_00, memo="2 images")

    assert wallet_of(alice) == (800_00, 0)


@pytest.mark.parametrize("other", [0, 199_99, 300_00])
def test_a_capture_said_again_with_another_amount_is_an_error(alice: Any, other: int) -> None:
    ledger.hold(alice, 300_00, key="order:1")
    ledger.capture("order:1", 200_00, memo="2 images")

    with pytest.raises(AlreadySettled):
        ledger.capture("order:1", other, memo="")

    assert wallet_of(alice) == (800_00, 0)


def test_more_than_was_held_cannot_be_captured(alice: Any) -> None:
    ledger.hold(alice, 300_00, key="order:1")

    with pytest.raises(AlreadySettled):
        ledger.capture("order:1", 300_01, memo="")

    assert wallet_of(alice) == (1000_00, 300_00)


def test_a_grant_said_twice_is_given_once_and_with_other_numbers_is_an_error(bob: Any) -> None:
    first = ledger.grant(bob, 200_00, key="trial:bob", memo="Trial credits")
    again = ledger.grant(bob, 200_00, key="trial:bob", memo="Trial credits")

    assert first == again
    assert wallet_of(bob) == (200_00, 0)
    with pytest.raises(KeyReused):
        ledger.grant(bob, 201_00, key="trial:bob", memo="Trial credits")


def test_a_purchase_is_cash_from_sales_and_bonus_from_grants(bob: Any) -> None:
    ledger.purchase(bob, cash=25_000_00, bonus=1_000_00, key="stripe:pi_1", memo="26,000 credits")
    ledger.purchase(bob, cash=25_000_00, bonus=1_000_00, key="stripe:pi_1", memo="26,000 credits")

    assert wallet_of(bob) == (26_000_00, 0)
    moved = audit.sums()
    assert moved[ledger.book(Book.SALES).pk] == -25_000_00
    assert moved[ledger.book(Book.GRANTS).pk] == -1_000_00


def test_an_allowance_limits_a_month_and_gets_back_what_was_not_used(alice: Any) -> None:
    ceiling = Limit("key:7", 100_00)
    ledger.hold(alice, 80_00, key="order:1", limits=[ceiling])

    with pytest.raises(AllowanceExceeded) as refused:
        ledger.hold(alice, 30_00, key="order:2", limits=[ceiling])
    assert (refused.value.limit, refused.value.left) == (100_00, 20_00)
    assert wallet_of(alice) == (1000_00, 80_00)

    ledger.capture("order:1", 30_00, memo="")
    ledger.hold(alice, 70_00, key="order:3", limits=[ceiling])
    assert Allowance.objects.get(name="key:7").used == 100_00


def test_a_lowered_limit_stops_new_holds_and_breaks_no_old_one(alice: Any) -> None:
    ledger.hold(alice, 80_00, key="order:1", limits=[Limit("key:7", 100_00)])

    with pytest.raises(AllowanceExceeded):
        ledger.hold(alice, 10_00, key="order:2", limits=[Limit("key:7", 50_00)])

    ledger.release("order:1")
    ledger.hold(alice, 10_00, key="order:2", limits=[Limit("key:7", 50_00)])
    assert Allowance.objects.get(name="key:7").used == 10_00


def test_both_of_two_allowances_must_hold(alice: Any) -> None:
    with pytest.raises(AllowanceExceeded):
        ledger.hold(alice, 60_00, key="order:1", limits=[Limit("key:7", 100_00), Limit("user:1", 50_00)])

    assert not Allowance.objects.filter(used__gt=0).exists()


def test_a_refund_takes_what_is_there_and_the_rest_becomes_debt(alice: Any) -> None:
    ledger.hold(alice, 400_00, key="order:1")

    takings.take(alice, cash=900_00, bonus=0, kind=Kind.REFUND, key="stripe:re_1", memo="Refund")
    takings.take(alice, cash=900_00, bonus=0, kind=Kind.REFUND, key="stripe:re_1", memo="Refund")

    purse = ledger.wallet(alice)
    assert (purse.balance, purse.held, purse.debt) == (400_00, 400_00, 300_00)
    with pytest.raises(KeyReused):
        takings.take(alice, cash=901_00, bonus=0, kind=Kind.REFUND, key="stripe:re_1", memo="Refund")


def test_nothing_can_be_spent_while_there_is_debt(bob: Any) -> None:
    takings.take(bob, cash=10_00, bonus=0, kind=Kind.DISPUTE, key="stripe:dp_1", memo="Dispute")

    with pytest.raises(InsufficientCredits) as refused:
        ledger.hold(bob, 1, key="order:1")

    assert refused.value.missing == 10_01


def test_releases_and_purchases_pay_the_debt_first(alice: Any) -> None:
    ledger.hold(alice, 400_00, key="order:1")
    takings.take(alice, cash=900_00, bonus=0, kind=Kind.REFUND, key="stripe:re_1", memo="Refund")

    ledger.capture("order:1", 250_00, memo="")
    purse = ledger.wallet(alice)
    assert (purse.balance, purse.held, purse.debt) == (0, 0, 150_00)

    ledger.purchase(alice, cash=200_00, bonus=0, key="stripe:pi_2", memo="")
    purse = ledger.wallet(alice)
    assert (purse.balance, purse.debt) == (50_00, 0)
    assert audit.sums()[ledger.book(Book.LOSSES).pk] == 0


def test_a_transfer_cannot_be_edited_or_deleted(alice: Any) -> None:
    row = Transfer.objects.get()

    for change in (lambda: Transfer.objects.update(amount=1), lambda: Transfer.objects.filter(pk=row.pk).delete()):
        with pytest.raises(DatabaseError, match="never edited"), transaction.atomic():
            change()

    row.refresh_from_db()
    assert row.amount == 1000_00


@pytest.mark.parametrize(
    "broken",
    [{"held": -1}, {"held": 1000_01}, {"balance": -1}, {"debt": -1}, {"book": "sales"}],
)
def test_the_database_refuses_a_wallet_that_cannot_be(alice: Any, broken: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Account.objects.filter(user=alice).update(**broken)


def test_a_book_stores_no_balance(alice: Any) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Account.objects.filter(book="grants").update(balance=1)


def test_a_transfer_of_nothing_is_refused(alice: Any) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        ledger.grant(alice, 0, key="nothing", memo="")

    assert wallet_of(alice) == (1000_00, 0)


def test_missing_triggers_are_found_and_put_back(alice: Any) -> None:
    triggers.remove(connection)
    assert triggers.missing(connection) == list(triggers.triggers())
    assert any("trigger" in finding for finding in audit.findings())

    triggers.install(connection)

    assert triggers.missing(connection) == []


@pytest.mark.unaudited
@pytest.mark.parametrize("column", ["balance", "held", "debt"])
def test_the_audit_finds_a_wallet_that_was_tampered_with(alice: Any, column: str) -> None:
    ledger.hold(alice, 1_00, key="order:1")
    Account.objects.filter(user=alice).update(**{column: 7_00})

    assert [f"{column} is 700" in finding for finding in audit.findings()] == [True]


@pytest.mark.unaudited
def test_the_audit_finds_a_capture_without_its_transfer(alice: Any) -> None:
    ledger.hold(alice, 5_00, key="order:1")
    ledger.capture("order:1", 5_00, memo="")
    Hold.objects.update(captured=4_00)

    assert any("captured 400, moved 500" in finding for finding in audit.findings())


@pytest.mark.unaudited
def test_the_audit_finds_an_allowance_that_forgot(alice: Any) -> None:
    ledger.hold(alice, 5_00, key="order:1", limits=[Limit("key:7", 100_00)])
    Allowance.objects.update(used=0)

    assert any("allowance key:7" in finding for finding in audit.findings())
