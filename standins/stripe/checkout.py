"""Checkout: what happens on Stripe's page between opening a session and its end.

The page and /__control are two doors over the same functions: `apply_code`, `pay`, `expire`.
"""

from dataclasses import dataclass
from typing import Any

from standins.stripe import cards, carts, discounting, fulfilling, objects, paying, saving
from standins.stripe.carts import Share, Tax
from standins.stripe.errors import invalid
from standins.stripe.objects import Object
from standins.stripe.resources import customers, payment_methods, promotion_codes, tax_ids
from standins.stripe.world import World

KIND = "checkout.session"


@dataclass(frozen=True)
class Buyer:
    """What is typed on the page. `card` is a test card in any of its names, or the id of a saved payment method."""

    card: str = "visa"
    email: str = ""
    name: str = ""
    address: Object | None = None
    promotion_code: str = ""
    tax_id: Object | None = None


@dataclass(frozen=True)
class Outcome:
    """`complete`, `declined` with the words for the customer, or `requires_action` with the bank's page in `url`."""

    status: str
    message: str = ""
    url: str = ""


def price_lines(world: World, session: Object, tax: Tax | None) -> list[Share]:
    """Reckon all amounts of a session anew."""
    lines = session["_lines"]
    prices = [world.get("price", line["price"]) for line in lines]
    amounts = [
        (price["unit_amount"] * line["quantity"], price["tax_behavior"])
        for price, line in zip(prices, lines, strict=True)
    ]
    shares = carts.reckon(amounts, coupon_of(world, session), tax)
    for line, share in zip(lines, shares, strict=True):
        line |= {"amount_subtotal": share.subtotal, "amount_discount": share.discount}
        line |= {"amount_tax": share.tax, "amount_total": share.total}
    details = {"amount_discount": sum(share.discount for share in shares), "amount_shipping": 0}
    details["amount_tax"] = sum(share.tax for share in shares)
    session["amount_subtotal"] = sum(share.subtotal for share in shares)
    session["amount_total"] = sum(share.total for share in shares)
    session["total_details"] = details
    world.store.save(session)
    return shares


def apply_code(world: World, session: Object, code: str) -> None:
    """A promotion code was typed."""
    if not session["allow_promotion_codes"]:
        raise invalid("This session takes no promotion codes.", param="promotion_code")
    found = promotion_codes.find(world, code)
    customer, amount = session["customer"], session["amount_subtotal"]
    promotion = promotion_codes.usable(world, found, customer=customer, amount=amount)
    session["discounts"] = [{"coupon": None, "promotion_code": promotion["id"]}]
    price_lines(world, session, None)


def pay(world: World, session: Object, buyer: Buyer) -> Outcome:
    """The customer presses the button."""
    still_open(world, session)
    if buyer.promotion_code:
        apply_code(world, session, buyer.promotion_code)
    method = method_for(world, session, buyer)
    fill_in_details(world, session, buyer)
    tax = tax_of(world, session)
    price_lines(world, session, tax)
    if session["automatic_tax"]["enabled"]:
        session["automatic_tax"] = {**session["automatic_tax"], "status": "complete"}
    if session["mode"] == "setup":
        session["setup_intent"] = saving.save(world, session, method)["id"]
    if session["amount_total"] == 0:
        session["customer"] = customer_of(world, session)
        complete(world, session, method, None, tax)
        return Outcome("complete", url=return_address(session))
    session["customer"] = customer_of(world, session)
    intent = intent_for(world, session)
    paying.attempt(world, intent, method, off_session=False, return_url=return_address(session))
    settled(world, session, intent)
    return outcome(session, intent)


