"""An invoice as it is made, a draft: its lines, its sums, everything that Stripe sends with it."""

from typing import Any

from standins.stripe import carts
from standins.stripe.carts import Share, Tax
from standins.stripe.objects import Object, listed, new_id
from standins.stripe.resources import tax_ids
from standins.stripe.world import World

KIND = "invoice"


def new(
    world: World,
    customer: Object,
    lines: list[Object],
    *,
    reason: str,
    subscription: Object | None = None,
    period: tuple[int, int] | None = None,
    discount: Object | None = None,
    coupon: Object | None = None,
    tax: Tax | None = None,
    **values: Any,
) -> Object:
    """A draft. `lines` come from `line`, their amounts before discount and tax."""
    id = new_id("in")
    start, end = period or (world.now, world.now)
    shares = carts.reckon([(line["amount"], line.pop("_behaviour")) for line in lines], coupon, tax)
    for line, share in zip(lines, shares, strict=True):
        line |= {"invoice": id, "taxes": [carts.told_tax(world, tax, share)] if tax else []}
        if discount:
            line["discount_amounts"] = [{"amount": share.discount, "discount": discount["id"]}]
            line["pretax_credit_amounts"] = [{"amount": share.discount, "discount": discount["id"], "type": "discount"}]
    invoice = blank(world, id, customer) | sums(world, shares, discount, tax)
    invoice |= {"billing_reason": reason, "period_start": start, "period_end": end}
    invoice["discounts"] = [discount["id"]] if discount else []
    invoice["lines"] = listed(lines, f"/v1/invoices/{id}/lines")
    invoice["automatic_tax"] = automatic_tax(on=tax is not None)
    if subscription:
        invoice["parent"] = parent_of(subscription)
        invoice["default_payment_method"] = None
    invoice |= values
    return world.add(invoice, "invoice.created")


def sums(world: World, shares: list[Share], discount: Object | None, tax: Tax | None) -> Object:
    """The amounts of an invoice."""
    total = sum(share.total for share in shares)
    taxed = sum(share.tax for share in shares)
    off = sum(share.discount for share in shares)
    inclusive = sum(share.tax for share in shares if share.behaviour == "inclusive")
    subtotal = sum(share.subtotal for share in shares)
    due = max(total, 0)
    found: Object = {"amount_due": due, "amount_remaining": due, "subtotal": subtotal, "total": total}
    found |= {"subtotal_excluding_tax": subtotal - inclusive, "total_excluding_tax": total - taxed}
    amounts = [{"amount": off, "discount": discount["id"]}] if discount else []
    found["total_discount_amounts"] = amounts
    found["total_pretax_credit_amounts"] = [{**each, "type": "discount"} for each in amounts]
    if tax and shares:
        whole = Share(subtotal, shares[0].behaviour, off, taxed, sum(share.taxable for share in shares))
        found["total_taxes"] = [carts.told_tax(world, tax, whole)]
    return found


def line(world: World, *, amount: int, price: Object, quantity: int, period: tuple[int, int], **said: Any) -> Object:
    """One line, before discount and tax. `item`: the invoice item or subscription item that it comes from."""
    subscription, item, proration = said.get("subscription"), said["item"], bool(said.get("proration"))
    nothing = {"credited_items": None}
    origin: Object = {"invoice_item": item, "proration": proration, "proration_details": nothing}
    kind = "invoice_item_details"
    if subscription and not proration:
        kind = "subscription_item_details"
        origin |= {"invoice_item": None, "subscription_item": item}
    origin["subscription"] = subscription
    other = "invoice_item_details" if kind == "subscription_item_details" else "subscription_item_details"
    return {
        "id": new_id("il"),
        "object": "line_item",
        "amount": amount,
        "currency": "usd",
        "description": said.get("description"),
        "discount_amounts": [],
        "discountable": not proration,
        "discounts": [],
        "invoice": None,
        "livemode": False,
        "metadata": dict(said.get("metadata") or {}),
        "parent": {kind: origin, other: None, "type": kind},
        "period": {"start": period[0], "end": period[1]},
        "pretax_credit_amounts": [],
        "pricing": {
            "price_details": {"price": price["id"], "product": price["product"]},
            "type": "price_details",
            "unit_amount_decimal": price["unit_amount_decimal"],
        },
        "quantity": quantity,
        "quantity_decimal": str(quantity),
        "subscription": subscription,
        "subtotal": amount,
        "taxes": [],
        "_behaviour": price["tax_behavior"],
    }


def automatic_tax(*, on: bool) -> Object:
    return {
        "disabled_reason": None,
        "enabled": on,
        "liability": {"type": "self"} if on else None,
        "provider": "stripe" if on else None,
        "status": "complete" if on else None,
    }


def parent_of(subscription: Object) -> Object:
    details = {"metadata": dict(subscription["metadata"]), "subscription": subscription["id"]}
    return {"quote_details": None, "subscription_details": details, "type": "subscription_details"}


def blank(world: World, id: str, customer: Object) -> Object:
    """Everything that is the same on all invoices at their start."""
    ids = [{"type": row["type"], "value": row["value"]} for row in tax_ids.of_customer(world, customer["id"])]
    nothing = [
        "account_tax_ids",
        "application",
        "automatically_finalizes_at",
        "custom_fields",
        "customer_account",
        "customer_shipping",
        "default_payment_method",
        "default_source",
        "description",
        "due_date",
        "effective_at",
        "ending_balance",
        "footer",
        "from_invoice",
        "hosted_invoice_url",
        "invoice_pdf",
        "last_finalization_error",
        "latest_revision",
        "next_payment_attempt",
        "number",
        "on_behalf_of",
        "parent",
        "receipt_number",
        "rendering",
        "shipping_cost",
        "shipping_details",
        "statement_descriptor",
        "test_clock",
        "threshold_reason",
        "webhooks_delivered_at",
    ]
    zeroes = [
        "amount_overpaid",
        "amount_paid",
        "amount_shipping",
        "attempt_count",
        "post_payment_credit_notes_amount",
        "pre_payment_credit_notes_amount",
        "starting_balance",
    ]
    settings = {"default_mandate": None, "payment_method_options": None, "payment_method_types": None}
    moments = dict.fromkeys(("finalized_at", "marked_uncollectible_at", "paid_at", "voided_at"))
    made: Object = {"id": id, "object": KIND, **dict.fromkeys(nothing), **dict.fromkeys(zeroes, 0)}
    made |= {"account_country": "US", "account_name": "Krea Studio", "attempted": False, "auto_advance": True}
    made |= {"collection_method": "charge_automatically", "created": world.now, "currency": "usd"}
    made |= {"customer": customer["id"], "customer_address": customer["address"], "customer_tax_ids": ids}
    made |= {"customer_email": customer["email"], "customer_name": customer["name"]}
    made |= {"customer_phone": customer["phone"], "customer_tax_exempt": customer["tax_exempt"]}
    made |= {"default_tax_rates": [], "issuer": {"type": "self"}, "livemode": False, "metadata": {}}
    made |= {"payment_settings": settings, "status": "draft", "status_transitions": moments, "total_taxes": []}
    return made
