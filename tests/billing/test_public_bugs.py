"""Bugs that others had in public, each rebuilt here in the same situation. The name of a test is that of the project
and the number of its issue; the docstring says in our words what went wrong there."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import httpx
import pytest
import time_machine
from django.test import Client
from django_q.models import OrmQ
from pytest_django import Settings
from stripe import WebhookSignature

from billing import audit, ledger, payments, refunds, stripe_events, takings, topups, under_way
from billing.errors import InsufficientCredits
from billing.models import AutoTopUp, Book, Pack, Purchase, StripeEvent, Transfer
from generations.models import Generation
from krea_site.asgi import application
from partners import keys
from tests.billing import topping_up
from tests.billing.at_stripe import bought, choose, hear, pay
from tests.billing.topping_up import at, spend
from tests.conftest import make_user, run_queued_tasks, wallet_of
from tests.faults.together import together
from tests.generations.pages import GENERATE, logged_in, open_form
from tests.in_thread import served
from tests.standins.launch import STRIPE_SECRET, StripeStandIn

pytestmark = pytest.mark.django_db
MEDIUM = 39_00  # what a picture of Krea 2 Medium costs
FOX = {"prompt": "a red fox in the snow"}


def post(letter: dict[str, Any]) -> int:
    """One delivery to our door."""
    headers = {"Stripe-Signature": letter["signature"]}
    answer = Client().post("/webhooks/stripe", letter["body"], content_type="application/json", headers=headers)
    return answer.status_code


def another_event(letter: dict[str, Any], id: str) -> dict[str, Any]:
    """The same object under another event's id, signed by Stripe."""
    body = json.dumps(json.loads(letter["body"]) | {"id": id})
    return {"id": id, "body": body, "signature": WebhookSignature.generate_signature_header(body, STRIPE_SECRET)}


def sales_cents() -> int:
    return -audit.sums()[ledger.book(Book.SALES).pk] // 1000


# Credits that are spent twice -------------------------------------------------------------------


@pytest.fixture
def site(transactional_db: None) -> Iterator[str]:
    """The web process as it runs, with its threads."""
    with served(application) as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def doors(site: str) -> Callable[[Any, str], int]:
    """Order one picture by a door of ours, over HTTP; the status."""

    def order(user: Any, door: str) -> int:
        return ORDERS[door](site, user)

    return order


def by_api(site: str, user: Any) -> int:
    headers = {"Authorization": f"Bearer {user.secret}", "Host": "localhost"}
    body = {"model": "krea-2-medium", "input": FOX}
    return httpx.post(f"{site}/api/v1/generations", json=body, headers=headers, timeout=60).status_code


def by_dialect(site: str, user: Any) -> int:
    headers = {"Authorization": f"Key {user.secret}", "Host": "localhost"}
    address = f"{site}/fal/queue/krea/v2/medium/text-to-image"
    return httpx.post(address, json=FOX, headers=headers, timeout=60).status_code


def by_studio(site: str, user: Any) -> int:
    headers = {"Cookie": user.cookies, "Host": "localhost", "Origin": "http://localhost"}
    return httpx.post(f"{site}/studio/", data=user.form, headers=headers, timeout=60).status_code


ORDERS: dict[str, Callable[[str, Any], int]] = {"api": by_api, "dialect": by_dialect, "studio": by_studio}


def customer_of_all_doors(credits: int) -> Any:
    """With a key, and with the studio's form open in a browser, its price quoted."""
    user = make_user("eve@example.com", credits)
    user.secret = keys.make(user, "Shop")[1]
    browser = logged_in(user)
    form = {**open_form(browser, "?model=krea-2-medium"), "prompt": FOX["prompt"], **GENERATE}
    user.form = form | {"csrfmiddlewaretoken": browser.cookies["csrftoken"].value}
    user.cookies = "; ".join(f"{name}={cookie.value}" for name, cookie in browser.cookies.items())
    return user


@pytest.mark.django_db(transaction=True)
def test_open_saas_727_two_requests_on_credits_for_one(doors: Callable[[Any, str], int]) -> None:
    """The balance was read, the provider was asked, and only then a credit was taken off: two requests at once both
    saw the one credit, both were drawn, and the balance ended at -1."""
    user = customer_of_all_doors(MEDIUM)

    with ThreadPoolExecutor(8) as pool:
        answers = Counter(pool.map(lambda _: doors(user, "api"), range(8)))

    assert answers == {202: 1, 402: 7}
    assert Generation.objects.count() == 1
    assert wallet_of(user) == (MEDIUM, MEDIUM)


