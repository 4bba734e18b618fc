"""What Stripe's documentation says at the edges of keys, pages, expansion and errors, through the real library."""

import pytest
import stripe
from stripe import StripeClient

from tests.standins.launch import STRIPE_KEY, StripeStandIn
from tests.standins.stripe.shop import buy, payment_of


def refused(email: str, key: str, client: StripeClient) -> stripe.StripeError:
    with pytest.raises(stripe.StripeError) as error:
        client.v1.customers.create({"email": email}, {"idempotency_key": key})
    return error.value


def test_a_key_is_bound_to_its_address_too(client: StripeClient) -> None:
    client.v1.customers.create({}, {"idempotency_key": "a"})

    with pytest.raises(stripe.IdempotencyError):
        client.v1.products.create({"name": "A pack"}, {"idempotency_key": "a"})


def test_a_key_has_255_characters_at_most(client: StripeClient) -> None:
    assert client.v1.customers.create({"email": "a@example.com"}, {"idempotency_key": "k" * 255}).id

    error = refused("a@example.com", "k" * 256, client)

    assert (error.http_status, len(client.v1.customers.list().data)) == (400, 1)


def test_keys_of_another_account_are_others(client: StripeClient, standin: StripeStandIn) -> None:
    other = StripeClient(f"{STRIPE_KEY}_other", base_addresses={"api": standin.url}, max_network_retries=0)

    ours = client.v1.customers.create({}, {"idempotency_key": "a"})
    theirs = other.v1.customers.create({}, {"idempotency_key": "a"})

    assert ours.id != theirs.id


def test_a_page_that_begins_nowhere_is_refused(client: StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError) as error:
        client.v1.customers.list({"starting_after": "cus_nobody"})

    assert (error.value.code, error.value.param) == ("resource_missing", "starting_after")


def test_a_list_inside_an_object_has_ten_and_is_read_on(client: StripeClient, standin: StripeStandIn) -> None:
    intent = payment_of(buy(client, standin))
    made = [client.v1.refunds.create({"payment_intent": intent, "amount": 10}).id for _ in range(12)][::-1]

    charge = client.v1.payment_intents.retrieve(intent, {"expand": ["latest_charge.refunds"]}).latest_charge

    assert isinstance(charge, stripe.Charge) and charge.refunds is not None
    assert ([each.id for each in charge.refunds.data], charge.refunds.has_more) == (made[:10], True)
    read_on = client.v1.refunds.list({"charge": charge.id, "limit": 5}).auto_paging_iter()
    assert [each.id for each in read_on] == made


def test_expansion_goes_four_levels_deep(client: StripeClient, standin: StripeStandIn) -> None:
    session = buy(client, standin, invoice_creation={"enabled": True})
    path = "payment_intent.latest_charge.balance_transaction.source"

    whole = client.v1.checkout.sessions.retrieve(session.id, {"expand": [path]}).to_dict()

    assert whole["payment_intent"]["latest_charge"]["balance_transaction"]["source"]["object"] == "charge"
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.checkout.sessions.retrieve(session.id, {"expand": [f"{path}.customer"]})


def test_what_is_asked_to_be_expanded_and_does_not_exist_is_refused(client: StripeClient) -> None:
    customer = client.v1.customers.create({}).id

    with pytest.raises(stripe.InvalidRequestError):
        client.v1.customers.retrieve(customer, {"expand": ["colour"]})


def test_an_error_says_which_call_it_was(client: StripeClient, standin: StripeStandIn) -> None:
    with pytest.raises(stripe.InvalidRequestError) as error:
        client.v1.refunds.create({"payment_intent": "pi_nobody"})

    assert error.value.request_id and error.value.error is not None
    assert (error.value.error.type, error.value.code) == ("invalid_request_error", "resource_missing")
    assert [call["path"] for call in standin.log(request_id=error.value.request_id)] == ["/v1/refunds"]
    assert "pi_nobody" in str(error.value.user_message)
