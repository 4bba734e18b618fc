"""A wallet is brought to zero for good: what is left is forfeited, what is owed is written off, sales stay."""

from typing import Any

import pytest

from billing import closings, ledger, statement, takings
from billing.errors import StillHeld
from billing.ledger import Closed
from billing.models import Account, Book, Kind, Transfer

pytestmark = pytest.mark.django_db


def test_what_is_left_goes_to_forfeits_and_the_cash_stays_received(alice: Any) -> None:
    ledger.purchase(alice, cash=50_00, bonus=0, key="stripe:1", memo="A pack")

    assert ledger.close(alice, key="forfeit:1") == Closed(forfeited=1050_00, written_off=0)

    assert [closings.balance_of(book) for book in (Book.SALES, Book.GRANTS, Book.FORFEITS)] == [
        -50_00, -1000_00, 1050_00,
    ]  # fmt: skip
    newest = statement.page(ledger.wallet(alice)).movements[0]
    assert (newest.kind, newest.amount, newest.balance) == ("Forfeited", -1050_00, 0)


def test_what_is_owed_is_forgiven_by_losses(bob: Any) -> None:
    ledger.grant(bob, 10_00, key="gift", memo="A gift")
    takings.take(bob, cash=40_00, bonus=0, kind=Kind.REFUND, key="refund:1", memo="A refund")
    lost = closings.balance_of(Book.LOSSES)

    assert ledger.close(bob, key="forfeit:1") == Closed(forfeited=0, written_off=30_00)

    purse = ledger.wallet(bob)
    assert (purse.balance, purse.debt) == (0, 0)
    assert closings.balance_of(Book.LOSSES) == lost == -30_00
    assert list(Transfer.objects.order_by("id").values_list("key", flat=True)[3:]) == [
        "forfeit:1:debt", "debt:forfeit:1:debt",
    ]  # fmt: skip


def test_said_twice_it_is_done_once(alice: Any) -> None:
    first = ledger.close(alice, key="forfeit:1")

    assert ledger.close(alice, key="forfeit:1") == first
    assert Transfer.objects.filter(kind=Kind.FORFEIT).count() == 1


def test_an_empty_wallet_is_closed_without_a_transfer(bob: Any) -> None:
    assert ledger.close(bob, key="forfeit:1") == Closed(0, 0)
    assert not Transfer.objects.exists()


def test_what_is_set_aside_stands_in_the_way_and_nothing_moves(alice: Any) -> None:
    ledger.hold(alice, 1_00, key="race")

    with pytest.raises(StillHeld):
        ledger.close(alice, key="forfeit:1")

    assert Account.objects.get(user=alice).balance == 1000_00
    ledger.release("race")
    assert ledger.close(alice, key="forfeit:1").forfeited == 1000_00