def settled(world: World, session: Object, intent: Object) -> None:
    """What became of the payment: at once, after the bank's page, or days later."""
    method = world.store.get(payment_methods.KIND, intent["payment_method"] or "")
    status = intent["status"]
    if session["status"] == "open" and status in ("succeeded", "processing"):
        complete(world, session, method, intent, tax_of(world, session))
    elif session["status"] == "complete" and session["payment_status"] == "unpaid":
        if status == "succeeded":
            if session["mode"] == "payment":
                tax = tax_of(world, session)
                fulfilling.make_invoice(world, session, offer(world, session), intent=intent, tax=tax)
            world.change(session, None, payment_status="paid")
            world.emit("checkout.session.async_payment_succeeded", session)
        elif status in ("requires_payment_method", "canceled"):
            world.emit("checkout.session.async_payment_failed", session)


def complete(world: World, session: Object, method: Object | None, intent: Object | None, tax: Tax | None) -> None:
    """The session has done its work; whether the money is there, `payment_status` says."""
    world.due.forget("expire_session", session["id"])
    customer = world.store.get(customers.KIND, session["customer"] or "")
    keep = session["mode"] == "subscription" or bool(intent and intent["setup_future_usage"])
    if customer and method and keep:
        payment_methods.attach_to(world, method, customer)
    done = intent is None or intent["status"] == "succeeded"
    paid = "no_payment_required" if intent is None else "paid" if done else "unpaid"
    redeem(world, session)
    if session["mode"] == "subscription":
        fulfilling.begin_subscription(world, session, offer(world, session), method=method, intent=intent, tax=tax)
    elif done and session["mode"] == "payment":
        fulfilling.make_invoice(world, session, offer(world, session), intent=intent, tax=tax)
    world.change(session, None, status="complete", payment_status=paid, url=None)
    world.emit("checkout.session.completed", session)


def expire(world: World, session: Object) -> None:
    """Nobody paid in time, or the shop does not want it any more."""
    if session["status"] != "open":
        raise invalid(
            f'Only Checkout Sessions with a status in ["open"] can be expired. This Checkout Session has a status of'
            f" {session['status']}."
        )
    world.due.forget("expire_session", session["id"])
    world.change(session, None, status="expired", url=None)
    intent = world.store.get(paying.KIND, session["payment_intent"] or "")
    if intent and intent["status"] in paying.OPEN:
        paying.cancel(world, intent, "expired")
    world.emit("checkout.session.expired", session)


def expire_in_time(world: World, id: str) -> None:
    session = world.store.get(KIND, id)
    if session and session["status"] == "open":
        expire(world, session)


def still_open(world: World, session: Object) -> None:
    if session["status"] != "open":
        raise invalid(f"This checkout session is {session['status']}.", code="checkout_session_not_open")


def outcome(session: Object, intent: Object) -> Outcome:
    if session["status"] == "complete":
        return Outcome("complete", url=return_address(session))
    if intent["status"] == "requires_action":
        return Outcome("requires_action", url=intent["next_action"]["redirect_to_url"]["url"])
    return Outcome("declined", message=(intent["last_payment_error"] or {}).get("message", ""))


def return_address(session: Object) -> str:
    """Where the customer goes after paying."""
    return str(session["success_url"] or "").replace("{CHECKOUT_SESSION_ID}", session["id"])


def method_for(world: World, session: Object, buyer: Buyer) -> Object:
    """The payment method: a saved one, or a new one from what was typed."""
    if saved := world.store.get(payment_methods.KIND, buyer.card):
        if saved["customer"] is None or saved["customer"] != session["customer"]:
            raise invalid("This payment method is another customer's.", param="payment_method")
        return saved
    card = cards.find(buyer.card)
    if card is None:
        raise invalid("Your card number is incorrect.", code="incorrect_number")
    if card.type not in session["payment_method_types"]:
        raise invalid(f"This session does not take {card.type}.", param="payment_method")
    who = {"address": buyer.address, "email": buyer.email or None, "name": buyer.name or None}
    return world.add(payment_methods.new(world, card, who))


