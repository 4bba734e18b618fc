"""One running stand-in for all these tests, wiped before each; Stripe's own client; the other end of a webhook."""

from collections.abc import Iterator

import pytest
from stripe import StripeClient

from tests.standins.launch import STRIPE_KEY, StripeStandIn, start_stripe
from tests.standins.receiver import Receiver, running_receiver


@pytest.fixture(scope="session")
def stripe_process_of_these(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StripeStandIn]:
    with start_stripe(tmp_path_factory.mktemp("stripe")) as running:
        yield running


@pytest.fixture
def standin(stripe_process_of_these: StripeStandIn) -> StripeStandIn:
    """The stand-in, knowing nothing, telling nobody."""
    stripe_process_of_these.control(reset=True)
    return stripe_process_of_these


@pytest.fixture
def client(standin: StripeStandIn) -> StripeClient:
    """Stripe's own client, which does not try again by itself."""
    return client_of(standin)


@pytest.fixture
def receiver(standin: StripeStandIn) -> Iterator[Receiver]:
    """The address that hears of all events."""
    with running_receiver() as running:
        standin.control(webhook_url=running.url)
        yield running
        standin.control(webhook_url="")


def client_of(standin: StripeStandIn, *, key: str = STRIPE_KEY) -> StripeClient:
    return StripeClient(key, base_addresses={"api": standin.url}, max_network_retries=0)
