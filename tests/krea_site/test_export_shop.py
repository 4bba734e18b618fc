"""An archive says what somebody bought, and nothing of anybody else's."""

import json
from typing import Any

import pytest
from django.utils import timezone

from billing.models import AutoTopUp, Plan, Purchase, Reversal, StripeCustomer, Subscription
from krea_site import export_contents

pytestmark = pytest.mark.django_db


def test_purchases_plan_and_auto_top_up_are_in_the_archive(alice: Any, bob: Any) -> None:
    now = timezone.now()
    StripeCustomer.objects.create(user=alice, stripe_id="cus_alice", created_at=now)
    paid = Purchase.objects.create(
        user=alice, what="pack", cents=2_500, credits=26_000_00, status="paid", payment="pi_1", paid_cents=2_975,
        tax_cents=475, created_at=now, paid_at=now, invoice_url="https://invoice.example/1",
    )  # fmt: skip
    Reversal.objects.create(purchase=paid, what="refund", stripe_id="re_1", cents=1_000, created_at=now)
    Purchase.objects.create(user=bob, what="pack", cents=500, credits=5_000_00, created_at=now)
    plan = Plan.objects.get(cents=1_000)
    Subscription.objects.create(user=alice, stripe_id="sub_1", plan=plan, status="active", read_at=now)
    AutoTopUp.objects.create(user=alice, threshold=500_00, month_ceiling_cents=5_000)

    (_, (name, text)) = export_contents.account(alice, "").texts

    told = json.loads(text)
    assert (name, told["stripe_customers"]) == ("account.json", ["cus_alice"])
    (bought,) = told["purchases"]
    assert (bought["price"], bought["credits"], bought["paid"], bought["tax"]) == (
        "$25.00",
        "26000.00",
        "$29.75",
        "$4.75",
    )
    assert [(each["what"], each["amount"]) for each in bought["given_back"]] == [("refund", "$10.00")]
    assert [(each["plan"], each["status"]) for each in told["subscriptions"]] == [(plan.name, "active")]
    assert told["auto_top_up"] == [{"is_on": False, "below": "500.00", "a_month": "$50.00"}]
