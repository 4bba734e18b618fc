"""The stage of the gateway: a stand-in for Stripe, a customer at it."""

import pytest

from billing import stripe_gateway
from tests.stripe_standin import StripeStandIn


@pytest.fixture
def customer(stripe_standin: StripeStandIn) -> str:
    return stripe_gateway.make_customer(email="alice@example.com", user_id=7, key="customer:7:0")
