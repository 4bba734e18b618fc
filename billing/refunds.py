"""Refunds by staff: written down first, then asked for at Stripe under the row's own name until Stripe answers.

The ledger hears of a refund from Stripe alone, as of one that was made in Stripe's dashboard: the payment is read anew
and brought up to date. So a process that dies anywhere here leaves the books right, and one refund at the most.
"""

import logging
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from . import cents as money
from . import overdue, payments, stripe_gateway, unspent
from .models import Purchase, Reversal, StaffRefund
from .nudges import REFUND, nudge
from .stripe_values import Payment, StripeRefused, StripeUnavailable

logger = logging.getLogger(__name__)

Status = StaffRefund.Status
UNDER_WAY = (Status.ASKED, Status.SENT)
LEASE = timedelta(seconds=settings.SWEEP_AGE_S)  # longer than any task lives
PAUSES_S = (10, 60, 300, 900, 3600)  # before the second try and so on; the last one again and again
KEY_LIVES = timedelta(hours=23)  # Stripe remembers an idempotency key for a day
FOR_STRIPE = "requested_by_customer"

DISPUTED = (
    "The customer's bank disputes this payment, and takes the money itself. A refund on top would give it back twice."
)
UNANSWERED = (
    "Stripe did not say for 23 hours whether it made this refund. Look at the payment there before asking again."
)


class RefundRefused(Exception):
    """What staff asked for cannot be; the words say what can."""


@transaction.atomic
def ask(purchase_id: UUID, *, cents: int, unspent_only: bool, reason: str, actor: str) -> StaffRefund:
    """Write a refund down and have it sent. Raises RefundRefused; then nothing is written."""
    purchase = Purchase.objects.select_for_update().get(pk=purchase_id)
    if words := refusal(purchase, cents=cents, unspent_only=unspent_only):
        raise RefundRefused(words)
    now = timezone.now()
    row = StaffRefund.objects.create(
        purchase=purchase, cents=cents, reason=reason[:300], actor=actor, due_at=now, nudged_at=now, created_at=now
    )
    nudge(REFUND, str(row.pk))
    return row


def refusal(purchase: Purchase, *, cents: int, unspent_only: bool) -> str:
    """Why so much cannot be given back, by what we know here; empty where it can."""
    if purchase.status != Purchase.Status.PAID:
        return "This purchase was not paid, so there is nothing to give back."
    if under_way := purchase.staff_refunds.filter(status__in=UNDER_WAY).first():
        return f"A refund of {money.show(under_way.cents)} is on its way already."
    if is_disputed(purchase):
        return DISPUTED
    left = unspent.left_cents(purchase)
    if not left:
        return "All of it was given back already."
    most = unspent.of(purchase).cents if unspent_only else left
    if not 0 < cents <= most:
        return f"At most {money.show(most)} can be given back{' for what is unspent' if unspent_only else ''}."
    return ""


def is_disputed(purchase: Purchase) -> bool:
    """Whether a bank has taken money of it back and keeps it."""
    disputes = purchase.reversals.filter(what=Reversal.What.DISPUTE)
    return disputes.filter(restored_cents__lt=F("cents")).exists()


def go_on(refund_id: UUID) -> None:
    """Take a refund as far as it goes now, unless somebody is at it."""
    now = timezone.now()
    due = StaffRefund.objects.filter(pk=refund_id, status__in=UNDER_WAY, due_at__lte=now)
    if not due.update(due_at=now + LEASE, tries=F("tries") + 1):
        return
    row = StaffRefund.objects.select_related("purchase").get(pk=refund_id)
    try:
        if row.stripe_id is None:
            _send(row)
        if row.stripe_id is not None:
            _mirror(row)
    except StripeUnavailable as error:
        _later(row, str(error))
    except StripeRefused as error:
        _fail(row, str(error))
    except Exception as error:  # a fault of ours: staff sees that it does not get on
        logger.exception("refund %s does not get on", row.pk)
        _later(row, type(error).__name__)


def sweep() -> None:
    """Have a worker take up what is due: a lost nudge, a worker that died, one that is to try again."""
    for refund_id in overdue.take(StaffRefund.objects.filter(status__in=UNDER_WAY)):
        nudge(REFUND, str(refund_id))


def _send(row: StaffRefund) -> None:
    """Ask Stripe. The first time, Stripe's own state is looked at before; every later one repeats the same words under
    the same key, whatever was done meanwhile, since the first may have arrived."""
    payment = row.purchase.payment or ""
    if row.sent_at is None:
        said = stripe_gateway.read_payment(payment)
        payments.bring_up_to_date(said)
        if words := _hindered(row, said):
            _fail(row, words)
            return
        row.sent_at = timezone.now()
        StaffRefund.objects.filter(pk=row.pk).update(status=Status.SENT, sent_at=row.sent_at)
    elif timezone.now() - row.sent_at > KEY_LIVES:
        payments.look(payment)
        _fail(row, UNANSWERED)
        return
    metadata = {"purchase": str(row.purchase_id), "user": str(row.purchase.user_id), "refund": str(row.pk)}
    row.stripe_id = stripe_gateway.refund(
        payment, cents=row.cents, reason=FOR_STRIPE, metadata=metadata, key=f"refund:{row.pk}"
    )
    StaffRefund.objects.filter(pk=row.pk).update(stripe_id=row.stripe_id)


def _hindered(row: StaffRefund, said: Payment) -> str:
    """Why Stripe is not asked, by what it says of the payment now. An inquiry, which took no money, hinders nothing: a
    refund is what ends it well."""
    if any(each.is_dispute and each.takes and each.restored_cents < each.cents for each in said.reversals):
        return DISPUTED
    left = unspent.left_cents(row.purchase)
    return "" if row.cents <= left else f"At most {money.show(left)} can be given back by now."


def _mirror(row: StaffRefund) -> None:
    """It is done when the ledger has it."""
    payments.look(row.purchase.payment or "")
    if Reversal.objects.filter(stripe_id=row.stripe_id).exists():
        StaffRefund.objects.filter(pk=row.pk).update(status=Status.DONE, due_at=None, error="")
        logger.info("refund %s (%s) is done", row.pk, row.stripe_id)
    else:
        _later(row, "Stripe has the refund and does not list it at the payment yet.")


def _later(row: StaffRefund, words: str) -> None:
    pause = timedelta(seconds=PAUSES_S[min(row.tries, len(PAUSES_S)) - 1])
    rows = StaffRefund.objects.filter(pk=row.pk, status__in=UNDER_WAY)
    rows.update(due_at=timezone.now() + pause, error=words[:500])
    logger.warning("refund %s is tried again in %s", row.pk, pause)


def _fail(row: StaffRefund, words: str) -> None:
    rows = StaffRefund.objects.filter(pk=row.pk, status__in=UNDER_WAY)
    rows.update(status=Status.FAILED, due_at=None, error=words[:500])
    logger.warning("refund %s failed", row.pk)
