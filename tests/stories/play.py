"""One customer, one ledger and one stand-in for Stripe: everything that a story can have somebody do."""

import itertools
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import stripe
from django.conf import settings
from django.contrib.auth import get_user_model
from django.utils import timezone

from billing import checkout, customers, ledger, refunds, stripe_gateway, takings, topups
from billing.credits import PER_CREDIT
from billing.models import AutoTopUp, Pack, Plan, Purchase, StripeCustomer
from tests.faults.clean import empty_the_books
from tests.standins.launch import STRIPE_KEY, STRIPE_SECRET, StripeStandIn

User = get_user_model()
DAY_S = 24 * 3600
MONTH_S = 31 * DAY_S + 2 * 3600  # a month at the most, and the hour for which Stripe keeps an invoice as a draft


class Play:
    """`purchases` are those that the customer began here, in their order; a deed that names none means the last."""

    def __init__(self, standin: StripeStandIn) -> None:
        self.standin = standin
        self.stripe = stripe.StripeClient(STRIPE_KEY, base_addresses={"api": standin.url}, max_network_retries=0)
        settings.STRIPE_SECRET_KEY, settings.STRIPE_WEBHOOK_SECRET = STRIPE_KEY, STRIPE_SECRET
        settings.STRIPE_API_URL, settings.STRIPE_RETRIES = standin.url, 0
        self.begin()

    def begin(self, *, tax: bool = False) -> None:
        """From nothing: no books, nothing at Stripe."""
        settings.STRIPE_TAX = tax
        self.standin.control(reset=True)
        empty_the_books()
        Plan.objects.update(stripe_price=None)
        self.user = User.objects.get_or_create(email="alice@example.com")[0]
        self.purchases: list[Purchase] = []
        self.disputes: list[str] = []
        self._numbers = itertools.count(1)

    # The customer on our pages

    def choose(self, what: str, cents: int) -> Callable[[], None]:
        """Wishes for something; what is returned is the press of the button, which may be pressed again."""
        sold: Any = (Pack if what == "pack" else Plan).objects.get(cents=cents)
        wish = checkout.new_wish(self.user)

        def press() -> None:
            purchase = checkout.begin(self.user, what=what, id=str(sold.pk), wish=wish)
            checkout.pay_at(purchase)
            if purchase.pk not in [known.pk for known in self.purchases]:
                self.purchases.append(purchase)

        return press

    def spend(self, credits: int) -> None:
        key = f"generation:{next(self._numbers)}"
        ledger.hold(self.user, credits * PER_CREDIT, key=key)
        ledger.capture(key, credits * PER_CREDIT, memo="Pictures")

    def agree_to_top_ups(self, threshold: int, cents: int, card: str) -> None:
        """A card is saved, and the form is sent."""
        customer = customers.of(self.user)
        method = self.stripe.v1.payment_methods.attach(card, {"customer": customer})
        self.stripe.v1.customers.update(customer, {"invoice_settings": {"default_payment_method": method.id}})
        pack = Pack.objects.get(cents=cents)
        topups.switch_on(self.user, topups.Agreement(threshold * PER_CREDIT, pack, 100 * cents))
        self.rest()

    def rest(self) -> None:
        """No sweep that happens to come by begins an attempt: only the story's own step does."""
        AutoTopUp.objects.filter(rests_until=None).update(rests_until=timezone.now() + timedelta(days=1))

    def rested(self) -> None:
        """The pause after the last top-up is over."""
        AutoTopUp.objects.update(rests_until=None)

    # The customer at Stripe

    def pay(self, number: int = -1, **typed: Any) -> None:
        session = self.session(number)
        typed.setdefault("email", "alice@example.com")
        typed.setdefault("name", "Alice")
        typed.setdefault("country", "US")
        self.standin.act("pay", session=session, **typed)

    def session(self, number: int = -1) -> str:
        self.purchases[number].refresh_from_db()
        return str(self.purchases[number].session)

    def customer(self) -> str:
        return StripeCustomer.objects.get(user=self.user, deleted_at=None).stripe_id

    # Banks, and somebody at Stripe's dashboard

    def payment(self, number: int = 0) -> str:
        """The id of a payment in the order of their making at Stripe; -1 is the newest."""
        made = list(self.stripe.v1.payment_intents.list({"limit": 100}).auto_paging_iter())
        return made[::-1][number].id

    def refund(self, number: int = -1) -> str:
        """The id of a refund, in the order of their making, by whomever."""
        made = list(self.stripe.v1.refunds.list({"limit": 100}).auto_paging_iter())
        return made[::-1][number].id

    def subscription(self) -> stripe.Subscription:
        return self.stripe.v1.subscriptions.list({"limit": 1, "status": "all"}).data[0]

    def promotion(self, code: str, percent: int, *, duration: str = "once") -> None:
        coupon = self.stripe.v1.coupons.create({"percent_off": percent, "duration": duration})
        self.stripe.v1.promotion_codes.create(
            {"promotion": {"type": "coupon", "coupon": coupon.id}, "code": code}
        )  # fmt: skip

    def prices(self) -> dict[int, str]:
        """Of all plans, known at Stripe from here on."""
        found = {}
        for plan in Plan.objects.all():
            price = stripe_gateway.ensure_price(name=plan.name, cents=plan.cents, lookup_key=f"plan:{plan.pk}")
            Plan.objects.filter(pk=plan.pk).update(stripe_price=price)
            found[plan.cents] = price
        return found

    # Staff

    def staff_refund(self, cents: int, number: int = -1) -> None:
        paid = Purchase.objects.filter(status=Purchase.Status.PAID).order_by("created_at")
        refunds.ask(list(paid)[number].pk, cents=cents, unspent_only=False, reason="As promised", actor="staff")

    def forgive(self, credits: int) -> None:
        key = f"forgive:{next(self._numbers)}"
        takings.forgive(self.user, credits * PER_CREDIT, key=key, reason="A regular", actor="staff")
