"""Saving a card on Stripe's page, and the portal in which customers look after themselves."""

import pytest

from billing import payments, stripe_gateway
from billing.stripe_values import NotAtStripe
from tests.billing.stripe_gateway.till import BACK, library
from tests.stripe_standin import DAY_S, StripeStandIn

RETURN = "https://shop.example/billing/"


def offers() -> list[str]:
    return [
        stripe_gateway.ensure_price(name="Plus", cents=1000, lookup_key="plan:1"),
        stripe_gateway.ensure_price(name="Pro", cents=3000, lookup_key="plan:2"),
    ]


def test_a_card_is_saved_and_nothing_is_taken(stripe_standin: StripeStandIn, customer: str) -> None:
    session = stripe_gateway.begin_saving_card(customer=customer, key="card:1", **BACK)

    stripe_standin.act("pay", session=session.id, country="DE")

    done = stripe_gateway.read_session(session.id)
    assert (done.status, done.payment, done.subscription) == ("complete", "", "")
    card = stripe_gateway.saved_card(customer)
    assert card is not None
    assert card.last4 == "4242"
    with pytest.raises(NotAtStripe):
        stripe_gateway.read_payment(session.id)


def test_the_portal_is_opened_anew_on_each_visit_by_one_configuration(
    stripe_standin: StripeStandIn, customer: str
) -> None:
    prices = offers()

    visits = {stripe_gateway.portal(customer=customer, return_url=RETURN, prices=prices) for _ in range(3)}
    stripe_standin.control(advance_s=2 * DAY_S)  # Stripe forgets keys after a day
    visits |= {stripe_gateway.portal(customer=customer, return_url=RETURN, prices=prices[::-1])}

    assert len(visits) == 4
    assert len(list(library(stripe_standin).v1.billing_portal.configurations.list())) == 1


def test_the_portal_changes_plans_as_it_was_agreed(stripe_standin: StripeStandIn, customer: str) -> None:
    prices = offers()

    stripe_gateway.portal(customer=customer, return_url=RETURN, prices=prices)

    (made,) = library(stripe_standin).v1.billing_portal.configurations.list(
        {"expand": ["data.features.subscription_update.products"]}
    )
    update = made.features.subscription_update
    assert (update.enabled, update.proration_behavior, update.default_allowed_updates) == (
        True, "always_invoice", ["price"],
    )  # fmt: skip
    assert [one.type for one in update.schedule_at_period_end.conditions] == ["decreasing_item_amount"]
    assert sorted(price for one in update.products or [] for price in one.prices) == sorted(prices)
    assert (made.features.subscription_cancel.enabled, made.features.subscription_cancel.mode) == (
        True, "at_period_end",
    )  # fmt: skip
    assert made.features.invoice_history.enabled
    assert made.features.payment_method_update.enabled


def test_other_plans_are_another_configuration(stripe_standin: StripeStandIn, customer: str) -> None:
    prices = offers()

    stripe_gateway.portal(customer=customer, return_url=RETURN, prices=prices)
    stripe_gateway.portal(customer=customer, return_url=RETURN, prices=prices[:1])
    stripe_gateway.portal(customer=customer, return_url=RETURN, prices=[])

    assert len(list(library(stripe_standin).v1.billing_portal.configurations.list())) == 3


def test_a_customer_that_is_gone_has_no_portal(stripe_standin: StripeStandIn, customer: str) -> None:
    stripe_gateway.delete_customer(customer)

    with pytest.raises(NotAtStripe):
        stripe_gateway.portal(customer=customer, return_url=RETURN, prices=[])


@pytest.mark.django_db
def test_a_card_that_was_just_saved_is_the_one_that_is_charged(stripe_standin: StripeStandIn, customer: str) -> None:
    for number, card in enumerate(("visa", "mastercard")):
        session = stripe_gateway.begin_saving_card(customer=customer, key=f"card:{number}", **BACK)
        stripe_standin.act("pay", session=session.id, card=card, country="DE")

        payments.look_at_session(session.id)
        payments.look_at_session(session.id)

        saved = stripe_gateway.saved_card(customer)
        assert saved is not None
        assert saved.brand.lower() == card
