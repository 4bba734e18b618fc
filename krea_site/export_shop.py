"""What an archive says of somebody's purchases. Names, addresses and cards are at Stripe; so are the invoices."""

from typing import Any

from accounts.models import User
from billing import cents
from billing.credits import show
from billing.models import AutoTopUp, Purchase, StripeCustomer, Subscription


def bought(user: User) -> dict[str, Any]:
    """Money in US dollars, credits as everywhere."""
    return {
        "stripe_customers": list(StripeCustomer.objects.filter(user=user).values_list("stripe_id", flat=True)),
        "purchases": [
            {
                "id": row.pk, "what": row.what, "status": row.status, "price": cents.show(row.cents),
                "credits": show(row.credits), "paid": _dollars(row.paid_cents), "tax": _dollars(row.tax_cents),
                "created_at": row.created_at, "paid_at": row.paid_at, "invoice": row.invoice_url,
                "receipt": row.receipt_url, "given_back": [
                    {"what": each.what, "amount": cents.show(each.cents), "created_at": each.created_at}
                    for each in row.reversals.all()
                ],
            }
            for row in Purchase.objects.filter(user=user).prefetch_related("reversals").order_by("created_at", "pk")
        ],
        "subscriptions": [
            {
                "id": row.stripe_id, "plan": row.plan.name if row.plan else None, "status": row.status,
                "renews_at": row.renews_at, "ends_at": row.ends_at,
            }
            for row in Subscription.objects.filter(user=user).select_related("plan").order_by("pk")
        ],
        "auto_top_up": [
            {"is_on": row.is_on, "below": show(row.threshold), "a_month": cents.show(row.month_ceiling_cents)}
            for row in AutoTopUp.objects.filter(user=user)
        ],
    }  # fmt: skip


def _dollars(amount: int | None) -> str | None:
    return None if amount is None else cents.show(amount)
