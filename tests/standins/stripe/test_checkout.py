"""Checkout sessions: what is asked for, what is reckoned, what becomes of them."""

from typing import Any

import pytest
import stripe
from stripe import StripeClient

from tests.standins.launch import StripeStandIn
from tests.standins.stripe.shop import buy, customer_of, monthly, open_session, payment_of

TAXED: dict[str, Any] = {"automatic_tax": {"enabled": True}, "tax_id_collection": {"enabled": True}}
INVOICED: dict[str, Any] = {"invoice_creation": {"enabled": True, "invoice_data": {"metadata": {"pack": "5"}}}}


def test_a_guest_pays_and_is_sent_back(client: StripeClient, standin: StripeStandIn) -> None:
    told: dict[str, Any] = {"metadata": {"pack": "1"}, "client_reference_id": "7", "customer_email": "bob@example.com"}
    session = open_session(client, payment_intent_data={"metadata": {"user": "7"}, "description": "Credits"}, **told)
    assert (session.status, session.payment_status, session.payment_intent) == ("open", "unpaid", None)

    outcome = standin.act("pay", session=session.id, name="Bob")

    assert outcome["url"] == f"http://shop.example/paid?session={session.id}"
    paid = client.v1.checkout.sessions.retrieve(session.id, {"expand": ["payment_intent"]})
    intent, details = paid.payment_intent, paid.customer_details
    assert isinstance(intent, stripe.PaymentIntent) and details is not None
    assert (intent.description, intent.metadata["user"], paid.client_reference_id) == ("Credits", "7", "7")
    assert (paid.customer, details.email, details.name, paid.url) == (None, "bob@example.com", "Bob", None)
    assert client.v1.checkout.sessions.list({"payment_intent": intent.id}).data[0].id == session.id


def test_a_decline_leaves_it_open(client: StripeClient, standin: StripeStandIn) -> None:
    session = open_session(client)

    declined = standin.act("pay", session=session.id, card="insufficient_funds")
    assert (declined["status"], declined["message"]) == ("declined", "Your card has insufficient funds.")
    assert standin.act("pay", session=session.id)["status"] == "complete"

    assert len(client.v1.payment_intents.list().data) == 1
    with pytest.raises(ValueError, match="complete"):
        standin.act("pay", session=session.id)


def test_one_off_purchases_are_invoiced(client: StripeClient, standin: StripeStandIn) -> None:
    session = buy(client, standin, **INVOICED)

    invoice = client.v1.invoices.retrieve(str(session.invoice), {"expand": ["payments"]})
    assert (invoice.status, invoice.amount_paid, invoice.billing_reason, invoice.parent) == (
        "paid", 1000, "manual", None,
    )  # fmt: skip
    assert invoice.hosted_invoice_url == f"{standin.url}/invoices/{invoice.id}"
    assert invoice.number and invoice.invoice_pdf and invoice.status_transitions.paid_at
    assert invoice.to_dict()["metadata"] == {"pack": "5"}
    assert invoice.payments is not None
    assert invoice.payments.data[0].payment.payment_intent == payment_of(session)
    assert invoice.customer == customer_of(session)
    found = client.v1.invoice_payments.list(
        {"payment": {"type": "payment_intent", "payment_intent": payment_of(session)}}
    )
    assert [each.invoice for each in found.data] == [invoice.id]
    types = standin.types()
    assert types.index("invoice.paid") < types.index("checkout.session.completed")


@pytest.mark.parametrize(
    ("behaviour", "tax_id", "total", "tax"),
    [("exclusive", None, 1190, 190), ("inclusive", None, 1000, 160), ("exclusive", "DE123456789", 1000, 0)],
)
def test_tax_is_reckoned_by_country(
    client: StripeClient, standin: StripeStandIn, behaviour: str, tax_id: str | None, total: int, tax: int
) -> None:
    data = {"currency": "usd", "unit_amount": 1000, "tax_behavior": behaviour, "product_data": {"name": "Credits"}}
    session = open_session(client, line_items=[{"price_data": data, "quantity": 1}], **TAXED, **INVOICED)
    assert session.automatic_tax.status == "requires_location_inputs"
    business = {"tax_id": {"type": "eu_vat", "value": tax_id}} if tax_id else {}

    standin.act("pay", session=session.id, country="DE", **business)

    paid = client.v1.checkout.sessions.retrieve(session.id)
    details = paid.total_details
    assert details is not None
    assert (paid.amount_subtotal, paid.amount_total, details.amount_tax) == (1000, total, tax)
    invoice = client.v1.invoices.retrieve(str(paid.invoice))
    assert (invoice.total, invoice.total_excluding_tax) == (total, total - tax)
    assert [each.amount for each in invoice.total_taxes or []] == [tax]
    assert client.v1.payment_intents.retrieve(payment_of(paid)).amount_received == total


