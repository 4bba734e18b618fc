"""Payments: whatever is read of one, how often and in what order, the ledger ends the same."""

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from billing import audit, ledger, payments
from billing.models import Book, Pack, Plan, Purchase, Reversal, StripeCustomer, Transfer
from billing.stripe_values import Payment, PaymentStatus, PlanLine, Reversed
from tests.conftest import make_user, wallet_of

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
Purchases = Purchase.Status


def asked(user: Any, *, cents: int = 2_500, credits: int = 26_000) -> Purchase:
    """A pack that was chosen, before anything was paid."""
    pack = Pack.objects.filter(cents=cents).first()
    return Purchase.objects.create(
        user=user, what="pack", pack=pack, cents=cents, credits=credits * 100, created_at=NOON, session=f"cs_{cents}"
    )


def paid(purchase: Purchase, *, paid_cents: int | None = None, tax_cents: int = 0, **more: Any) -> Payment:
    return Payment(
        id="pi_1", status=PaymentStatus.PAID, currency="usd", customer="cus_1", created_at=NOON,
        paid_cents=purchase.cents if paid_cents is None else paid_cents, tax_cents=tax_cents,
        metadata=payments.metadata(purchase), **more,
    )  # fmt: skip


def refund(id: str, cents: int, *, minute: int = 1, failed: bool = False) -> Reversed:
    return Reversed(
        id=id, is_dispute=False, cents=cents, created_at=NOON + timedelta(minutes=minute), takes=True,
        restored_cents=cents if failed else 0, status="failed" if failed else "succeeded",
    )  # fmt: skip


def dispute(id: str, cents: int, *, minute: int = 5, takes: bool = True, restored: int = 0) -> Reversed:
    return Reversed(
        id=id, is_dispute=True, cents=cents, created_at=NOON + timedelta(minutes=minute), takes=takes,
        restored_cents=restored, status="won" if restored else "needs_response",
    )  # fmt: skip


