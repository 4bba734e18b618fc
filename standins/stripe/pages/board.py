"""How the dashboard looks: one table for each kind of thing, with the buttons that each row has."""

from standins.stripe import checkout, disputing, paying, subscribing
from standins.stripe import events as eventing
from standins.stripe.objects import Object
from standins.stripe.pages import frame, words
from standins.stripe.pages.fields import button, deed, hidden
from standins.stripe.pages.tables import Column, table
from standins.stripe.pages.writing import NOTHING, Html, fill, joined, link
from standins.stripe.resources import charges, customers
from standins.stripe.world import World

DONE = {
    "advance": "The clock has moved, and what fell due on the way has happened.",
    "hold": "Events are held from now on.",
    "unhold": "Events are sent at once again. Those that were held wait until you send them.",
    "release": "What was held is on its way.",
    "deliver": "The event was sent once more.",
    "settle": "The bank has answered.",
    "authenticate": "The customer has answered.",
    "refund": "Refunded.",
    "dispute": "The customer's bank has disputed the payment.",
    "close_dispute": "The bank has decided.",
    "decline": "The next payment will be declined.",
    "delete_customer": "The customer is deleted.",
}
PAGE = """<header class="top"><h1>Dashboard</h1>
<p>Everything that this stand-in knows, and what a bank or a clock would do.</p></header>
<main>
{said}
<section class="panel clock" aria-labelledby="clock"><h2 id="clock">Clock</h2>
<p class="time">{now} <small>UTC{ahead}</small></p>
<div class="choices">{spans}</div></section>
{tables}
</main>"""
REFUND = """<form method="post" action="/deeds/refund" class="refund">{payment}
<label><span class="unseen">Dollars to refund, empty for all</span>
<input name="dollars" inputmode="decimal" placeholder="all" size="5" autocomplete="off"></label>{button}</form>"""
TOGETHER = '<div class="choices">{parts}</div>'


def write(world: World, *, whole: str, notice: str, refusal: str) -> Html:
    """`whole` is the table that is shown with all its rows."""
    days = (world.clock.ahead_s + 43_200) // 86_400
    ahead = f", {days} day{'s' if days != 1 else ''} ahead" if days else ""
    spans = joined(deed("/deeds/advance", f"Forward 1 {by}", by=by) for by in SPANS)
    said = joined([frame.told(refusal, "bad"), frame.told(notice)])
    tables = joined(one(world, whole) for one in (payments, sessions, subscriptions, disputes, people, events))
    return fill(PAGE, said=said, now=words.second(world.now), ahead=ahead, spans=spans, tables=tables)


SPANS = ("hour", "day", "month")


def payments(world: World, whole: str) -> Html:
    columns = (
        Column("Time", lambda row: fill("{t}", t=words.second(row["created"]))),
        Column("Customer", lambda row: customer_name(world, row["customer"])),
        Column("Amount", lambda row: amount_of(world, row), kind="amount"),
        Column("State", lambda row: payment_state(world, row)),
        Column("", lambda row: payment_deeds(world, row), kind="deeds"),
    )
    rows = list(world.store.newest_first(paying.KIND))
    return table("payments", "Payments", columns, rows, empty="Nobody has paid yet.", whole=whole)


def sessions(world: World, whole: str) -> Html:
    columns = (
        Column("Time", lambda row: fill("{t}", t=words.second(row["created"]))),
        Column("Customer", lambda row: customer_name(world, row["customer"])),
        Column("Amount", lambda row: fill("{a}", a=words.dollars(row["amount_total"] or 0)), kind="amount"),
        Column("Mode", lambda row: fill("{mode}", mode=row["mode"])),
        Column("State", lambda row: state(row["status"])),
        Column("", lambda row: link(row["url"], "Open the page") if row["url"] else NOTHING, kind="deeds"),
    )
    rows = list(world.store.newest_first(checkout.KIND))
    return table("sessions", "Checkouts", columns, rows, empty="No checkout was opened yet.", whole=whole)


def subscriptions(world: World, whole: str) -> Html:
    columns = (
        Column("Plan", lambda row: fill("{plan}", plan=plan_name(world, row))),
        Column("Customer", lambda row: customer_name(world, row["customer"])),
        Column("State", subscription_state),
        Column("Paid until", lambda row: fill("{day}", day=words.day(row["items"]["data"][0]["current_period_end"]))),
        Column("", decline_next, kind="deeds"),
    )
    rows = list(world.store.newest_first(subscribing.KIND))
    return table("subscriptions", "Subscriptions", columns, rows, empty="There are none yet.", whole=whole)


def disputes(world: World, whole: str) -> Html:
    columns = (
        Column("Time", lambda row: fill("{t}", t=words.second(row["created"]))),
        Column("Amount", lambda row: fill("{a}", a=words.dollars(row["amount"])), kind="amount"),
        Column("Reason", lambda row: fill("{reason}", reason=words.spoken(row["reason"]))),
        Column("State", lambda row: state(row["status"])),
        Column("", dispute_deeds, kind="deeds"),
    )
    rows = list(world.store.newest_first(disputing.KIND))
    return table("disputes", "Disputes", columns, rows, empty="There are none.", whole=whole)


def people(world: World, whole: str) -> Html:
    columns = (
        Column("Customer", lambda row: customer_name(world, row["id"])),
        Column("Name", lambda row: fill("{name}", name=row.get("name") or words.DASH)),
        Column("Country", lambda row: fill("{c}", c=(row.get("address") or {}).get("country") or words.DASH)),
        Column("", customer_deeds, kind="deeds"),
    )
    rows = list(world.store.newest_first(customers.KIND))
    return table("customers", "Customers", columns, rows, empty="There are none yet.", whole=whole)


