"""Charges: one attempt each to take a payment."""

from typing import Any

from standins.stripe.call import Call
from standins.stripe.objects import Object, listed, new_id, shown
from standins.stripe.pagination import page, paged
from standins.stripe.params import merged, metadata, text
from standins.stripe.routes import route
from standins.stripe.world import World

KIND = "charge"
URL = "/v1/charges"
STATEMENT = "KREA STUDIO"
BANK = ("account_holder_type", "account_type", "bank_name", "fingerprint", "last4", "routing_number")
CARD = ("brand", "checks", "country", "exp_month", "exp_year", "fingerprint", "funding", "last4", "wallet")


def retrieve(world: World, call: Call) -> Object:
    return world.get(KIND, call.found["id"])


def update(world: World, call: Call) -> Object:
    charge = world.get(KIND, call.found["id"])
    given = dict(call.params)
    if "metadata" in given:
        given["metadata"] = merged(charge["metadata"], given["metadata"])
    world.change(charge, "charge.updated", **given)
    return charge


def listing(world: World, call: Call) -> Object:
    return page(world.store.newest_first(KIND), call.params, URL, "customer", "payment_intent")


def new(world: World, intent: Object, method: Object, **values: Any) -> Object:
    """A charge for an intent; `values` say how it went."""
    id = new_id("ch")
    return {
        "id": id,
        "object": KIND,
        "amount": intent["amount"],
        "amount_captured": 0,
        "amount_refunded": 0,
        "application": None,
        "application_fee": None,
        "application_fee_amount": None,
        "balance_transaction": None,
        "billing_details": method["billing_details"],
        "calculated_statement_descriptor": STATEMENT,
        "captured": False,
        "created": world.now,
        "currency": intent["currency"],
        "customer": intent["customer"],
        "description": intent["description"],
        "disputed": False,
        "failure_balance_transaction": None,
        "failure_code": None,
        "failure_message": None,
        "fraud_details": {},
        "livemode": False,
        "metadata": dict(intent["metadata"]),
        "on_behalf_of": None,
        "outcome": outcome(),
        "paid": False,
        "payment_intent": intent["id"],
        "payment_method": method["id"],
        "payment_method_details": details(method, intent["amount"]),
        "radar_options": {},
        "receipt_email": intent["receipt_email"],
        "receipt_number": None,
        "receipt_url": f"{world.url}/receipts/{id}",
        "refunded": False,
        "review": None,
        "shipping": None,
        "source": None,
        "source_transfer": None,
        "statement_descriptor": intent["statement_descriptor"],
        "statement_descriptor_suffix": intent["statement_descriptor_suffix"],
        "status": "pending",
        "transfer_data": None,
        "transfer_group": None,
        **values,
    }


def outcome(decline: str = "") -> Object:
    """What the networks said."""
    told: Object = {"advice_code": None, "network_advice_code": None, "network_decline_code": None}
    if decline:
        said: Object = {"network_status": "declined_by_network", "reason": decline, "type": "issuer_declined"}
        return {**told, **said, "risk_level": "normal", "risk_score": 20, "seller_message": "The bank declined."}
    said = {"network_status": "approved_by_network", "reason": None, "type": "authorized"}
    return {**told, **said, "risk_level": "normal", "risk_score": 20, "seller_message": "Payment complete."}


def details(method: Object, amount: int) -> Object:
    """The payment method as it was when it was charged."""
    facts = method[method["type"]]
    if method["type"] != "card":
        told = {name: facts[name] for name in BANK}
        told |= {"mandate": None, "payment_reference": None, "expected_debit_date": None}
        return {method["type"]: told, "type": method["type"]}
    said = {name: facts[name] for name in CARD} | {"regulated_status": facts["regulated_status"]}
    nothing = ("authorization_code", "installments", "mandate", "network_transaction_id", "three_d_secure")
    said |= dict.fromkeys(nothing) | {"amount_authorized": amount, "network": facts["brand"]}
    unavailable = {"status": "unavailable"}
    said |= {"extended_authorization": {"status": "disabled"}, "incremental_authorization": unavailable}
    said |= {"multicapture": unavailable, "network_token": {"used": False}, "transaction_link_id": None}
    said |= {"overcapture": {"maximum_amount_capturable": amount, "status": "unavailable"}}
    return {"card": said, "type": "card"}


def refunds_of(world: World, charge: Object) -> Object:
    """The part `refunds`, which is there only when it is asked for."""
    rows = [shown(row) for row in world.store.newest_first("refund") if row["charge"] == charge["id"]]
    return listed(rows[:10], f"{URL}/{charge['id']}/refunds", more=len(rows) > 10)


ROUTES = (
    route("GET", URL, listing, paged(customer=text(), payment_intent=text())),
    route("GET", URL + "/{id}", retrieve),
    route("POST", URL + "/{id}", update, {"description": text(), "metadata": metadata(), "receipt_email": text()}),
)
