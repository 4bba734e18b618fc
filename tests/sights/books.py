"""The play's money for staff to look after: purchases with tax, refunds, a dispute, Stripe's events, a comparison."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from billing import ledger, payments
from billing.models import Pack, Purchase, Reconciliation, StaffRefund, StripeEvent
from billing.stripe_values import Payment, PaymentStatus, Reversed
from tests.sights import clock


def keep(customer: Any) -> dict[str, str]:
    """Three packs of one customer: refunded in part, taken back by the bank after much was used, not paid yet."""
    clock.go_to(days=8)
    purchase = begin(customer, 2_500)
    clock.pass_by(90)
    settle(purchase, "pi_3Q7Lk2", tax=475)
    clock.go_to(days=7)
    ledger.hold(customer, 11_000_00, key="stage:used")
    ledger.capture("stage:used", 11_000_00, memo="Pictures")
    clock.go_to(days=3)
    given = Reversed("re_3Q7Lk2", False, 700, timezone.now(), True, 0, "succeeded")
    settle(purchase, "pi_3Q7Lk2", given, tax=475)
    ask(purchase, 700, StaffRefund.Status.DONE, stripe_id=given.id)
    ask(purchase, 2_600, StaffRefund.Status.FAILED, error="Refund amount is greater than unrefunded amount on charge.")
    clock.go_to(days=2)
    disputed = begin(customer, 1_000)
    settle(disputed, "pi_3R0Vx8")
    ledger.hold(customer, 14_500_00, key="stage:more")
    ledger.capture("stage:more", 14_500_00, memo="Pictures")
    clock.go_to(days=1)
    settle(disputed, "pi_3R0Vx8", Reversed("du_1R4Ab", True, 1_000, timezone.now(), True, 0, "needs_response"))
    clock.go_to(hours=2)
    begin(customer, 5_000)
    hear()
    compare()
    return {
        "paid_purchase": str(purchase.pk), "disputed_purchase": str(disputed.pk), "stripe_event": "evt_1R4Dispute",
        "failed_event": "evt_1R4Refund", "debtor": str(ledger.wallet(customer).pk),
    }  # fmt: skip


def begin(customer: Any, cents: int) -> Purchase:
    pack = Pack.objects.get(cents=cents, is_offered=True)
    return Purchase.objects.create(
        user=customer, what=Purchase.What.PACK, pack=pack, cents=cents, credits=pack.credits, created_at=timezone.now(),
        session=f"cs_test_a1{cents}",
    )  # fmt: skip


def settle(purchase: Purchase, id: str, *reversals: Reversed, tax: int = 0) -> None:
    """As if Stripe had told it."""
    payments.bring_up_to_date(
        Payment(
            id=id, status=PaymentStatus.PAID, currency="usd", customer="cus_Stage", created_at=purchase.created_at,
            paid_at=timezone.now(), paid_cents=purchase.cents + tax, tax_cents=tax, session=purchase.session or "",
            invoice=id.replace("pi_", "in_"), invoice_url="https://invoice.stripe.com/i/stage",
            receipt_url="https://pay.stripe.com/receipts/stage", reversals=reversals,
            metadata=payments.metadata(purchase),
        )
    )  # fmt: skip


def ask(purchase: Purchase, cents: int, status: str, **told: Any) -> None:
    StaffRefund.objects.create(
        purchase=purchase, cents=cents, reason="Bought by mistake, and asked for it back within a day",
        actor="staff:4", status=status, created_at=timezone.now(), **told,
    )  # fmt: skip


def hear() -> None:
    """Events in every state."""
    for hours, id, type, about, told in (
        (190, "evt_1R1Session", "checkout.session.completed", ("checkout.session", "cs_test_a12500"), {}),
        (189.9, "evt_1R1Paid", "payment_intent.succeeded", ("payment_intent", "pi_3Q7Lk2"), {}),
        (24, "evt_1R4Dispute", "charge.dispute.created", ("dispute", "du_1R4Ab"), {}),
        (6, "evt_1R4Refund", "refund.updated", ("refund", "re_3Q8Zz1"),
         {"error": "NotAtStripe: No such refund: 're_3Q8Zz1'", "tries": 12}),
        (0.1, "evt_1R4Renewal", "invoice.paid", ("invoice", "in_1R4Qw"),
         {"error": "StripeUnavailable: the line was cut", "tries": 2, "due_at": True}),
    ):  # fmt: skip
        at = clock.MOMENT - timedelta(hours=hours)
        due_at = clock.MOMENT + timedelta(minutes=5) if told.pop("due_at", None) else None
        done = None if told else at + timedelta(seconds=2)
        StripeEvent.objects.create(
            id=id, type=type, object_type=about[0], object_id=about[1], api_version="2026-10-28.endive", created_at=at,
            received_at=at + timedelta(seconds=1), handled_at=done, due_at=due_at, **{"tries": 1, **told},
        )  # fmt: skip


def compare() -> None:
    at = clock.MOMENT - timedelta(hours=8, minutes=30)
    findings = [
        {"id": "re_3Q7Lk2", "words": "a refund of $7.00 that was not taken here", "is_mended": True},
        {"id": "pi_3R9Hn4", "words": "$9.00 of cus_Other are paid at Stripe and unknown here", "is_mended": False},
    ]
    Reconciliation.objects.create(
        kind=Reconciliation.Kind.STRIPE, since=at - timedelta(days=3), began_at=at, ended_at=at + timedelta(seconds=41),
        compared=214, mended=1, left=1, findings=findings, stripe_cents=318_450, book_cents=318_450,
    )  # fmt: skip
