"""The customer portal: a customer's plan, cards, address and invoices, as far as the shop lets them change these."""

from starlette.responses import Response

from standins.stripe import portal, subscribing
from standins.stripe.call import Call
from standins.stripe.errors import StripeError, missing
from standins.stripe.objects import Object
from standins.stripe.pages import billing, cardform, frame, portal_sheet
from standins.stripe.pages.portal_sheet import Guest
from standins.stripe.pages.writing import Html
from standins.stripe.resources import payment_methods, tax_ids
from standins.stripe.world import World

PAID_BY_CARD = {"pay_with": "card"}


async def show(world: World, call: Call) -> Response:
    guest = entered(world, call)
    notice = portal_sheet.DONE.get(call.query.get("done", ""), "")
    return frame.page("Billing", portal_sheet.home(world, guest, notice=notice), kind="portal", forms_to=ends(guest))


async def show_plans(world: World, call: Call) -> Response:
    guest, subscription = with_subscription(world, call)
    return told(guest, "Change your plan", portal_sheet.plans(world, guest, subscription))


async def show_end(world: World, call: Call) -> Response:
    guest, subscription = with_subscription(world, call)
    return told(guest, "Cancel your plan", portal_sheet.end(world, guest, subscription))


async def show_card(world: World, call: Call) -> Response:
    guest = entered(world, call)
    return told(guest, "Add a card", portal_sheet.card(guest, {}, {}))


async def show_details(world: World, call: Call) -> Response:
    guest = entered(world, call)
    return told(guest, "Your billing details", portal_sheet.details(guest, known(world, guest), {}))


async def change_plan(world: World, call: Call) -> Response:
    guest, subscription = with_subscription(world, call)
    portal.change_plan(world, subscription, guest.features, call.form.get("price", ""))
    return frame.onward(f"{guest.address}?done=plan")


async def keep(world: World, call: Call) -> Response:
    guest, subscription = with_subscription(world, call)
    portal.keep_plan(world, subscription)
    return frame.onward(f"{guest.address}?done=keep")


async def end(world: World, call: Call) -> Response:
    guest, subscription = with_subscription(world, call)
    portal.cancel(world, subscription, guest.features)
    return frame.onward(f"{guest.address}?done=end")


async def renew(world: World, call: Call) -> Response:
    guest, subscription = with_subscription(world, call)
    portal.renew(world, subscription)
    return frame.onward(f"{guest.address}?done=renew")


async def add_card(world: World, call: Call) -> Response:
    guest = entered(world, call)
    if "use" in call.form:
        return told(guest, "Add a card", portal_sheet.card(guest, cardform.filled_in(call.form), {}))
    chosen = cardform.read({**call.form, **PAID_BY_CARD}, world.now)
    if chosen.errors or chosen.card is None:
        return told(guest, "Add a card", portal_sheet.card(guest, call.form, chosen.errors), status=422)
    try:
        portal.add_method(world, guest.customer, guest.features, chosen.card.word)
    except StripeError as error:
        body = portal_sheet.card(guest, call.form, {}, refusal=str(error))
        return told(guest, "Add a card", body, status=error.status)
    return frame.onward(f"{guest.address}?done=card")


async def make_default(world: World, call: Call) -> Response:
    guest, method = with_method(world, call)
    portal.make_default(world, guest.customer, method)
    return frame.onward(f"{guest.address}?done=default")


async def remove(world: World, call: Call) -> Response:
    guest, method = with_method(world, call)
    portal.remove_method(world, guest.customer, method)
    return frame.onward(f"{guest.address}?done=remove")


async def update_details(world: World, call: Call) -> Response:
    """Name, e-mail and address are replaced; a business has one tax id, everybody else none."""
    guest = entered(world, call)
    before = known(world, guest)
    typed = before | {"business": ""} | call.form
    buyer = billing.read(typed, email=guest.may_change("email"))
    if buyer.errors:
        body = portal_sheet.details(guest, typed, buyer.errors)
        return told(guest, "Your billing details", body, status=422)
    values = {"name": buyer.name, "email": buyer.email, "address": buyer.address}
    values = {name: value for name, value in values.items() if guest.may_change(name)}
    world.change(guest.customer, "customer.updated", **values)
    if guest.may_change("tax_id"):
        keep_tax_id(world, guest.customer, buyer.tax_id)
    return frame.onward(f"{guest.address}?done=details")


def known(world: World, guest: Guest) -> dict[str, str]:
    return billing.typed_before(guest.customer, tax_ids.of_customer(world, guest.customer["id"]))


def keep_tax_id(world: World, customer: Object, wanted: Object | None) -> None:
    found = tax_ids.of_customer(world, customer["id"])
    for row in found:
        if wanted is None or row["value"] != wanted["value"]:
            world.emit("customer.tax_id.deleted", row)
            world.store.remove(row)
    if wanted and wanted["value"] not in [row["value"] for row in found]:
        tax_ids.add(world, customer, type=wanted["type"], value=wanted["value"])


def entered(world: World, call: Call) -> Guest:
    return Guest(*portal.entered(world, call.found["id"]))


def with_subscription(world: World, call: Call) -> tuple[Guest, Object]:
    """The guest, and their subscription that the address names."""
    guest = entered(world, call)
    subscription = world.get(subscribing.KIND, call.found["subscription"])
    if subscription["customer"] != guest.customer["id"]:
        raise missing("subscription", subscription["id"])
    return guest, subscription


def with_method(world: World, call: Call) -> tuple[Guest, Object]:
    guest = entered(world, call)
    method = world.get(payment_methods.KIND, call.form.get("method", ""))
    if method["customer"] != guest.customer["id"]:
        raise missing("payment_method", method["id"])
    return guest, method


def told(guest: Guest, title: str, body: Html, *, status: int = 200) -> Response:
    return frame.page(title, body, kind="portal", status=status, forms_to=ends(guest))


def ends(guest: Guest) -> list[str | None]:
    return [guest.session["return_url"]]
