"""The pages of buying as a browser without scripts meets them, and what they say of a purchase in each state."""

import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from billing import ledger, takings
from billing.models import Kind, Pack, Plan, Price, Purchase, Subscription, Unit
from tests.billing.at_stripe import bought, choose, hear, pay
from tests.standins.launch import StripeStandIn

pytestmark = pytest.mark.django_db
WAITING = "Waiting for Stripe\N{RIGHT SINGLE QUOTATION MARK}s word"
BUY, BEGIN, LIST = "/billing/buy/", "/billing/buy/begin", "/billing/purchases/"
HTMX = {"HX-Request": "true"}
Status = Purchase.Status


@pytest.fixture(autouse=True)
def _asked_once(settings: Settings) -> None:
    settings.STRIPE_RETRIES = 0


@pytest.fixture
def stripe(stripe_standin: StripeStandIn) -> StripeStandIn:
    return stripe_standin


@pytest.fixture
def client(bob: Any) -> Client:
    """bob, logged in."""
    return logged_in(bob)


def logged_in(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def text_of(response: Any) -> str:
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode())))


def form_of(response: Any, words: str) -> dict[str, str]:
    """What the form with this button would send."""
    forms = re.findall(r"<form.*?</form>", response.content.decode(), re.DOTALL)
    [form] = [form for form in forms if words in unescape(re.sub(r"<[^>]+>", "", form))]
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form))


def press(client: Client, words: str, *, at: str = BUY) -> Any:
    return client.post(BEGIN, form_of(client.get(at), words))


def page_of(purchase: Purchase) -> str:
    return f"{LIST}{purchase.pk}/"


def row(user: Any, status: str) -> Purchase:
    """A purchase in a state, as its row tells it."""
    pack = Pack.objects.get(cents=1_000)
    return Purchase.objects.create(
        user=user, what="pack", pack=pack, cents=1_000, credits=10_000_00, status=status, created_at=timezone.now()
    )  # fmt: skip


def test_packs_are_shown_with_price_bonus_and_what_they_buy(client: Client) -> None:
    text = text_of(client.get(BUY))

    assert "5,000 credits $5.00 Pictures" in text
    assert "26,000 credits $25.00 +1,000 bonus" in text
    assert "Krea 2 Medium 666 Krea 2 Large 333" in text
    assert "11,000 credits a month $10.00 a month +1,000 bonus" in text
    assert "US dollars" in text and "they do not expire" in text and "Nothing is added to these prices" in text


def test_what_a_pack_buys_follows_the_prices(client: Client) -> None:
    Price.objects.create(
        item="krea-2-medium", unit=Unit.IMAGE, amount=50_00, cost_microusd=1, holds_from=timezone.now()
    )

    assert "Krea 2 Medium 520 Krea 2 Large 333" in text_of(client.get(BUY))


def test_tax_is_announced_where_it_is_on(client: Client, settings: Settings) -> None:
    settings.STRIPE_TAX = True

    assert "Prices are without tax" in text_of(client.get(BUY))


def test_pressed_the_browser_goes_to_stripes_page_by_get(client: Client, stripe: StripeStandIn) -> None:
    answer = press(client, "Buy for $10.00")

    purchase = Purchase.objects.get()
    assert (answer.status_code, answer["Location"]) == (303, purchase.session_url)
    assert purchase.session_url.startswith(stripe.url)
    assert (purchase.what, purchase.credits) == ("pack", 10_000_00)


def test_forms_may_lead_to_stripes_pages(client: Client, settings: Settings) -> None:
    policy = client.get(BUY)["Content-Security-Policy"]

    [directive] = [part.strip() for part in policy.split(";") if part.strip().startswith("form-action")]
    assert directive.split()[1:] == ["'self'", *settings.STRIPE_PAGES]


def test_the_same_form_sent_again_leads_to_the_same_page(client: Client, stripe: StripeStandIn) -> None:
    form = form_of(client.get(BUY), "Buy for $10.00")

    assert client.post(BEGIN, form)["Location"] == client.post(BEGIN, form)["Location"]
    assert Purchase.objects.count() == 1


def test_stripe_away_keeps_the_choice_and_says_so(client: Client, stripe: StripeStandIn) -> None:
    stripe.control(down=503)
    answer = client.post(BEGIN, form_of(client.get(BUY), "Buy for $10.00"), follow=True)

    purchase = Purchase.objects.get()
    assert (answer.status_code, answer.request["PATH_INFO"]) == (200, page_of(purchase))
    assert "did not answer. Nothing was charged. Your choice is kept" in text_of(answer)

    stripe.control(calm=True)
    answer = client.post(f"{page_of(purchase)}pay")
    assert answer.status_code == 303 and answer["Location"].startswith(stripe.url)


