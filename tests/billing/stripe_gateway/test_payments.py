"""A payment for something sold once, read by whichever object of it."""

from typing import Any

import pytest

from billing import stripe_gateway
from billing.stripe_values import NotAtStripe, PaymentStatus
from tests.billing.stripe_gateway.till import SOLD, bought, from_all_sides, library, sell
from tests.stripe_standin import DAY_S, StripeStandIn


def test_a_page_that_nobody_paid_is_open_and_named_by_its_session(customer: str) -> None:
    session = sell(customer)

    payment = stripe_gateway.read_payment(session.id)

    assert (payment.id, payment.status, payment.session) == (session.id, PaymentStatus.OPEN, session.id)
    assert (payment.paid_cents, payment.tax_cents, payment.paid_at) == (0, 0, None)
    assert (payment.customer, payment.metadata) == (customer, SOLD)


def test_a_card_pays_and_everything_is_told(stripe_standin: StripeStandIn, customer: str) -> None:
    payment = bought(stripe_standin, customer)

    assert (payment.id[:3], payment.status, payment.currency) == ("pi_", PaymentStatus.PAID, "usd")
    assert (payment.paid_cents, payment.tax_cents) == (1000, 0)
    assert payment.metadata == SOLD
    assert payment.invoice_url.endswith(payment.invoice)
    assert payment.receipt_url.startswith(stripe_standin.url)
    assert payment.paid_at is not None
    assert payment.paid_at >= payment.created_at
    assert (payment.subscription, payment.lines, payment.reversals, payment.decline_code) == ("", (), (), "")


def test_the_page_asks_for_what_an_invoice_needs(stripe_standin: StripeStandIn, customer: str) -> None:
    session = library(stripe_standin).v1.checkout.sessions.retrieve(sell(customer).id, {"expand": ["line_items"]})

    assert session.line_items is not None
    line = session.line_items.data[0]
    assert (line.description, line.amount_total) == ("10,000 credits", 1000)
    assert (session.allow_promotion_codes, session.billing_address_collection) == (True, "required")
    assert session.tax_id_collection is not None
    assert session.tax_id_collection.enabled
    assert session.invoice_creation is not None
    assert session.invoice_creation.enabled
    assert not session.automatic_tax.enabled


def test_tax_is_part_of_what_was_paid(stripe_standin: StripeStandIn, customer: str, settings: Any) -> None:
    settings.STRIPE_TAX = True

    payment = bought(stripe_standin, customer)

    assert (payment.paid_cents, payment.tax_cents) == (1190, 190)


def test_a_promotion_code_lowers_what_was_paid(stripe_standin: StripeStandIn, customer: str) -> None:
    promote(stripe_standin, percent_off=25)

    payment = bought(stripe_standin, customer, promotion_code="LESS")

    assert (payment.status, payment.paid_cents) == (PaymentStatus.PAID, 750)


def test_where_nothing_had_to_be_paid_the_page_names_the_payment_also_once_it_has_an_invoice(
    stripe_standin: StripeStandIn, customer: str
) -> None:
    promote(stripe_standin, percent_off=100)

    payment = bought(stripe_standin, customer, promotion_code="LESS")

    assert (payment.id, payment.status) == (payment.session, PaymentStatus.PAID)
    assert payment.invoice
    assert (payment.paid_cents, payment.tax_cents, payment.metadata) == (0, 0, SOLD)
    assert payment.paid_at is not None
    session = stripe_gateway.read_session(payment.session)
    assert stripe_gateway.read_payment(session.payment) == payment


def test_a_declined_card_leaves_the_page_open_and_the_next_one_pays(
    stripe_standin: StripeStandIn, customer: str
) -> None:
    session = sell(customer)

    stripe_standin.act("pay", session=session.id, country="DE", card="insufficient_funds")

    declined = from_all_sides(stripe_standin, session.id)
    assert (declined.status, declined.decline_code) == (PaymentStatus.FAILED, "insufficient_funds")
    assert stripe_gateway.read_session(session.id).status == "open"

    stripe_standin.act("pay", session=session.id, country="DE")

    paid = from_all_sides(stripe_standin, session.id)
    assert (paid.id, paid.status, paid.decline_code) == (declined.id, PaymentStatus.PAID, "")


