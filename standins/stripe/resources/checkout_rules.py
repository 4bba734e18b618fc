"""What opening a checkout session may say, and what of it cannot be said together."""

from typing import Any

from standins.stripe.errors import invalid, malformed
from standins.stripe.objects import Object
from standins.stripe.params import (
    boolean,
    choice,
    currency,
    group,
    integer,
    many,
    metadata,
    needed,
    text,
)
from standins.stripe.resources import coupons, customers, prices, promotion_codes
from standins.stripe.world import World

SHORTEST_S, LONGEST_S = 30 * 60, 24 * 3600

PRODUCT_DATA = group(
    name=needed(text(250)), metadata=metadata(), tax_code=text(), description=text(), images=many(text())
)
RECURRING = group(interval=needed(choice(*prices.INTERVALS)), interval_count=integer(1, 36))
PRICE_DATA = group(**{**prices.PRICE_DATA, "recurring": RECURRING}, product_data=PRODUCT_DATA)
AUTO = choice("auto", "never")
ADJUSTABLE = group(enabled=needed(boolean()), maximum=integer(), minimum=integer(0))
CUSTOM_FIELD = group(name=needed(text(40)), value=needed(text(140)))
RENDERING = group(amount_tax_display=choice("exclude_tax", "include_inclusive_tax"), template=text())
INVOICE_DATA = group(
    custom_fields=many(CUSTOM_FIELD, most=4),
    description=text(1500),
    footer=text(),
    metadata=metadata(),
    rendering_options=RENDERING,
)
WORDS = group(message=needed(text(1200)))
CREATE = {
    "adaptive_pricing": group(enabled=boolean()),
    "allow_promotion_codes": boolean(),
    "automatic_tax": group(enabled=needed(boolean())),
    "billing_address_collection": choice("auto", "required"),
    "cancel_url": text(),
    "client_reference_id": text(200),
    "consent_collection": group(terms_of_service=choice("none", "required"), promotions=choice("auto", "none")),
    "currency": currency(),
    "custom_text": group(after_submit=WORDS, submit=WORDS, terms_of_service_acceptance=WORDS),
    "customer": text(),
    "customer_creation": choice("always", "if_required"),
    "customer_email": text(),
    "customer_update": group(address=AUTO, name=AUTO, shipping=AUTO),
    "discounts": many(group(coupon=text(), promotion_code=text()), most=1),
    "expires_at": integer(),
    "invoice_creation": group(enabled=needed(boolean()), invoice_data=INVOICE_DATA),
    "line_items": many(
        group(
            adjustable_quantity=ADJUSTABLE,
            metadata=metadata(),
            price=text(),
            price_data=PRICE_DATA,
            quantity=integer(1, 999_999),
        )
    ),
    "locale": text(),
    "metadata": metadata(),
    "mode": choice("payment", "setup", "subscription"),
    "payment_intent_data": group(
        capture_method=choice("automatic", "automatic_async"),
        description=text(1000),
        metadata=metadata(),
        receipt_email=text(),
        setup_future_usage=choice("off_session", "on_session"),
        statement_descriptor=text(22),
        statement_descriptor_suffix=text(22),
    ),
    "payment_method_collection": choice("always", "if_required"),
    "phone_number_collection": group(enabled=needed(boolean())),
    "saved_payment_method_options": group(
        payment_method_save=choice("disabled", "enabled"), payment_method_remove=choice("disabled", "enabled")
    ),
    "setup_intent_data": group(description=text(1000), metadata=metadata()),
    "submit_type": choice("auto", "book", "donate", "pay", "subscribe"),
    "subscription_data": group(description=text(500), metadata=metadata()),
    "success_url": text(),
    "tax_id_collection": group(enabled=needed(boolean()), required=choice("if_supported", "never")),
    "ui_mode": choice("hosted_page"),
}