def test_stripe_refusing_is_told_in_words(client: Client, stripe: StripeStandIn) -> None:
    error = {"type": "invalid_request_error", "message": "Something inside."}
    stripe.control([{"on": "api", "path": "/v1/checkout/sessions", "status": 400, "error": error}])

    text = text_of(client.post(BEGIN, form_of(client.get(BUY), "Buy for $10.00"), follow=True))

    assert "Stripe did not accept this. Nothing was charged." in text
    assert "Something inside" not in text


@pytest.mark.parametrize("form", [{}, {"what": "pack", "id": "x", "wish": "y"}, {"what": "top_up"}])
def test_a_form_that_is_none_is_refused_in_words(client: Client, form: dict[str, str]) -> None:
    answer = client.post(BEGIN, form)

    assert answer.status_code == 409
    assert "Choose again; nothing was charged." in text_of(answer)


def test_too_many_are_refused_in_words(client: Client, bob: Any) -> None:
    for _ in range(10):
        row(bob, Status.ABANDONED)

    answer = press(client, "Buy for $10.00")

    assert answer.status_code == 429
    assert "try again in an hour; nothing was charged" in text_of(answer)


def test_back_from_paying_it_waits_for_stripes_word_then_shows_what_came(
    client: Client, bob: Any, stripe: StripeStandIn
) -> None:
    purchase = choose(bob)
    pay(stripe, purchase)

    waiting = client.get(f"{page_of(purchase)}?paid")
    assert WAITING in text_of(waiting)
    assert '<meta http-equiv="refresh" content="5">' in waiting.content.decode()
    assert client.get(f"{page_of(purchase)}state?seen=open", headers=HTMX).status_code == 204
    hear(stripe)

    part = client.get(f"{page_of(purchase)}state?seen=open", headers=HTMX)
    assert "10,000 credits came. You have 10,000.00 now" in text_of(part)
    assert part["HX-Trigger"] == "balance" and "hx-get" not in part.content.decode()
    paid = client.get(f"{page_of(purchase)}?paid")
    assert "refresh" not in paid.content.decode()
    links = re.findall(r'<a href="([^"]+)" rel="noopener">(\w+)</a>', paid.content.decode())
    assert [words for _, words in links] == ["Invoice", "Receipt"] and all(stripe.url in url for url, _ in links)


def test_looking_at_the_page_asks_stripe_so_that_a_lost_event_costs_seconds(
    client: Client, bob: Any, stripe: StripeStandIn, drain: Callable[[], int]
) -> None:
    purchase = choose(bob)
    pay(stripe, purchase)

    for _ in range(3):
        client.get(f"{page_of(purchase)}?paid")

    assert drain() == 1
    assert "10,000 credits came." in text_of(client.get(page_of(purchase)))


def test_that_the_browser_came_back_by_the_good_address_proves_nothing(
    client: Client, bob: Any, stripe: StripeStandIn, drain: Callable[[], int]
) -> None:
    purchase = choose(bob)
    client.get(f"{page_of(purchase)}?paid")
    drain()

    assert WAITING in text_of(client.get(f"{page_of(purchase)}?paid"))
    assert ledger.wallet(bob).balance == 0


def test_back_without_paying_the_basket_is_kept(client: Client, bob: Any, stripe: StripeStandIn) -> None:
    purchase = choose(bob)

    page = client.get(f"{page_of(purchase)}?back")
    assert "You came back without paying. Nothing was charged" in text_of(page)
    assert "refresh" not in page.content.decode()
    assert client.post(f"{page_of(purchase)}pay")["Location"] == purchase.session_url

    answer = client.post(f"{page_of(purchase)}drop", follow=True)
    assert "The purchase is dropped. Nothing was charged." in text_of(answer)
    assert "This purchase was not paid." in text_of(client.get(page_of(purchase)))
    again = press(client, "Try again for $10.00", at=page_of(purchase))
    assert again.status_code == 303 and Purchase.objects.count() == 2


