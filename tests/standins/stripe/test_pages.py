"""Hosted Checkout as a customer sees it: what it says, what it refuses, and where it leads."""

from collections.abc import Iterator

import pytest
from stripe import StripeClient

from tests.standins.launch import StripeStandIn
from tests.standins.stripe.shop import BACK, monthly, open_session
from tests.standins.stripe.visitor import Visitor

CARD = {"number": "4242 4242 4242 4242", "expiry": "12 / 34", "cvc": "123"}
BERLIN = {"name": "Alice", "country": "DE", "postal_code": "10115"}
ALICE = {"email": "alice@example.com", **BERLIN}


@pytest.fixture
def visitor(standin: StripeStandIn) -> Iterator[Visitor]:
    with Visitor(standin.url) as one:
        yield one


def test_a_card_pays_and_the_customer_is_back_in_the_shop(client: StripeClient, visitor: Visitor) -> None:
    session = open_session(client, cancel_url="http://shop.example/basket")
    visitor.open(session.url or "")
    said = visitor.text

    visitor.fill(**CARD, **ALICE).press("Pay $10.00")

    assert "Nothing is really paid." in said
    assert "Credits $10.00" in said
    assert visitor.went_to == BACK.replace("{CHECKOUT_SESSION_ID}", session.id)
    paid = client.v1.checkout.sessions.retrieve(session.id)
    assert (paid.status, paid.payment_status) == ("complete", "paid")
    assert paid.customer_details is not None
    assert (paid.customer_details.email, paid.customer_details.name) == ("alice@example.com", "Alice")
    assert "You're all done here" in visitor.open(f"/pay/{session.id}").text


def test_a_declined_card_stays_on_the_page_and_another_one_pays(client: StripeClient, visitor: Visitor) -> None:
    visitor.open(open_session(client).url or "")

    visitor.fill(**CARD | {"number": "4000000000009995"}, **ALICE).press("Pay $10.00")

    assert visitor.status == 402
    assert "Your card has insufficient funds." in visitor.text
    assert (visitor.value("name"), visitor.value("country")) == ("Alice", "DE")
    visitor.fill(number="4242424242424242").press("Pay $10.00")
    assert visitor.went_to.startswith("http://shop.example/paid")


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"number": "4242 4242"}, "Your card number is incomplete."),
        ({"number": "4242424242424241"}, "Your card number is invalid."),
        ({"number": "4111111111111111"}, "This is none of the test cards"),
        ({"expiry": "12 / 20"}, "Your card's expiration date is in the past."),
        ({"expiry": "13 / 34"}, "Your card's expiration date is incomplete."),
        ({"cvc": "1"}, "Your card's security code is incomplete."),
        ({"email": "alice"}, "Your email is incomplete."),
        ({"country": ""}, "Choose a country."),
        ({"country": "US", "postal_code": ""}, "Your postal code is incomplete."),
    ],
)
def test_a_wrong_field_is_named_and_nothing_is_tried(
    client: StripeClient, standin: StripeStandIn, visitor: Visitor, wrong: dict[str, str], words: str
) -> None:
    visitor.open(open_session(client).url or "")

    visitor.fill(**{**CARD, **ALICE, **wrong}).press("Pay $10.00")

    assert (visitor.status, words in visitor.text) == (422, True)
    assert "payment_intent.created" not in standin.types()


def test_the_bank_asks_the_customer_and_is_answered(client: StripeClient, visitor: Visitor) -> None:
    session = open_session(client)
    visitor.open(session.url or "").fill(**CARD | {"number": "4000002760003184"}, **ALICE).press("Pay $10.00")
    asked = visitor.text

    visitor.press("Fail")
    refused = (visitor.url, visitor.text)
    visitor.fill(**CARD | {"number": "4000002760003184"}).press("Pay $10.00").press("Complete")

    assert "3-D Secure" in asked
    assert refused[0].endswith(f"/pay/{session.id}?failed=1")
    assert "We are unable to authenticate your payment method." in refused[1]
    assert visitor.went_to.endswith(session.id)
    assert client.v1.checkout.sessions.retrieve(session.id).payment_status == "paid"


def test_a_bank_account_pays_days_later(client: StripeClient, standin: StripeStandIn, visitor: Visitor) -> None:
    session = open_session(client)

    visitor.open(session.url or "").fill(pay_with="bank", bank="bank", **ALICE).press("Pay $10.00")

    assert visitor.went_to.endswith(session.id)
    assert client.v1.checkout.sessions.retrieve(session.id).payment_status == "unpaid"
    standin.advance(days=5)
    assert client.v1.checkout.sessions.retrieve(session.id).payment_status == "paid"


