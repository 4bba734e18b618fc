"""Subscriptions: begun in Checkout, renewed month by month, changed, unpaid, ended."""

from typing import Any

import pytest
import stripe
from stripe import StripeClient

from tests.standins.launch import StripeStandIn
from tests.standins.stripe.shop import monthly, open_session, subscribe


def invoices(client: StripeClient, id: str) -> list[tuple[str | None, str | None, int]]:
    """Reason, status and total of a subscription's invoices, oldest first."""
    found = client.v1.invoices.list({"subscription": id}).data
    return [(each.billing_reason, each.status, each.total) for each in reversed(found)]


def customer(client: StripeClient, id: str) -> str:
    return str(client.v1.subscriptions.retrieve(id).customer)


def test_it_begins_in_checkout_and_is_renewed(client: StripeClient, standin: StripeStandIn) -> None:
    id = subscribe(client, standin, monthly(client), subscription_data={"metadata": {"user": "1"}})

    begun = client.v1.subscriptions.retrieve(id)
    item = begun.to_dict()["items"]["data"][0]
    assert (begun.status, begun.metadata["user"], item["price"]["unit_amount"]) == ("active", "1", 1000)
    assert 28 <= (item["current_period_end"] - item["current_period_start"]) / 86_400 <= 31
    assert begun.default_payment_method
    standin.advance(days=62)
    assert invoices(client, id) == [
        ("subscription_create", "paid", 1000),
        ("subscription_cycle", "paid", 1000),
        ("subscription_cycle", "paid", 1000),
    ]
    latest = client.v1.invoices.retrieve(str(client.v1.subscriptions.retrieve(id).latest_invoice))
    parent = latest.parent
    assert parent is not None and parent.subscription_details is not None
    assert parent.subscription_details.subscription == id
    assert parent.subscription_details.to_dict()["metadata"] == {"user": "1"}
    line = latest.lines.data[0]
    assert line.parent is not None and line.parent.subscription_item_details is not None
    assert line.parent.subscription_item_details.subscription_item == item["id"]
    assert line.period.start == latest.period_start


def test_the_events_of_a_renewal_come_in_their_order(client: StripeClient, standin: StripeStandIn) -> None:
    id = subscribe(client, standin, monthly(client))
    before = len(standin.types())
    ends_at = client.v1.subscriptions.retrieve(id).to_dict()["items"]["data"][0]["current_period_end"]

    standin.control(advance_to=ends_at + 60)
    assert standin.types()[before:] == ["invoice.created", "customer.subscription.updated"]
    assert invoices(client, id)[-1] == ("subscription_cycle", "draft", 1000)
    standin.advance(hours=1)

    assert standin.types()[before + 2 :] == [
        "invoice.finalized", "payment_intent.created", "charge.succeeded", "payment_intent.succeeded",
        "invoice.updated", "invoice.paid", "invoice.payment_succeeded", "invoice_payment.paid", "charge.updated",
    ]  # fmt: skip
    renewed = standin.events(type="customer.subscription.updated")[-1]
    assert renewed["data"]["previous_attributes"]["items"]["data"][0]["current_period_end"] == ends_at
    assert renewed["created"] == ends_at


def test_an_invoice_that_does_not_advance_waits(client: StripeClient, standin: StripeStandIn) -> None:
    id = subscribe(client, standin, monthly(client))
    standin.act("decline", customer=customer(client, id))
    standin.advance(days=32)
    late = str(client.v1.invoices.list({"subscription": id, "status": "open"}).data[0].id)

    stopped = client.v1.invoices.update(late, {"auto_advance": False})
    standin.advance(days=20)
    assert (stopped.auto_advance, stopped.next_payment_attempt) == (False, None)
    assert client.v1.invoices.retrieve(late).status == "open"
    client.v1.invoices.update(late, {"auto_advance": True})
    standin.advance(hours=2)

    assert client.v1.invoices.retrieve(late).status == "paid"
    with pytest.raises(stripe.InvalidRequestError, match="draft and open"):
        client.v1.invoices.update(late, {"auto_advance": False})