def test_promotion_codes_and_coupons(client: StripeClient, standin: StripeStandIn) -> None:
    coupon = client.v1.coupons.create({"percent_off": 25.5, "duration": "once"})
    code = client.v1.promotion_codes.create(
        {"code": "FALL", "promotion": {"type": "coupon", "coupon": coupon.id}, "max_redemptions": 1}
    )
    first, second = (open_session(client, allow_promotion_codes=True, **INVOICED) for _ in range(2))

    standin.act("pay", session=first.id, promotion_code="fall")
    with pytest.raises(ValueError, match="invalid"):
        standin.act("pay", session=second.id, promotion_code="fall")

    paid = client.v1.checkout.sessions.retrieve(first.id)
    details = paid.total_details
    assert details is not None
    assert (paid.amount_total, details.amount_discount) == (745, 255)
    assert [each.promotion_code for each in paid.discounts or []] == [code.id]
    used = client.v1.promotion_codes.retrieve(code.id)
    assert (used.times_redeemed, used.active) == (1, False)
    assert client.v1.invoices.retrieve(str(paid.invoice)).total == 745
    free = client.v1.coupons.create({"percent_off": 100, "duration": "once"})
    session = open_session(client, discounts=[{"coupon": free.id}])
    standin.act("pay", session=session.id)
    given = client.v1.checkout.sessions.retrieve(session.id)
    assert (given.payment_status, given.payment_intent) == ("no_payment_required", None)


def test_a_known_customer_is_brought_up_to_date_and_their_card_kept(
    client: StripeClient, standin: StripeStandIn
) -> None:
    alice = client.v1.customers.create({"email": "alice@example.com"})
    known: dict[str, Any] = {"customer": alice.id, "customer_update": {"address": "auto", "name": "auto"}, **TAXED}
    session = open_session(client, payment_intent_data={"setup_future_usage": "off_session"}, **known)

    standin.act("pay", session=session.id, name="Alice", country="AT")

    now = client.v1.customers.retrieve(alice.id)
    assert now.address is not None
    assert (now.name, now.address.country) == ("Alice", "AT")
    method = client.v1.customers.payment_methods.list(alice.id).data[0]
    again = open_session(client, customer=alice.id)
    assert standin.act("pay", session=again.id, card=method.id)["status"] == "complete"


def test_it_expires_by_itself_or_when_it_is_told(client: StripeClient, standin: StripeStandIn) -> None:
    alone, told = open_session(client), open_session(client)

    client.v1.checkout.sessions.expire(told.id)
    standin.advance(hours=25)

    assert {each.status for each in client.v1.checkout.sessions.list().data} == {"expired"}
    assert standin.types().count("checkout.session.expired") == 2
    with pytest.raises(ValueError, match="expired"):
        standin.act("pay", session=alone.id)
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.checkout.sessions.expire(alone.id)


def test_what_stripe_does_not_take_is_refused(client: StripeClient) -> None:
    price, alice = monthly(client), client.v1.customers.create({})
    lines = [{"price": price, "quantity": 1}]
    wrong: list[dict[str, Any]] = [
        {"line_items": lines},
        {"mode": "subscription"},
        {"mode": "subscription", "line_items": lines, "invoice_creation": {"enabled": True}},
        {"subscription_data": {"description": "Monthly"}},
        {"customer": alice.id, "customer_email": "alice@example.com"},
        {"customer": alice.id, "automatic_tax": {"enabled": True}},
        {"customer": alice.id, "tax_id_collection": {"enabled": True}},
        {"customer_update": {"name": "auto"}},
        {"customer": "cus_nobody"},
        {"allow_promotion_codes": True, "discounts": [{"coupon": "none"}]},
        {"success_url": ""},
        {"line_items": [{"price_data": {"currency": "usd", "unit_amount": 10, "product": "prod_none"}}]},
        {"expires_at": 1},
    ]
    for more in wrong:
        with pytest.raises(stripe.InvalidRequestError):
            open_session(client, **more)
    with pytest.raises(stripe.InvalidRequestError) as small:
        open_session(client, 49)
    assert small.value.code == "amount_too_small"
