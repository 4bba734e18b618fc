"""Mails about money: each once, however often it is said, and each says exactly what happened to the money."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from billing import ledger, low_balance, payments, signals, subscriptions, takings, topup_attempts, topups
from billing.models import (
    AutoTopUp,
    Kind,
    Pack,
    Plan,
    Purchase,
    Reversal,
    StripeCustomer,
    Subscription,
    TopUp,
)
from billing.stripe_values import Payment, PaymentStatus, Reversed, SubscriptionState
from krea_site import farewell
from krea_site.models import Mail
from tests.conftest import make_user

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 10, 12, tzinfo=UTC)
PAPERS = {"invoice_url": "https://invoice.stripe.com/i/1", "receipt_url": "https://pay.stripe.com/receipts/1"}


@pytest.fixture(autouse=True)
def _rows(settings: Settings) -> None:
    settings.EMAIL_BACKEND = "krea_site.mails.backend.Rows"


@pytest.fixture
def operator(db: None) -> Any:
    user = make_user("operator@example.com")
    user.is_staff = True
    user.save()
    return user


def purchase_of(user: Any, *, what: str = "pack", cents: int = 2_500) -> Purchase:
    pack = Pack.objects.get(cents=cents, is_offered=True)
    return Purchase.objects.create(
        user=user, what=what, pack=pack, cents=pack.cents, credits=pack.credits, created_at=timezone.now()
    )


def said(purchase: Purchase, status: PaymentStatus = PaymentStatus.PAID, **more: Any) -> Payment:
    paid = {"paid_cents": purchase.cents, "tax_cents": 0, "paid_at": NOW} if status == PaymentStatus.PAID else {}
    known = {"paid_cents": 0, "tax_cents": 0, "invoice": f"in_{purchase.pk}", **paid, **PAPERS, **more}
    return Payment(
        id=f"pi_{purchase.pk}", status=status, currency="usd", customer="", created_at=NOW,
        metadata=payments.metadata(purchase), **known,
    )  # fmt: skip


def mails(kind: str, to: str = "alice@example.com") -> list[Mail]:
    return list(Mail.objects.filter(kind=f"mail/{kind}", to=to).order_by("id"))


def the_mail(kind: str, to: str = "alice@example.com") -> tuple[str, str]:
    (row,) = mails(kind, to)
    assert "<h1" in row.html and "{{" not in row.html + row.text and "None" not in row.text
    return row.subject, " ".join(row.text.split())


def test_receipt_says_credits_bonus_tax_papers_and_the_new_balance_once(alice: Any) -> None:
    purchase = purchase_of(alice)

    for _ in range(5):
        payments.bring_up_to_date(said(purchase, paid_cents=2_675, tax_cents=175))

    subject, text = the_mail("receipt")
    assert subject == "Receipt: 26,000 credits for $26.75"
    assert "- Credits: 26,000, of which 1,000 are a bonus" in text
    assert "- Paid: $26.75, of which $1.75 are tax" in text
    assert "- You have now: 27,000 credits" in text
    assert "10 November 2026, 12:00 UTC" in text
    assert all(address in text for address in [*PAPERS.values(), f"/billing/purchases/{purchase.pk}/"])


def test_receipt_of_a_debtor_says_what_is_still_owed(alice: Any) -> None:
    takings.take(alice, cash=30_000_00, bonus=0, kind=Kind.DISPUTE, key="dispute", memo="A dispute")

    payments.bring_up_to_date(said(purchase_of(alice)))

    _, text = the_mail("receipt")
    assert "A debt of 3,000 credits is left" in text
    assert "- You have now: 0 credits" in text


def test_receipt_of_a_plan_names_it(alice: Any) -> None:
    plan = Plan.objects.get(cents=1_000, is_offered=True)
    purchase = Purchase.objects.create(
        user=alice, what="plan", plan=plan, cents=plan.cents, credits=plan.credits, created_at=NOW
    )

    payments.bring_up_to_date(said(purchase))

    subject, text = the_mail("receipt")
    assert subject == "Receipt: 11,000 credits for $10.00"
    assert f"The month of your plan “{plan.name}” is paid" in text


def test_top_up_has_a_receipt_that_says_why_and_where_to_stop_it(alice: Any) -> None:
    payments.bring_up_to_date(said(purchase_of(alice, what="top_up")))

    subject, text = the_mail("top_up_done")
    assert subject == "Topped up: 26,000 credits for $25.00"
    assert "$25.00 was charged to your saved card" in text
    assert "/billing/top-up/" in text
    assert mails("receipt") == []


def test_a_delayed_payment_that_failed_is_told_once(alice: Any) -> None:
    purchase = purchase_of(alice)
    payments.bring_up_to_date(said(purchase, PaymentStatus.PROCESSING))
    assert Mail.objects.count() == 0

    for _ in range(5):
        payments.bring_up_to_date(said(purchase, PaymentStatus.FAILED))

    subject, text = the_mail("payment_failed")
    assert subject == "Your payment of $25.00 failed"
    assert "No credits were added" in text
    assert f"/billing/purchases/{purchase.pk}/" in text


def test_what_was_dropped_needs_no_mail(alice: Any) -> None:
    payments.bring_up_to_date(said(purchase_of(alice), PaymentStatus.CANCELED))
    payments.bring_up_to_date(said(purchase_of(alice, what="top_up"), PaymentStatus.FAILED))

    assert Mail.objects.count() == 0


def test_a_renewal_that_failed_is_told_once_a_month(alice: Any) -> None:
    StripeCustomer.objects.create(user=alice, stripe_id="cus_1", created_at=NOW)
    plan = Plan.objects.get(cents=1_000, is_offered=True)
    Plan.objects.filter(pk=plan.pk).update(stripe_price="price_1")

    for month, status in enumerate(("active", "past_due", "past_due", "active", "past_due")):
        state = SubscriptionState("sub_1", "cus_1", status, "price_1", NOW + timedelta(days=30 * month), None)
        subscriptions.bring_up_to_date(state, read_at=NOW + timedelta(minutes=month))

    assert Subscription.objects.count() == 1
    assert [row.subject for row in mails("renewal_failed")] == ["Your plan could not be renewed"] * 2
    text = " ".join(mails("renewal_failed")[0].text.split())
    assert f"“{plan.name}” ($10.00) could not be paid" in text


def test_a_dispute_is_told_to_staff_once_and_to_nobody_else(alice: Any, operator: Any) -> None:
    purchase = purchase_of(alice)
    payments.bring_up_to_date(said(purchase))
    opened = Reversed("du_1", True, 2_500, NOW, takes=True, restored_cents=0, status="needs_response")

    for _ in range(5):
        payments.bring_up_to_date(said(purchase, reversals=(opened,)))

    subject, text = the_mail("dispute_opened", "operator@example.com")
    assert subject == "A payment of $25.00 is disputed"
    assert all(word in text for word in ("du_1", f"pi_{purchase.pk}", f"user {alice.pk}", "- Taken: 26,000 credits"))
    assert "owed now" not in text
    assert "alice@example.com" not in text
    assert mails("dispute_opened") == []
    assert Reversal.objects.count() == 1


def test_a_refund_is_no_dispute(alice: Any, operator: Any) -> None:
    purchase = purchase_of(alice)
    refund = Reversed("re_1", False, 2_500, NOW, takes=True, restored_cents=0, status="succeeded")

    payments.bring_up_to_date(said(purchase, reversals=(refund,)))

    assert mails("dispute_opened", "operator@example.com") == []


def test_reports_to_gets_disputes_too(alice: Any, operator: Any, settings: Settings) -> None:
    settings.REPORTS_TO = ["desk@example.com"]
    purchase = purchase_of(alice)
    opened = Reversed("du_1", True, 2_500, NOW, takes=True, restored_cents=0, status="needs_response")

    payments.bring_up_to_date(said(purchase, reversals=(opened,)))

    assert (len(mails("dispute_opened", "desk@example.com")), mails("dispute_opened", "operator@example.com")) == (
        1,
        [],
    )


def attempt(user: Any, **fields: Any) -> TopUp:
    """One of a customer who switched it on, as it is before the bank has said anything."""
    pack = Pack.objects.get(cents=1_000, is_offered=True)
    ledger.hold(user, 1, key="so that less is available")
    topups.switch_on(user, topups.Agreement(threshold=1_000_00, pack=pack, month_ceiling_cents=5_000))
    AutoTopUp.objects.filter(user=user).update(**fields)
    row = topups.begin(AutoTopUp.objects.get(user=user).pk)
    assert row is not None
    TopUp.objects.filter(pk=row.pk).update(
        status="sent", customer="cus_1", card="pm_1", sent_at=timezone.now(), payment="pi_1"
    )
    return TopUp.objects.select_related("purchase", "user").get(pk=row.pk)


@pytest.mark.parametrize(
    ("before", "subject", "words"),
    [
        (0, "Your card was declined: $10.00 was not charged", "we try again in an hour at the earliest. After 2 more"),
        (1, "Your card was declined: $10.00 was not charged", "in 12 hours at the earliest. If that is declined too"),
    ],
)
def test_a_decline_says_what_comes_next(alice: Any, before: int, subject: str, words: str) -> None:
    row = attempt(alice, declines=before)

    for _ in range(5):
        topup_attempts._declined(row, "pi_1", "insufficient_funds")

    assert the_mail("top_up_declined")[0] == subject
    assert words in the_mail("top_up_declined")[1]
    assert mails("top_up_off") == []


@pytest.mark.parametrize(
    ("before", "code", "words"),
    [(2, "generic_decline", "declined $10.00 3 times in a row"), (0, "stolen_card", "will not accept this card again")],
)
def test_the_last_decline_says_that_it_is_off_and_how_to_switch_it_on(
    alice: Any, before: int, code: str, words: str
) -> None:
    row = attempt(alice, declines=before)

    for _ in range(5):
        topup_attempts._declined(row, "pi_1", code)

    subject, text = the_mail("top_up_off")
    assert subject == "Auto top-up is switched off"
    assert words in text
    assert "press “Switch on”" in text
    assert mails("top_up_declined") == []


def test_a_decline_after_it_was_switched_off_says_that_nothing_more_is_tried(alice: Any) -> None:
    row = attempt(alice)
    topups.switch_off(alice)

    topup_attempts._declined(row, "pi_1", "insufficient_funds")

    assert "Auto top-up is switched off, so nothing more is tried." in the_mail("top_up_declined")[1]


def test_the_bank_that_wants_the_customer_is_told_with_a_link(alice: Any) -> None:
    row = attempt(alice)

    for _ in range(5):
        topup_attempts._needs_action(row, "pi_1")

    subject, text = the_mail("top_up_needs_you")
    assert subject == "Your bank wants you to confirm $10.00"
    assert re.search(rf"/billing/top-up/{row.pk}/", text)
    assert "Nothing was charged" in text


def test_low_balance_is_told_once_for_each_time_that_it_falls_below(alice: Any) -> None:
    low_balance.warn_below(alice, 500_00)
    for _ in range(3):
        low_balance.sweep()
    assert Mail.objects.count() == 0

    ledger.hold(alice, 600_50, key="pictures")
    for _ in range(3):
        low_balance.sweep()

    subject, text = the_mail("balance_low")
    assert subject == "You have 399.50 credits left"
    assert "fewer than 500 credits" in text
    ledger.release("pictures")  # two hours later it is above, and then falls again
    AutoTopUp.objects.update(low_mailed_at=timezone.now() - timedelta(hours=2))
    low_balance.sweep()
    ledger.hold(alice, 600_00, key="more pictures")
    low_balance.sweep()
    assert len(mails("balance_low")) == 2


def test_a_balance_that_wavers_is_told_once_an_hour(alice: Any) -> None:
    low_balance.warn_below(alice, 500_00)

    for number in range(5):
        ledger.hold(alice, 600_00, key=f"wavers:{number}")
        low_balance.sweep()
        ledger.release(f"wavers:{number}")
        low_balance.sweep()

    assert len(mails("balance_low")) == 1


def test_nobody_is_told_of_a_low_balance_who_did_not_ask(alice: Any, bob: Any) -> None:
    low_balance.warn_below(bob, None)
    low_balance.warn_below(alice, 2_000_00)  # it is below already: they see that on the page

    low_balance.sweep()

    assert Mail.objects.count() == 0


def test_nobody_hears_of_money_after_their_farewell(alice: Any) -> None:
    purchase = purchase_of(alice)
    farewell.begin(alice)

    payments.bring_up_to_date(said(purchase))

    assert mails("receipt") == []


def test_every_doorbell_of_money_is_heard() -> None:
    for name in (
        "purchase_paid", "purchase_ended", "subscription_behind", "dispute_opened", "top_up_ended",
        "top_up_switched_off", "top_up_ceiling_reached", "balance_low",
    ):  # fmt: skip
        assert getattr(signals, name).has_listeners(), name
