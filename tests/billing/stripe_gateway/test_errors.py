"""What goes wrong between Stripe and us: what can be asked again, and what was refused."""

from typing import Any
from uuid import UUID

import pytest
import stripe
from django.conf import settings as django_settings

from billing import stripe_gateway
from billing.stripe_values import NotAtStripe, StripeRefused, StripeUnavailable
from tests.billing.stripe_gateway.till import BACK, bought, sell
from tests.stripe_standin import StripeStandIn


@pytest.fixture
def one_try(settings: Any) -> None:
    """The library's own second tries come after a pause."""
    settings.STRIPE_RETRIES = 0


def make(key: str = "customer:9:0") -> str:
    return stripe_gateway.make_customer(email="bob@example.com", user_id=9, key=key)


@pytest.mark.usefixtures("one_try")
@pytest.mark.parametrize(
    "fault",
    [
        {"status": 500}, {"status": 502}, {"status": 503}, {"status": 429}, {"status": 409},
        {"status": 500, "body": "?"},
        {"bytes": "garbage"}, {"bytes": "truncated"}, {"bytes": "empty"}, {"bytes": "html"},
        {"cut": "before_body"}, {"cut": "before_reply"}, {"cut": "mid_body"},
    ],
)  # fmt: skip
def test_an_answer_that_says_nothing_can_be_asked_for_again(stripe_standin: StripeStandIn, fault: Any) -> None:
    stripe_standin.control(rules=[{"on": "api", "method": "POST", **fault}])

    with pytest.raises(StripeUnavailable):
        make()


@pytest.mark.usefixtures("one_try")
@pytest.mark.parametrize("fault", [{"cut": "before_reply"}, {"cut": "mid_body"}, {"bytes": "garbage"}])
def test_the_second_ask_gets_what_the_first_one_made(stripe_standin: StripeStandIn, fault: Any) -> None:
    stripe_standin.control(rules=[{"on": "api", "method": "POST", **fault}])
    with pytest.raises(StripeUnavailable):
        make()

    assert make() == make()
    assert len(stripe_standin.events(type="customer.created")) == 1


@pytest.mark.usefixtures("one_try")
def test_a_call_has_a_deadline(stripe_standin: StripeStandIn, settings: Any) -> None:
    settings.STRIPE_TIMEOUT_S = 0.1
    stripe_standin.control(rules=[{"on": "api", "answer_delay_s": 1}])

    with pytest.raises(StripeUnavailable):
        make()


@pytest.mark.usefixtures("one_try")
def test_nobody_answers(settings: Any) -> None:
    settings.STRIPE_API_URL, settings.STRIPE_SECRET_KEY = "http://127.0.0.1:9", "sk_test_1"

    with pytest.raises(StripeUnavailable):
        stripe_gateway.read_payment("pi_1")


def test_the_library_tries_again_by_itself_with_the_same_key(stripe_standin: StripeStandIn) -> None:
    stripe_standin.control(rules=[{"on": "api", "method": "POST", "cut": "before_reply"}])

    make("customer:9:7")

    first, *again = [call["idempotency_key"] for call in stripe_standin.log(method="POST")]
    assert first == "customer:9:7"
    assert set(again) == {first}  # one more, or two where even that one's answer was late
    assert len(stripe_standin.events(type="customer.created")) == 1


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404])
def test_what_stripe_refuses_it_refuses_again(stripe_standin: StripeStandIn, status: int) -> None:
    said = {"message": "No.", "code": "some_code", "param": "email", "type": "invalid_request_error"}
    stripe_standin.control(rules=[{"on": "api", "status": status, "error": said}])

    with pytest.raises(StripeRefused) as refused:
        make()

    assert not isinstance(refused.value, NotAtStripe)
    assert refused.value.status == status


def test_a_strange_key_is_refused(stripe_standin: StripeStandIn) -> None:
    stripe_standin.control(keys=["sk_test_another"])

    with pytest.raises(StripeRefused) as refused:
        make()

    assert refused.value.status == 401
    assert django_settings.STRIPE_SECRET_KEY not in str(refused.value)


def test_a_customer_that_is_gone_is_said_to_be_gone(stripe_standin: StripeStandIn, customer: str) -> None:
    stripe_standin.act("delete_customer", customer=customer)

    with pytest.raises(NotAtStripe) as refused:
        sell(customer)

    assert refused.value.param == "customer"


def test_a_mistake_in_reading_a_list_comes_out_as_ours_too(stripe_standin: StripeStandIn, settings: Any) -> None:
    settings.STRIPE_RETRIES = 0
    stripe_standin.control(down=503)

    with pytest.raises(StripeUnavailable):
        list(stripe_gateway.events_since(stripe_gateway.library.moment(0)))


def test_every_call_that_changes_something_has_a_key_of_ours(stripe_standin: StripeStandIn, customer: str) -> None:
    payment = bought(stripe_standin, customer)
    stripe_gateway.refund(payment.id, cents=1, reason="duplicate", metadata={}, key="refund:1")
    stripe_gateway.expire_session(sell(customer, key="checkout:2").id)
    price = stripe_gateway.ensure_price(name="Plus", cents=1000, lookup_key="plan:1")
    stripe_gateway.begin_subscription(customer=customer, price=price, metadata={}, key="checkout:3", **BACK)

    keys = [call["idempotency_key"] for call in stripe_standin.log(method="POST")]

    assert len(keys) >= 7
    assert [key for key in keys if not key or is_of_the_library(key)] == []


def is_of_the_library(key: str) -> bool:
    try:
        return bool(UUID(key))
    except ValueError:
        return False


def test_the_version_is_pinned_to_the_one_that_the_library_has_its_types_of() -> None:
    assert stripe.api_version == stripe_gateway.API_VERSION