def test_a_declined_renewal_is_tried_again(client: StripeClient, standin: StripeStandIn) -> None:
    id = subscribe(client, standin, monthly(client))
    standin.act("decline", customer=customer(client, id))

    standin.advance(days=32)
    assert client.v1.subscriptions.retrieve(id).status == "past_due"
    failed = client.v1.invoices.list({"subscription": id}).data[0]
    assert (failed.status, failed.attempt_count) == ("open", 1)
    assert failed.next_payment_attempt is not None
    standin.advance(days=4)

    assert client.v1.subscriptions.retrieve(id).status == "active"
    assert invoices(client, id)[-1] == ("subscription_cycle", "paid", 1000)


def test_one_that_is_never_paid_ends(client: StripeClient, standin: StripeStandIn) -> None:
    id = subscribe(client, standin, monthly(client))
    standin.act("decline", customer=customer(client, id), times=10)

    standin.advance(days=55)

    ended = client.v1.subscriptions.retrieve(id)
    assert ended.cancellation_details is not None
    assert (ended.status, ended.cancellation_details.reason) == ("canceled", "payment_failed")
    assert invoices(client, id)[-1] == ("subscription_cycle", "uncollectible", 1000)
    assert standin.types().count("invoice.payment_failed") == 4


def test_the_owner_pays_an_open_invoice(client: StripeClient, standin: StripeStandIn) -> None:
    id = subscribe(client, standin, monthly(client))
    standin.act("decline", customer=customer(client, id), times=6)
    standin.advance(days=32)
    open_one = str(client.v1.subscriptions.retrieve(id).latest_invoice)

    for _ in range(5):  # as often as they like: only attempts that the clock makes are counted
        with pytest.raises(stripe.CardError):
            client.v1.invoices.pay(open_one)
    assert client.v1.invoices.retrieve(open_one).attempt_count == 1
    assert client.v1.invoices.pay(open_one).status == "paid"

    assert client.v1.subscriptions.retrieve(id).status == "active"


@pytest.mark.parametrize("at_once", [True, False])
def test_it_is_canceled(client: StripeClient, standin: StripeStandIn, at_once: bool) -> None:
    id = subscribe(client, standin, monthly(client))

    if at_once:
        client.v1.subscriptions.cancel(id)
    else:
        wish = client.v1.subscriptions.update(id, {"cancel_at_period_end": True})
        assert (wish.status, wish.cancel_at_period_end, bool(wish.cancel_at)) == ("active", True, True)
        standin.advance(days=32)

    ended = client.v1.subscriptions.retrieve(id)
    assert (ended.status, bool(ended.ended_at)) == ("canceled", True)
    assert standin.types()[-1] == "customer.subscription.deleted"
    assert len(invoices(client, id)) == 1
    assert client.v1.subscriptions.list({"customer": str(ended.customer)}).data == []
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.subscriptions.cancel(id)


