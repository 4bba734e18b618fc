"""Checkout: from a button to Stripe's page, and what can be done with a purchase that is not paid.

The row of a purchase is written and committed before Stripe is asked, and its id makes Stripe's idempotency key: so a
death anywhere, a lost answer, or a second press leads to the same Checkout Session. The id stands signed in the form,
which makes every press of one form the same purchase.
"""

import logging
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser
from django.core import signing
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from uuid_utils.compat import uuid7

from . import customers, payments, planned, stripe_gateway, subscriptions, under_way
from .credits import whole
from .models import Pack, Plan, Purchase, StripeCustomer
from .stripe_values import Session, StripeRefused

logger = logging.getLogger(__name__)

MOST_UNPAID = 10  # purchases of one user in WITHIN that came to nothing, or may yet
WITHIN = timedelta(hours=1)
WISH_LASTS = timedelta(days=1)
_SALT = "billing.checkout"
What, Status = Purchase.What, Purchase.Status


class NotBegun(Exception):
    """There is no purchase, and nothing was charged; the text is for the customer."""

    status = 409


class OldForm(NotBegun):
    """The form was given to somebody else, or long ago, or is none of ours."""


class NotOffered(NotBegun):
    """It is not sold any more."""


class TooMany(NotBegun):
    """Too many purchases were begun and not paid."""

    status = 429


class HasPlan(NotBegun):
    """One plan at a time: two would both be charged each month."""


def new_wish(user: AbstractBaseUser) -> str:
    """The name of a purchase that may come: the same form sent twice is one purchase, a page opened twice is two."""
    return signing.dumps([str(uuid7()), user.pk], salt=_SALT)


def begin(user: AbstractBaseUser, *, what: str, id: str, wish: str) -> Purchase:
    """The purchase of a pack or a plan that is on offer: a row, nothing at Stripe yet. Raises NotBegun, and
    StripeUnavailable where it has to be asked about another purchase first."""
    key = _read(user, wish)
    known = Purchase.objects.filter(pk=key, user_id=user.pk).first()
    if known is not None:
        return known
    sold = _offered(what, id)
    if isinstance(sold, Plan):
        _refuse_another_plan(user)
    return _write(user, sold, key)


def pay_at(purchase: Purchase) -> str | None:
    """The address of Stripe's page on which it is paid; None where there is nothing to pay, or no more, or where a
    saved card is being charged for it. Raises StripeUnavailable and StripeRefused; then nothing was charged, and it can
    be asked again."""
    if purchase.status != Status.OPEN or purchase.what == What.TOP_UP:
        return None
    if purchase.session is None:
        session = _begin_at_stripe(purchase)
        mine = Purchase.objects.filter(pk=purchase.pk, session=None)
        mine.update(session=session.id, session_url=session.url)
        return session.url
    session = stripe_gateway.read_session(purchase.session)
    if session.status == "open":
        return session.url
    payments.look_at_session(purchase.session)
    return None


def drop(purchase: Purchase) -> Purchase:
    """Give it up: nobody can pay it any more. One that was paid a moment ago stays paid: what it is then. Raises
    StripeUnavailable, and then it is as it was."""
    if purchase.status == Status.OPEN and purchase.what != What.TOP_UP:
        if purchase.session is None:
            open_ = Purchase.objects.filter(pk=purchase.pk, status=Status.OPEN, session=None)
            open_.update(status=Status.ABANDONED)
        else:
            stripe_gateway.expire_session(purchase.session)
            payments.look_at_session(purchase.session)
        purchase.refresh_from_db()
    return purchase


def portal(user: AbstractBaseUser) -> str:
    """The address of Stripe's portal: cards, invoices, address, the plan. Raises as `pay_at`."""
    known = Plan.objects.filter(is_offered=True, stripe_price__isnull=False)
    return stripe_gateway.portal(
        customer=customers.of(user),
        return_url=settings.PUBLIC_URL + reverse("billing"),
        prices=[str(plan.stripe_price) for plan in known],
    )


def look_soon(purchase: Purchase) -> None:
    """Have Stripe asked, since somebody waits for its word: a lost event costs seconds then, and not minutes. Whoever
    leaves the page open asks ever more rarely."""
    age = timezone.now() - purchase.created_at
    pause = timedelta(seconds=10) if age < WITHIN else timedelta(minutes=10)
    with transaction.atomic():
        under_way.wish(purchase, at_most_every=pause)


