"""How the portal looks: one page with everything, and a page for each change."""

from dataclasses import dataclass

from standins.stripe import invoicing, portal, subscribing
from standins.stripe.objects import Object
from standins.stripe.pages import billing, cardform, frame, words
from standins.stripe.pages.fields import Fields, button, deed
from standins.stripe.pages.writing import NOTHING, Html, fill, joined, link
from standins.stripe.resources import payment_methods, tax_ids
from standins.stripe.world import World

SHOP = "Krea Studio"
DONE = {
    "plan": "Your plan is changed.",
    "keep": "You keep your plan.",
    "end": "Your plan is cancelled.",
    "renew": "Your plan goes on.",
    "card": "The card is added, and pays from now on.",
    "default": "This payment method pays from now on.",
    "remove": "The payment method is removed.",
    "details": "Your billing details are saved.",
}
HOME = """<main>
<header>{back}<h1>{headline}</h1></header>
{said}
{parts}
</main>"""
SECTION = '<section class="panel" aria-labelledby="{id}"><h2 id="{id}">{title}</h2>\n{inside}</section>'
PLAN = """<div class="row"><div><p class="plan">{name}</p><p>{price}</p><p>{state}</p></div>
<div class="choices">{ways}</div></div>"""
ROW = '<div class="row"><div>{what}</div><div class="choices">{ways}</div></div>'
UNPAID = '<p class="said warn" role="status">Invoice {number} of {amount} is not paid. {link}</p>'
ONE = """<main>
<header><p class="back">{back}</p><h1>{title}</h1></header>
{said}
<form method="post" class="panel" id="change">
{inside}
<div class="choices">{buttons}</div>
</form>
{more}
</main>"""
CHOICE = """<p class="check"><input type="radio" name="price" value="{id}" id="{id}" required>
<label for="{id}"><strong>{name}</strong>, {price}<small>{when}</small></label></p>"""
LATER = "Begins when what is paid for is used up, on {day}."
NOW = "Begins at once. What is not used up of the present plan is set against it, and the rest is paid now."


@dataclass(frozen=True)
class Guest:
    """Who is in the portal, and what they may do."""

    session: Object
    customer: Object
    features: Object

    @property
    def address(self) -> str:
        return f"/portal/{self.session['id']}"

    def may(self, feature: str) -> bool:
        return bool(self.features[feature]["enabled"])

    def may_change(self, part: str) -> bool:
        """Whether this part of the customer; the name goes with the address."""
        allowed = self.features["customer_update"]["allowed_updates"] if self.may("customer_update") else []
        return part in allowed or (part == "name" and "address" in allowed)


def home(world: World, guest: Guest, *, notice: str) -> Html:
    back = link(guest.session["return_url"], f"← Return to {SHOP}")
    headline = f"{SHOP}: your billing"
    said = joined([frame.told(notice), *unpaid(world, guest)])
    sections = [("plan", "Your plan", plan_rows(world, guest))]
    if guest.may("payment_method_update"):
        sections.append(("methods", "Payment methods", method_rows(world, guest)))
    sections.append(("details", "Billing details", detail_row(world, guest)))
    if guest.may("invoice_history"):
        sections.append(("invoices", "Invoices", invoice_rows(world, guest)))
    parts = joined(fill(SECTION, id=id, title=title, inside=inside) for id, title, inside in sections)
    return fill(HOME, back=fill('<p class="back">{link}</p>', link=back), headline=headline, said=said, parts=parts)


def unpaid(world: World, guest: Guest) -> list[Html]:
    rows = (row for row in invoices_of(world, guest) if row["status"] == "open")
    return [
        fill(
            UNPAID,
            number=row["number"],
            amount=words.dollars(row["amount_remaining"]),
            link=link(row["hosted_invoice_url"], "Pay it"),
        )
        for row in rows
    ]


def plan_rows(world: World, guest: Guest) -> Html:
    found = subscribing.of_customer(world, guest.customer["id"])
    running = [row for row in found if row["status"] not in subscribing.OVER]
    if not running:
        return Html('<p class="empty">You have no plan.</p>')
    return joined(plan_row(world, guest, row) for row in running)


def plan_row(world: World, guest: Guest, subscription: Object) -> Html:
    price = subscription["items"]["data"][0]["price"]
    until = words.day(subscription["items"]["data"][0]["current_period_end"])
    ends = subscription["cancel_at_period_end"]
    states = {"past_due": "The last payment failed; it is tried again.", "incomplete": "Waits for its first payment."}
    state = f"Ends on {until}." if ends else states.get(subscription["status"], f"Renews on {until}.")
    ways = []
    if (then := portal.planned(world, subscription)) and not ends:
        state = f"Changes to {subscribing.name_of(world, then)} ({price_of(then)}) on {until}."
        ways.append(deed(f"{guest.address}/keep/{subscription['id']}", "Keep this plan"))
    if portal.choices(world, guest.features) and not ends:
        ways.append(link(f"{guest.address}/plan/{subscription['id']}", "Change the plan", kind="button quiet"))
    if ends:
        ways.append(deed(f"{guest.address}/renew/{subscription['id']}", "Do not cancel"))
    elif guest.may("subscription_cancel"):
        ways.append(link(f"{guest.address}/end/{subscription['id']}", "Cancel the plan", kind="button quiet"))
    name = subscribing.name_of(world, price)
    return fill(PLAN, name=name, price=price_of(price), state=state, ways=joined(ways))


