"""Hosted Checkout: the page on which a session is paid."""

from starlette.responses import Response

from standins.stripe import checkout, paying
from standins.stripe.call import Call
from standins.stripe.errors import StripeError
from standins.stripe.objects import Object
from standins.stripe.pages import billing, cardform, checkout_sheet, frame
from standins.stripe.pages.checkout_sheet import Visit
from standins.stripe.pages.writing import NOTHING, fill, link
from standins.stripe.resources import customers, tax_ids
from standins.stripe.world import World

OVER = {
    "complete": ("You're all done here", "This checkout session is completed. There is nothing more to pay."),
    "expired": ("This session has expired", "Nothing was paid. Go back to the shop to begin anew."),
}


async def show(world: World, call: Call) -> Response:
    session = world.get(checkout.KIND, call.found["id"])
    visit = begun(world, session)
    visit.values = known(world, visit)
    if session["status"] == "open":
        quote(world, visit)
        visit.errors.clear()
    if "failed" in call.query:
        visit.refusal = last_refusal(world, session)
    return told(world, visit)


async def submit(world: World, call: Call) -> Response:
    """One of the page's buttons. All typed values come with each, so that none of them is lost."""
    session = world.get(checkout.KIND, call.found["id"])
    visit = begun(world, session)
    visit.values = known(world, visit) | call.form
    if session["status"] != "open":
        return told(world, visit)
    if "use" in call.form:
        visit.values = cardform.filled_in(visit.values)
        return told(world, visit)
    match call.form.get("do"):
        case "remove_code":
            remove_code(world, visit)
        case "apply_code":
            apply_code(world, visit)
        case "total":
            quote(world, visit)
        case _:
            return pay(world, visit)
    return told(world, visit, status=422 if visit.errors else 200)


def begun(world: World, session: Object) -> Visit:
    return Visit(session, world.store.get(customers.KIND, session["customer"] or ""), {})


def known(world: World, visit: Visit) -> dict[str, str]:
    """What need not be typed: what the customer, or an earlier try on this page, has told."""
    customer = visit.customer if visit.customer and not visit.customer.get("deleted") else None
    ids = tax_ids.of_customer(world, customer["id"]) if customer else []
    values = {"email": visit.session["customer_email"] or ""} | billing.typed_before(customer, ids)
    details = visit.session["customer_details"]
    return values | (billing.typed_before(details, details["tax_ids"]) if details else {})


def last_refusal(world: World, session: Object) -> str:
    intent = world.store.get(paying.KIND, session["payment_intent"] or session["_intent"] or "")
    return str(((intent or {}).get("last_payment_error") or {}).get("message", ""))


def apply_code(world: World, visit: Visit) -> None:
    code = visit.values.get("promotion_code", "").strip()
    if not code:
        visit.errors["promotion_code"] = "Enter a code."
        return
    try:
        checkout.apply_code(world, visit.session, code)
    except StripeError as error:
        visit.errors["promotion_code"] = str(error)
        return
    visit.values["promotion_code"] = ""
    quote(world, visit)


def remove_code(world: World, visit: Visit) -> None:
    visit.session["discounts"] = None
    checkout.price_lines(world, visit.session, checkout.tax_of(world, visit.session))


def quote(world: World, visit: Visit) -> None:
    """Reckon the total for the address as far as it is typed."""
    buyer = billing.read(visit.values)
    if visit.session["automatic_tax"]["enabled"] and buyer.address["country"]:
        visit.errors |= {name: words for name, words in buyer.errors.items() if name in ("country", "tax_id")}
        checkout.fill_in_details(world, visit.session, buyer_of(buyer, ""))
        checkout.price_lines(world, visit.session, checkout.tax_of(world, visit.session))


def pay(world: World, visit: Visit) -> Response:
    """Pay, if everything is there and the total is the one that was seen."""
    seen = visit.values.get("seen_total")
    if visit.values.get("promotion_code", "").strip():
        apply_code(world, visit)
    buyer, chosen = billing.read(visit.values), cardform.read(visit.values, world.now)
    visit.errors |= buyer.errors | chosen.errors
    quote(world, visit)
    if visit.errors or chosen.card is None:
        return told(world, visit, status=422)
    if seen is not None and seen != str(visit.session["amount_total"]):
        visit.notice = "The total has changed. Please look at it, then pay."
        return told(world, visit)
    try:
        outcome = checkout.pay(world, visit.session, buyer_of(buyer, chosen.card.word))
    except StripeError as error:
        visit.refusal = str(error)
        return told(world, visit, status=error.status)
    if outcome.status == "declined":
        visit.refusal = outcome.message
        return told(world, visit, status=402)
    return frame.onward(outcome.url)


def buyer_of(buyer: billing.Buyer, card: str) -> checkout.Buyer:
    email, name = buyer.email or "", buyer.name or ""
    return checkout.Buyer(card=card, email=email, name=name, address=buyer.address, tax_id=buyer.tax_id)


def told(world: World, visit: Visit, *, status: int = 200) -> Response:
    """The page as things stand."""
    session = visit.session
    if session["status"] != "open":
        title, words = OVER[session["status"]]
        back = checkout.return_address(session) if session["status"] == "complete" else session["cancel_url"]
        way_out = fill("<p>{link}</p>", link=link(back, "Back to Krea Studio", kind="button")) if back else NOTHING
        return frame.dead_end(title, words, way_out=way_out)
    body = checkout_sheet.write(world, visit)
    ends = (session["success_url"], session["cancel_url"])
    return frame.page("Checkout", body, kind="checkout", status=status, forms_to=ends)