@pytest.mark.parametrize(("good", "status"), [(True, PaymentStatus.PAID), (False, PaymentStatus.FAILED)])
def test_a_bank_that_wants_the_customer_is_waited_for(
    stripe_standin: StripeStandIn, customer: str, good: bool, status: PaymentStatus
) -> None:
    waiting = bought(stripe_standin, customer, card="authenticate")
    assert waiting.status == PaymentStatus.NEEDS_ACTION

    stripe_standin.act("authenticate", payment=waiting.id, good=good)

    assert from_all_sides(stripe_standin, waiting.id).status == status


def test_a_delayed_method_is_paid_when_the_money_comes(stripe_standin: StripeStandIn, customer: str) -> None:
    on_its_way = bought(stripe_standin, customer, card="bank_waits")
    assert (on_its_way.status, on_its_way.paid_cents, on_its_way.paid_at) == (PaymentStatus.PROCESSING, 0, None)

    stripe_standin.control(advance_s=3 * DAY_S)
    stripe_standin.act("settle", payment=on_its_way.id)

    paid = from_all_sides(stripe_standin, on_its_way.id)
    assert (paid.status, paid.paid_cents) == (PaymentStatus.PAID, 1000)
    assert paid.paid_at is not None
    assert (paid.paid_at - on_its_way.created_at).days == 3


def test_a_delayed_method_may_fail(stripe_standin: StripeStandIn, customer: str) -> None:
    on_its_way = bought(stripe_standin, customer, card="bank_waits")

    stripe_standin.act("settle", payment=on_its_way.id, good=False)

    failed = from_all_sides(stripe_standin, on_its_way.id)
    assert (failed.status, failed.paid_cents, failed.decline_code) == (PaymentStatus.FAILED, 0, "insufficient_funds")


def test_a_page_that_expired_cannot_be_paid(stripe_standin: StripeStandIn, customer: str) -> None:
    tried = bought(stripe_standin, customer, card="declined")

    stripe_gateway.expire_session(tried.session)

    assert from_all_sides(stripe_standin, tried.session).status == PaymentStatus.CANCELED
    assert stripe_gateway.read_session(tried.session).status == "expired"


def test_to_expire_a_page_twice_or_too_late_is_no_error(stripe_standin: StripeStandIn, customer: str) -> None:
    paid = bought(stripe_standin, customer)

    stripe_gateway.expire_session(paid.session)
    stripe_gateway.expire_session(paid.session)

    assert stripe_gateway.read_payment(paid.session) == paid


@pytest.mark.parametrize("id", ["pi_1", "in_1", "cs_test_1", "ch_1", "py_1", "re_1", "du_1", "dp_1", "cus_1", "", "1"])
def test_what_is_not_there_is_said_to_be_not_there(stripe_standin: StripeStandIn, id: str) -> None:
    with pytest.raises(NotAtStripe):
        stripe_gateway.read_payment(id)


def promote(standin: StripeStandIn, *, percent_off: int) -> None:
    coupon = library(standin).v1.coupons.create({"duration": "once", "percent_off": percent_off})
    library(standin).v1.promotion_codes.create({"code": "LESS", "promotion": {"type": "coupon", "coupon": coupon.id}})


def test_a_payment_is_read_with_few_calls(stripe_standin: StripeStandIn, customer: str) -> None:
    payment = bought(stripe_standin, customer)

    def calls(id: str) -> int:
        before = len(stripe_standin.log())
        stripe_gateway.read_payment(id)
        return len(stripe_standin.log()) - before

    assert {name: calls(id) for name, id in vars(payment).items() if name in ("session", "id", "invoice")} == {
        "session": 1, "id": 2, "invoice": 3,
    }  # fmt: skip
