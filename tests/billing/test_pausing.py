"""Subscriptions of a suspended account: Stripe charges nothing meanwhile, and again afterwards."""

from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F
from stripe import StripeClient

from billing import pausing
from billing.models import Plan, Subscription
from krea_site import sweeps
from tests.billing.at_stripe import choose, hear, pay
from tests.billing.topping_up import at
from tests.conftest import run_queued_tasks, wallet_of
from tests.standins.launch import StripeStandIn

pytestmark = pytest.mark.django_db
MONTH_S = 32 * 24 * 3600


@pytest.fixture
def stripe(stripe_standin: StripeStandIn) -> StripeStandIn:
    return stripe_standin


@pytest.fixture
def plan(bob: Any, stripe: StripeStandIn) -> Subscription:
    """bob's, paid for its first month."""
    pay(stripe, choose(bob, cents=Plan.objects.filter(is_offered=True).order_by("cents")[0].cents, what="plan"))
    hear(stripe)
    return Subscription.objects.get(user=bob)


def shut(user: Any, *, is_active: bool) -> None:
    type(user).objects.filter(pk=user.pk).update(is_active=is_active)
    sweeps.run()
    run_queued_tasks()


def paused(client: StripeClient, plan: Subscription) -> bool:
    return client.v1.subscriptions.retrieve(plan.stripe_id).pause_collection is not None


def test_nothing_is_charged_while_the_account_is_shut(bob: Any, stripe: StripeStandIn, plan: Subscription) -> None:
    before, client = wallet_of(bob), at(stripe)
    shut(bob, is_active=False)
    assert paused(client, plan)

    stripe.advance(seconds=MONTH_S)
    hear(stripe)

    assert wallet_of(bob) == before
    invoices = client.v1.invoices.list({"limit": 10}).data
    assert sorted(str(invoice.status) for invoice in invoices) == ["paid", "void"]


def test_afterwards_the_plan_goes_on(bob: Any, stripe: StripeStandIn, plan: Subscription) -> None:
    before = wallet_of(bob)[0]
    shut(bob, is_active=False)

    shut(bob, is_active=True)
    assert not paused(at(stripe), plan)
    stripe.advance(seconds=MONTH_S)
    stripe.advance(seconds=7200)
    hear(stripe)

    assert wallet_of(bob)[0] == before * 2
    plan.refresh_from_db()
    assert (plan.paused_at, plan.pause_asked_at) == (None, None)


def test_what_stripe_did_not_answer_is_said_again(bob: Any, stripe: StripeStandIn, plan: Subscription) -> None:
    address = f"/v1/subscriptions/{plan.stripe_id}"
    stripe.control([{"on": "api", "method": "POST", "path": address, "times": 3, "cut": "before_body"}])
    shut(bob, is_active=False)
    plan.refresh_from_db()
    assert (plan.paused_at, plan.pause_asked_at is not None) == (None, True)

    Subscription.objects.update(pause_asked_at=F("pause_asked_at") - pausing.LEASE - timedelta(seconds=1))
    sweeps.run()
    run_queued_tasks()

    plan.refresh_from_db()
    assert plan.paused_at is not None
    assert paused(at(stripe), plan)


def test_one_that_is_over_is_left_alone(bob: Any, plan: Subscription) -> None:
    Subscription.objects.update(status=Subscription.Status.CANCELED)

    shut(bob, is_active=False)

    plan.refresh_from_db()
    assert plan.pause_asked_at is None


def test_an_invoice_that_was_open_before_is_collected_afterwards(
    bob: Any, stripe: StripeStandIn, plan: Subscription
) -> None:
    before, client = wallet_of(bob)[0], at(stripe)
    customer = str(client.v1.subscriptions.retrieve(plan.stripe_id).customer)
    stripe.act("decline", customer=customer)
    stripe.advance(seconds=MONTH_S)
    hear(stripe)
    assert newest(client, plan) == ("open", "past_due")
    shut(bob, is_active=False)

    stripe.advance(days=25)  # as long as Stripe would try, and then end it
    hear(stripe)
    assert (newest(client, plan, "paid", "open"), wallet_of(bob)[0]) == (("open", "past_due"), before)
    shut(bob, is_active=True)
    stripe.advance(hours=2)
    hear(stripe)

    assert newest(client, plan, "paid", "open") == ("paid", "active")
    assert wallet_of(bob)[0] == before * 2


def test_a_renewal_that_waits_to_be_charged_waits_on(bob: Any, stripe: StripeStandIn, plan: Subscription) -> None:
    before, client = wallet_of(bob)[0], at(stripe)
    renews_at = client.v1.subscriptions.retrieve(plan.stripe_id).to_dict()["items"]["data"][0]["current_period_end"]
    stripe.control(advance_to=renews_at + 60)
    assert newest(client, plan)[0] == "draft"
    shut(bob, is_active=False)
    shut(bob, is_active=False)

    stripe.advance(hours=3)
    hear(stripe)
    assert (newest(client, plan)[0], wallet_of(bob)[0]) == ("draft", before)
    shut(bob, is_active=True)
    stripe.advance(hours=2)
    hear(stripe)

    assert (newest(client, plan)[0], wallet_of(bob)[0]) == ("paid", before * 2)


def test_what_stripe_gave_up_itself_is_not_collected_again(bob: Any, stripe: StripeStandIn, plan: Subscription) -> None:
    client = at(stripe)
    renews_at = client.v1.subscriptions.retrieve(plan.stripe_id).to_dict()["items"]["data"][0]["current_period_end"]
    stripe.control(advance_to=renews_at + 60)
    draft = client.v1.invoices.list({"status": "draft"}).data[0]
    client.v1.invoices.update(str(draft.id), {"auto_advance": False})
    shut(bob, is_active=False)

    shut(bob, is_active=True)

    assert not client.v1.invoices.retrieve(str(draft.id)).auto_advance


def newest(client: StripeClient, plan: Subscription, *of: str) -> tuple[str, str]:
    """The newest invoice's status, of those that stand so, and the subscription's."""
    rows = client.v1.invoices.list({"subscription": plan.stripe_id}).data
    found = next(str(row.status) for row in rows if not of or row.status in of)
    return found, client.v1.subscriptions.retrieve(plan.stripe_id).status