def test_a_larger_plan_in_the_middle_of_the_month_costs_the_rest(client: StripeClient, standin: StripeStandIn) -> None:
    small, large = monthly(client), monthly(client, 3000)
    id = subscribe(client, standin, small)
    item = client.v1.subscriptions.retrieve(id).to_dict()["items"]["data"][0]
    whole = item["current_period_end"] - item["current_period_start"]
    standin.control(advance_to=item["current_period_start"] + whole // 2)

    standin.act("change_subscription", subscription=id, price=large)

    reason, status, total = invoices(client, id)[-1]
    assert (reason, status, total in (1000, 999, 1001)) == ("subscription_update", "paid", True)
    lines = client.v1.invoices.list({"subscription": id}).data[0].lines.data
    assert [each.amount < 0 for each in lines] == [True, False]
    parents = [each.parent.invoice_item_details for each in lines if each.parent]
    assert [bool(each and each.proration) for each in parents] == [True, True]
    standin.advance(days=31)
    assert invoices(client, id)[-1] == ("subscription_cycle", "paid", 3000)


def test_a_smaller_plan_leaves_a_credit_for_the_next_invoices(client: StripeClient, standin: StripeStandIn) -> None:
    small, large = monthly(client), monthly(client, 3000)
    id = subscribe(client, standin, large)

    standin.act("change_subscription", subscription=id, price=small)
    owed = -(client.v1.customers.retrieve(customer(client, id)).balance or 0)
    standin.advance(days=32)

    assert 1990 <= owed <= 2000
    renewed = client.v1.invoices.list({"subscription": id}).data[0]
    assert (renewed.status, renewed.total, renewed.amount_paid) == ("paid", 1000, 0)
    assert client.v1.customers.retrieve(customer(client, id)).balance == 1000 - owed


def test_changes_without_proration_cost_nothing_before_the_next_month(
    client: StripeClient, standin: StripeStandIn
) -> None:
    small, large = monthly(client), monthly(client, 3000)
    id = subscribe(client, standin, small)
    item: Any = client.v1.subscriptions.retrieve(id).to_dict()["items"]["data"][0]["id"]

    client.v1.subscriptions.update(id, {"items": [{"id": item, "price": large}], "proration_behavior": "none"})
    assert len(invoices(client, id)) == 1
    standin.advance(days=32)

    assert invoices(client, id)[-1] == ("subscription_cycle", "paid", 3000)


def test_a_first_payment_by_bank_is_open_for_days(client: StripeClient, standin: StripeStandIn) -> None:
    price = monthly(client)
    good, bad = subscribe(client, standin, price, card="bank"), subscribe(client, standin, price, card="bank_closed")
    assert invoices(client, good) == [("subscription_create", "open", 1000)]

    standin.advance(days=5)

    assert invoices(client, good) == [("subscription_create", "paid", 1000)]
    assert invoices(client, bad) == [("subscription_create", "open", 1000)]
    assert client.v1.subscriptions.retrieve(bad).status == "past_due"


def test_a_deleted_customer_takes_the_subscription_along(client: StripeClient, standin: StripeStandIn) -> None:
    id = subscribe(client, standin, monthly(client))

    client.v1.customers.delete(customer(client, id))
    standin.advance(days=62)

    assert client.v1.subscriptions.retrieve(id).status == "canceled"
    assert len(invoices(client, id)) == 1
    types = standin.types()
    assert types.index("customer.subscription.deleted") < types.index("customer.deleted")


def test_the_portal_opens_for_a_customer_and_their_new_card_pays(client: StripeClient, standin: StripeStandIn) -> None:
    id = subscribe(client, standin, monthly(client))
    owner = customer(client, id)
    features: Any = {"invoice_history": {"enabled": True}, "subscription_cancel": {"enabled": True}}
    configuration = client.v1.billing_portal.configurations.create({"features": features})

    session = client.v1.billing_portal.sessions.create(
        {"customer": owner, "configuration": configuration.id, "return_url": "http://shop.example/"}
    )
    assert session.url == f"{standin.url}/portal/{session.id}"
    standin.act("change_card", customer=owner, card="mastercard")
    standin.advance(days=32)

    charge = client.v1.charges.list({"customer": owner}).data[0]
    assert charge.payment_method_details is not None and charge.payment_method_details.card is not None
    assert charge.payment_method_details.card.brand == "mastercard"
    assert len(client.v1.customers.payment_methods.list(owner).data) == 2


def test_no_session_is_the_same_as_a_plain_purchase(client: StripeClient, standin: StripeStandIn) -> None:
    """A purchase has no parent on its invoice; that is how one tells them apart."""
    session = open_session(client, invoice_creation={"enabled": True})
    standin.act("pay", session=session.id)

    assert client.v1.invoices.list().data[0].parent is None
