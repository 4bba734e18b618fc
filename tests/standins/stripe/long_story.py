"""A long story in which the stand-in makes every kind of object it has, in all their states; all that it sent."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
from stripe import StripeClient

from tests.standins.launch import STRIPE_KEY, StripeStandIn
from tests.standins.stripe.shop import BACK, buy, customer_of, monthly, open_session, payment_of, subscribe

Object = dict[str, Any]
AUTO = {"address": "auto", "name": "auto"}
LISTS = {
    "balance_transactions": "data.source",
    "charges": "data.refunds",
    "checkout/sessions": "data.line_items",
    "coupons": "",
    "customers": "",
    "disputes": "data.charge",
    "events": "",
    "invoice_payments": "data.invoice",
    "invoices": "data.payments",
    "payment_intents": "data.latest_charge.balance_transaction",
    "prices": "data.product",
    "products": "",
    "promotion_codes": "data.promotion.coupon",
    "refunds": "data.charge",
    "subscriptions?status=all": "data.discounts",
    "webhook_endpoints": "",
    "billing_portal/configurations": "",
}


def live(client: StripeClient, standin: StripeStandIn) -> None:
    """Let it all happen."""
    one_off_purchases(client, standin)
    what_goes_wrong(client, standin)
    money_back(client, standin)
    subscriptions(client, standin)
    odds_and_ends(client, standin)


def one_off_purchases(client: StripeClient, standin: StripeStandIn) -> None:
    customer = client.v1.customers.create({"email": "alice@example.com", "name": "Alice", "metadata": {"user": "1"}})
    coupon = client.v1.coupons.create({"percent_off": 25.5, "duration": "once", "name": "Autumn"})
    client.v1.promotion_codes.create({"code": "FALL20", "promotion": {"type": "coupon", "coupon": coupon.id}})
    invoice: Object = {"enabled": True, "invoice_data": {"description": "Credits", "metadata": {"pack": "5"}}}
    taxed: Object = {"automatic_tax": {"enabled": True}, "tax_id_collection": {"enabled": True}}
    taxed |= {"customer": customer.id, "customer_update": AUTO, "invoice_creation": invoice}
    session = open_session(client, 5000, **taxed, allow_promotion_codes=True)
    address = {"country": "DE", "city": "Berlin", "postal_code": "10115", "line1": "Street 1"}
    standin.act("pay", session=session.id, name="Alice", address=address, promotion_code="FALL20")
    tax_id = {"type": "eu_vat", "value": "DE123456789"}
    standin.act("pay", session=open_session(client, **taxed).id, address=address, tax_id=tax_id, card="mastercard")
    saved: Object = {"setup_future_usage": "off_session", "metadata": {"user": "2"}}
    session = buy(client, standin, payment_intent_data=saved, client_reference_id="2", metadata={"pack": "1"})
    method = client.v1.customers.payment_methods.list(customer_of(session)).data[0].id
    params: Any = {"amount": 2500, "currency": "usd", "customer": customer_of(session), "payment_method": method}
    client.v1.payment_intents.create(params | {"confirm": True, "off_session": True})


def what_goes_wrong(client: StripeClient, standin: StripeStandIn) -> None:
    for card in ("declined", "insufficient_funds", "expired_card"):
        standin.act("pay", session=open_session(client).id, card=card)
    session = open_session(client, customer_email="bob@example.com")
    standin.act("pay", session=session.id, card="authenticate")
    standin.act("authenticate", payment=session.id)
    session = open_session(client)
    standin.act("pay", session=session.id, card="threeds")
    standin.act("authenticate", payment=session.id, good=False)
    for card in ("bank", "bank_closed", "bank_waits"):
        standin.act("pay", session=open_session(client, invoice_creation={"enabled": True}).id, card=card)
    standin.act("expire", session=open_session(client).id)
    intent = client.v1.payment_intents.create({"amount": 900, "currency": "usd"})
    client.v1.payment_intents.cancel(intent.id, {"cancellation_reason": "abandoned"})
    standin.advance(days=5)


def money_back(client: StripeClient, standin: StripeStandIn) -> None:
    parts = payment_of(buy(client, standin))
    for amount in (300, 200):
        client.v1.refunds.create({"payment_intent": parts, "amount": amount, "reason": "requested_by_customer"})
    standin.act("fail_refund", refund=standin.act("refund", payment=parts)["id"])
    for card in ("refund_pends", "refund_fails"):
        session = open_session(client)
        standin.act("pay", session=session.id, card=card)
        standin.act("refund", payment=session.id)
    for won in (True, False):
        dispute = standin.act("dispute", payment=payment_of(buy(client, standin)), amount=400)["id"]
        client.v1.disputes.update(dispute, {"evidence": {"uncategorized_text": "Delivered."}, "metadata": {"a": "b"}})
        standin.act("close_dispute", dispute=dispute, won=won)
        inquiry = standin.act("dispute", payment=payment_of(buy(client, standin)), inquiry=True)["id"]
        standin.act("close_dispute", dispute=inquiry, won=won)
    standin.act("pay", session=open_session(client).id, card="disputed")
    standin.advance(days=6)


def subscriptions(client: StripeClient, standin: StripeStandIn) -> None:
    small, large = monthly(client), monthly(client, 3000)
    forever = client.v1.coupons.create({"amount_off": 100, "currency": "usd", "duration": "forever"})
    id = subscribe(client, standin, small, discounts=[{"coupon": forever.id}], automatic_tax={"enabled": True})
    standin.advance(days=40)
    standin.act("change_subscription", subscription=id, price=large)
    standin.act("change_subscription", subscription=id, price=small, proration="create_prorations")
    standin.act("cancel_subscription", subscription=id)
    debtor = subscribe(client, standin, small)
    customer = client.v1.subscriptions.retrieve(debtor).customer
    standin.act("decline", customer=customer, times=9)
    subscribe(client, standin, small, card="bank")
    standin.advance(days=70)
    leaving = subscribe(client, standin, small)
    standin.act("delete_customer", customer=client.v1.subscriptions.retrieve(leaving).customer)


def odds_and_ends(client: StripeClient, standin: StripeStandIn) -> None:
    url = "http://127.0.0.1:9/nowhere"
    client.v1.webhook_endpoints.create({"url": url, "enabled_events": ["charge.dispute.created"]})
    customer = client.v1.customers.list().data[0].id
    client.v1.billing_portal.sessions.create({"customer": customer, "return_url": BACK})
    standin.act("change_card", customer=customer, card="amex")
    client.v1.products.update(client.v1.products.list().data[0].id, {"description": "Credits for pictures"})


def all_that_was_sent(standin: StripeStandIn) -> Iterator[Object]:
    """Every object with a kind: in events, in answers, and whatever they hold inside."""
    headers = {"Authorization": f"Bearer {STRIPE_KEY}"}
    with httpx.Client(base_url=f"{standin.url}/v1/", headers=headers, trust_env=False) as api:
        for path, expand in LISTS.items():
            url = f"{path}{'&' if '?' in path else '?'}limit=100" + (f"&expand[]={expand}" if expand else "")
            answer = api.get(url)
            assert answer.status_code == 200, answer.text
            yield from found_in(answer.json())
        customers = api.get("customers?limit=3").json()["data"]
        for customer in customers:
            yield from found_in(api.get(f"customers/{customer['id']}/payment_methods").json())
            yield from found_in(api.get(f"customers/{customer['id']}/tax_ids").json())
            yield from found_in(api.post("billing_portal/sessions", data={"customer": customer["id"]}).json())
            yield api.get(f"customers/{customer['id']}").json()
        yield api.get(f"customers/{standin.events(type='customer.deleted')[0]['data']['object']['id']}").json()
        for event in standin.events(raw=True):
            yield from found_in(json.loads(event["body"]))


def found_in(value: Any) -> Iterator[Object]:
    if isinstance(value, list):
        for each in value:
            yield from found_in(each)
    elif isinstance(value, dict):
        if isinstance(value.get("object"), str):
            yield value
        for each in value.values():
            yield from found_in(each)