def price_of(price: Object) -> str:
    return f"{words.dollars(price['unit_amount'])} {words.every(price['recurring'])}"


def method_rows(world: World, guest: Guest) -> Html:
    default = default_method(world, guest)
    rows = [method_row(guest, row, default) for row in payment_methods.of_customer(world, guest.customer["id"])]
    nothing = [] if rows else [Html('<p class="empty">None is kept.</p>')]
    add = fill("<p>{link}</p>", link=link(f"{guest.address}/card", "Add a card", kind="button quiet"))
    return joined([*rows, *nothing, add])


def default_method(world: World, guest: Guest) -> str | None:
    """What pays: the customer's own choice, else what the plan was bought with."""
    chosen = guest.customer["invoice_settings"]["default_payment_method"]
    plans = subscribing.of_customer(world, guest.customer["id"])
    running = (row["default_payment_method"] for row in plans if row["status"] not in subscribing.OVER)
    return chosen or next(running, None)


def method_row(guest: Guest, method: Object, default: str | None) -> Html:
    card = method.get("card")
    expires = f" <small>Expires {card['exp_month']:02d} / {card['exp_year']}</small>" if card else ""
    first = Html(' <span class="state paid">Default</span>') if method["id"] == default else NOTHING
    what = fill("{name}{expires}{first}", name=words.method(method), expires=Html(expires), first=first)
    ways = [deed(f"{guest.address}/remove", "Remove", kind="quiet small", method=method["id"])]
    if not first:
        ways.insert(0, deed(f"{guest.address}/default", "Make default", kind="quiet small", method=method["id"]))
    return fill(ROW, what=what, ways=joined(ways))


def detail_row(world: World, guest: Guest) -> Html:
    customer = guest.customer
    lines = [customer["name"], customer["email"], *words.address(customer["address"])]
    for row in tax_ids.of_customer(world, customer["id"]):
        lines.append(f"{words.tax_id_kind(row['type'])} {row['value']}")
    what = joined((fill("{line}", line=line) for line in lines if line), "<br>")
    ways = NOTHING
    if guest.may("customer_update"):
        ways = link(f"{guest.address}/details", "Change the details", kind="button quiet")
    return fill(ROW, what=what or Html('<span class="empty">Nothing is known yet.</span>'), ways=ways)


def invoice_rows(world: World, guest: Guest) -> Html:
    rows = [invoice_row(row) for row in invoices_of(world, guest)]
    return joined(rows) if rows else Html('<p class="empty">There are none yet.</p>')


def invoice_row(invoice: Object) -> Html:
    what = link(invoice["hosted_invoice_url"], words.day(invoice["created"]))
    template = '<span class="amount">{amount}</span> <span class="state {status}">{status}</span>'
    ways = fill(template, amount=words.dollars(invoice["total"]), status=invoice["status"])
    about = fill("{link} <small>{number}</small>", link=what, number=invoice["number"])
    return fill(ROW, what=about, ways=ways)


def invoices_of(world: World, guest: Guest) -> list[Object]:
    """All that are final, newest first."""
    rows = world.store.newest_first(invoicing.KIND)
    return [row for row in rows if row["customer"] == guest.customer["id"] and row["status"] != "draft"]


def plans(world: World, guest: Guest, subscription: Object) -> Html:
    item = subscription["items"]["data"][0]
    until = words.day(item["current_period_end"])
    others = [price for price in portal.choices(world, guest.features) if price["id"] != item["price"]["id"]]
    inside = joined(
        fill(
            CHOICE,
            id=price["id"],
            name=subscribing.name_of(world, price),
            price=price_of(price),
            when=LATER.format(day=until) if portal.waits(world, subscription, guest.features, price["id"]) else NOW,
        )
        for price in others
    )
    present = {"name": subscribing.name_of(world, item["price"]), "price": price_of(item["price"])}
    now = fill("<p>Now: {name}, {price}.</p>", **present)
    return one(guest, "Change your plan", joined([now, inside]), button("Change the plan"))


def end(world: World, guest: Guest, subscription: Object) -> Html:
    until = words.day(subscription["items"]["data"][0]["current_period_end"])
    at_once = guest.features["subscription_cancel"]["mode"] == "immediately"
    told = "It ends now." if at_once else f"It goes on until {until}, which is paid for, and does not renew."
    return one(guest, "Cancel your plan", fill("<p>{told}</p>", told=told), button("Cancel the plan"))


def card(guest: Guest, values: dict[str, str], errors: dict[str, str], *, refusal: str = "") -> Html:
    fields = cardform.write(Fields(values, errors), banks=False)
    table = cardform.table(form="change")
    return one(guest, "Add a card", fields, button("Add the card"), refusal=refusal, more=table)


def details(guest: Guest, values: dict[str, str], errors: dict[str, str]) -> Html:
    fields = Fields(values, errors)
    parts = [
        billing.email(fields) if guest.may_change("email") else NOTHING,
        billing.address(fields, name="Name", whole=True) if guest.may_change("address") else NOTHING,
        billing.business(fields) if guest.may_change("tax_id") else NOTHING,
    ]
    return one(guest, "Your billing details", joined(parts), button("Save"))


def one(guest: Guest, title: str, inside: Html, save: Html, *, refusal: str = "", more: Html = NOTHING) -> Html:
    """A page for one change."""
    back = link(guest.address, "← Back")
    said = frame.told(refusal, "bad")
    return fill(ONE, back=back, title=title, said=said, inside=inside, buttons=save, more=more)
