"""The same key is the same answer; nothing is done twice."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import stripe
from stripe import StripeClient

from tests.standins.launch import StripeStandIn
from tests.standins.stripe.conftest import client_of

PAY = {"amount": 1000, "currency": "usd", "confirm": True, "off_session": True}


def pay(client: StripeClient, key: str, card: str = "pm_card_visa") -> stripe.PaymentIntent:
    params = {**PAY, "payment_method": card}
    return client.v1.payment_intents.create(params, {"idempotency_key": key})  # type: ignore[arg-type]


def headers(thing: stripe.StripeObject) -> dict[str, str]:
    assert thing.last_response is not None
    return dict(thing.last_response.headers or {})


def test_the_same_answer_again_and_marked(client: StripeClient, standin: StripeStandIn) -> None:
    first, again = pay(client, "a"), pay(client, "a")

    assert first.to_dict() == again.to_dict()
    assert "idempotent-replayed" not in headers(first)
    assert headers(again)["idempotent-replayed"] == "true"
    assert headers(again)["original-request"] == headers(first)["request-id"] != headers(again)["request-id"]
    assert standin.types().count("charge.succeeded") == 1
    assert pay(client, "b").id != first.id


def test_a_decline_is_kept_too(client: StripeClient, standin: StripeStandIn) -> None:
    for _ in range(2):
        with pytest.raises(stripe.CardError) as declined:
            pay(client, "a", "pm_card_visa_chargeDeclined")
        error = declined.value.error
        assert error is not None and error.payment_intent is not None

    assert standin.types().count("charge.failed") == 1


def test_other_parameters_are_refused(client: StripeClient) -> None:
    pay(client, "a")

    with pytest.raises(stripe.IdempotencyError) as refused:
        pay(client, "a", "pm_card_mastercard")
    assert refused.value.http_status == 400


def test_what_was_refused_before_it_began_is_not_kept(client: StripeClient, standin: StripeStandIn) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.customers.create({"colour": "red"}, {"idempotency_key": "a"})  # type: ignore[arg-type]
    standin.control([{"on": "api", "status": 429}])
    with pytest.raises(stripe.RateLimitError):
        pay(client, "a")

    assert pay(client, "a").status == "succeeded"


def test_a_breakdown_is_kept_and_one_after_the_work_too(client: StripeClient, standin: StripeStandIn) -> None:
    standin.control([{"on": "api", "status": 500}])
    for _ in range(2):
        with pytest.raises(stripe.APIError) as broken:
            pay(client, "a")
        assert broken.value.http_status == 500
    assert standin.types() == []

    standin.control([{"on": "api", "status": 500, "after": True}])
    with pytest.raises(stripe.APIError):
        pay(client, "b")
    assert pay(client, "b").status == "succeeded"
    assert standin.types().count("charge.succeeded") == 1


def test_a_twin_that_comes_meanwhile_is_told_to_wait(client: StripeClient, standin: StripeStandIn) -> None:
    standin.control([{"on": "api", "delay_s": 0.4}])

    with ThreadPoolExecutor(2) as pool:
        both = [pool.submit(pay, client_of(standin), "a") for _ in range(2)]
        failures = [error for each in both if (error := each.exception())]

    assert [getattr(error, "http_status", None) for error in failures] == [409]
    twin = failures[0]
    assert isinstance(twin, stripe.StripeError) and isinstance(twin.json_body, dict)
    assert twin.json_body["error"]["code"] == "idempotency_key_in_use"
    assert standin.types().count("charge.succeeded") == 1


def test_a_key_is_free_again_after_a_day(client: StripeClient, standin: StripeStandIn) -> None:
    first = pay(client, "a")
    standin.advance(hours=23)
    assert pay(client, "a").id == first.id

    standin.advance(hours=2)

    assert pay(client, "a", "pm_card_mastercard").id != first.id
