"""Stripe's records against ours: what was never heard of is mended, all else is listed, and the cash agrees."""

import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import stripe
import time_machine
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django import Settings

from billing import ledger, payments, reconcile
from billing.models import Purchase, Reconciliation, Reversal, StripeEvent, Subscription
from billing.reconcile import Outcome
from billing.signals import purchase_paid
from billing.stripe_values import Payment, PaymentStatus
from krea_site import schedule
from tests.billing.at_stripe import bought, choose, hear, pay
from tests.conftest import run_queued_tasks, wallet_of
from tests.standins.launch import STRIPE_KEY, StripeStandIn

pytestmark = pytest.mark.django_db


def found(outcome: Outcome) -> list[tuple[str, str, bool]]:
    return [(each.id, each.words, each.is_mended) for each in outcome.findings]


def cash(outcome: Outcome) -> tuple[int, int, int]:
    """At Stripe, in the book for the same payments, and in the book in all: in cents, and they are whole ones."""
    sums = (outcome.stripe, outcome.book, outcome.book_in_all)
    assert [amount % 1000 for amount in sums] == [0, 0, 0]
    return sums[0] // 1000, sums[1] // 1000, sums[2] // 1000


def said(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    """The exit status and what was printed."""
    try:
        call_command("reconcile_stripe", *words)
    except SystemExit as end:
        return int(str(end.code)), capsys.readouterr().out
    return 0, capsys.readouterr().out


def client(stand: StripeStandIn) -> stripe.StripeClient:
    return stripe.StripeClient(STRIPE_KEY, base_addresses={"api": stand.url})


def test_nothing_is_found_where_all_was_heard_of(bob: Any, stripe_standin: StripeStandIn) -> None:
    purchase = bought(stripe_standin, bob, cents=2_500)
    stripe_standin.act("refund", payment=purchase.payment, amount=700)
    hear(stripe_standin)

    outcome = reconcile.run()

    assert (found(outcome), outcome.compared) == ([], 1)
    assert cash(outcome) == (1_800, 1_800, 1_800)


def test_a_payment_that_was_never_heard_of_is_credited(bob: Any, stripe_standin: StripeStandIn) -> None:
    purchase = choose(bob)
    pay(stripe_standin, purchase)

    first, second = reconcile.run(), reconcile.run()

    purchase.refresh_from_db()
    assert wallet_of(bob) == (10_000_00, 0)
    assert found(first) == [(purchase.payment, "$10.00 are paid at Stripe; here it is open", True)]
    assert (found(second), cash(second)) == ([], (1_000, 1_000, 1_000))


def test_a_payment_whose_row_was_lost_is_credited(bob: Any, stripe_standin: StripeStandIn) -> None:
    purchase = choose(bob)
    pay(stripe_standin, purchase)
    Purchase.objects.all().delete()

    outcome = reconcile.run()

    assert wallet_of(bob) == (10_000_00, 0)
    assert [(words.split(" of ")[0], is_mended) for _, words, is_mended in found(outcome)] == [("$10.00", True)]
    assert (outcome.left, cash(outcome)) == (0, (1_000, 1_000, 1_000))


def test_refunds_and_disputes_that_were_never_heard_of_are_taken(bob: Any, stripe_standin: StripeStandIn) -> None:
    purchase = bought(stripe_standin, bob)
    refund = stripe_standin.act("refund", payment=purchase.payment, amount=250)
    dispute = stripe_standin.act("dispute", payment=purchase.payment, amount=750)

    outcome = reconcile.run()

    assert set(found(outcome)) == {
        (refund["id"], "a refund of $2.50 that was not taken here", True),
        (dispute["id"], "a dispute of $7.50 that was not taken here", True),
    }
    assert (wallet_of(bob), cash(outcome)) == ((0, 0), (0, 0, 0))

    stripe_standin.act("close_dispute", dispute=dispute["id"], won=True)
    outcome = reconcile.run()

    assert found(outcome) == [(dispute["id"], "$7.50 of the dispute came back at Stripe, $0.00 here", True)]
    assert (wallet_of(bob), cash(outcome)) == ((7_500_00, 0), (750, 750, 750))


def test_tax_is_no_cash_and_parts_agree_to_the_cent(
    bob: Any, stripe_standin: StripeStandIn, settings: Settings
) -> None:
    settings.STRIPE_TAX = True
    purchase = choose(bob, cents=2_500)
    stripe_standin.act("pay", session=purchase.session, email="bob@example.com", country="DE")
    hear(stripe_standin)
    purchase.refresh_from_db()
    for amount in (333, 1, 778):
        stripe_standin.act("refund", payment=purchase.payment, amount=amount)
    hear(stripe_standin)
    dispute = stripe_standin.act("dispute", payment=purchase.payment, amount=1_001)
    hear(stripe_standin)

    lost = reconcile.run()
    stripe_standin.act("close_dispute", dispute=dispute["id"], won=True)
    won = reconcile.run()

    assert (purchase.paid_cents, purchase.tax_cents) == (2_975, 475)
    assert (found(lost), lost.stripe) == ([], lost.book)
    assert (won.left, won.stripe, won.book_in_all) == (0, won.book, won.book)
    assert 2_500 * (2_975 - 333 - 1 - 778) // 2_975 * 1000 <= won.stripe <= 2_500 * 1000


def test_money_that_is_not_ours_is_left_for_a_person(
    bob: Any, stripe_standin: StripeStandIn, capsys: pytest.CaptureFixture[str]
) -> None:
    bought(stripe_standin, bob)
    api = client(stripe_standin)
    stranger = api.v1.customers.create({"email": "mallory@example.com"})
    intent = api.v1.payment_intents.create({
        "amount": 900, "currency": "usd", "customer": stranger.id, "payment_method": "pm_card_visa", "confirm": True,
        "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
    })  # fmt: skip

    status, text = said(capsys)

    assert status == 1
    assert f"left    {intent.id}  $9.00 of {stranger.id} are paid at Stripe and unknown here" in text
    assert "difference            $0.00" in text
    assert "example.com" not in text


def test_a_cent_that_differs_is_found(bob: Any, stripe_standin: StripeStandIn) -> None:
    purchase = bought(stripe_standin, bob)
    Purchase.objects.update(paid_cents=1_001)

    outcome = reconcile.run()

    assert found(outcome) == [
        (purchase.payment, "$10.00 was paid according to Stripe, $10.01 here", False),
        ("sales", "holds $10.00; its purchases explain $10.01", False),
    ]
    Purchase.objects.update(paid_cents=1_000)
    assert found(reconcile.run()) == []


def test_money_here_that_stripe_does_not_know_is_left(bob: Any, stripe_standin: StripeStandIn) -> None:
    purchase = choose(bob, cents=500)
    payments.bring_up_to_date(
        Payment(
            id="pi_gone", status=PaymentStatus.PAID, currency="usd", customer="cus_1", created_at=timezone.now(),
            paid_cents=500, tax_cents=0, metadata=payments.metadata(purchase),
        )
    )  # fmt: skip

    outcome = reconcile.run()

    words = f"is paid here (purchase {purchase.pk}); Stripe knows no such payment"
    assert found(outcome) == [("pi_gone", words, False)]


@pytest.mark.unaudited
def test_a_refund_here_that_stripe_does_not_list_is_left(bob: Any, stripe_standin: StripeStandIn) -> None:
    purchase = bought(stripe_standin, bob)
    Reversal.objects.create(purchase=purchase, what="refund", stripe_id="re_gone", cents=1, created_at=timezone.now())

    outcome = reconcile.run()

    assert found(outcome) == [("re_gone", "is taken here; Stripe does not list it at the payment", False)]


def test_a_payment_that_cannot_be_handled_does_not_hide_the_others(bob: Any, stripe_standin: StripeStandIn) -> None:
    first = bought(stripe_standin, bob)
    Purchase.objects.update(payment="pi_other")  # so that its invoice has a second payment
    pay(stripe_standin, choose(bob, cents=500))

    outcome = reconcile.run()

    assert (first.payment, "could not be mended: IntegrityError", False) in found(outcome)
    assert (outcome.mended, wallet_of(bob)) == (1, (15_000_00, 0))
    Purchase.objects.filter(pk=first.pk).update(payment=first.payment)


def test_sales_that_no_purchase_explains_are_left(bob: Any, stripe_standin: StripeStandIn) -> None:
    ledger.purchase(bob, cash=500_00, bonus=0, key="by hand", memo="A slip")

    assert found(reconcile.run()) == [("sales", "holds $0.50; its purchases explain $0.00", False)]


def test_a_subscription_and_its_invoice_that_were_never_heard_of(bob: Any, stripe_standin: StripeStandIn) -> None:
    pay(stripe_standin, choose(bob, what="plan"))

    outcome = reconcile.run()

    row = Subscription.objects.get()
    assert (row.status, row.user, wallet_of(bob)) == ("active", bob, (11_000_00, 0))
    assert (row.stripe_id, "a subscription that was unknown here", True) in found(outcome)
    assert (outcome.left, cash(outcome)) == (0, (1_000, 1_000, 1_000))
    assert found(reconcile.run()) == []

    client(stripe_standin).v1.subscriptions.cancel(row.stripe_id)
    assert found(reconcile.run()) == [(row.stripe_id, "is canceled at Stripe; here it was active", True)]


def test_events_that_never_arrived_are_handled_and_the_youngest_are_waited_for(
    bob: Any, stripe_standin: StripeStandIn
) -> None:
    purchase = choose(bob)
    pay(stripe_standin, purchase)
    reconcile.run()
    assert StripeEvent.objects.count() == 0

    with time_machine.travel(timezone.now() + timedelta(minutes=10), tick=True):
        outcome = reconcile.run()
        run_queued_tasks()

    assert {id for id, _, _ in found(outcome)} == set(StripeEvent.objects.values_list("pk", flat=True)) != set()
    assert (outcome.left, StripeEvent.objects.filter(handled_at=None).count()) == (0, 0)
    assert wallet_of(bob) == (10_000_00, 0)


def test_who_buys_during_the_run_is_no_finding(
    bob: Any, mallory: Any, stripe_standin: StripeStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconcile, "AT_ONCE", 1)  # so that Stripe lists what came after the first was compared
    pay(stripe_standin, choose(bob))

    def on_paid(**_: Any) -> None:
        purchase_paid.disconnect(on_paid)
        stripe_standin.advance(seconds=2)  # Stripe tells time in seconds
        pay(stripe_standin, choose(mallory, cents=500))

    purchase_paid.connect(on_paid)
    first = reconcile.run()
    second = reconcile.run()

    assert [words for _, words, _ in found(first)] == ["$10.00 are paid at Stripe; here it is open"]
    assert (first.compared, wallet_of(mallory)) == (2, (6_000_00, 0))
    assert (found(second), cash(second)) == ([], (1_500, 1_500, 1_500))


def test_many_payments_are_compared_in_batches(
    bob: Any, stripe_standin: StripeStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconcile, "AT_ONCE", 2)
    for cents in (500, 1_000, 2_500):
        bought(stripe_standin, bob, cents=cents)
    for cents in (500, 1_000):
        pay(stripe_standin, choose(bob, cents=cents))

    outcome = reconcile.run()

    assert (outcome.compared, outcome.mended, outcome.left) == (5, 2, 0)
    assert cash(outcome) == (5_500, 5_500, 5_500)


def test_the_next_run_begins_where_the_last_whole_one_did(bob: Any, stripe_standin: StripeStandIn) -> None:
    bought(stripe_standin, bob)
    first = reconcile.run()
    stripe_standin.control(down=True)
    with pytest.raises(CommandError, match="Stripe does not answer"):
        call_command("reconcile_stripe")
    stripe_standin.control(down=False)
    second = reconcile.run()

    assert first.since == first.began_at - timedelta(days=30)
    assert second.since == first.began_at - timedelta(days=3)
    rows = list(Reconciliation.objects.order_by("began_at"))
    assert [row.ended_at is not None for row in rows] == [True, False, True]
    assert (rows[2].compared, rows[2].stripe_cents, rows[2].book_cents, rows[2].left) == (1, 1_000, 1_000, 0)


def test_command_begins_where_it_is_told(bob: Any, stripe_standin: StripeStandIn, capsys: Any) -> None:
    bought(stripe_standin, bob)
    hear(stripe_standin)

    status, text = said(capsys, "--since", "2026-05-01")

    assert status == 0
    assert text.startswith("Stripe and our books since 2026-05-01 00:00 UTC\n\npayments compared     1\n")
    assert Reconciliation.objects.get().since == datetime(2026, 5, 1, tzinfo=UTC)


@pytest.mark.parametrize(("text", "words"), [("yesterday", "no date"), ("2126-01-01", "in the future")])
def test_command_refuses_what_is_no_day(db: None, text: str, words: str) -> None:
    with pytest.raises(CommandError, match=words):
        call_command("reconcile_stripe", "--since", text)


def test_each_night_what_is_left_is_cried_out(
    bob: Any, stripe_standin: StripeStandIn, caplog: pytest.LogCaptureFixture
) -> None:
    ledger.purchase(bob, cash=500_00, bonus=0, key="by hand", memo="A slip")

    assert schedule.reconcile_stripe() == 1

    errors = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    assert errors == ["reconcile_stripe: sales holds $0.50; its purchases explain $0.00"]


def test_what_stripe_keeps_is_known_and_also_where_it_was_told_late(bob: Any, stripe_standin: StripeStandIn) -> None:
    purchase = bought(stripe_standin, bob, cents=2_500)
    assert purchase.fee_cents == 103  # 2.9 %, rounded, and 30 cents
    stripe_standin.act("dispute", payment=purchase.payment, amount=2_500)
    hear(stripe_standin)
    assert Reversal.objects.get().fee_cents == 1_500
    Purchase.objects.update(fee_cents=None)

    assert reconcile.run().findings == []

    purchase.refresh_from_db()
    assert purchase.fee_cents == 103


def test_a_glance_sees_what_differs_by_one_call_and_changes_nothing(bob: Any, stripe_standin: StripeStandIn) -> None:
    first, second = bought(stripe_standin, bob, cents=2_500), bought(stripe_standin, bob)
    stripe_standin.act("refund", payment=second.payment, amount=250)
    hear(stripe_standin)
    calls = len(stripe_standin.log())

    assert reconcile.glance() == frozenset()

    assert len(stripe_standin.log()) == calls + 1
    stripe_standin.act("alter", object=first.payment, amount_received=2_499)
    words = "$24.99 was paid according to Stripe, $25.00 here"
    assert reconcile.glance() == {f"{first.payment} {words}"}
    assert Reconciliation.objects.count() == 0


def test_a_glance_leaves_what_is_on_its_way_alone(bob: Any, stripe_standin: StripeStandIn) -> None:
    purchase = choose(bob)
    pay(stripe_standin, purchase)
    known = bought(stripe_standin, bob, cents=2_500)
    Purchase.objects.filter(pk=purchase.pk).update(status=Purchase.Status.OPEN)
    stripe_standin.act("refund", payment=known.payment, amount=100)

    assert reconcile.glance() == frozenset()

    with time_machine.travel(timezone.now() + timedelta(minutes=6)):
        seen = sorted(each.partition(" ")[2] for each in reconcile.glance())
    assert seen[0] == "$10.00 are paid at Stripe; here it is open" and "a refund of $1.00" in seen[1]