@pytest.mark.django_db(transaction=True)
def test_eliza_10857_one_door_that_holds_nothing(doors: Callable[[Any, str], int]) -> None:
    """One of several ways in only looked at the balance and held nothing up front; the charge came after the answer.
    N requests at once by that way were all served, and one was paid. Here every door is tried, all together."""
    user = customer_of_all_doors(MEDIUM)

    with ThreadPoolExecutor(9) as pool:
        list(pool.map(lambda number: doors(user, list(ORDERS)[number % 3]), range(9)))

    assert Generation.objects.count() == 1
    assert wallet_of(user) == (MEDIUM, MEDIUM)


@pytest.mark.parametrize("door", ORDERS)
@pytest.mark.django_db(transaction=True)
def test_eliza_10857_each_door_takes_an_order_that_can_be_paid(doors: Callable[[Any, str], int], door: str) -> None:
    """So that the test above means something."""
    user = customer_of_all_doors(MEDIUM)

    doors(user, door)
    doors(user, door)

    assert (Generation.objects.count(), wallet_of(user)) == (1, (MEDIUM, MEDIUM))


# Credits that are given twice -------------------------------------------------------------------


def test_open_saas_688_an_invoice_that_is_told_again(bob: Any, stripe_standin: StripeStandIn) -> None:
    """Nothing remembered which events, or which invoices, had been fulfilled. A paid invoice that was delivered again,
    at once, in a row, after a restart, or under another event's id, gave its credits each time."""
    purchase = choose(bob, cents=2_500)
    pay(stripe_standin, purchase)
    letters = stripe_standin.events(raw=True)
    invoice = next(letter for letter in letters if letter["type"] == "invoice.paid")

    for letter in (invoice, invoice, *letters, invoice, another_event(invoice, "evt_another"), *reversed(letters)):
        assert post(letter) == 200
        run_queued_tasks()
    StripeEvent.objects.all().delete()  # as if all that had been remembered of events were lost
    for letter in letters:
        assert post(letter) == 200
    run_queued_tasks()

    assert wallet_of(bob) == (26_000_00, 0)
    assert Transfer.objects.filter(kind="purchase").count() == 1
    assert sales_cents() == 2_500


@pytest.mark.django_db(transaction=True)
def test_autogpt_10672_two_who_fulfil_one_top_up_at_once(transactional_db: None, stripe_standin: StripeStandIn) -> None:
    """Whether a payment was fulfilled already was looked up before the lock was taken and not again under it: the
    webhook and its repetition, running at the same moment, gave the 50 dollars of one top-up twice."""
    user = make_user("eve@example.com", 160_000_00)
    purchase = choose(user, cents=5_000)
    pay(stripe_standin, purchase)
    for letter in stripe_standin.events(raw=True):
        assert post(letter) == 200
    OrmQ.objects.all().delete()
    works: list[Callable[[], object]] = [partial(stripe_events.handle, event.pk) for event in StripeEvent.objects.all()]
    works += [partial(payments.look_at_session, str(purchase.session)), partial(under_way.look, str(purchase.pk))]

    results = together(works * 2)

    assert [each for each in results if isinstance(each, Exception)] == []
    assert wallet_of(user) == (160_000_00 + 53_000_00, 0)
    assert not StripeEvent.objects.filter(handled_at=None).exists()


def test_sokosumi_3120_a_handler_that_makes_an_invoice_each_time(alice: Any, stripe_standin: StripeStandIn) -> None:
    """A webhook's handler created an invoice over free credits, without an idempotency key. Each repetition of the
    event made another one, and since credits were keyed by the invoice, each gave credits. Here no handler makes
    anything at Stripe, and whatever else we send there has a key."""
    purchase = bought(stripe_standin, alice, cents=2_500)
    topping_up.switched_on(stripe_standin, alice, threshold=30_000_00 - 1, pack=Pack.objects.get(cents=5_000))
    refunds.ask(purchase.pk, cents=500, unspent_only=False, reason="As promised", actor="staff")
    run_queued_tasks()
    before = len(stripe_standin.log(method="POST", on="api"))

    for letter in stripe_standin.events(raw=True) * 3:
        assert post(letter) == 200
        run_queued_tasks()
    for event in StripeEvent.objects.all():
        stripe_events.repeat(event)
    run_queued_tasks()

    calls = stripe_standin.log(method="POST", on="api")
    assert len(calls) == before
    ours = [call for call in calls if not call["path"].endswith("/attach")]  # the test's own call, as the customer
    assert [call["path"] for call in ours if not call["idempotency_key"]] == []


