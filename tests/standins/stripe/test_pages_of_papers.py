"""Invoices, their PDF, and receipts, as a customer sees them."""

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from stripe import StripeClient

from tests.standins.launch import StripeStandIn
from tests.standins.stripe.shop import buy, customer_of, monthly, open_session, payment_of, subscribe
from tests.standins.stripe.visitor import Visitor

INVOICED: Any = {"invoice_creation": {"enabled": True}}


@pytest.fixture
def visitor(standin: StripeStandIn) -> Iterator[Visitor]:
    with Visitor(standin.url) as one:
        yield one


def invoice_of(client: StripeClient, session_id: str) -> str:
    invoice = client.v1.checkout.sessions.retrieve(session_id).invoice
    assert isinstance(invoice, str)
    return invoice


def test_an_invoice_says_what_was_bought_by_whom_and_what_tax_it_bears(
    client: StripeClient, standin: StripeStandIn, visitor: Visitor
) -> None:
    session = open_session(client, automatic_tax={"enabled": True}, **INVOICED)
    standin.act("pay", session=session.id, name="Alice (Berlin) <b>", email="alice@example.com", country="DE")

    visitor.open(f"/invoices/{invoice_of(client, session.id)}")

    assert "Paid on" in visitor.text
    assert "Alice (Berlin) <b> Germany alice@example.com" in visitor.text
    assert "Credits 1 $10.00" in visitor.text
    assert "VAT DE 19% $1.90 Total $11.90" in visitor.text
    assert "Amount due $0.00 USD" in visitor.text


def test_the_pdf_is_one_that_programs_can_read(client: StripeClient, standin: StripeStandIn, visitor: Visitor) -> None:
    session = open_session(client, **INVOICED)
    standin.act("pay", session=session.id, name="Alice (Berlin) \\ Łódź", email="alice@example.com", country="DE")
    id = invoice_of(client, session.id)

    answer = httpx.get(f"{standin.url}/invoices/{id}/pdf", trust_env=False)

    file = answer.content
    assert answer.headers["content-type"] == "application/pdf"
    assert (file[:8], file[-6:]) == (b"%PDF-1.4", b"%%EOF\n")
    table = int(re.findall(rb"startxref\n(\d+)\n", file)[0])
    assert file[table : table + 5] == b"xref\n"
    starts = [int(start) for start in re.findall(rb"(\d{10}) 00000 n ", file)]
    assert [file[start : start + 7] for start in starts] == [b"%d 0 obj" % n for n in range(1, len(starts) + 1)]
    length, stream = re.findall(rb"/Length (\d+) >>\nstream\n(.*)\nendstream", file, re.DOTALL)[0]
    assert int(length) == len(stream)
    assert rb"(Alice \(Berlin\) \\ ?\363d?)" in stream.replace("ó".encode("cp1252"), rb"\363")
    assert b"($10.00)" in stream


def test_a_receipt_says_what_was_paid_and_given_back(
    client: StripeClient, standin: StripeStandIn, visitor: Visitor
) -> None:
    session = buy(client, standin, payment_intent_data={"description": "10,000 credits"}, **INVOICED)
    client.v1.refunds.create({"payment_intent": payment_of(session), "amount": 250})
    charge = client.v1.charges.list({"payment_intent": payment_of(session)}).data[0]

    visitor.open(charge.receipt_url or "")

    assert "Paid with Visa •••• 4242 For 10,000 credits" in visitor.text
    assert "\N{MINUS SIGN}$2.50 Paid $7.50 USD" in visitor.text
    assert "Invoice" in visitor.follow("The invoice").text


def test_an_open_invoice_can_be_paid_with_another_card(
    client: StripeClient, standin: StripeStandIn, visitor: Visitor
) -> None:
    subscription = subscribe(client, standin, monthly(client), card="declines_later")
    standin.advance(days=32)
    late = client.v1.subscriptions.retrieve(subscription, {"expand": ["latest_invoice"]})
    visitor.open(getattr(late.latest_invoice, "hosted_invoice_url", ""))
    said = visitor.text

    visitor.fill(number="4000000000000002", expiry="12/34", cvc="123").press("Pay $10.00")
    refused = visitor.text
    visitor.fill(number="4242424242424242", expiry="12/34", cvc="123").press("Pay $10.00")

    assert (late.status, "Waits for payment" in said) == ("past_due", True)
    assert "Your card was declined." in refused
    assert "Paid on" in visitor.text
    assert client.v1.subscriptions.retrieve(subscription).status == "active"


def test_the_bank_may_ask_who_pays_an_invoice(client: StripeClient, standin: StripeStandIn, visitor: Visitor) -> None:
    subscription = subscribe(client, standin, monthly(client), card="declines_later")
    standin.advance(days=32)
    late = client.v1.subscriptions.retrieve(subscription, {"expand": ["latest_invoice"]})

    visitor.open(getattr(late.latest_invoice, "hosted_invoice_url", ""))
    visitor.fill(number="4000002500003155", expiry="12/34", cvc="123").press("Pay $10.00").press("Complete")

    assert "Paid on" in visitor.text
    methods = client.v1.customers.payment_methods.list(str(late.customer)).data
    assert "3155" in [method.card.last4 for method in methods if method.card]


def test_a_customer_who_is_deleted_keeps_their_papers(
    client: StripeClient, standin: StripeStandIn, visitor: Visitor
) -> None:
    session = buy(client, standin, **INVOICED)
    client.v1.customers.delete(customer_of(session))

    assert "Paid on" in visitor.open(f"/invoices/{invoice_of(client, session.id)}").text
