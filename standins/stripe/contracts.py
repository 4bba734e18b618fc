"""A subscription as it is made: its items, and everything that Stripe sends with it."""

from standins.stripe.objects import Object, new_id
from standins.stripe.world import World

KIND = "subscription"
PLAN_COPIES = ("active", "billing_scheme", "created", "currency", "livemode", "metadata", "nickname", "product")


def item(world: World, subscription: str, price: Object, quantity: int, period: tuple[int, int]) -> Object:
    return {
        "id": new_id("si", 14),
        "object": "subscription_item",
        "billing_thresholds": None,
        "created": world.now,
        "current_period_end": period[1],
        "current_period_start": period[0],
        "discounts": [],
        "metadata": {},
        "plan": plan(price),
        "price": dict(price),
        "quantity": quantity,
        "subscription": subscription,
        "tax_rates": [],
    }


def plan(price: Object) -> Object:
    """The older way of saying a recurring price, which Stripe still sends beside it."""
    recurring = price["recurring"]
    told = {name: price[name] for name in PLAN_COPIES}
    told |= {"id": price["id"], "object": "plan", "amount": price["unit_amount"]}
    told |= {"amount_decimal": price["unit_amount_decimal"], "tiers_mode": None, "transform_usage": None}
    told |= {"interval": recurring["interval"], "interval_count": recurring["interval_count"], "meter": None}
    return told | {"trial_period_days": None, "usage_type": recurring["usage_type"]}


def blank(world: World, id: str, customer: Object) -> Object:
    """Everything that is the same on all subscriptions at their start."""
    nothing = [
        "application",
        "application_fee_percent",
        "billing_cycle_anchor_config",
        "billing_thresholds",
        "cancel_at",
        "canceled_at",
        "customer_account",
        "days_until_due",
        "default_source",
        "description",
        "ended_at",
        "latest_invoice",
        "managed_payments",
        "next_pending_invoice_item_invoice",
        "on_behalf_of",
        "pause_collection",
        "pending_invoice_item_interval",
        "pending_setup_intent",
        "pending_update",
        "schedule",
        "test_clock",
        "transfer_data",
        "trial_end",
        "trial_start",
    ]
    settings = {"account_tax_ids": None, "custom_fields": None, "description": None, "footer": None}
    paying_by = {"payment_method_options": None, "payment_method_types": None, "save_default_payment_method": "off"}
    made: Object = {"id": id, "object": KIND, **dict.fromkeys(nothing)}
    made |= {"billing_cycle_anchor": world.now, "cancel_at_period_end": False, "created": world.now}
    made |= {"billing_mode": {"flexible": {"proration_discounts": "included"}, "type": "flexible"}}
    made |= {"billing_schedules": [], "default_tax_rates": [], "currency": "usd", "customer": customer["id"]}
    made |= {"cancellation_details": {"comment": None, "feedback": None, "reason": None}}
    made |= {"collection_method": "charge_automatically", "livemode": False, "metadata": {}}
    made |= {"invoice_settings": {**settings, "issuer": {"type": "self"}}, "payment_settings": paying_by}
    made |= {"start_date": world.now, "status": "active", "_periods": 0}
    made |= {"trial_settings": {"end_behavior": {"missing_payment_method": "create_invoice"}}}
    return made
