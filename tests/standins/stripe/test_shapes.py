"""Every kind of object that the stand-in sends has the keys and JSON types of Stripe's own fixtures and classes."""

import json
import re
from collections import defaultdict
from typing import Any

import pytest

from tests.standins.launch import ROOT, StripeStandIn
from tests.standins.stripe import long_story, shapes
from tests.standins.stripe.conftest import client_of

Sent = dict[str, dict[str, dict[str, Any]]]
FIXTURES = ROOT.parent / "shared" / "spec" / "stripe-fixtures.json"
KINDS = """
    balance_transaction billing_portal.configuration billing_portal.session charge checkout.session coupon customer
    deleted_customer discount dispute event invoice invoice_payment invoiceitem item line_item list payment_intent
    payment_method plan price product promotion_code refund subscription subscription_item tax_id webhook_endpoint
""".split()  # fmt: skip  # noqa: SIM905
# What the fixtures have and the stand-in does not send, with the reason. Ends of paths.
DIFFERENT = {
    "charge.refunds": "only where it is expanded, as the class says (Optional) and Stripe does since 2022-11-15",
    "invoice.subscription": "gone from this version; it is in parent.subscription_details",
    "payment_method.card": "a bank account has us_bank_account instead",
    "payment_method_details.card": "a bank account has us_bank_account instead",
    "metadata.order_id": "metadata is the shop's own; the fixture has an example",
    "event.data.object": "the fixture's example is a plan; what an event holds is held against its own kind",
}


@pytest.fixture(scope="module")
def sent(stripe_process_of_these: StripeStandIn) -> Sent:
    """All objects of the long story by their kind; of those that differ in ids and numbers alone, one.

    Takes some seconds: it is a hundred calls, months of the clock and 500 events.
    """
    stripe_process_of_these.control(reset=True)
    long_story.live(client_of(stripe_process_of_these), stripe_process_of_these)
    found: Sent = defaultdict(dict)
    for thing in long_story.all_that_was_sent(stripe_process_of_these):
        kind = ("deleted_" if thing.get("deleted") else "") + thing["object"]
        found[kind].setdefault(outline(thing), thing)
    return found


def outline(thing: dict[str, Any]) -> str:
    return re.sub(r'"[a-z]+_[a-zA-Z0-9_]{10,}"|[0-9]+', "0", json.dumps(thing))


def test_the_story_made_every_kind(sent: Sent) -> None:
    assert sorted(sent) == KINDS


def test_every_object_has_the_keys_and_types_of_the_fixtures(sent: Sent) -> None:
    if not FIXTURES.exists():
        pytest.skip("Stripe's fixtures are not on this machine.")
    fixtures = json.loads(FIXTURES.read_text())["resources"]

    complaints = {
        complaint
        for kind, things in sent.items()
        if kind in fixtures
        for thing in things.values()
        for complaint in shapes.against_fixture(thing, fixtures[kind], kind)
        if not any(complaint.removesuffix(" is missing").endswith(path) for path in DIFFERENT)
        if not complaint.startswith("event.data.object.")
    }

    assert sorted(complaints) == []
    assert sorted(set(sent) - set(fixtures)) == ["list"]


def test_every_object_is_what_the_librarys_classes_expect(sent: Sent) -> None:
    complaints = {
        complaint
        for kind, things in sent.items()
        if kind != "list" and (known := shapes.class_of(kind)) is not None
        for thing in things.values()
        for complaint in shapes.fields(thing, known, kind)
    }

    assert sorted(complaints) == []


def test_a_wrong_object_is_complained_of(sent: Sent) -> None:
    known = shapes.class_of("charge")
    assert known is not None
    charge = next(iter(sent["charge"].values()))
    wrong = {**charge, "amount": "1000", "status": 3, "colour": "red", "outcome": {**charge["outcome"], "type": None}}
    del wrong["currency"]

    assert sorted(shapes.fields(wrong, known, "charge")) == [
        "charge.amount is '1000', not int",
        "charge.colour is not known",
        "charge.currency is missing",
        "charge.outcome.type is None, not str",
        "charge.status is 3, not one of ('failed', 'pending', 'succeeded')",
    ]
    assert sorted(shapes.against_fixture({"a": {"b": 1}}, {"a": {"b": "x", "c": None}, "d": 1}, "it")) == [
        "it.a.b is number, not text",
        "it.a.c is missing",
        "it.d is missing",
    ]