NOT_IN = {
    "payment": ("subscription_data", "setup_intent_data"),
    "subscription": (
        "payment_intent_data", "setup_intent_data", "invoice_creation", "customer_creation", "submit_type",
    ),
    "setup": (
        "line_items", "payment_intent_data", "subscription_data", "invoice_creation", "allow_promotion_codes",
        "discounts", "automatic_tax",
    ),
}  # fmt: skip


def check(world: World, given: dict[str, Any]) -> None:
    """The rules between parameters."""
    mode = given.get("mode") or refuse("You must specify `mode`.", "mode")
    if not given.get("success_url"):
        refuse("You must specify `success_url`.", "success_url")
    if mode == "setup" and not (given.get("customer") and given.get("currency")):
        refuse("The stand-in needs `customer` and `currency` in `setup` mode.", "currency")
    if mode != "setup" and not given.get("line_items"):
        refuse(f"`line_items` is needed in `{mode}` mode.", "line_items")
    for name in NOT_IN[mode]:
        if name in given:
            refuse(f"You can not pass `{name}` in `{mode}` mode.", name)
    for one, two in (
        ("customer", "customer_email"),
        ("customer", "customer_creation"),
        ("allow_promotion_codes", "discounts"),
    ):
        if given.get(one) and given.get(two):
            refuse(f"You may only specify one of these parameters: {one}, {two}.", two)
    if given.get("customer_update") and not given.get("customer"):
        refuse("`customer_update` can only be used with `customer`.", "customer_update")
    if given.get("customer"):
        check_customer(world, given)
    for discount in given.get("discounts", []):
        check_discount(world, discount)
    late = given.get("expires_at")
    if late is not None and not SHORTEST_S - 60 <= late - world.now <= LONGEST_S:
        refuse("The `expires_at` timestamp must be between 30 minutes and 24 hours from now.", "expires_at")


def check_customer(world: World, given: dict[str, Any]) -> None:
    """What Stripe needs to be allowed before it writes on a customer of ours."""
    customer = customers.living(world, given["customer"])
    allowed = given.get("customer_update") or {}
    if (given.get("tax_id_collection") or {}).get("enabled") and allowed.get("name") != "auto":
        refuse(
            "Tax ID collection requires updating business name on the customer. To enable tax ID collection for an"
            " existing customer, please set `customer_update[name]` to `auto`.",
            "tax_id_collection",
        )
    known = (customer["address"] or {}).get("country")
    if (given.get("automatic_tax") or {}).get("enabled") and not known and allowed.get("address") != "auto":
        raise invalid(
            "Automatic tax calculation in Checkout requires a valid address on the Customer. Add a valid address to"
            " the Customer or set either `customer_update[address]` to 'auto' or `customer_update[shipping]` to 'auto'"
            " to save the address entered in Checkout to the Customer.",
            code="customer_tax_location_invalid",
        )


def check_discount(world: World, discount: dict[str, Any]) -> None:
    if bool(discount.get("coupon")) == bool(discount.get("promotion_code")):
        refuse("A discount is one of `coupon` and `promotion_code`.", "discounts")
    if discount.get("coupon"):
        coupons.usable(world, discount["coupon"], "discounts[0][coupon]")
    else:
        world.get(promotion_codes.KIND, discount["promotion_code"], param="discounts[0][promotion_code]")


def check_lines(world: World, given: dict[str, Any], lines: list[Object]) -> None:
    recurring = [world.get("price", each["price"])["recurring"] for each in lines]
    if given["mode"] == "payment" and any(recurring):
        refuse(
            "You specified `payment` mode but passed a recurring price. Either switch to `subscription` mode or use"
            " only one-time prices.",
            "line_items",
        )
    if given["mode"] == "subscription" and not all(recurring):
        refuse("The stand-in takes only recurring prices in `subscription` mode.", "line_items")


def refuse(message: str, param: str) -> Any:
    raise malformed(message, param=param)
