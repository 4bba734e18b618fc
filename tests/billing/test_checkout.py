"""Checkout: one purchase for one press, whatever is pressed twice, lost, or refused on the way to Stripe's page."""

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.utils import timezone
from pytest_django import Settings
from stripe import StripeClient

from billing import checkout, customers, payments, stripe_gateway
from billing.checkout import HasPlan, NotBegun, NotOffered, OldForm, TooMany
from billing.models import Pack, Plan, Purchase, StripeCustomer
from billing.stripe_values import StripeRefused, StripeUnavailable
from tests.billing.at_stripe import bought, choose, hear, pay
from tests.conftest import wallet_of
from tests.standins.launch import StripeStandIn

pytestmark = pytest.mark.django_db
SESSIONS = {"on": "api", "method": "POST", "path": "/v1/checkout/sessions"}
Status = Purchase.Status


@pytest.fixture(autouse=True)
def _asked_once(settings: Settings) -> None:
    """A call that failed is not repeated by the library: the next press repeats it."""
    settings.STRIPE_RETRIES = 0


@pytest.fixture
def stripe(stripe_standin: StripeStandIn) -> StripeStandIn:
    return stripe_standin


def at(stripe: StripeStandIn) -> StripeClient:
    return StripeClient(settings.STRIPE_SECRET_KEY, base_addresses={"api": stripe.url})


def pressed(user: Any, wish: str, *, cents: int = 1_000) -> Purchase:
    """The button of a pack, in the form with this wish."""
    pack = Pack.objects.get(cents=cents, is_offered=True)
    return checkout.begin(user, what="pack", id=str(pack.pk), wish=wish)


def sessions(stripe: StripeStandIn) -> list[Any]:
    return [session.to_dict() for session in at(stripe).v1.checkout.sessions.list({"limit": 100}).data]


def status_of(purchase: Purchase) -> str:
    purchase.refresh_from_db()
    return purchase.status


def test_a_pack_leads_to_a_page_that_sells_exactly_it(bob: Any, stripe: StripeStandIn, settings: Settings) -> None:
    purchase = choose(bob, cents=2_500)

    [session] = sessions(stripe)

    assert (purchase.cents, purchase.credits, purchase.status) == (2_500, 26_000_00, Status.OPEN)
    assert (session["id"], session["amount_total"], session["mode"]) == (purchase.session, 2_500, "payment")
    assert session["metadata"] == payments.metadata(purchase)
    page = f"{settings.PUBLIC_URL}/billing/purchases/{purchase.pk}/"
    assert (session["success_url"], session["cancel_url"]) == (f"{page}?paid", f"{page}?back")
    assert session["allow_promotion_codes"] and session["tax_id_collection"]["enabled"]


def test_the_same_form_pressed_twice_is_one_purchase_and_one_session(bob: Any, stripe: StripeStandIn) -> None:
    wish = checkout.new_wish(bob)

    addresses = {checkout.pay_at(pressed(bob, wish)) for _ in range(2)}

    assert len(addresses) == len(sessions(stripe)) == Purchase.objects.count() == 1


def test_a_page_opened_twice_is_two_purchases(bob: Any, stripe: StripeStandIn) -> None:
    assert pressed(bob, checkout.new_wish(bob)).pk != pressed(bob, checkout.new_wish(bob)).pk


def test_somebody_elses_form_buys_nothing(alice: Any, mallory: Any) -> None:
    with pytest.raises(OldForm):
        pressed(mallory, checkout.new_wish(alice))
    with pytest.raises(OldForm):
        pressed(mallory, "something")

    assert not Purchase.objects.exists()


def test_an_edit_of_the_pack_does_not_reach_what_is_under_way(bob: Any, stripe: StripeStandIn) -> None:
    purchase = pressed(bob, checkout.new_wish(bob))
    Pack.objects.filter(cents=1_000).update(cents=1_200, credits=12_500_00)

    checkout.pay_at(purchase)

    assert [session["amount_total"] for session in sessions(stripe)] == [1_000]


