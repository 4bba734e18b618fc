"""What a checkout session brings about once it is paid: a subscription, or an invoice over what was bought."""

from standins.stripe import discounting, drafting, invoicing, subscribing
from standins.stripe.carts import Tax
from standins.stripe.objects import Object, new_id
from standins.stripe.resources import customers
from standins.stripe.world import World

Offer = tuple[Object | None, Object | None]  # the coupon, and the promotion code that it was had with


def begin_subscription(
    world: World, session: Object, offer: Offer, *, method: Object | None, intent: Object | None, tax: Tax | None
) -> None:
    """The subscription and its first invoice, which the session's payment pays."""
    customer = world.get(customers.KIND, session["customer"])
    coupon, promotion = offer
    discount = None
    if coupon:
        to = {"customer": customer["id"], "checkout_session": session["id"]}
        discount = discounting.give(world, coupon, promotion, **to)
    goods = [(world.get("price", line["price"]), line["quantity"]) for line in session["_lines"]]
    given = session["_given"].get("subscription_data") or {}
    said = {"metadata": given.get("metadata") or {}, "description": given.get("description")}
    subscription = subscribing.begin(
        world, customer, goods, method=method, discount=discount, taxed=tax is not None, **said
    )
    invoice = subscribing.bill(world, subscription, reason="subscription_create")
    world.emit("customer.subscription.created", subscription)
    invoicing.finalize(world, invoice)
    session["subscription"], session["invoice"] = subscription["id"], invoice["id"]
    if intent:
        intent["_session"] = session["id"]
        invoicing.attach_intent(world, invoice, intent)
        world.change(invoice, None, attempted=True, attempt_count=1)
    if intent is None or intent["status"] == "succeeded":
        invoicing.paid(world, invoice, intent)
    session["payment_intent"] = None


def make_invoice(world: World, session: Object, offer: Offer, *, intent: Object | None, tax: Tax | None) -> None:
    """An invoice over a purchase that is paid already, where one was asked for."""
    wanted = session["invoice_creation"] or {}
    if not wanted.get("enabled") or not session["customer"] or session["invoice"]:
        return
    customer = world.get(customers.KIND, session["customer"])
    data = wanted["invoice_data"]
    lines = []
    for each in session["_lines"]:
        price = world.get("price", each["price"])
        about = {"item": new_id("ii"), "description": each["description"], "metadata": {}}
        period = (world.now, world.now)
        amount = price["unit_amount"] * each["quantity"]
        lines.append(
            drafting.line(world, amount=amount, price=price, quantity=each["quantity"], period=period, **about)
        )
    coupon, promotion = offer
    discount = discounting.give(world, coupon, promotion) if coupon else None
    said = {name: data.get(name) for name in ("custom_fields", "description", "footer")}
    said["metadata"] = dict(data.get("metadata") or {})
    options: Object = {"discount": discount, "coupon": coupon, "tax": tax}
    invoice = drafting.new(world, customer, lines, reason="manual", **options, **said)
    session["invoice"] = invoice["id"]
    invoicing.finalize(world, invoice)
    if intent:
        owner = intent["_owner"]
        invoicing.attach_intent(world, invoice, intent)
        intent["_owner"] = owner
    invoicing.paid(world, invoice, intent)
