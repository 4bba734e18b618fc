"""What Stripe's objects mean in cases that the stand-in does not make."""

from typing import Any

import pytest
import stripe

from billing.stripe_gateway.shapes import Found, payment_of, reversed_by_dispute
from billing.stripe_values import PaymentStatus


def dispute(*moved: int, cents: int = 1000, status: str = "under_review", currency: str = "usd") -> stripe.Dispute:
    transactions: list[dict[str, Any]] = [
        {"id": f"txn_{count}", "object": "balance_transaction", "amount": amount, "currency": currency}
        for count, amount in enumerate(moved)
    ]
    return stripe.Dispute.construct_from(
        {"id": "du_1", "object": "dispute", "amount": cents, "created": 1_790_000_000, "currency": "usd",
         "status": status, "reason": "fraudulent", "balance_transactions": transactions},
        None,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("moved", "restored"),
    [
        ((-1000,), 0),
        ((-1000, 400), 400),  # reinstated in part
        ((-1000, 400, 600), 1000),
        ((-1000, 1000, -1000), 0),  # the bank changed its mind
        ((-1000, 1000, -1000, 1000), 1000),
    ],
)
def test_what_is_out_at_present_counts(moved: tuple[int, ...], restored: int) -> None:
    said = reversed_by_dispute(dispute(*moved))

    assert (said.takes, said.cents, said.restored_cents) == (True, 1000, restored)


def test_an_account_in_euro_gets_all_back_whatever_the_rate_did() -> None:
    lost, won = dispute(-920, currency="eur", status="lost"), dispute(-920, 915, currency="eur", status="won")

    assert reversed_by_dispute(lost).restored_cents == 0
    assert reversed_by_dispute(won).restored_cents == 1000


def test_a_dispute_that_is_won_gives_back_when_the_money_is_there() -> None:
    assert reversed_by_dispute(dispute(-1000, status="won")).restored_cents == 0


def test_what_was_free_is_paid_under_its_name_before_it_has_an_invoice() -> None:
    page = stripe.checkout.Session.construct_from(
        {"id": "cs_1", "object": "checkout.session", "mode": "payment", "status": "complete", "currency": "usd",
         "payment_status": "no_payment_required", "payment_intent": None, "invoice": None, "subscription": None,
         "customer": "cus_1", "created": 1_790_000_000, "amount_total": 0, "metadata": {"purchase": "0190"},
         "total_details": {"amount_discount": 1000, "amount_shipping": 0, "amount_tax": 0}},
        None,
    )  # fmt: skip

    payment = payment_of(Found(session=page))

    assert (payment.id, payment.status, payment.paid_cents) == ("cs_1", PaymentStatus.PAID, 0)
    assert payment.metadata == {"purchase": "0190"}


@pytest.mark.parametrize(("paid", "tax"), [(1190, 190), (595, 95), (0, 0)])
def test_where_credit_at_stripe_paid_a_part_the_tax_is_that_of_the_rest(paid: int, tax: int) -> None:
    intent = stripe.PaymentIntent.construct_from(
        {"id": "pi_1", "object": "payment_intent", "status": "succeeded", "amount_received": paid, "currency": "usd",
         "customer": "cus_1", "created": 1_790_000_000, "latest_charge": None, "last_payment_error": None,
         "metadata": {}},
        None,
    )  # fmt: skip
    invoice = stripe.Invoice.construct_from(
        {"id": "in_1", "object": "invoice", "status": "paid", "total": 1190, "total_taxes": [{"amount": 190}],
         "parent": None, "hosted_invoice_url": None, "metadata": {}, "status_transitions": {"paid_at": 1_790_000_000}},
        None,
    )  # fmt: skip

    payment = payment_of(Found(intent=intent, invoice=invoice))

    assert (payment.paid_cents, payment.tax_cents) == (paid, tax)
