"""The hosted page of an invoice, on which an open one can be paid, and its PDF."""

from starlette.responses import Response

from standins.stripe import invoicing, subscribing
from standins.stripe.call import Call
from standins.stripe.errors import StripeError
from standins.stripe.objects import Object
from standins.stripe.pages import billing, cardform, frame, invoice_pdf
from standins.stripe.pages.bill import Bill, bill_of
from standins.stripe.pages.fields import Fields, button
from standins.stripe.pages.writing import NOTHING, Html, fill, joined, link
from standins.stripe.resources import charges, customers, payment_methods, tax_ids
from standins.stripe.world import World

PAGE = """<main class="paper">
<section class="panel invoice">
<header><h1>Invoice <span class="unbroken">{number}</span></h1><p class="state {state}">{status}</p></header>
<dl class="facts">{facts}</dl>
<div class="sides"><div><h2>From</h2><p>{shop}</p></div><div><h2>Bill to</h2><p>{payer}</p></div></div>
<table><thead><tr><th scope="col">Description</th><th scope="col" class="amount">Qty</th>
<th scope="col" class="amount">Amount</th></tr></thead>
<tbody>
{lines}
</tbody></table>
<dl class="sums">
{sums}
</dl>
<p class="ways">{ways}</p>
</section>
{pay}
</main>"""
FACT = "<div><dt>{name}</dt><dd>{value}</dd></div>"
LINE = (
    '<tr><td>{what}<small>{period}</small></td><td class="amount">{quantity}</td><td class="amount">{amount}</td></tr>'
)
SUM = '<div class="{kind}"><dt>{name}</dt><dd class="amount">{amount}</dd></div>'
PAY = """<form method="post" class="panel pay" id="pay">
<input type="submit" name="do" value="pay" hidden>
<h2>Pay this invoice</h2>
{said}{method}{name}{pay}
</form>
{table}"""


async def show(world: World, call: Call) -> Response:
    invoice = finalized(world, call)
    return told(world, invoice, cards_of(world, invoice), {})


async def pdf(world: World, call: Call) -> Response:
    invoice = finalized(world, call)
    name = f"Invoice-{invoice['number']}.pdf"
    headers = {"Content-Disposition": f'inline; filename="{name}"', "X-Content-Type-Options": "nosniff"}
    return Response(invoice_pdf.written(bill_of(world, invoice)), 200, headers, "application/pdf")


async def submit(world: World, call: Call) -> Response:
    """Pay an open invoice with a new method, which becomes the customer's."""
    invoice = finalized(world, call)
    values = cards_of(world, invoice) | call.form
    if invoice["status"] != "open":
        return told(world, invoice, values, {})
    if "use" in call.form:
        return told(world, invoice, cardform.filled_in(values), {})
    chosen = cardform.read(values, world.now)
    if chosen.errors or chosen.card is None:
        return told(world, invoice, values, chosen.errors, status=422)
    customer = customers.living(world, invoice["customer"])
    who = {"name": values.get("name") or None, "email": customer["email"], "address": customer["address"]}
    method = world.add(payment_methods.new(world, chosen.card, who))
    try:
        intent = subscribing.collect(world, invoice, method, off_session=False)
    except StripeError as error:
        return told(world, invoice, values, {}, refusal=str(error), status=error.status)
    return after_try(world, invoice, intent, method, values)


def after_try(world: World, invoice: Object, intent: Object | None, method: Object, values: dict[str, str]) -> Response:
    if intent and intent["status"] == "requires_action":
        return frame.onward(f"/authenticate/{intent['id']}")
    if intent and intent["last_payment_error"]:
        refusal = str(intent["last_payment_error"]["message"])
        return told(world, invoice, values, {}, refusal=refusal, status=402)
    customer = customers.living(world, invoice["customer"])
    if intent and intent["setup_future_usage"]:
        payment_methods.attach_to(world, method, customer)
    return frame.onward(f"/invoices/{invoice['id']}")


def finalized(world: World, call: Call) -> Object:
    return world.get(invoicing.KIND, call.found["id"])


def cards_of(world: World, invoice: Object) -> dict[str, str]:
    customer = world.store.get(customers.KIND, invoice["customer"])
    known = customer if customer and not customer.get("deleted") else None
    return billing.typed_before(known, tax_ids.of_customer(world, known["id"]) if known else [])


def told(
    world: World,
    invoice: Object,
    values: dict[str, str],
    errors: dict[str, str],
    *,
    refusal: str = "",
    status: int = 200,
) -> Response:
    """The page, with a form to pay where that is still to be done."""
    bill = bill_of(world, invoice)
    waits = invoice["status"] == "open" and not under_way(world, invoice)
    form = pay_form(bill, Fields(values, errors), refusal) if waits else NOTHING
    body = fill(PAGE, **sheet(bill), state=invoice["status"], ways=ways(world, invoice), pay=form)
    return frame.page(f"Invoice {bill.number}", body, kind="plain", status=status)


def under_way(world: World, invoice: Object) -> bool:
    intent = invoicing.intent_of(world, invoice)
    return bool(intent and intent["status"] == "processing")


def sheet(bill: Bill) -> dict[str, object]:
    rows = (
        fill(LINE, what=each.description, period=each.period, quantity=each.quantity, amount=each.amount)
        for each in bill.lines
    )
    last = len(bill.sums) - 1
    sums = (
        fill(SUM, kind="total" if place == last else "", name=name, amount=amount)
        for place, (name, amount) in enumerate(bill.sums)
    )
    return {
        "number": bill.number,
        "status": bill.status,
        "shop": bill.shop,
        "facts": joined(fill(FACT, name=name, value=value) for name, value in bill.facts),
        "payer": joined((fill("{line}", line=line) for line in bill.payer), "<br>"),
        "lines": joined(rows),
        "sums": joined(sums),
    }


def ways(world: World, invoice: Object) -> Html:
    """The PDF, and the receipt where it is paid."""
    parts = [link(f"/invoices/{invoice['id']}/pdf", "Download the PDF")]
    intent = invoicing.intent_of(world, invoice)
    charge = world.store.get(charges.KIND, (intent or {}).get("latest_charge") or "")
    if charge and charge["status"] == "succeeded":
        parts.append(link(charge["receipt_url"], "Receipt"))
    if under_way(world, invoice):
        parts.append(fill("{words}", words="The bank debit is on its way; it takes some days."))
    return joined(parts, " · ")


def pay_form(bill: Bill, fields: Fields, refusal: str) -> Html:
    amount = bill.sums[-1][1].removesuffix(" USD")
    parts = {
        "said": frame.told(refusal, "bad"),
        "method": cardform.write(fields, banks=True),
        "name": fields.text("name", "Name", autocomplete="billing name"),
        "pay": button(f"Pay {amount}", kind="main", name="do", value="pay"),
        "table": cardform.table(form="pay"),
    }
    return fill(PAY, **parts)
