"""The pages of auto top-up: nothing is switched on but by the button under the words that say what it means."""

import re
from datetime import timedelta
from html import unescape
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from billing import payments, planned
from billing.models import AutoTopUp, Pack, PlannedOffer, Purchase, TopUp
from billing.offering import Wish
from tests.billing.at_stripe import pay
from tests.billing.topping_up import (
    ASKS,
    CREDITS,
    PRICE,
    at,
    charges,
    save_card,
    statuses,
    sweep,
    switched_on,
)
from tests.conftest import wallet_of
from tests.krea_site.belongings import confirmed
from tests.standins.launch import StripeStandIn

pytestmark = pytest.mark.django_db
PAGE, AGREE = "/billing/top-up/", "/billing/top-up/agree"
HERS = 1_000_00


@pytest.fixture(autouse=True)
def _mails(settings: Settings) -> None:
    settings.EMAIL_BACKEND = "krea_site.mails.backend.Rows"


@pytest.fixture
def stripe(stripe_standin: StripeStandIn) -> StripeStandIn:
    return stripe_standin


@pytest.fixture
def browser(alice: Any) -> Client:
    """alice, logged in and confirmed just now."""
    return confirmed(Client(), alice)


def words(answer: Any) -> str:
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", answer.content.decode())).split())


def typed(**said: str) -> dict[str, str]:
    pack = Pack.objects.get(cents=PRICE, is_offered=True)
    return {"threshold": "2,000", "pack": str(pack.pk), "ceiling": "50", **said}


def hidden(answer: Any) -> dict[str, str]:
    """What the form with the button carries."""
    found = re.findall(
        r'<input type="hidden" name="(threshold|pack|ceiling|seen)" value="([^"]*)"', answer.content.decode()
    )
    return {name: unescape(value) for name, value in found}


def test_the_page_says_that_it_is_off_and_so_does_the_billing_page(browser: Client) -> None:
    for path in (PAGE, "/billing/"):
        assert "Off Nothing is ever charged by itself." in words(browser.get(path)), path
    assert AutoTopUp.objects.count() == 0


def test_the_form_leads_to_words_that_say_exactly_what_is_charged(
    browser: Client, alice: Any, stripe: StripeStandIn
) -> None:
    save_card(stripe, alice)

    answer = browser.post(PAGE, typed(), follow=True)

    said = words(answer)
    assert "When fewer than 2,000 credits are available, $10.00 is charged to Visa 4242" in said
    assert "10,000 credits come into your account" in said
    assert "at most $50.00 is charged like this, which is 5 times." in said
    assert not AutoTopUp.objects.filter(is_on=True).exists()

    answer = browser.post(AGREE, hidden(answer), follow=True)

    row = AutoTopUp.objects.get()
    assert (row.is_on, row.threshold, row.cents, row.credits) == (True, 2_000_00, PRICE, CREDITS)
    assert row.month_ceiling_cents == 5_000
    assert "Auto top-up is on." in words(answer)
    assert charges(stripe) == []
    sweep()
    assert (len(charges(stripe)), wallet_of(alice)) == (1, (HERS + CREDITS, 0))
    assert "10,000 credits" in words(browser.get(PAGE))


def test_without_a_card_one_is_saved_first_and_coming_back_switches_nothing_on(
    browser: Client, alice: Any, stripe: StripeStandIn
) -> None:
    answer = browser.post(PAGE, typed(), follow=True)
    assert "Save a card first" in words(answer)
    assert browser.post(AGREE, typed(seen="")).status_code == 409

    answer = browser.post("/billing/top-up/card")
    assert answer.status_code == 303
    stripes_page = answer["Location"]
    assert urlsplit(stripes_page).netloc == urlsplit(stripe.url).netloc
    save_card(stripe, alice)
    answer = browser.get(f"{AGREE}?saved")

    assert "Your card is saved. Nothing was charged, and auto top-up is not on yet." in words(answer)
    assert not AutoTopUp.objects.filter(is_on=True).exists()
    browser.post(AGREE, hidden(answer))
    assert AutoTopUp.objects.get().is_on


@pytest.mark.parametrize("change", ["price", "card", "pack withdrawn"])
def test_what_changed_since_the_page_was_read_is_not_agreed_to(
    browser: Client, alice: Any, stripe: StripeStandIn, change: str
) -> None:
    save_card(stripe, alice)
    seen = hidden(browser.post(PAGE, typed(), follow=True))

    if change == "price":
        Pack.objects.filter(cents=PRICE).update(cents=PRICE + 1)
    elif change == "card":
        save_card(stripe, alice, "pm_card_mastercard")
    else:
        Pack.objects.filter(cents=PRICE).update(is_offered=False)
    answer = browser.post(AGREE, seen)

    assert answer.status_code in (409, 422)
    assert not AutoTopUp.objects.filter(is_on=True).exists()


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ({"threshold": ""}, "Say below how many credits"),
        ({"threshold": "plenty"}, "is not an amount of credits"),
        ({"threshold": "0"}, "has to be more than 0"),
        ({"threshold": "10,001"}, "This pack brings 10,000 credits: give at most that"),
        ({"ceiling": "9.99"}, "This pack costs $10.00, so the ceiling has to be that much."),
        ({"ceiling": "a lot"}, "is not an amount of US dollars"),
        ({"ceiling": ""}, "Say how much may be charged in a month at most."),
        ({"pack": "00000000-0000-0000-0000-000000000000"}, "This pack is not on offer any more."),
    ],
)
def test_what_could_never_work_is_said_beside_its_field(browser: Client, said: dict[str, str], problem: str) -> None:
    answer = browser.post(PAGE, typed(**said))

    assert answer.status_code == 422
    assert problem in words(answer)
    assert AutoTopUp.objects.count() == 0


