"""Payments: make the rows and the ledger say what Stripe says of one payment.

Whatever Stripe sends, how often and in what order, only names a payment. It is read anew and everything that is true of
it is done, each thing once: the purchase credited, refunds and disputes taken, what came back restored. The ledger's
keys are those of Stripe's payment objects, so a second event, a second object of the same purchase, or a second process
finds it done. The purchase's row is locked first, the wallet last.
"""

import logging
from uuid import UUID

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Sum
from django.utils import timezone

from . import cents, ledger, splits, stripe_gateway, takings
from .credits import whole
from .models import Kind, Plan, Purchase, Reversal, StripeCustomer
from .signals import dispute_opened, purchase_ended, purchase_paid, purchase_reversed
from .stripe_values import NotAtStripe, Payment, PaymentStatus, PlanLine, Reversed

logger = logging.getLogger(__name__)

CURRENCY = "usd"
What, Status = Purchase.What, Purchase.Status
NAMES = {What.PACK: "Pack of", What.PLAN: "A month of the plan:", What.TOP_UP: "Auto top-up of"}


def look(id: str) -> Purchase | None:
    """Read a payment at Stripe, by any object of it, and bring it up to date; None where it is no purchase of ours."""
    return bring_up_to_date(stripe_gateway.read_payment(id))


def look_at_session(id: str) -> Purchase | None:
    """As `look`, by the Checkout Session, which may have led to no payment: expired, its purchase is abandoned. One
    that only saved a card makes it the one that is charged from now on."""
    session = stripe_gateway.read_session(id)
    if session.payment:
        return look(session.payment)
    if session.saved_card:
        stripe_gateway.prefer_card(session.customer, session.saved_card, key=f"prefer:{session.id}")
    purchase = Purchase.objects.filter(session=id).first()
    if purchase is not None and session.status == "expired":
        _end(purchase, Status.ABANDONED)
    return purchase


def look_at_purchase(purchase: Purchase) -> None:
    """As `look`, for a purchase from which nothing was heard."""
    if purchase.payment:
        look(purchase.payment)
    elif purchase.session:
        look_at_session(purchase.session)


def bring_up_to_date(payment: Payment) -> Purchase | None:
    """What Stripe said a moment ago; a stale reading does no harm, since everything here is only ever added."""
    if payment.currency != CURRENCY:
        logger.error("payment %s is in %s: not credited", payment.id, payment.currency)
        return None
    if (found := _purchase_of(payment)) is None:
        return None
    may_try_again = payment.status == PaymentStatus.FAILED and _session_is_open(payment)
    with transaction.atomic():
        purchase = Purchase.objects.select_for_update().get(pk=found.pk)
        if payment.status == PaymentStatus.PAID:
            if purchase.payment not in (None, payment.id):
                purchase = _paid_twice(purchase, payment)
            _credit(purchase, payment)
            for reversed_ in payment.reversals:
                _reverse(purchase, reversed_)
        elif not may_try_again:
            _note(purchase, payment)
    return purchase


def metadata(purchase: Purchase) -> dict[str, str]:
    """What we write on every object at Stripe that a purchase leads to: all that is needed to credit it."""
    return {
        "purchase": str(purchase.pk), "user": str(purchase.user_id), "what": purchase.what,
        "cents": str(purchase.cents), "credits": str(purchase.credits),
    }  # fmt: skip


def user_of(payment: Payment) -> AbstractBaseUser | None:
    """Whose payment it is: by Stripe's customer, else by what we wrote on it; None for one that is not ours."""
    known = StripeCustomer.objects.select_related("user").filter(stripe_id=payment.customer).first()
    if known is not None:
        user: AbstractBaseUser = known.user
        return user
    said = payment.metadata.get("user", "")
    return get_user_model()._default_manager.filter(pk=int(said)).first() if said.isdecimal() else None


