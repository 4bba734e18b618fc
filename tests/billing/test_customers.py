"""The user's customer at Stripe: one that lives, made once, forgotten with the account."""

from typing import Any

import pytest

from billing import customers, stripe_gateway
from billing.models import StripeCustomer
from billing.stripe_values import StripeUnavailable
from tests.faults.together import ON_POSTGRES, crowd
from tests.stripe_standin import StripeStandIn


def made(standin: StripeStandIn) -> int:
    return len(standin.events(type="customer.created"))


def test_the_first_ask_makes_it_and_the_next_one_knows_it(stripe_standin: StripeStandIn, bob: Any) -> None:
    first = customers.of(bob)

    assert customers.of(bob) == first
    assert [call["idempotency_key"] for call in stripe_standin.log()] == [f"customer:{bob.pk}:0"]
    assert stripe_gateway.customer_lives(first)


def test_two_users_are_two_customers(stripe_standin: StripeStandIn, alice: Any, bob: Any) -> None:
    assert customers.of(alice) != customers.of(bob)


def test_after_a_death_before_the_row_was_written_the_same_one_is_found(
    stripe_standin: StripeStandIn, bob: Any
) -> None:
    lost = stripe_gateway.make_customer(email=bob.email, user_id=bob.pk, key=f"customer:{bob.pk}:0")

    assert customers.of(bob) == lost
    assert made(stripe_standin) == 1


def test_an_address_that_was_changed_after_such_a_death_does_no_harm(stripe_standin: StripeStandIn, bob: Any) -> None:
    lost = stripe_gateway.make_customer(email="earlier@example.com", user_id=bob.pk, key=f"customer:{bob.pk}:0")

    found = customers.of(bob)

    assert found != lost
    assert customers.of(bob) == found


def test_one_that_was_deleted_at_stripe_is_followed_by_another(stripe_standin: StripeStandIn, bob: Any) -> None:
    first = customers.of(bob)
    stripe_standin.act("delete_customer", customer=first)

    customers.gone(first)
    customers.gone(first)
    second = customers.of(bob)

    assert second != first
    assert list(StripeCustomer.objects.filter(user=bob, deleted_at=None).values_list("stripe_id", flat=True)) == [
        second
    ]
    assert not stripe_gateway.customer_lives(first)


def test_that_a_stranger_is_gone_changes_nothing(stripe_standin: StripeStandIn, bob: Any) -> None:
    first = customers.of(bob)

    customers.gone("cus_of_somebody_else")

    assert customers.of(bob) == first


def test_to_forget_is_to_delete_at_stripe(stripe_standin: StripeStandIn, bob: Any) -> None:
    customer = customers.of(bob)

    customers.forget(bob)
    customers.forget(bob)

    assert not stripe_gateway.customer_lives(customer)
    assert len(stripe_standin.log(method="DELETE")) == 1


def test_to_forget_somebody_who_never_bought_asks_nobody(stripe_standin: StripeStandIn, bob: Any) -> None:
    customers.forget(bob)

    assert stripe_standin.log() == []


def test_whom_stripe_deleted_meanwhile_is_forgotten_too(stripe_standin: StripeStandIn, bob: Any) -> None:
    stripe_standin.act("delete_customer", customer=customers.of(bob))

    customers.forget(bob)

    assert not StripeCustomer.objects.filter(user=bob, deleted_at=None).exists()


def test_what_stripe_did_not_answer_is_asked_again_later(
    stripe_standin: StripeStandIn, bob: Any, settings: Any
) -> None:
    settings.STRIPE_RETRIES = 0
    customer = customers.of(bob)
    stripe_standin.control(down=503)
    with pytest.raises(StripeUnavailable):
        customers.forget(bob)
    assert StripeCustomer.objects.filter(user=bob, deleted_at=None).exists()
    stripe_standin.control(calm=True)

    customers.forget(bob)

    assert not stripe_gateway.customer_lives(customer)
    assert not StripeCustomer.objects.filter(user=bob, deleted_at=None).exists()


class TestAtOnce:
    pytestmark = ON_POSTGRES

    def test_many_processes_make_one(self, stripe_standin: StripeStandIn, bob: Any) -> None:
        found = crowd(lambda: customers.of(bob), 8)

        assert set(found) == {found[0]}
        assert made(stripe_standin) == 1
        assert StripeCustomer.objects.filter(user=bob).count() == 1
