"""The customer portal: plan, cards, details and invoices, as far as the configuration allows."""

from typing import Any

import pytest
from stripe import StripeClient, Subscription

from tests.standins.launch import StripeStandIn
from tests.standins.stripe.shop import monthly, subscribe
from tests.standins.stripe.visitor import Visitor

CARD = {"number": "4242 4242 4242 4242", "expiry": "12 / 34", "cvc": "123"}
SHOP = "http://shop.example/billing/"


class Portal:
    """A subscriber of the middle one of three plans, who may do everything in the portal."""

    def __init__(self, client: StripeClient, standin: StripeStandIn) -> None:
        self.client = client
        self.plans = [monthly(client, cents, name=f"{cents} plan") for cents in (400, 1000, 3000)]
        self.subscription = subscribe(client, standin, self.plans[1])
        self.customer = str(self.now.customer)
        self.visitor = Visitor(standin.url)

    @property
    def now(self) -> Subscription:
        return self.client.v1.subscriptions.retrieve(self.subscription)

    @property
    def plan(self) -> str:
        return self.now.items.data[0].price.id

    def enter(self, **features: Any) -> Visitor:
        """Go in, with these features changed."""
        offers = [{"product": self.client.v1.prices.retrieve(id).product, "prices": [id]} for id in self.plans]
        allowed: Any = {
            "customer_update": {"enabled": True, "allowed_updates": ["email", "name", "address", "tax_id"]},
            "invoice_history": {"enabled": True},
            "payment_method_update": {"enabled": True},
            "subscription_cancel": {"enabled": True, "mode": "at_period_end"},
            "subscription_update": {
                "enabled": True,
                "default_allowed_updates": ["price"],
                "products": offers,
                "proration_behavior": "always_invoice",
                "schedule_at_period_end": {"conditions": [{"type": "decreasing_item_amount"}]},
            },
        }
        made = self.client.v1.billing_portal.configurations.create({"features": allowed | features})
        session = self.client.v1.billing_portal.sessions.create(
            {"customer": self.customer, "configuration": made.id, "return_url": SHOP}
        )
        return self.visitor.open(session.url)


@pytest.fixture
def portal(client: StripeClient, standin: StripeStandIn) -> Portal:
    return Portal(client, standin)


def test_it_shows_the_plan_the_card_and_the_invoices(portal: Portal) -> None:
    visitor = portal.enter()

    assert "1000 plan $10.00 per month Renews on" in visitor.text
    assert "Visa •••• 4242 Expires 12 / 2034 Default" in visitor.text
    assert visitor.link("← Return to Krea Studio") == SHOP
    assert "$10.00 paid" in visitor.text


def test_a_plan_is_cancelled_and_taken_up_again(portal: Portal) -> None:
    visitor = portal.enter().follow("Cancel the plan")

    visitor.press("Cancel the plan")
    cancelled, said = portal.now.cancel_at_period_end, visitor.text
    visitor.press("Do not cancel")

    assert (cancelled, "Your plan is cancelled." in said, "Ends on" in said) == (True, True, True)
    assert (portal.now.cancel_at_period_end, "Renews on" in visitor.text) == (False, True)


def test_a_dearer_plan_begins_at_once_and_the_difference_is_paid(portal: Portal) -> None:
    visitor = portal.enter().follow("Change the plan")
    said = visitor.text

    visitor.fill(price=portal.plans[2]).press("Change the plan")

    assert "3000 plan , $30.00 per month Begins at once." in said
    assert "Your plan is changed." in visitor.text
    assert portal.plan == portal.plans[2]
    assert "$20.00 paid" in visitor.text


def test_a_cheaper_plan_begins_when_what_is_paid_for_is_used_up(portal: Portal, standin: StripeStandIn) -> None:
    visitor = portal.enter().follow("Change the plan")
    said = visitor.text

    visitor.fill(price=portal.plans[0]).press("Change the plan")
    planned, before = visitor.text, portal.plan
    standin.advance(days=32)

    assert "400 plan , $4.00 per month Begins when what is paid for is used up, on" in said
    assert "Changes to 400 plan ($4.00 per month) on" in planned
    assert (before, portal.plan) == (portal.plans[1], portal.plans[0])
    amounts = [row.total for row in portal.client.v1.invoices.list({"subscription": portal.subscription})]
    assert amounts == [400, 1000]


def test_a_cheaper_plan_is_not_wanted_after_all(portal: Portal, standin: StripeStandIn) -> None:
    visitor = portal.enter().follow("Change the plan").fill(price=portal.plans[0]).press("Change the plan")

    visitor.press("Keep this plan")
    standin.advance(days=32)

    assert "You keep your plan." in visitor.text
    assert portal.plan == portal.plans[1]


def test_a_card_is_added_and_pays_from_then_on(portal: Portal) -> None:
    visitor = portal.enter().follow("Add a card")

    visitor.fill(**CARD | {"number": "4000000000000002"}).press("Add the card")
    refused = (visitor.status, visitor.text)
    visitor.fill(**CARD | {"number": "5555555555554444"}).press("Add the card")
    added = visitor.text
    visitor.press("Make default")
    again = visitor.text
    visitor.press("Remove")

    assert (refused[0], "Your card was declined." in refused[1]) == (402, True)
    assert "Mastercard •••• 4444 Expires 12 / 2034 Default" in added
    assert "Visa •••• 4242 Expires 12 / 2034 Default" in again
    assert "Mastercard" not in visitor.text


def test_billing_details_are_changed_with_the_tax_id(portal: Portal) -> None:
    visitor = portal.enter().follow("Change the details")
    typed = {"email": "new@example.com", "name": "Acme GmbH", "country": "DE", "city": "Berlin", "business": "1"}

    visitor.fill(**typed, tax_id="DE1").press("Save")
    refused = visitor.text
    visitor.fill(**typed, tax_id="DE 123 456 789").press("Save")

    assert "This tax ID is invalid for the country." in refused
    assert "Acme GmbH new@example.com Berlin Germany EU VAT DE123456789" in visitor.text
    assert portal.client.v1.customers.retrieve(portal.customer).email == "new@example.com"
    assert [each.value for each in portal.client.v1.customers.tax_ids.list(portal.customer)] == ["DE123456789"]
    assert "EU VAT" not in visitor.follow("Change the details").fill(business="").press("Save").text


def test_what_the_configuration_forbids_is_not_there(portal: Portal) -> None:
    off = {"enabled": False}
    visitor = portal.enter(
        customer_update=off,
        invoice_history=off,
        payment_method_update=off,
        subscription_cancel=off,
        subscription_update=off,
    )

    assert [one.words for one in visitor.page.elements if one.tag == "button"] == []
    assert [one.words for one in visitor.page.elements if one.tag == "a"] == ["← Return to Krea Studio"]
    assert "Invoices" not in visitor.text


def test_nobody_reaches_another_customers_plan_or_card(
    client: StripeClient, standin: StripeStandIn, portal: Portal
) -> None:
    theirs = subscribe(client, standin, portal.plans[0])
    portal.enter()

    assert portal.visitor.open(f"{portal.visitor.url}/end/{theirs}").status == 404