def booked() -> dict[str, int]:
    """What our books received less what they gave, in whole credits."""
    sums = audit.sums()
    return {book: sums[ledger.book(Book(book)).pk] // 100 for book in ("sales", "grants", "losses")}


def test_a_purchase_is_credited_once_with_its_bonus(bob: Any) -> None:
    purchase = asked(bob)

    for _ in range(3):
        payments.bring_up_to_date(paid(purchase))

    purchase.refresh_from_db()
    assert (purchase.status, purchase.payment, purchase.paid_cents) == (Purchases.PAID, "pi_1", 2_500)
    assert wallet_of(bob) == (26_000_00, 0)
    assert booked() == {"sales": -25_000, "grants": -1_000, "losses": 0}


def test_an_invoice_that_is_made_later_is_found_on_the_purchase(bob: Any) -> None:
    purchase = asked(bob)
    payments.bring_up_to_date(paid(purchase, receipt_url="https://receipt"))

    payments.bring_up_to_date(paid(purchase, invoice="in_1", invoice_url="https://invoice"))

    purchase.refresh_from_db()
    found = (purchase.invoice, purchase.invoice_url, purchase.receipt_url)
    assert found == ("in_1", "https://invoice", "https://receipt")


def test_cash_is_the_sum_net_of_tax_and_tax_buys_no_credits(bob: Any) -> None:
    payments.bring_up_to_date(paid(asked(bob), paid_cents=2_975, tax_cents=475))

    assert wallet_of(bob) == (26_000_00, 0)
    assert booked()["sales"] == -25_000


def test_a_discount_is_ours_to_bear(bob: Any) -> None:
    payments.bring_up_to_date(paid(asked(bob), paid_cents=2_000))

    assert wallet_of(bob) == (26_000_00, 0)
    assert booked() == {"sales": -20_000, "grants": -6_000, "losses": 0}


def test_a_free_pack_moves_no_sales(bob: Any) -> None:
    payments.bring_up_to_date(replace(paid(asked(bob), paid_cents=0), id="cs_2500"))

    assert wallet_of(bob) == (26_000_00, 0)
    assert booked() == {"sales": 0, "grants": -26_000, "losses": 0}


@pytest.mark.parametrize(
    ("status", "ends"),
    [
        (PaymentStatus.OPEN, Purchases.OPEN),
        (PaymentStatus.NEEDS_ACTION, Purchases.OPEN),
        (PaymentStatus.PROCESSING, Purchases.PROCESSING),
        (PaymentStatus.FAILED, Purchases.FAILED),
        (PaymentStatus.CANCELED, Purchases.ABANDONED),
    ],
)
def test_what_is_not_paid_is_not_credited(bob: Any, status: PaymentStatus, ends: str) -> None:
    purchase = asked(bob)

    payments.bring_up_to_date(replace(paid(purchase), status=status, paid_cents=0))

    purchase.refresh_from_db()
    assert (purchase.status, wallet_of(bob)) == (ends, (0, 0))


@pytest.mark.parametrize("status", [PaymentStatus.FAILED, PaymentStatus.CANCELED])
def test_how_a_top_up_ends_without_money_is_left_to_its_attempt(bob: Any, status: PaymentStatus) -> None:
    purchase = asked(bob)
    Purchase.objects.filter(pk=purchase.pk).update(what="top_up")

    payments.bring_up_to_date(replace(paid(purchase), status=status, paid_cents=0))

    purchase.refresh_from_db()
    assert purchase.status == Purchases.OPEN


def test_money_that_comes_after_all_is_credited(bob: Any) -> None:
    purchase = asked(bob)
    payments.bring_up_to_date(replace(paid(purchase), status=PaymentStatus.FAILED, paid_cents=0))

    payments.bring_up_to_date(paid(purchase))
    payments.bring_up_to_date(replace(paid(purchase), status=PaymentStatus.PROCESSING, paid_cents=0))  # read before

    purchase.refresh_from_db()
    assert (purchase.status, wallet_of(bob)) == (Purchases.PAID, (26_000_00, 0))


def test_who_paid_twice_has_bought_twice(bob: Any) -> None:
    purchase = asked(bob)

    for id in ("pi_1", "pi_2", "pi_1", "pi_2"):
        payments.bring_up_to_date(replace(paid(purchase), id=id))

    assert wallet_of(bob) == (52_000_00, 0)
    assert {row.payment for row in Purchase.objects.all()} == {"pi_1", "pi_2"}


def test_a_row_that_was_lost_is_made_again_from_what_stripe_has(bob: Any) -> None:
    purchase = asked(bob)
    payment = paid(purchase)
    Purchase.objects.all().delete()

    payments.bring_up_to_date(payment)

    again = Purchase.objects.get()
    assert (again.pk, again.user, wallet_of(bob)) == (purchase.pk, bob, (26_000_00, 0))


@pytest.mark.parametrize("change", [{"currency": "eur"}, {"metadata": {}}, {"metadata": {"purchase": "no id"}}])
def test_what_is_not_ours_is_left_alone(bob: Any, change: Any) -> None:
    assert payments.bring_up_to_date(replace(paid(asked(bob)), **change)) is None
    assert wallet_of(bob) == (0, 0)


def test_each_invoice_of_a_subscription_brings_its_month(bob: Any) -> None:
    small = Plan.objects.get(cents=1_000)
    Plan.objects.filter(pk=small.pk).update(stripe_price="price_small")
    StripeCustomer.objects.create(user=bob, stripe_id="cus_1", created_at=NOON)
    first = asked(bob, cents=1_000, credits=11_000)
    Purchase.objects.filter(pk=first.pk).update(what="plan", pack=None, plan=small)
    first.refresh_from_db()
    invoice = replace(paid(first), subscription="sub_1", invoice="in_1", lines=(PlanLine("price_small", 1_000),))
    renewal = replace(invoice, id="pi_2", invoice="in_2", created_at=NOON + timedelta(days=30))

    for payment in (renewal, invoice, renewal, invoice):
        payments.bring_up_to_date(payment)

    assert wallet_of(bob) == (22_000_00, 0)
    assert Purchase.objects.filter(plan=small, status="paid", credits=11_000_00).count() == 2


def test_a_change_of_plans_brings_the_difference(bob: Any) -> None:
    for cents, price in ((1_000, "price_small"), (3_000, "price_large")):
        Plan.objects.filter(cents=cents).update(stripe_price=price)
    StripeCustomer.objects.create(user=bob, stripe_id="cus_1", created_at=NOON)
    lines = (PlanLine("price_small", -500), PlanLine("price_large", 1_500))

    payments.bring_up_to_date(
        Payment(
            id="pi_9", status=PaymentStatus.PAID, currency="usd", customer="cus_1", created_at=NOON, paid_cents=1_000,
            tax_cents=0, subscription="sub_1", invoice="in_9", lines=lines,
        )
    )  # fmt: skip

    assert wallet_of(bob) == (17_500_00 - 5_500_00, 0)
    assert Purchase.objects.get().plan == Plan.objects.get(cents=3_000)


def test_a_refund_takes_pro_rata_bonus_included(bob: Any) -> None:
    purchase = asked(bob)

    payments.bring_up_to_date(paid(purchase, reversals=(refund("re_1", 1_250),)))

    assert wallet_of(bob) == (13_000_00, 0)
    assert booked() == {"sales": -12_500, "grants": -500, "losses": 0}


@pytest.mark.parametrize("cents", [(2_500,), (833, 833, 834), (1, 2_498, 1)])
@pytest.mark.parametrize(("paid_cents", "tax_cents"), [(2_500, 0), (2_250, 0), (2_975, 475), (2_678, 428)])
def test_refunds_of_all_of_it_leave_nothing(bob: Any, cents: tuple[int, ...], paid_cents: int, tax_cents: int) -> None:
    parts = [part * paid_cents // 2_500 for part in cents[:-1]]
    parts.append(paid_cents - sum(parts))
    refunds = tuple(refund(f"re_{number}", part, minute=number) for number, part in enumerate(parts) if part)

    payments.bring_up_to_date(paid(asked(bob), paid_cents=paid_cents, tax_cents=tax_cents, reversals=refunds))

    assert wallet_of(bob) == (0, 0)
    assert booked() == {"sales": 0, "grants": 0, "losses": 0}


def test_a_refund_that_fails_brings_everything_back(bob: Any) -> None:
    purchase = asked(bob)
    payments.bring_up_to_date(paid(purchase, reversals=(refund("re_1", 1_000),)))
    assert wallet_of(bob) == (15_600_00, 0)

    for _ in range(2):
        payments.bring_up_to_date(paid(purchase, reversals=(refund("re_1", 1_000, failed=True),)))

    assert wallet_of(bob) == (26_000_00, 0)


def test_an_inquiry_takes_nothing(bob: Any) -> None:
    payments.bring_up_to_date(paid(asked(bob), reversals=(dispute("du_1", 2_500, takes=False),)))

    assert wallet_of(bob) == (26_000_00, 0)
    assert not Reversal.objects.exists()


def test_after_a_won_dispute_a_refund_takes_all_of_it(bob: Any) -> None:
    purchase = asked(bob)
    won = dispute("du_1", 2_500, restored=2_500)

    payments.bring_up_to_date(paid(purchase, reversals=(won,)))
    assert wallet_of(bob) == (26_000_00, 0)
    payments.bring_up_to_date(paid(purchase, reversals=(won, refund("re_1", 2_500, minute=9))))

    assert wallet_of(bob) == (0, 0)
    assert booked() == {"sales": 0, "grants": 0, "losses": 0}


def test_a_refund_and_a_dispute_of_the_whole_take_the_bonus_once(bob: Any) -> None:
    """The customer has been given fourteen dollars for ten: the cash is owed, but no bonus that was never given."""
    both = (refund("re_1", 1_000), dispute("du_1", 2_500))

    payments.bring_up_to_date(paid(asked(bob), reversals=both))

    assert booked() == {"sales": 10_000, "grants": 0, "losses": -10_000}
    assert ledger.wallet(bob).debt == 10_000_00


def test_every_order_of_every_reading_ends_the_same() -> None:
    """Readings of all ages, stale ones after fresh ones, and at some time the last word."""
    dice = random.Random(6)
    ends = set()
    for number in range(40):
        user = make_user(f"someone{number}@example.com")
        purchase = asked_anew(user, number)
        ages = timeline(purchase, number)
        readings = [dice.choice(ages) for _ in range(dice.randrange(6))] + [ages[-1]]
        dice.shuffle(readings)
        for payment in readings:
            payments.bring_up_to_date(payment)
        rows = Transfer.objects.filter(key__endswith=f"_{number}").values_list("key", "amount")
        rest = Transfer.objects.filter(key__contains=f"_{number}:").values_list("key", "amount")
        ends.add(frozenset((key.replace(f"_{number}", ""), amount) for key, amount in (*rows, *rest)))
        assert wallet_of(user) == (14_560_00, 0)

    assert len(ends) == 1


def asked_anew(user: Any, number: int) -> Purchase:
    return Purchase.objects.create(
        user=user, what="pack", cents=2_500, credits=26_000_00, created_at=NOON, session=f"cs_{number}"
    )


def timeline(purchase: Purchase, number: int) -> Sequence[Payment]:
    """One payment as it is read at seven moments of its life."""
    settled = replace(paid(purchase), id=f"pi_{number}")
    first, second = refund(f"re1_{number}", 500), refund(f"re2_{number}", 600, minute=2)
    failed = refund(f"re2_{number}", 600, minute=2, failed=True)
    open_, won = (dispute(f"du_{number}", 2_000, restored=restored) for restored in (0, 2_000))
    third = refund(f"re3_{number}", 600, minute=9)
    return [
        replace(settled, status=PaymentStatus.PROCESSING, paid_cents=0),
        settled,
        replace(settled, reversals=(first,)),
        replace(settled, reversals=(first, second)),
        replace(settled, reversals=(first, failed, open_)),
        replace(settled, reversals=(first, failed, won)),
        replace(settled, reversals=(first, failed, won, third)),
    ]


@pytest.mark.parametrize("ends", ["the refund fails", "the dispute is won"])
def test_where_a_refund_and_a_dispute_overlap_the_end_is_the_same_in_any_order(bob: Any, ends: str) -> None:
    """The bonus is taken once for both, by whichever is read first: it must not come back with the wrong one."""
    first, failed = refund("re_1", 1_000), refund("re_1", 1_000, failed=ends == "the refund fails")
    taken, won = dispute("du_1", 2_500), dispute("du_1", 2_500, restored=2_500 if ends == "the dispute is won" else 0)
    orders: list[list[tuple[Reversed, ...]]] = [
        [(first,), (first, taken), (failed, won)],
        [(failed, won)],
        [(taken,), (taken, first), (won, failed)],
    ]
    found = []
    for number, readings in enumerate(orders):
        user = make_user(f"someone{number}@example.com")
        payment = replace(paid(asked_anew(user, number)), id=f"pi_{number}")
        for reading in readings:
            ours = tuple(replace(each, id=f"{each.id}_{number}") for each in reading)
            payments.bring_up_to_date(replace(payment, reversals=ours))
        found.append((wallet_of(user), ledger.wallet(user).debt))

    expected = 0 if ends == "the refund fails" else 15_600_00
    assert found == [((expected, 0), 0)] * 3