def test_a_promotion_code_is_applied_and_removed(client: StripeClient, visitor: Visitor) -> None:
    coupon = client.v1.coupons.create({"percent_off": 20, "duration": "once"})
    client.v1.promotion_codes.create({"code": "SPRING20", "promotion": {"type": "coupon", "coupon": coupon.id}})
    session = open_session(client, allow_promotion_codes=True)
    visitor.open(session.url or "")

    wrong = visitor.fill(promotion_code="AUTUMN", name="Alice").press("Apply").text
    applied = visitor.fill(promotion_code="spring20").press("Apply").text
    removed = visitor.press("Remove").text

    assert "This code is invalid." in wrong
    assert "SPRING20 20% off" in applied
    assert "Discount \N{MINUS SIGN}$2.00 Total due today $8.00 USD" in applied
    assert "Total due today $10.00 USD" in removed
    assert visitor.value("name") == "Alice"


def test_the_tax_is_shown_before_it_is_paid(client: StripeClient, visitor: Visitor) -> None:
    session = open_session(client, automatic_tax={"enabled": True}, tax_id_collection={"enabled": True})
    visitor.open(session.url or "")
    before = visitor.text

    visitor.fill(**CARD, **ALICE).press("Pay $10.00")
    taxed = visitor.text
    visitor.fill(business="1", tax_id="DE123456789").press("Show the total with tax")
    reverse = visitor.text
    visitor.press("Pay $10.00")

    assert "Tax Enter your country" in before
    assert "The total has changed. Please look at it, then pay." in taxed
    assert "Tax 19% $1.90 Total due today $11.90 USD" in taxed
    assert "reverse charge" in reverse
    paid = client.v1.checkout.sessions.retrieve(session.id)
    assert (paid.amount_total, paid.payment_status) == (1000, "paid")


def test_a_tax_id_that_cannot_be_is_refused(client: StripeClient, visitor: Visitor) -> None:
    visitor.open(open_session(client, tax_id_collection={"enabled": True}).url or "")

    visitor.fill(**CARD, **ALICE, business="1", tax_id="FR1").press("Pay $10.00")

    assert (visitor.status, "This tax ID is invalid for the country." in visitor.text) == (422, True)


def test_the_buttons_of_the_table_fill_in_a_card(client: StripeClient, visitor: Visitor) -> None:
    visitor.open(open_session(client).url or "")

    visitor.fill(name="Bob").press("Use 4000 0027 6000 3184")

    assert visitor.value("number") == "4000 0027 6000 3184"
    assert visitor.value("name") == "Bob"
    assert "3-D Secure" in visitor.press("Pay $10.00").text


def test_a_subscription_says_how_often_and_begins(client: StripeClient, visitor: Visitor) -> None:
    price = monthly(client, 3000, name="35,000 credits")
    session = client.v1.checkout.sessions.create(
        {"mode": "subscription", "success_url": BACK, "line_items": [{"price": price, "quantity": 1}]}
    )
    visitor.open(session.url or "")
    said = visitor.text

    visitor.fill(**CARD, **ALICE).press("Subscribe")

    assert "35,000 credits billed per month $30.00" in said
    begun = client.v1.checkout.sessions.retrieve(session.id, {"expand": ["subscription"]}).subscription
    assert getattr(begun, "status", None) == "active"


def test_a_known_customer_need_not_say_who_they_are(client: StripeClient, visitor: Visitor) -> None:
    alice = client.v1.customers.create(
        {"email": "alice@example.com", "name": "Alice", "address": {"country": "DE", "postal_code": "10115"}}
    )
    session = open_session(client, customer=alice.id)

    visitor.open(session.url or "")

    assert (visitor.value("email"), visitor.value("name"), visitor.value("country")) == (alice.email, "Alice", "DE")
    assert visitor.fill(**CARD).press("Pay $10.00").went_to.endswith(session.id)


def test_an_expired_session_says_so_and_leads_back(client: StripeClient, visitor: Visitor) -> None:
    session = open_session(client, cancel_url="http://shop.example/basket")
    client.v1.checkout.sessions.expire(session.id)

    visitor.open(f"/pay/{session.id}")

    assert "This session has expired" in visitor.text
    assert visitor.link("Back to Krea Studio") == "http://shop.example/basket"


def test_what_is_typed_is_never_markup(client: StripeClient, visitor: Visitor) -> None:
    session = open_session(client, cancel_url="javascript:alert(1)")
    visitor.open(session.url or "")

    visitor.fill(**ALICE | {"name": '"><script>alert(1)</script>'}).press("Pay $10.00")

    assert [one for one in visitor.page.elements if one.tag == "script"] == []
    assert visitor.value("name") == '"><script>alert(1)</script>'
    assert "javascript:" not in visitor.page.source
    policy = visitor.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "form-action 'self' http://shop.example" in policy


def test_an_unknown_address_is_a_page_too(visitor: Visitor) -> None:
    assert (visitor.open("/pay/cs_test_none").status, "Not found" in visitor.text) == (404, True)