@pytest.mark.parametrize("id", ["", "no id", "5e6783e9-c04f-4dac-9599-1d08691b33ca"])
def test_what_is_not_on_offer_is_not_sold(bob: Any, id: str) -> None:
    with pytest.raises(NotOffered):
        checkout.begin(bob, what="pack", id=id, wish=checkout.new_wish(bob))


def test_what_was_taken_off_the_shelf_is_not_sold_any_more(bob: Any) -> None:
    Pack.objects.filter(cents=1_000).update(is_offered=False)
    pack = Pack.objects.get(cents=1_000)

    with pytest.raises(NotOffered):
        checkout.begin(bob, what="pack", id=str(pack.pk), wish=checkout.new_wish(bob))


def test_a_closed_account_buys_nothing(bob: Any) -> None:
    wish = checkout.new_wish(bob)
    get_user_model().objects.filter(pk=bob.pk).update(is_active=False)

    with pytest.raises(NotBegun):
        pressed(bob, wish)

    assert not Purchase.objects.exists()


def test_what_is_begun_and_not_paid_is_limited_by_the_hour(bob: Any, alice: Any, stripe: StripeStandIn) -> None:
    for _ in range(checkout.MOST_UNPAID):
        pressed(bob, checkout.new_wish(bob))

    with pytest.raises(TooMany):
        pressed(bob, checkout.new_wish(bob))

    pressed(alice, checkout.new_wish(alice))
    Purchase.objects.filter(user=bob).update(created_at=timezone.now() - checkout.WITHIN - timedelta(minutes=1))
    pressed(bob, checkout.new_wish(bob))


def test_what_was_paid_counts_against_nobody(bob: Any, stripe: StripeStandIn) -> None:
    bought(stripe, bob)
    for _ in range(checkout.MOST_UNPAID):
        pressed(bob, checkout.new_wish(bob))


@pytest.mark.parametrize("fault", [{"cut": "before_reply"}, {"cut": "before_body"}, {"status": 503}])
def test_a_lost_answer_is_asked_for_again_and_makes_no_second_session(
    bob: Any, stripe: StripeStandIn, fault: dict[str, Any]
) -> None:
    purchase = pressed(bob, checkout.new_wish(bob))
    stripe.control([{**SESSIONS, **fault}])

    with pytest.raises(StripeUnavailable):
        checkout.pay_at(purchase)
    assert (status_of(purchase), purchase.session) == (Status.OPEN, None)
    address = checkout.pay_at(purchase)

    [session] = sessions(stripe)
    assert (status_of(purchase), purchase.session, address) == (Status.OPEN, session["id"], session["url"])


def test_what_stripe_refuses_stays_as_it_was(bob: Any, stripe: StripeStandIn) -> None:
    purchase = pressed(bob, checkout.new_wish(bob))
    stripe.control([{**SESSIONS, "status": 400, "error": {"type": "invalid_request_error", "message": "No."}}])

    with pytest.raises(StripeRefused):
        checkout.pay_at(purchase)

    assert (status_of(purchase), purchase.session) == (Status.OPEN, None)


def test_a_customer_that_was_deleted_at_stripe_unheard_is_made_anew(bob: Any, stripe: StripeStandIn) -> None:
    gone = customers.of(bob)
    stripe_gateway.delete_customer(gone)

    purchase = choose(bob)

    assert StripeCustomer.objects.get(stripe_id=gone).deleted_at is not None
    assert [session["customer"] for session in sessions(stripe)] == [customers.of(bob)] != [gone]
    pay(stripe, purchase)
    hear(stripe)
    assert (status_of(purchase), wallet_of(bob)) == (Status.PAID, (10_000_00, 0))


def test_going_on_leads_to_the_same_page_until_it_is_paid(bob: Any, stripe: StripeStandIn) -> None:
    purchase = choose(bob)

    assert checkout.pay_at(purchase) == purchase.session_url
    pay(stripe, purchase)

    assert checkout.pay_at(purchase) is None  # and it was looked at, without any event
    assert (status_of(purchase), wallet_of(bob)) == (Status.PAID, (10_000_00, 0))


