"""What goes wrong between a shop and Stripe, on command."""

from typing import Any

import pytest
import stripe
from stripe import StripeClient

from tests.standins.launch import StripeStandIn

MAKE = {"on": "api", "method": "POST", "path": "/v1/customers"}


def count(client: StripeClient) -> int:
    return len(client.v1.customers.list().data)


@pytest.mark.parametrize(("cut", "made"), [("before_body", 0), ("before_reply", 1), ("mid_body", 1)])
def test_connections_are_cut(client: StripeClient, standin: StripeStandIn, cut: str, made: int) -> None:
    standin.control([{**MAKE, "cut": cut}])

    with pytest.raises((stripe.APIConnectionError, stripe.APIError)):
        client.v1.customers.create({}, {"idempotency_key": "a"})
    assert count(client) == made

    client.v1.customers.create({}, {"idempotency_key": "a"})
    assert count(client) == 1


@pytest.mark.parametrize("wrong", ["garbage", "truncated", "empty", "html"])
def test_wrong_bytes(client: StripeClient, standin: StripeStandIn, wrong: str) -> None:
    standin.control([{**MAKE, "bytes": wrong}])

    with pytest.raises((stripe.APIError, UnicodeDecodeError)):  # the library does not expect what is no text at all
        client.v1.customers.create({})
    assert count(client) == 1


def test_a_library_that_tries_again_does_it_once(standin: StripeStandIn) -> None:
    client = StripeClient("sk_test_standin", base_addresses={"api": standin.url}, max_network_retries=2)
    standin.control([{**MAKE, "cut": "before_reply"}, {**MAKE, "status": 503}])

    client.v1.customers.create({})

    assert (count(client), [call["status"] for call in standin.log(path="/v1/customers", method="POST")]) == (
        1, [0, 503, 200],
    )  # fmt: skip


def test_errors_are_said_as_ordered(client: StripeClient, standin: StripeStandIn) -> None:
    error = {"type": "card_error", "code": "card_declined", "message": "No.", "decline_code": "fraudulent"}
    standin.control([{**MAKE, "status": 402, "error": error, "headers": {"Retry-After": "7"}}])

    with pytest.raises(stripe.CardError) as declined:
        client.v1.customers.create({})
    assert (declined.value.code, (declined.value.headers or {})["retry-after"]) == ("card_declined", "7")


def test_rules_meet_whom_they_name(client: StripeClient, standin: StripeStandIn) -> None:
    alice = client.v1.customers.create({}).id
    bob = client.v1.customers.create({}).id
    told = standin.control([{"on": "api", "about": alice, "status": 500, "skip": 1, "times": None}])
    assert [(rule["about"], rule["fired"]) for rule in told["rules"]] == [(alice, 0)]

    assert client.v1.customers.retrieve(bob).id == bob
    assert client.v1.customers.retrieve(alice).id == alice
    for _ in range(2):
        with pytest.raises(stripe.APIError):
            client.v1.customers.retrieve(alice)
    standin.control(calm=True)
    assert client.v1.customers.retrieve(alice).id == alice


def test_all_of_stripe_is_down(client: StripeClient, standin: StripeStandIn) -> None:
    standin.control(down=True)
    with pytest.raises(stripe.APIConnectionError):
        client.v1.customers.list()
    standin.control(down=503)
    with pytest.raises(stripe.APIError) as broken:
        client.v1.customers.list()
    standin.control(down=False)

    assert (broken.value.http_status, count(client)) == (503, 0)


@pytest.mark.parametrize(
    "asked",
    [
        {"unknown": 1}, {"hold": "yes"}, {"rules": [{"on": "moon"}]}, {"rules": [{"on": "api"}]},
        {"rules": [{"on": "api", "never": True}]}, {"act": "fly"}, {"act": "pay"}, {"act": "pay", "session": "cs_no"},
        {"advance_s": -1}, {"release": "sideways"},
    ],
)  # fmt: skip
def test_what_cannot_be_understood_changes_nothing(standin: StripeStandIn, asked: dict[str, Any]) -> None:
    before = standin.control()

    with pytest.raises(ValueError):
        standin.control(**asked)

    after = standin.control()
    assert {**before, "now": 0} == {**after, "now": 0}