def _purchase_of(payment: Payment) -> Purchase | None:
    """The row of a payment: the one that has its id, the one that it was made for, or a new one for an invoice of a
    subscription, which Stripe makes by itself."""
    if row := Purchase.objects.filter(payment=payment.id).first():
        return row
    if row := _asked_for(payment):
        return row
    user = user_of(payment) if payment.subscription and payment.status == PaymentStatus.PAID else None
    if user is None:
        return None
    return Purchase.objects.get_or_create(
        payment=payment.id,
        defaults={
            "user_id": user.pk, "what": What.PLAN, "credits": 0, "created_at": payment.created_at,
            "cents": max(sum(line.cents for line in payment.lines), 0),
        },
    )[0]  # fmt: skip


def _asked_for(payment: Payment) -> Purchase | None:
    """The purchase that somebody asked for here and that this pays; of a subscription only its first invoice is that.
    One whose row was lost, as with a backup that is older, is made again from what we wrote on the payment."""
    said = payment.metadata
    try:
        id = UUID(said.get("purchase", ""))
    except ValueError:
        return None
    row = Purchase.objects.filter(pk=id).first()
    if row is not None:
        return None if payment.subscription and row.payment else row
    user = user_of(payment)
    is_whole = said.get("what") in What.values and all(said.get(name, "").isdecimal() for name in ("cents", "credits"))
    if user is None or payment.status != PaymentStatus.PAID or not is_whole:
        return None
    logger.warning("purchase %s is made again from payment %s", id, payment.id)
    return Purchase.objects.get_or_create(
        pk=id,
        defaults={
            "user_id": user.pk, "what": said["what"], "cents": int(said["cents"]), "credits": int(said["credits"]),
            "created_at": payment.created_at,
        },
    )[0]  # fmt: skip


