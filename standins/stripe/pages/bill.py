"""What is on an invoice, said once for its page and its PDF."""

from dataclasses import dataclass

from standins.stripe.objects import Object
from standins.stripe.pages import words
from standins.stripe.world import World


@dataclass(frozen=True)
class Line:
    description: str
    period: str
    quantity: str
    amount: str


@dataclass(frozen=True)
class Bill:
    """All texts of an invoice. `sums` are names and amounts, the last one is what is due."""

    number: str
    shop: str
    status: str
    facts: list[tuple[str, str]]
    payer: list[str]
    lines: list[Line]
    sums: list[tuple[str, str]]


def bill_of(world: World, invoice: Object) -> Bill:
    return Bill(
        number=invoice["number"] or "Draft",
        shop=invoice["account_name"],
        status=status_of(invoice),
        facts=facts_of(invoice),
        payer=payer_of(invoice),
        lines=[line_of(line) for line in invoice["lines"]["data"]],
        sums=sums_of(world, invoice),
    )


def status_of(invoice: Object) -> str:
    if invoice["status"] == "paid":
        return f"Paid on {words.day(invoice['status_transitions']['paid_at'])}"
    told = {"open": "Waits for payment", "void": "Void: nothing is to be paid", "uncollectible": "Given up"}
    return told.get(invoice["status"], "Draft: not yet final")


def facts_of(invoice: Object) -> list[tuple[str, str]]:
    made = invoice["status_transitions"]["finalized_at"] or invoice["created"]
    facts = [("Invoice number", invoice["number"] or "Draft"), ("Date of issue", words.day(made))]
    if again := invoice["next_payment_attempt"]:
        facts.append(("Next attempt to collect", words.day(again)))
    return facts


def payer_of(invoice: Object) -> list[str]:
    name, email = invoice["customer_name"], invoice["customer_email"]
    ids = [f"{words.tax_id_kind(each['type'])} {each['value']}" for each in invoice["customer_tax_ids"] or []]
    return [part for part in (name, *words.address(invoice["customer_address"]), email, *ids) if part]


def line_of(line: Object) -> Line:
    start, end = line["period"]["start"], line["period"]["end"]
    period = f"{words.day(start)} {words.DASH} {words.day(end)}" if end > start else ""
    quantity = str(line["quantity"] if line["quantity"] is not None else 1)
    return Line(line["description"] or "", period, quantity, words.dollars(line["amount"]))


def sums_of(world: World, invoice: Object) -> list[tuple[str, str]]:
    sums = [("Subtotal", words.dollars(invoice["subtotal"]))]
    for each in invoice["total_discount_amounts"] or []:
        sums.append((discount_name(world, each["discount"]), words.dollars(-each["amount"])))
    for tax in invoice["total_taxes"] or []:
        sums.append((tax_name(world, tax), words.dollars(tax["amount"])))
    sums.append(("Total", words.dollars(invoice["total"])))
    if used := invoice["starting_balance"] - (invoice["ending_balance"] or 0):
        sums.append(("Credit used" if used < 0 else "Kept as credit", words.dollars(used)))
    if invoice["amount_paid"]:
        sums.append(("Paid", words.dollars(-invoice["amount_paid"])))
    sums.append(("Amount due", f"{words.dollars(invoice['amount_remaining'])} USD"))
    return sums


def discount_name(world: World, id: str) -> str:
    discount = world.store.find(id) or {}
    promotion = world.store.find(discount.get("promotion_code") or "")
    return f"Discount ({promotion['code']})" if promotion else "Discount"


def tax_name(world: World, tax: Object) -> str:
    rate = world.store.find((tax.get("tax_rate_details") or {}).get("tax_rate") or "")
    if tax["taxability_reason"] == "reverse_charge":
        return "Tax to be paid on reverse charge basis"
    if not rate:
        return "Tax"
    included = ", included" if tax["tax_behavior"] == "inclusive" else ""
    where = f" {rate['country']}" if rate["country"] else ""
    return f"{rate['display_name']}{where} {words.percent(rate['percentage'])}{included}"