def events(world: World, whole: str) -> Html:
    columns = (
        Column("Time", lambda row: fill("{t}", t=words.second(row["created"]))),
        Column("Event", lambda row: fill("<code>{type}</code>", type=row["type"])),
        Column("About", lambda row: fill("<code>{id}</code>", id=row["data"]["object"].get("id") or words.DASH)),
        Column("Delivery", delivery),
        Column("", lambda row: deed("/deeds/deliver", "Send again", kind="quiet small", event=row["id"]), kind="deeds"),
    )
    rows = list(world.store.newest_first(eventing.KIND))
    held = sum(each["state"] == "held" for row in rows for each in row["_deliveries"].values())
    parts = [deed("/deeds/release", f"Send the {held} held")] if held else []
    hold = ("unhold", "Hold no more") if world.switches.hold else ("hold", "Hold events back")
    tools = fill(TOGETHER, parts=joined([*parts, deed(f"/deeds/{hold[0]}", hold[1])]))
    return table("events", "Events", columns, rows, empty="Nothing has happened yet.", whole=whole, tools=tools)


def state(status: str) -> Html:
    return fill('<span class="state {status}">{words}</span>', status=status, words=words.spoken(status))


def customer_name(world: World, id: str | None) -> Html:
    found = world.store.get(customers.KIND, id or "")
    if found is None:
        return Html(words.DASH)
    if found.get("deleted"):
        return fill("deleted <small>{id}</small>", id=found["id"])
    return fill("{who} <small>{id}</small>", who=found["email"] or found["name"] or "nameless", id=found["id"])


def plan_name(world: World, subscription: Object) -> str:
    price = subscription["items"]["data"][0]["price"]
    return (
        f"{subscribing.name_of(world, price)}, {words.dollars(price['unit_amount'])} {words.every(price['recurring'])}"
    )


def amount_of(world: World, intent: Object) -> Html:
    charge = world.store.get(charges.KIND, intent["latest_charge"] or "")
    back = charge["amount_refunded"] if charge else 0
    told = fill(" <small>{back} refunded</small>", back=words.dollars(back)) if back else NOTHING
    return fill("{amount}{told}", amount=words.dollars(intent["amount"]), told=told)


def payment_state(world: World, intent: Object) -> Html:
    """Its status, with the reason where it was declined, and whether it is disputed."""
    charge = world.store.get(charges.KIND, intent["latest_charge"] or "")
    error = intent["last_payment_error"]
    parts = [state(intent["status"])]
    if error:
        parts.append(fill("<small>{why}</small>", why=words.spoken(error.get("decline_code") or error["code"])))
    if charge and charge["disputed"]:
        parts.append(state("disputed"))
    return joined(parts, " ")


def payment_deeds(world: World, intent: Object) -> Html:
    parts: list[Html] = []
    charge = world.store.get(charges.KIND, intent["latest_charge"] or "")
    if intent["status"] == "processing":
        parts += two("settle", "payment", intent["id"], "good", "Bank pays", "Bank refuses")
    if intent["status"] == "requires_action":
        parts += two("authenticate", "payment", intent["id"], "good", "Authenticate", "Fail")
    if charge and charge["status"] == "succeeded":
        if charge["amount_refunded"] < charge["amount_captured"] and not charge["disputed"]:
            payment = hidden("payment", intent["id"])
            parts.append(fill(REFUND, payment=payment, button=button("Refund", kind="quiet small")))
        if not charge["disputed"]:
            parts.append(deed("/deeds/dispute", "Dispute", kind="quiet small", payment=intent["id"]))
        parts.append(link(charge["receipt_url"], "Receipt"))
    return fill(TOGETHER, parts=joined(parts)) if parts else NOTHING


def subscription_state(row: Object) -> Html:
    ends = Html(" <small>ends then</small>") if row["cancel_at_period_end"] and row["status"] == "active" else NOTHING
    return fill("{state}{ends}", state=state(row["status"]), ends=ends)


def decline_next(row: Object) -> Html:
    if row["status"] in subscribing.OVER:
        return NOTHING
    return deed("/deeds/decline", "Decline the next renewal", kind="quiet small", customer=row["customer"])


def dispute_deeds(row: Object) -> Html:
    if row["status"] in disputing.OVER:
        return NOTHING
    return fill(TOGETHER, parts=joined(two("close_dispute", "dispute", row["id"], "won", "Won", "Lost")))


def customer_deeds(row: Object) -> Html:
    if row.get("deleted"):
        return NOTHING
    decline = deed("/deeds/decline", "Decline the next payment", kind="quiet small", customer=row["id"])
    delete = deed("/deeds/delete_customer", "Delete", kind="quiet small", customer=row["id"])
    return fill(TOGETHER, parts=joined([decline, delete]))


def two(name: str, about: str, id: str, answer: str, good: str, bad: str) -> list[Html]:
    """The two ways in which something can go on."""
    address = f"/deeds/{name}"
    return [
        deed(address, good, kind="quiet small", **{about: id, answer: 1}),
        deed(address, bad, kind="quiet small", **{about: id, answer: 0}),
    ]


def delivery(row: Object) -> Html:
    """What became of an event, at each address that hears of it."""
    found = row["_deliveries"].values()
    if not found:
        return Html("<small>nobody listens</small>")
    template = "{state} <small>{count}</small>"
    return joined(
        fill(template, state=state(each["state"]), count=f"{each['attempts']} tries" if each["attempts"] > 1 else "")
        for each in found
    )