def _plan_of(lines: tuple[PlanLine, ...]) -> tuple[Plan | None, int]:
    """The plan that an invoice is for, and what all its lines bring: each its share of its plan's credits, so that a
    change of plans within a month brings the difference."""
    plans = {plan.stripe_price: plan for plan in Plan.objects.filter(stripe_price__in={line.price for line in lines})}
    for line in lines:
        if line.price not in plans:
            logger.error("an invoice has the price %s, which is of no plan", line.price)
    known = [(line.cents, plans[line.price]) for line in lines if line.price in plans]
    credits = sum(part * plan.credits // plan.cents for part, plan in known)
    return max(known, key=lambda each: each[0], default=(0, None))[1], max(credits, 0)


def _paid_twice(purchase: Purchase, payment: Payment) -> Purchase:
    """Another payment of a purchase that is paid: the customer paid again, so it is credited again, by its own row."""
    logger.warning("purchase %s was paid by %s, and again by %s", purchase.pk, purchase.payment, payment.id)
    return Purchase.objects.get_or_create(
        payment=payment.id,
        defaults={
            "user_id": purchase.user_id, "what": purchase.what, "pack": purchase.pack, "plan": purchase.plan,
            "cents": purchase.cents, "credits": purchase.credits, "created_at": payment.created_at,
        },
    )[0]  # fmt: skip


def _credit(purchase: Purchase, payment: Payment) -> None:
    if purchase.status == Status.PAID:
        _complete(purchase, payment)
        return
    purchase.status, purchase.paid_at = Status.PAID, payment.paid_at or timezone.now()
    purchase.payment, purchase.session = payment.id, purchase.session or payment.session or None
    purchase.paid_cents, purchase.tax_cents = payment.paid_cents, payment.tax_cents
    purchase.fee_cents = payment.fee_cents
    purchase.invoice, purchase.invoice_url = payment.invoice or None, payment.invoice_url
    purchase.receipt_url = payment.receipt_url
    if payment.lines:
        purchase.plan, purchase.credits = _plan_of(payment.lines)
    purchase.save()
    split = splits.of(purchase)
    ledger.purchase(purchase.user, cash=split.cash, bonus=split.bonus, key=key(payment.id), memo=_what(purchase))
    if not purchase.user.is_active:
        logger.error("payment %s was credited to an account that is closed or suspended: look at it", payment.id)
    purchase_paid.send(sender=Purchase, purchase_id=purchase.pk)


def _complete(purchase: Purchase, payment: Payment) -> None:
    """Stripe makes the invoice of a purchase, and its addresses, some time after the payment; its fee may come late."""
    news = {"invoice": payment.invoice, "invoice_url": payment.invoice_url, "receipt_url": payment.receipt_url}
    missing = {name: value for name, value in news.items() if value and not getattr(purchase, name)}
    if missing:
        Purchase.objects.filter(pk=purchase.pk).update(**missing)
    note_fee(purchase, payment)


def note_fee(purchase: Purchase, payment: Payment) -> None:
    """What Stripe keeps of a payment that was credited before that was known."""
    if payment.fee_cents is not None and purchase.fee_cents is None:
        Purchase.objects.filter(pk=purchase.pk).update(fee_cents=payment.fee_cents)


def _reverse(purchase: Purchase, said: Reversed) -> None:
    row = Reversal.objects.select_related("taking").filter(stripe_id=said.id).first()
    if row is None:
        if not said.takes:
            return
        row = _take(purchase, said)
    if said.restored_cents and not row.restored_cents:
        _restore(row, said.restored_cents)
    if said.fee_cents is not None and said.fee_cents != row.fee_cents:
        Reversal.objects.filter(pk=row.pk).update(fee_cents=said.fee_cents)


def _take(purchase: Purchase, said: Reversed) -> Reversal:
    earlier = purchase.reversals.aggregate(cents=Sum("cents"))
    part = splits.taken(purchase, before=earlier["cents"] or 0, cents=said.cents)
    row = Reversal(purchase=purchase, stripe_id=said.id, cents=said.cents, created_at=said.created_at)
    row.what = Reversal.What.DISPUTE if said.is_dispute else Reversal.What.REFUND
    if part.total:
        row.taking = takings.take(
            purchase.user, cash=part.cash, bonus=part.bonus, key=key(said.id),
            kind=Kind.DISPUTE if said.is_dispute else Kind.REFUND,
            memo=f"{_what(purchase)}: {cents.show(said.cents)} of {cents.show(purchase.paid_cents or 0)}",
        )  # fmt: skip
    row.save()
    purchase_reversed.send(sender=Purchase, user_id=purchase.user_id)
    if said.is_dispute:
        dispute_opened.send(sender=Reversal, reversal_id=row.pk)
    return row


def _restore(row: Reversal, cents: int) -> None:
    back = splits.restored(row, min(cents, row.cents))
    row.restored_cents = min(cents, row.cents)
    row.save(update_fields=["restored_cents"])
    if row.taking is not None:
        memo = "Dispute won" if row.what == Reversal.What.DISPUTE else "Refund failed, and is taken back"
        takings.restore(row.taking.key, cash=back.cash, bonus=back.bonus, memo=memo)


def _note(purchase: Purchase, payment: Payment) -> None:
    """A payment that is not paid. The status goes forward only, and never away from paid. How an attempt to top up ends
    without money is told by the attempt: its bank may only want to be answered."""
    if payment.status == PaymentStatus.PROCESSING:
        Purchase.objects.filter(pk=purchase.pk, status=Status.OPEN).update(status=Status.PROCESSING)
    elif purchase.what == What.TOP_UP:
        return
    elif payment.status == PaymentStatus.FAILED:
        _end(purchase, Status.FAILED)
    elif payment.status == PaymentStatus.CANCELED:
        _end(purchase, Status.ABANDONED)


def _end(purchase: Purchase, status: Purchase.Status) -> None:
    """Without money. Should money come all the same, it is credited."""
    with transaction.atomic():
        under_way = Purchase.objects.filter(pk=purchase.pk, status__in=(Status.OPEN, Status.PROCESSING))
        if under_way.update(status=status):
            purchase_ended.send(sender=Purchase, purchase_id=purchase.pk)


def _session_is_open(payment: Payment) -> bool:
    """A card that was declined on Stripe's page is no end: the customer takes another one."""
    if not payment.session:
        return False
    try:
        return stripe_gateway.read_session(payment.session).status == "open"
    except NotAtStripe:
        return False


def _what(purchase: Purchase) -> str:
    """What was bought, in words."""
    return f"{NAMES[What(purchase.what)]} {whole(splits.of(purchase).total)} credits"


def key(id: str) -> str:
    """The name of an operation in the ledger: Stripe's payment object, refund or dispute. Never an event's id."""
    return f"stripe:{id}"
