"""The receipt of a charge."""

from starlette.responses import Response

from standins.stripe import invoicing
from standins.stripe.call import Call
from standins.stripe.objects import Object
from standins.stripe.pages import frame, words
from standins.stripe.pages.writing import Html, fill, joined, link
from standins.stripe.resources import charges
from standins.stripe.world import World

PAGE = """<main class="narrow panel receipt">
<h1>{title}</h1>
<dl class="facts">{facts}</dl>
<dl class="sums">{sums}</dl>
<p class="ways">{ways}</p>
</main>"""
FACT = "<div><dt>{name}</dt><dd>{value}</dd></div>"
SUM = '<div class="{kind}"><dt>{name}</dt><dd class="amount">{amount}</dd></div>'
TITLES = {
    "succeeded": "Receipt from Krea Studio",
    "pending": "Payment to Krea Studio is on its way",
    "failed": "Payment to Krea Studio failed",
}


async def show(world: World, call: Call) -> Response:
    charge = world.get(charges.KIND, call.found["id"])
    title = TITLES[charge["status"]]
    parts = {"facts": facts(charge), "sums": sums(world, charge), "ways": ways(world, charge)}
    return frame.page("Receipt", fill(PAGE, title=title, **parts), kind="plain")


def facts(charge: Object) -> Html:
    rows = [
        ("Date", words.day(charge["created"])),
        ("Paid with", words.method(charge["payment_method_details"])),
        ("For", charge["description"] or words.DASH),
        ("Payment", charge["id"]),
    ]
    if charge["failure_message"]:
        rows.append(("Why it failed", charge["failure_message"]))
    return joined(fill(FACT, name=name, value=value) for name, value in rows)


def sums(world: World, charge: Object) -> Html:
    rows = [("", "Amount", words.dollars(charge["amount"]))]
    refunds = (row for row in world.store.oldest_first("refund") if row["charge"] == charge["id"])
    for refund in refunds:
        state = "" if refund["status"] == "succeeded" else f" ({words.spoken(refund['status'])})"
        rows.append(("", f"Refund of {words.day(refund['created'])}{state}", words.dollars(-refund["amount"])))
    paid = charge["amount_captured"] - charge["amount_refunded"] if charge["status"] == "succeeded" else 0
    rows.append(("total", "Paid", f"{words.dollars(paid)} USD"))
    return joined(fill(SUM, kind=kind, name=name, amount=amount) for kind, name, amount in rows)


def ways(world: World, charge: Object) -> Html:
    payments = world.store.newest_first(invoicing.PAYMENT)
    mine = (row for row in payments if row["payment"].get("payment_intent") == charge["payment_intent"])
    found = next(mine, None)
    return link(f"/invoices/{found['invoice']}", "The invoice") if found else Html("")