def test_sokosumi_3120_a_call_whose_answer_is_lost_is_repeated_under_its_key(
    bob: Any, stripe_standin: StripeStandIn
) -> None:
    """The other half of it: the line breaks after Stripe has done what it was asked."""
    purchase = bought(stripe_standin, bob, cents=2_500)
    stripe_standin.control([{"on": "api", "method": "POST", "path": "/v1/refunds", "cut": "before_reply", "times": 3}])

    refunds.ask(purchase.pk, cents=1_000, unspent_only=False, reason="As promised", actor="staff")
    run_queued_tasks()
    stripe_standin.control(calm=True)
    purchase.staff_refunds.update(due_at=datetime(2026, 1, 1, tzinfo=UTC), nudged_at=None)
    refunds.sweep()
    run_queued_tasks()

    calls = stripe_standin.log(method="POST", path="/v1/refunds")
    assert len(calls) > 1
    assert len({call["idempotency_key"] for call in calls}) == 1
    assert [each["data"]["object"]["amount"] for each in stripe_standin.events(type="refund.created")] == [1_000]
    assert wallet_of(bob) == (15_600_00, 0)


@pytest.mark.django_db(transaction=True)
def test_lago_5870_the_same_order_sent_twice(transactional_db: None, stripe_standin: StripeStandIn) -> None:
    """Buying credits took no name for the wish: the same request sent twice was two purchases, and the customer was
    charged for both. Here the form carries the name, also where both are under way at once."""
    user = make_user("eve@example.com")
    browser = logged_in(user)
    page = browser.get("/billing/buy/").content.decode()
    wish = page.split('name="wish" value="')[1].partition('"')[0]
    pack = Pack.objects.get(cents=1_000)

    def press() -> int:
        return (
            logged_in(user).post("/billing/buy/begin", {"what": "pack", "id": str(pack.pk), "wish": wish}).status_code
        )

    results = [*together([press] * 4), press()]

    assert [each for each in results if isinstance(each, Exception)] == []
    assert Purchase.objects.count() == 1
    sessions = at(stripe_standin).v1.checkout.sessions.list({"limit": 100}).data
    assert [session.id for session in sessions] == [Purchase.objects.get().session]


# Credits that are taken back, and brought back -------------------------------------------------


def test_eliza_10920_money_that_goes_back_takes_its_credits(bob: Any, stripe_standin: StripeStandIn) -> None:
    """Nobody listened to refunds and disputes: who bought for 1,000 dollars, spent a little and had the bank take the
    payment back, kept both the money and the credits, and could go on spending."""
    bought(stripe_standin, bob, cents=10_000)
    spend(bob, 5_000_00)
    payment = str(Purchase.objects.get().payment)

    stripe_standin.act("dispute", payment=payment)
    hear(stripe_standin)

    purse = ledger.wallet(bob)
    assert (purse.balance, purse.debt) == (0, 5_000_00)
    with pytest.raises(InsufficientCredits):
        ledger.hold(bob, 1, key="one more picture")
    bought(stripe_standin, bob, cents=1_000)
    stripe_standin.act("refund", payment=str(Purchase.objects.order_by("created_at")[1].payment), amount=200)
    hear(stripe_standin)
    assert (wallet_of(bob), ledger.wallet(bob).debt) == ((3_000_00, 0), 0)
    assert sales_cents() == 800