def test_switching_on_asks_anew_who_it_is(alice: Any, stripe: StripeStandIn) -> None:
    save_card(stripe, alice)
    browser = Client()
    browser.force_login(alice)
    browser.post(PAGE, typed())

    answer = browser.post(AGREE, typed(seen="x"))

    assert answer.status_code == 302
    assert "reauthenticate" in answer["Location"]
    assert AutoTopUp.objects.count() == 0


def test_a_stripe_that_is_away_is_said_and_nothing_is_lost(browser: Client, settings: Settings) -> None:
    settings.STRIPE_SECRET_KEY, settings.STRIPE_API_URL = "sk_test_x", "http://127.0.0.1:9"

    answer = browser.post(PAGE, typed(), follow=True)

    assert answer.status_code == 503
    assert "did not answer. Nothing was charged." in words(answer)
    assert 'value="2,000"' in answer.content.decode()


def test_one_button_switches_it_off_on_both_pages(browser: Client, alice: Any, stripe: StripeStandIn) -> None:
    for path in (PAGE, "/billing/"):
        switched_on(stripe, alice)
        assert "On When fewer than 2,000 credits are available, $10.00 is charged" in words(browser.get(path)), path
        assert 'action="/billing/top-up/off"' in browser.get(path).content.decode()

        answer = browser.post("/billing/top-up/off", follow=True)

        assert "Nothing is charged any more until you switch it on yourself." in words(answer)
        assert not AutoTopUp.objects.get().is_on


def test_the_bank_is_answered_on_stripes_page_and_paid_once(browser: Client, alice: Any, stripe: StripeStandIn) -> None:
    switched_on(stripe, alice, ASKS)
    sweep()
    row = TopUp.objects.get()
    address = reverse("top-up-answer", args=[row.pk])
    page = browser.get(address)
    assert "Pay $10.00 yourself?" in words(page)
    assert "Answer your bank" in words(browser.get("/billing/"))
    wish = re.search(r'name="wish" value="([^"]+)"', page.content.decode())
    assert wish is not None

    answers = [browser.post(f"{address}pay", {"wish": wish[1]}) for _ in range(3)]  # pressed thrice

    assert [each["status"] for each in charges(stripe)] == ["canceled"]
    purchase = Purchase.objects.get(what="pack")
    assert [answer["Location"] for answer in answers] == [purchase.session_url] * 3
    assert (statuses(alice), purchase.cents, wallet_of(alice)) == (["canceled"], PRICE, (HERS, 0))
    assert "There is nothing to answer" in words(browser.get(address))
    pay(stripe, purchase)
    payments.look_at_session(str(purchase.session))
    assert wallet_of(alice) == (HERS + CREDITS, 0)


def test_the_bank_may_be_told_no(browser: Client, alice: Any, stripe: StripeStandIn) -> None:
    switched_on(stripe, alice, ASKS)
    sweep()

    answer = browser.post(reverse("top-up-cancel", args=[TopUp.objects.get().pk]), follow=True)

    assert "It is cancelled, and nothing was charged." in words(answer)
    assert [each["status"] for each in charges(stripe)] == ["canceled"]
    assert (statuses(alice), AutoTopUp.objects.get().is_on) == (["canceled"], True)


def test_what_was_paid_meanwhile_is_not_paid_again(browser: Client, alice: Any, stripe: StripeStandIn) -> None:
    switched_on(stripe, alice, ASKS)
    sweep()
    at(stripe).v1.payment_intents.confirm(charges(stripe)[0]["id"], {"payment_method": save_card(stripe, alice)})

    answer = browser.post(reverse("top-up-pay", args=[TopUp.objects.get().pk]), {"wish": "x"}, follow=True)

    assert "There is nothing to answer charged" in words(answer)
    assert not Purchase.objects.filter(what="pack").exists()
    assert (statuses(alice), wallet_of(alice)) == (["succeeded"], (HERS + CREDITS, 0))


def test_nobody_else_sees_or_answers(mallory: Any, alice: Any, stripe: StripeStandIn) -> None:
    switched_on(stripe, alice, ASKS)
    sweep()
    row = TopUp.objects.get()
    hers = confirmed(Client(), mallory)

    assert hers.get(reverse("top-up-answer", args=[row.pk])).status_code == 404
    for name in ("top-up-pay", "top-up-cancel"):
        assert hers.post(reverse(name, args=[row.pk])).status_code == 404, name
    assert statuses(alice) == ["needs_action"]


def test_the_mail_about_a_low_balance_is_set_changed_and_stopped(browser: Client) -> None:
    said = words(browser.post("/billing/top-up/low", {"below": "500"}, follow=True))
    assert "A mail comes when fewer than 500 credits are left." in said
    assert AutoTopUp.objects.get().low_threshold == 500_00

    assert "is not an amount of credits" in words(browser.post("/billing/top-up/low", {"below": "few"}))

    browser.post("/billing/top-up/low", {"below": ""})
    row = AutoTopUp.objects.get()
    assert (row.low_threshold, row.is_on) == (None, False)


def test_the_form_offers_a_pack_as_it_is_from_its_moment_on(browser: Client) -> None:
    pack = Pack.objects.get(cents=PRICE, is_offered=True)
    planned.plan(
        pack, wish=Wish(False, PRICE + 200, pack.credits), is_plan=False, at=timezone.now() + timedelta(days=1)
    )
    PlannedOffer.objects.update(holds_from=timezone.now())

    assert "10,000 credits for $12.00" in words(browser.get(PAGE))