def fill_in_details(world: World, session: Object, buyer: Buyer) -> None:
    """What the customer typed stands on the session from now on."""
    known = world.store.get(customers.KIND, session["customer"] or "") or {}
    where = objects.address(**buyer.address) if buyer.address else known.get("address")
    if session["automatic_tax"]["enabled"] and not (where or {}).get("country"):
        raise invalid("An address is needed to reckon the tax.", param="address")
    if session["billing_address_collection"] == "required" and not where:
        raise invalid("Your billing address is needed.", param="address")
    email = known.get("email") or session["customer_email"] or buyer.email or "buyer@example.com"
    ids = tax_ids.of_customer(world, known["id"]) if known else []
    told = [{"type": each["type"], "value": each["value"]} for each in ids]
    if buyer.tax_id and (session["tax_id_collection"] or {}).get("enabled"):
        told.append(buyer.tax_id)
    details = {"address": where, "business_name": None, "email": email, "individual_name": None}
    details |= {"name": buyer.name or known.get("name"), "phone": known.get("phone")}
    details |= {"tax_exempt": known.get("tax_exempt") or "none", "tax_ids": told}
    world.change(session, None, customer_details=details)


def customer_of(world: World, session: Object) -> str | None:
    """The customer, made now where the session needs one, and brought up to date where it may be."""
    details = session["customer_details"]
    if session["customer"]:
        customer = world.get(customers.KIND, session["customer"])
        wanted = session["_given"].get("customer_update") or {}
        values = {name: details[name] for name in ("address", "name") if wanted.get(name) == "auto" and details[name]}
        world.change(customer, "customer.updated", **values)
    elif session["customer_creation"] == "always":
        names = ("address", "email", "name", "phone")
        customer = customers.new(world, **{name: details[name] for name in names})
        world.add(customer, "customer.created")
    else:
        return None
    known = {row["value"] for row in tax_ids.of_customer(world, customer["id"])}
    for each in details["tax_ids"]:
        if each["value"] not in known:
            tax_ids.add(world, customer, **each)
    return str(customer["id"])


def intent_for(world: World, session: Object) -> Object:
    """The payment of a session; one that was declined is tried again."""
    values: dict[str, Any] = {"customer": session["customer"], "amount": session["amount_total"]}
    if intent := world.store.get(paying.KIND, session["payment_intent"] or session["_intent"] or ""):
        world.change(intent, None, **values)
        return intent
    given = session["_given"].get("payment_intent_data") or {}
    names = ("description", "receipt_email", "setup_future_usage", "statement_descriptor")
    values |= {name: given.get(name) for name in (*names, "statement_descriptor_suffix")}
    if session["mode"] == "subscription":
        values |= {"setup_future_usage": "off_session", "description": "Subscription creation"}
    values |= {"metadata": dict(given.get("metadata") or {}), "_owner": session["id"]}
    intent = paying.new(world, payment_method_types=session["payment_method_types"], **values)
    world.add(intent, "payment_intent.created")
    session["_intent"] = intent["id"]
    if session["mode"] == "payment":
        session["payment_intent"] = intent["id"]
    world.store.save(session)
    return intent


def tax_of(world: World, session: Object) -> Tax | None:
    """None where Stripe is not asked to reckon taxes."""
    if not session["automatic_tax"]["enabled"]:
        return None
    details = session["customer_details"] or {}
    ids = details.get("tax_ids") or []
    return carts.tax_for(world, details.get("address"), exempt=details.get("tax_exempt") or "none", tax_ids=ids)


def promotion_of(world: World, session: Object) -> Object | None:
    named = (session["discounts"] or [{}])[0].get("promotion_code")
    return world.store.get(promotion_codes.KIND, named) if named else None


def coupon_of(world: World, session: Object) -> Object | None:
    promotion = promotion_of(world, session)
    named = promotion["promotion"]["coupon"] if promotion else (session["discounts"] or [{}])[0].get("coupon")
    return world.store.get("coupon", named) if named else None


def redeem(world: World, session: Object) -> None:
    if coupon := coupon_of(world, session):
        discounting.redeem(world, coupon, promotion_of(world, session))


def offer(world: World, session: Object) -> fulfilling.Offer:
    return coupon_of(world, session), promotion_of(world, session)