@pytest.mark.parametrize("spent", [0, 26_000_00])
def test_eliza_10997_a_dispute_that_is_won_brings_everything_back(
    spent: int, bob: Any, stripe_standin: StripeStandIn
) -> None:
    """Credits were taken when a dispute was opened, and nothing ever gave them back when it was won. And (their 31449)
    when something did, it gave back as many credits as there were dollars. Also with a debt of which a part was
    repaid since and a part was let go."""
    bought(stripe_standin, bob, cents=2_500)
    spend(bob, spent)
    dispute = stripe_standin.act("dispute", payment=str(Purchase.objects.get().payment))["id"]
    hear(stripe_standin)
    assert (wallet_of(bob), ledger.wallet(bob).debt) == ((0, 0), spent)
    if spent:
        bought(stripe_standin, bob, cents=500)
        takings.forgive(bob, 1_000_00, key="forgiven", reason="A regular", actor="staff")
        assert ledger.wallet(bob).debt == 20_000_00

    stripe_standin.act("close_dispute", dispute=dispute, won=True)
    for _ in range(3):
        hear(stripe_standin)

    assert (wallet_of(bob), ledger.wallet(bob).debt) == ((26_000_00 if not spent else 5_000_00, 0), 0)
    assert audit.sums()[ledger.book(Book.LOSSES).pk] == 0
    assert sales_cents() == (2_500 if not spent else 3_000)


def test_eliza_10997_an_inquiry_takes_nothing(bob: Any, stripe_standin: StripeStandIn) -> None:
    """Neither had they looked at what kind of dispute it was: while a bank only asks, no money has moved."""
    bought(stripe_standin, bob, cents=2_500)

    dispute = stripe_standin.act("dispute", payment=str(Purchase.objects.get().payment), inquiry=True)["id"]
    hear(stripe_standin)
    assert wallet_of(bob) == (26_000_00, 0)
    stripe_standin.act("escalate", dispute=dispute)
    hear(stripe_standin)

    assert wallet_of(bob) == (0, 0)


@pytest.mark.parametrize(("cents", "left"), [(2_500, 0), (1_000, 15_600_00)])
def test_eliza_11155_a_refund_after_a_dispute_was_won(
    cents: int, left: int, bob: Any, stripe_standin: StripeStandIn
) -> None:
    """What had been taken of a payment was summed without what had come back. So after a dispute that was won, a later
    refund of the same payment found that enough was taken already, and took nothing."""
    bought(stripe_standin, bob, cents=2_500)
    payment = str(Purchase.objects.get().payment)
    dispute = stripe_standin.act("dispute", payment=payment)["id"]
    hear(stripe_standin)
    stripe_standin.act("close_dispute", dispute=dispute, won=True)
    for _ in range(2):
        hear(stripe_standin)
        for event in StripeEvent.objects.filter(type="charge.dispute.funds_reinstated"):
            stripe_events.repeat(event)

    stripe_standin.act("refund", payment=payment, amount=cents)
    hear(stripe_standin)

    assert wallet_of(bob) == (left, 0)
    assert sales_cents() == 2_500 - cents


# The most dangerous button ------------------------------------------------------------------------


def test_akash_3756_a_card_that_declines_for_hours(bob: Any, stripe_standin: StripeStandIn, settings: Settings) -> None:
    """Each declined charge gave back the claim that should have kept the next one away, and each further job charged
    under a new idempotency key: one card that declined was tried 486 times in four and a half hours. Here somebody
    goes on spending all the while, and the sweep comes by every two minutes."""
    settings.EMAIL_BACKEND = "krea_site.mails.backend.Rows"
    with time_machine.travel(datetime(2026, 11, 10, 12, tzinfo=UTC), tick=True) as clock:
        ledger.grant(bob, 1_900_00, key="cast:bob", memo="For the play")
        topping_up.switched_on(stripe_standin, bob, topping_up.DECLINES)
        for _ in range(135):
            spend(bob, 1_00)
            by_and_by(clock, minutes=2)

        assert len(topping_up.asked(stripe_standin)) == 2
        assert topping_up.told(bob) == ["top_up_declined", "top_up_declined"]
        for _ in range(60):
            by_and_by(clock, hours=12)

    assert len(topping_up.asked(stripe_standin)) == len(set(topping_up.asked(stripe_standin))) == 3
    assert (AutoTopUp.objects.get(user=bob).is_on, wallet_of(bob)) == (False, (1_765_00, 0))


def by_and_by(clock: Any, **units: float) -> None:
    clock.shift(timedelta(**units))
    topups.sweep()
    run_queued_tasks()