def test_dropping_what_was_paid_shows_that_it_is_paid(client: Client, bob: Any, stripe: StripeStandIn) -> None:
    purchase = choose(bob)
    pay(stripe, purchase)

    text = text_of(client.post(f"{page_of(purchase)}drop", follow=True))

    assert "It could not be dropped any more" in text and "10,000 credits came." in text


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (Status.PROCESSING, "Your bank is sending the money."),
        (Status.FAILED, "The payment did not succeed. Nothing was charged"),
        (Status.ABANDONED, "This purchase was not paid. Nothing was charged."),
    ],
)
def test_each_end_is_said_plainly(client: Client, bob: Any, status: str, words: str) -> None:
    assert words in text_of(client.get(page_of(row(bob, status))))


def test_a_slow_way_of_paying_brings_its_credits_when_the_money_is_there(
    client: Client, bob: Any, stripe: StripeStandIn
) -> None:
    purchase = choose(bob)
    pay(stripe, purchase, card="bank")
    hear(stripe)
    assert "Your bank is sending the money." in text_of(client.get(page_of(purchase)))

    stripe.control(advance_s=10 * 24 * 3600)
    hear(stripe)

    assert "10,000 credits came." in text_of(client.get(page_of(purchase)))


def test_a_refund_is_told_with_what_it_took(client: Client, bob: Any, stripe: StripeStandIn) -> None:
    purchase = bought(stripe, bob)
    stripe.act("refund", payment=purchase.payment, amount=400)
    hear(stripe)

    text = text_of(client.get(page_of(purchase)))

    assert "$4.00 were refunded on" in text and "4,000 credits were taken for it." in text
    assert "refunded in part" in text_of(client.get(LIST))


def test_the_list_has_every_purchase_with_its_state_and_papers(client: Client, bob: Any, stripe: StripeStandIn) -> None:
    bought(stripe, bob)
    row(bob, Status.FAILED)

    text = text_of(client.get(LIST))

    assert "Pack of 10,000 credits" in text and "paid Invoice , Receipt $10.00" in text and "failed nothing" in text
    assert "Manage cards and invoices" in text


def test_only_the_owner_sees_a_purchase(bob: Any, mallory: Any) -> None:
    purchase, client = row(bob, Status.OPEN), logged_in(mallory)

    for path in ("", "state"):
        assert client.get(f"{page_of(purchase)}{path}").status_code == 404
    for path in ("pay", "drop"):
        assert client.post(f"{page_of(purchase)}{path}").status_code == 404
    assert str(purchase.pk) not in client.get(LIST).content.decode()
    assert Client().get(page_of(purchase)).status_code == 302


def test_debt_is_said_with_what_clears_it(client: Client, bob: Any) -> None:
    ledger.grant(bob, 1_000_00, key="gift", memo="A gift")
    takings.take(bob, cash=8_000_00, bonus=0, kind=Kind.DISPUTE, key="stripe:du_1", memo="Disputed payment")

    for address in ("/billing/", BUY):
        text = text_of(client.get(address))
        assert "You owe 7,000.00 credits." in text
        assert "the pack of 10,000 credits for $10.00 is enough, and leaves you 3,000.00." in text


def test_the_plan_that_somebody_has_is_told_and_no_second_one_sold(client: Client, bob: Any) -> None:
    plan = Plan.objects.get(cents=1_000)
    held = Subscription.objects.create(
        user=bob, stripe_id="sub_1", plan=plan, status="active", renews_at=timezone.now(), read_at=timezone.now()
    )
    today = f"{timezone.now():%-d %B %Y}"

    assert f"The next credits come on {today}, with the next payment." in text_of(client.get("/billing/"))
    assert "Subscribe" not in text_of(client.get(BUY))
    Subscription.objects.filter(pk=held.pk).update(ends_at=timezone.now())
    assert f"It ends on {today}. Nothing more is charged, and your credits stay." in text_of(client.get("/billing/"))
    Subscription.objects.filter(pk=held.pk).update(status="past_due")
    assert "The last payment did not succeed" in text_of(client.get(BUY))


def test_the_portal_opens_and_comes_back(client: Client, bob: Any, stripe: StripeStandIn) -> None:
    choose(bob)

    answer = client.post("/billing/portal")
    assert answer.status_code == 303 and answer["Location"].startswith(stripe.url)
    stripe.control(down=503)
    assert "did not answer" in text_of(client.post("/billing/portal", follow=True))


def test_the_studios_refusal_leads_to_buying(client: Client) -> None:
    assert 'more needed. <a href="/billing/buy/">Buy credits</a>' in client.get("/studio/").content.decode()
