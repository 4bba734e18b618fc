"""One attempt to top up, taken to Stripe and to its end. No HTTP is inside a transaction.

What is to be said to Stripe stands in the row before it is said: a process may die anywhere, and the next one says the
same under the same idempotency key, which charges once. Stripe forgets keys after a day, so an attempt of which nothing
is known by then is looked for at Stripe and never sent again. Money that came is found by the payment alone: it is
credited by `billing.payments` like every other, and that transaction ends the attempt.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from . import customers, payments, stripe_gateway, topups
from .credits import whole
from .models import Account, AutoTopUp, Purchase, TopUp
from .signals import top_up_ended
from .stripe_values import Card, Declined, Payment, PaymentStatus, StripeRefused, StripeUnavailable
from .topups import Off, Status

logger = logging.getLogger(__name__)

LEASE = timedelta(seconds=settings.SWEEP_AGE_S)  # longer than any task lives
PAUSES_S = (10, 60, 300, 900, 3600)  # after a try whose answer was lost; the last one again and again
LOOKS_FIRST_AFTER = 3  # tries: Stripe repeats an answer of its own that failed for as long as it knows the key
KEYS_LAST = timedelta(hours=23)  # Stripe forgets them after 24
ANSWERED_WITHIN = timedelta(days=7)
NEEDS_ACTION_REST = timedelta(hours=24)  # the bank would ask again
NEEDS_ACTION_CODE = "authentication_required"
# The bank will never accept this card: asking again is held against the shop.
NEVER = frozenset(
    [
        "expired_card", "fraudulent", "highest_risk_level", "incorrect_number", "invalid_account", "lost_card",
        "merchant_blacklist", "pickup_card", "restricted_card", "revocation_of_all_authorizations",
        "revocation_of_authorization", "security_violation", "stolen_card", "stop_payment_order",
        "transaction_not_allowed",
    ]
)  # fmt: skip


def go_on(id: UUID) -> None:
    """Take an attempt as far as it goes now, unless somebody is at it."""
    now = timezone.now()
    due = TopUp.objects.filter(pk=id, status__in=topups.OPEN, due_at__lte=now)
    if not due.update(due_at=now + LEASE, tries=F("tries") + 1):
        return
    row = TopUp.objects.select_related("purchase", "user").get(pk=id)
    try:
        STEPS[row.status](row)
    except StripeUnavailable as error:
        logger.warning("top-up %s: nothing is known at try %d (%s)", row.pk, row.tries, error)
        pause = PAUSES_S[min(row.tries, len(PAUSES_S)) - 1]
        TopUp.objects.filter(pk=row.pk, status__in=topups.OPEN).update(due_at=now + timedelta(seconds=pause))
    except StripeRefused as refusal:  # not of the charge: a customer that is gone, or a fault of ours
        logger.error("top-up %s: refused (%s %s): %s", row.pk, refusal.status, refusal.code, refusal)
        if not topups.end(row, Status.CANCELED, reason=refusal.code or "refused", origins=(Status.DUE,)):
            TopUp.objects.filter(pk=row.pk, status__in=topups.OPEN).update(due_at=now + timedelta(seconds=PAUSES_S[-1]))


def give_up(row: TopUp, *, reason: str) -> bool:
    """An attempt that waits for the customer is not to be paid any more. False where it was paid after all; then it is
    credited. Raises StripeUnavailable: then nothing is known, and nothing may be paid in its place."""
    payment = stripe_gateway.cancel_payment(row.payment)
    payments.bring_up_to_date(payment)
    if payment.status == PaymentStatus.PAID:
        return False
    if payment.status != PaymentStatus.CANCELED:
        raise StripeUnavailable(f"{payment.id} is {payment.status} and could not be canceled.")
    with transaction.atomic():
        topups.locked(row.user_id)
        topups.end(row, Status.CANCELED, reason=reason, origins=(Status.NEEDS_ACTION,))
    return True


def on_purchase_paid(*, purchase_id: UUID, **_: object) -> None:
    """Receiver of our `purchase_paid`, in the transaction that credits it."""
    purchase = Purchase.objects.get(pk=purchase_id)
    agreed = topups.locked(purchase.user_id)
    row = TopUp.objects.filter(purchase=purchase).first()
    if row is not None:
        _succeeded(row, agreed)
    elif agreed is not None and purchase.what == Purchase.What.PACK:
        topups.look_again(TopUp.objects.filter(user_id=purchase.user_id, status=Status.NEEDS_ACTION))
        if not agreed.declines:  # no failure made it rest, but a bank that was answered now, or a ceiling
            _rest_until(agreed, timezone.now() + topups.SHORTEST_REST)


def on_purchase_reversed(*, user_id: int, **_: object) -> None:
    """Receiver of our `purchase_reversed`: a refund is no spending, and must not be the cause of a new charge."""
    agreed = topups.locked(user_id)
    if agreed is None:
        return
    if Account.objects.filter(user_id=user_id, balance__lt=F("held") + agreed.threshold).exists():
        topups.switch_off_because(agreed, Off.GIVEN_BACK)


def _due(row: TopUp) -> None:
    """Nothing was said to Stripe yet."""
    customer = customers.of(row.user)
    card = _card_of(customer)
    if _is_to_be_sent(row, customer, card):
        _sent(TopUp.objects.select_related("purchase", "user").get(pk=row.pk))


def _card_of(customer: str) -> Card | None:
    """None also where the customer was deleted at Stripe, which no event has told yet."""
    try:
        return stripe_gateway.saved_card(customer)
    except StripeRefused:
        if stripe_gateway.customer_lives(customer):
            raise
    customers.gone(customer)
    return None


@transaction.atomic
def _is_to_be_sent(row: TopUp, customer: str, card: Card | None) -> bool:
    """Whether it is wanted still: they may have bought by hand, or changed their mind. Then what is to be said is
    written down."""
    agreed = topups.locked(row.user_id)
    if agreed is None or not topups.wanting().filter(pk=agreed.pk).exists():
        if topups.end(row, Status.CANCELED, reason="not_wanted", origins=(Status.DUE,)) and agreed is not None:
            _rest_until(agreed, row.created_at + topups.SHORTEST_REST)
        return False
    if card is None:
        if topups.end(row, Status.CANCELED, reason="no_card", origins=(Status.DUE,)):
            topups.switch_off_because(agreed, Off.NO_CARD)
        return False
    due = TopUp.objects.filter(pk=row.pk, status=Status.DUE)
    return bool(due.update(status=Status.SENT, customer=customer, card=card.id, sent_at=timezone.now()))


def _sent(row: TopUp) -> None:
    """Stripe may have it or not: find out, or say it (again). For somebody who is suspended it is not said again:
    should it arrive all the same, its payment is credited like every other."""
    is_late = row.sent_at is not None and timezone.now() - row.sent_at > KEYS_LAST
    is_shut = not row.user.is_active
    if row.payment:
        _settle(row, stripe_gateway.read_payment(row.payment))
    elif (is_late or is_shut or row.tries > LOOKS_FIRST_AFTER) and (found := _found(row)):
        _settle(row, found)
    elif is_shut:
        topups.end(row, Status.CANCELED, reason="not_wanted", origins=(Status.SENT,))
    elif is_late:
        logger.error("top-up %s never reached Stripe", row.pk)
        topups.end(row, Status.CANCELED, reason="never_arrived", origins=(Status.SENT,))
    else:
        _charge(row)


def _charge(row: TopUp) -> None:
    purchase = row.purchase
    try:
        payment = stripe_gateway.charge_saved_card(
            customer=row.customer, card=row.card, cents=purchase.cents,
            description=f"Auto top-up: {whole(purchase.credits)} credits", metadata=payments.metadata(purchase),
            key=f"topup:{row.pk}",
        )  # fmt: skip
    except Declined as refusal:
        if refusal.needs_action:
            _needs_action(row, refusal.payment)
        else:
            _declined(row, refusal.payment, refusal.code)
    except StripeRefused as refusal:
        _refused(row, refusal)
    else:
        _settle(row, payment)


def _refused(row: TopUp, refusal: StripeRefused) -> None:
    """Not by the bank: the card went away, or a fault of ours, which is never counted against the customer. Should an
    earlier try have been taken, its payment is there."""
    if found := _found(row):
        _settle(row, found)
        return
    logger.error("top-up %s was refused (%s %s): %s", row.pk, refusal.status, refusal.code, refusal)
    topups.end(row, Status.CANCELED, reason=refusal.code or "refused", origins=(Status.SENT,))


def _waits_for_customer(row: TopUp) -> None:
    """They had their time; or it is not wanted any more, since they bought by hand or switched it off."""
    is_late = row.sent_at is not None and timezone.now() - row.sent_at >= ANSWERED_WITHIN
    if not give_up(row, reason="unanswered" if is_late else "not_wanted") or not is_late:
        return
    with transaction.atomic():
        agreed = topups.locked(row.user_id)
        if agreed is not None:
            topups.switch_off_because(agreed, Off.UNANSWERED)


def _settle(row: TopUp, payment: Payment) -> None:
    """What Stripe says of its payment."""
    payments.bring_up_to_date(payment)  # paid: this credits it, and ends the attempt
    if payment.status == PaymentStatus.NEEDS_ACTION or payment.decline_code == NEEDS_ACTION_CODE:
        _needs_action(row, payment.id)
    elif payment.status == PaymentStatus.FAILED:
        _declined(row, payment.id, payment.decline_code)
    elif payment.status == PaymentStatus.CANCELED:
        topups.end(row, Status.CANCELED, reason="canceled", origins=(Status.SENT,))
    elif payment.status != PaymentStatus.PAID:  # a delayed method: its event ends it, or the next look
        later = timezone.now() + timedelta(seconds=PAUSES_S[-1])
        TopUp.objects.filter(pk=row.pk, status=Status.SENT).update(payment=payment.id, due_at=later)


def _succeeded(row: TopUp, agreed: AutoTopUp | None) -> None:
    """Also where it had been given up: the money came."""
    if not topups.end(row, Status.SUCCEEDED, origins=[each for each in Status if each != Status.SUCCEEDED]):
        return
    if agreed is not None:
        AutoTopUp.objects.filter(pk=agreed.pk).update(declines=0)
        _rest_until(agreed, row.created_at + topups.SHORTEST_REST)
    top_up_ended.send(sender=TopUp, top_up_id=row.pk)


@transaction.atomic
def _declined(row: TopUp, payment: str, code: str) -> None:
    agreed = topups.locked(row.user_id)
    if not topups.end(row, Status.DECLINED, reason=code or "declined", origins=(Status.SENT,)):
        return
    TopUp.objects.filter(pk=row.pk).update(payment=payment)
    if agreed is not None:
        AutoTopUp.objects.filter(pk=agreed.pk).update(declines=agreed.declines + 1)
        if code in NEVER:
            topups.switch_off_because(agreed, Off.REFUSED)
        elif agreed.declines + 1 >= topups.MOST_DECLINES:
            topups.switch_off_because(agreed, Off.DECLINES)
    top_up_ended.send(sender=TopUp, top_up_id=row.pk)


@transaction.atomic
def _needs_action(row: TopUp, payment: str) -> None:
    """It waits for the customer, and no other attempt is made meanwhile. No decline: the card is good."""
    agreed = topups.locked(row.user_id)
    now = timezone.now()
    sent = TopUp.objects.filter(pk=row.pk, status=Status.SENT)
    fields = {"payment": payment, "reason": NEEDS_ACTION_CODE, "due_at": now + ANSWERED_WITHIN, "tries": 0}
    if not sent.update(status=Status.NEEDS_ACTION, **fields):
        return
    if agreed is not None:
        _rest_until(agreed, now + NEEDS_ACTION_REST)
    top_up_ended.send(sender=TopUp, top_up_id=row.pk)


def _found(row: TopUp) -> Payment | None:
    """Its payment at Stripe, by what we wrote on it."""
    since = (row.sent_at or row.created_at) - timedelta(hours=1)
    mark = str(row.purchase_id)
    return next((each for each in stripe_gateway.payments_since(since) if each.metadata.get("purchase") == mark), None)


def _rest_until(agreed: AutoTopUp, moment: datetime) -> None:
    AutoTopUp.objects.filter(pk=agreed.pk).update(rests_until=moment)


STEPS: dict[str, Callable[[TopUp], None]] = {
    Status.DUE: _due,
    Status.SENT: _sent,
    Status.NEEDS_ACTION: _waits_for_customer,
}
