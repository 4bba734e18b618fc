"""The stand-in for Stripe as a fixture of all tests: one for each test process, wiped for each test.

def test_something(stripe_standin, alice):
    paid = stripe_standin.act("pay", session=session.id, country="DE")
    stripe_standin.act("dispute", payment=paid["session"]["payment_intent"])
    stripe_standin.control(advance_s=31 * DAY_S)
    for event in stripe_standin.events(raw=True): ...

Nothing is sent to a webhook unless a test asks for it (`control(webhook_url=…)`): raw events are for posting by
oneself, in any order. What acts, rules and queries there are, standins/stripe/README.md tells.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from tests.standins import launch
from tests.standins.launch import STRIPE_KEY, STRIPE_SECRET, free_port

DAY_S = 24 * 3600


class StripeStandIn(launch.StripeStandIn):
    """`key`: what a test signs in with that does something at Stripe by itself."""

    key = STRIPE_KEY


@pytest.fixture(scope="session")
def _stripe_process() -> Iterator[StripeStandIn]:
    place = Path(settings.VAR_DIR) / "standin-stripe"
    running = StripeStandIn("Stripe", "standins.stripe", place, free_port(), {"webhook-secret": STRIPE_SECRET})
    running.start()
    with running:
        yield running


@pytest.fixture
def stripe_standin(_stripe_process: StripeStandIn) -> Iterator[StripeStandIn]:
    """The stand-in for Stripe, wiped, with the settings pointed at it."""
    ours = {
        "STRIPE_API_URL": _stripe_process.url,
        "STRIPE_SECRET_KEY": STRIPE_KEY,
        "STRIPE_WEBHOOK_SECRET": STRIPE_SECRET,
    }
    before = {name: getattr(settings, name) for name in ours}
    _stripe_process.control(reset=True)
    for name, value in ours.items():
        setattr(settings, name, value)
    yield _stripe_process
    for name, value in before.items():
        setattr(settings, name, value)
