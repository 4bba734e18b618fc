"""The play's customer side of buying: a plan, and a purchase in each state that their pages tell of."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from billing.models import Pack, Plan, Purchase, StripeCustomer, Subscription
from tests.sights import clock
from tests.sights.books import begin, settle

STATES = (Purchase.Status.PROCESSING, Purchase.Status.FAILED, Purchase.Status.ABANDONED)


def fill(customer: Any) -> dict[str, str]:
    """Beside what `books.keep` made of theirs."""
    clock.go_to(days=12)
    StripeCustomer.objects.create(user=customer, stripe_id="cus_Stage", created_at=timezone.now())
    plan = Plan.objects.get(cents=1_000, is_offered=True)
    Subscription.objects.create(
        user=customer, stripe_id="sub_Stage", plan=plan, status=Subscription.Status.ACTIVE, read_at=timezone.now(),
        renews_at=timezone.now() + timedelta(days=31),
    )  # fmt: skip
    clock.go_to(days=4)
    free = begin(customer, 500)
    settle(free, "pi_3Q9Basket", tax=95)
    made = {"plain_purchase": str(free.pk)}
    for hours, status in enumerate(STATES, 4):
        clock.go_to(hours=hours)
        made[f"{status}_purchase"] = str(left(customer, 10_000, status).pk)
    clock.go_to(minutes=20)
    return made | {"open_purchase": str(left(customer, 2_500, Purchase.Status.OPEN).pk)}


def left(customer: Any, cents: int, status: str) -> Purchase:
    """One that was begun and is not paid."""
    pack = Pack.objects.get(cents=cents, is_offered=True)
    return Purchase.objects.create(
        user=customer, what=Purchase.What.PACK, pack=pack, cents=cents, credits=pack.credits, status=status,
        created_at=timezone.now(), session=f"cs_test_b2{status}", session_url="https://checkout.stripe.com/stage",
    )  # fmt: skip