def _read(user: AbstractBaseUser, wish: str) -> UUID:
    try:
        id, user_id = signing.loads(wish, salt=_SALT, max_age=WISH_LASTS)
        if user_id == user.pk:
            return UUID(id)
    except (signing.BadSignature, ValueError, TypeError):
        pass
    raise OldForm("This page was open for too long. Choose again; nothing was charged.")


def _offered(what: str, id: str) -> Pack | Plan:
    planned.bring_in()
    models: dict[str, type[Pack] | type[Plan]] = {What.PACK: Pack, What.PLAN: Plan}
    try:
        sold = models[what]._default_manager.filter(pk=UUID(id), is_offered=True).first()
    except (KeyError, ValueError):
        sold = None
    if sold is None:
        raise NotOffered("This is not on offer any more. Choose from what is here now; nothing was charged.")
    return sold


def _refuse_another_plan(user: AbstractBaseUser) -> None:
    """Another plan that was chosen and not paid gives way, so that two open pages are not two plans."""
    others = Purchase.objects.filter(user_id=user.pk, what=What.PLAN, status=Status.OPEN)
    is_paid = any(drop(other).status in (Status.PAID, Status.PROCESSING) for other in others)
    if is_paid or subscriptions.living(user).exists():
        raise HasPlan(
            "You have a plan already, or paid for one a moment ago: then it shows here within seconds. "
            "Nothing was charged."
        )


@transaction.atomic
def _write(user: AbstractBaseUser, sold: Pack | Plan, key: UUID) -> Purchase:
    """Under the lock of the user's row, so that many presses at once are counted one after the other."""
    users = get_user_model()._default_manager.select_for_update(no_key=True)
    if not users.filter(pk=user.pk, is_active=True).exists():
        raise NotBegun("This account is closed; nothing was charged.")
    lately = Purchase.objects.filter(user_id=user.pk, created_at__gte=timezone.now() - WITHIN)
    unpaid = lately.exclude(status__in=(Status.PAID, Status.PROCESSING)).exclude(what=What.TOP_UP)
    if unpaid.exclude(pk=key).count() >= MOST_UNPAID:
        raise TooMany(
            f"{MOST_UNPAID} purchases were begun within an hour and not paid. Go on with one of those below, or try "
            "again in an hour; nothing was charged."
        )
    of = {"what": What.PLAN, "plan": sold} if isinstance(sold, Plan) else {"what": What.PACK, "pack": sold}
    purchase, is_new = Purchase.objects.get_or_create(
        pk=key,
        defaults={
            "user_id": user.pk, "cents": sold.cents, "credits": sold.credits, "created_at": timezone.now(), **of,
        },
    )  # fmt: skip
    if is_new:
        logger.info("purchase %s begun by user %s", purchase.pk, user.pk)
    return purchase


def _begin_at_stripe(purchase: Purchase) -> Session:
    """Whatever is sent follows from the row alone, so that a repetition says the same under the same key."""
    customer = customers.of(purchase.user)
    try:
        return _begin_for(customer, purchase)
    except StripeRefused as error:
        if error.param != "customer":
            raise
    customers.gone(customer)  # deleted at Stripe, and we were not told
    return _begin_for(customers.of(purchase.user), purchase)


def _begin_for(customer: str, purchase: Purchase) -> Session:
    page = settings.PUBLIC_URL + reverse("purchase", args=[purchase.pk])
    key, told = f"checkout:{purchase.pk}", payments.metadata(purchase)
    if StripeCustomer.objects.filter(user_id=purchase.user_id).exclude(stripe_id=customer).exists():
        key += f":{customer}"  # the plain one may have been used for a customer that is no more
    if purchase.plan is not None:
        return stripe_gateway.begin_subscription(
            customer=customer, price=_price_of(purchase.plan), metadata={**told, "plan": str(purchase.plan.pk)},
            success_url=f"{page}?paid", cancel_url=f"{page}?back", key=key,
        )  # fmt: skip
    return stripe_gateway.begin_payment(
        customer=customer, name=f"{whole(purchase.credits)} credits", description="Credits do not expire.",
        cents=purchase.cents, metadata=told, saves_card=False,
        success_url=f"{page}?paid", cancel_url=f"{page}?back", key=key,
    )  # fmt: skip


def _price_of(plan: Plan) -> str:
    """Its price at Stripe, made there the first time that somebody wants it."""
    if plan.stripe_price is None:
        plan.stripe_price = stripe_gateway.ensure_price(
            name=plan.name, cents=plan.cents, lookup_key=f"plan:{plan.pk}"
        )  # fmt: skip
        Plan.objects.filter(pk=plan.pk, stripe_price=None).update(stripe_price=plan.stripe_price)
    return plan.stripe_price