def test_a_session_that_has_ended_is_abandoned_when_somebody_goes_on(bob: Any, stripe: StripeStandIn) -> None:
    purchase = choose(bob)
    stripe.control(advance_s=2 * 24 * 3600)

    assert checkout.pay_at(purchase) is None
    assert status_of(purchase) == Status.ABANDONED


def test_dropped_it_cannot_be_paid_any_more(bob: Any, stripe: StripeStandIn) -> None:
    purchase = choose(bob)

    assert checkout.drop(purchase).status == Status.ABANDONED

    assert [session["status"] for session in sessions(stripe)] == ["expired"]
    assert checkout.drop(purchase).status == Status.ABANDONED


def test_dropped_before_stripe_was_asked(bob: Any) -> None:
    assert checkout.drop(pressed(bob, checkout.new_wish(bob))).status == Status.ABANDONED


def test_dropped_when_it_was_paid_a_moment_ago_it_stays_paid(bob: Any, stripe: StripeStandIn) -> None:
    purchase = choose(bob)
    pay(stripe, purchase)

    assert checkout.drop(purchase).status == Status.PAID
    assert wallet_of(bob) == (10_000_00, 0)


def test_what_a_saved_card_is_charged_for_cannot_be_paid_by_hand_too(bob: Any, stripe: StripeStandIn) -> None:
    pack = Pack.objects.get(cents=1_000)
    purchase = Purchase.objects.create(
        user=bob, what="top_up", pack=pack, cents=1_000, credits=10_000_00, created_at=timezone.now()
    )

    assert checkout.pay_at(purchase) is None
    assert (checkout.drop(purchase).status, sessions(stripe)) == (Status.OPEN, [])


def test_a_plan_is_made_at_stripe_once_and_sold_by_the_month(bob: Any, alice: Any, stripe: StripeStandIn) -> None:
    first, second = choose(bob, what="plan"), choose(alice, what="plan")

    plan = Plan.objects.get(cents=1_000)
    assert [session["mode"] for session in sessions(stripe)] == ["subscription"] * 2
    assert [price.id for price in at(stripe).v1.prices.list().data] == [plan.stripe_price]
    assert {first.plan, second.plan} == {plan}


def test_the_first_month_is_the_purchase_that_was_begun(bob: Any, stripe: StripeStandIn) -> None:
    purchase = choose(bob, what="plan")
    pay(stripe, purchase)
    hear(stripe)

    assert (status_of(purchase), wallet_of(bob)) == (Status.PAID, (11_000_00, 0))
    assert Purchase.objects.count() == 1


def test_nobody_gets_a_second_plan(bob: Any, stripe: StripeStandIn) -> None:
    purchase = choose(bob, what="plan")
    pay(stripe, purchase)
    hear(stripe)

    with pytest.raises(HasPlan):
        choose(bob, what="plan", cents=3_000)


def test_nobody_gets_a_second_plan_while_the_first_is_paid_and_unheard_of(bob: Any, stripe: StripeStandIn) -> None:
    purchase = choose(bob, what="plan")
    pay(stripe, purchase)

    with pytest.raises(HasPlan):
        choose(bob, what="plan", cents=3_000)

    assert len(sessions(stripe)) == 1


def test_another_plan_takes_the_place_of_one_that_was_not_paid(bob: Any, stripe: StripeStandIn) -> None:
    first = choose(bob, what="plan")

    second = choose(bob, what="plan", cents=3_000)

    assert (status_of(first), status_of(second)) == (Status.ABANDONED, Status.OPEN)
    assert sorted(session["status"] for session in sessions(stripe)) == ["expired", "open"]


def test_the_portal_offers_the_plans_that_are_on_offer(bob: Any, stripe: StripeStandIn) -> None:
    choose(bob, what="plan")

    assert checkout.portal(bob).startswith(stripe.url)
    [made] = at(stripe).v1.billing_portal.configurations.list().data
    products = made.features.subscription_update.products
    assert products and [product.prices for product in products] == [[Plan.objects.get(cents=1_000).stripe_price]]
