"""How Checkout looks: what is bought on one side, who pays with what on the other, all of it one form."""

from dataclasses import dataclass, field

from standins.stripe import checkout
from standins.stripe.objects import Object
from standins.stripe.pages import billing, cardform, frame, words
from standins.stripe.pages.fields import Fields, button, hidden
from standins.stripe.pages.writing import NOTHING, Html, fill, joined, link
from standins.stripe.world import World

SHOP = "Krea Studio"
SHEET = """<main class="columns">
<form method="post" id="pay">
<input type="submit" name="do" value="pay" hidden>
{seen}
<div class="goods">
<header>{back}
<h1><span>{title}</span> <strong class="amount">{amount}</strong>{every}</h1></header>
<ul class="lines">
{lines}
</ul>
{code}
<dl class="sums">
{sums}
</dl>
</div>
<div class="payer panel">
{said}
<section><h2>Contact</h2>{email}</section>
<section><h2>{method_title}</h2>{method}</section>
<section><h2>Billing address</h2>{address}{business}{reckon}</section>
{pay}
<p class="fine">{fine}</p>
</div>
</form>
{table}
</main>"""
LINE = '<li><span>{name}<small>{more}</small></span><span class="amount">{amount}</span></li>'
SUM = '<div class="{kind}"><dt>{name}</dt><dd class="amount">{amount}</dd></div>'
APPLIED = '<div class="code"><p><strong class="tag">{code}</strong> {words}</p>{remove}</div>'
CODE = '<div class="code">{field}{apply}</div>'
FINE = {
    "payment": "Krea Studio is paid once. The stand-in plays the bank; no card is charged.",
    "subscription": "Renews until it is cancelled. The stand-in plays the bank; no card is charged.",
    "setup": "Nothing is charged now. Krea Studio may charge this method later.",
}


@dataclass
class Visit:
    """A session before somebody's eyes: what they typed, what is wrong with it, what we have to say."""

    session: Object
    customer: Object | None
    values: dict[str, str]
    errors: dict[str, str] = field(default_factory=dict)
    notice: str = ""
    refusal: str = ""


def write(world: World, visit: Visit) -> Html:
    session = visit.session
    fields = Fields(visit.values, visit.errors)
    said = joined([frame.told(visit.refusal, "bad"), frame.told(visit.notice, "warn")])
    kept = session["billing_address_collection"] == "required"
    taxed = session["automatic_tax"]["enabled"]
    ids = (session["tax_id_collection"] or {}).get("enabled")
    parts = {
        "seen": hidden("seen_total", session["amount_total"]),
        "email": email(visit, fields),
        "method": cardform.write(fields, banks="us_bank_account" in session["payment_method_types"]),
        "address": billing.address(fields, name="Name", whole=kept),
        "business": billing.business(fields) if ids else NOTHING,
        "reckon": button("Show the total with tax", kind="quiet", name="do", value="total") if taxed else NOTHING,
        "pay": button(deed(session), kind="main", name="do", value="pay"),
        "method_title": "Payment method",
        "fine": FINE[session["mode"]],
        "table": cardform.table(form="pay"),
    }
    return fill(SHEET, said=said, **goods(world, visit, fields), **parts)


def goods(world: World, visit: Visit, fields: Fields) -> dict[str, object]:
    """The parts that say what is bought."""
    session = visit.session
    back = (
        fill('<p class="back">{link}</p>', link=link(session["cancel_url"], f"← {SHOP}"))
        if session["cancel_url"]
        else NOTHING
    )
    lines = joined(line(world, each) for each in session["_lines"])
    total = words.dollars(session["amount_total"] or 0)
    return {
        "back": back,
        "title": {"payment": f"Pay {SHOP}", "subscription": f"Subscribe to {SHOP}"}.get(session["mode"], SHOP),
        "amount": total if session["mode"] != "setup" else "Save a payment method",
        "every": rhythm(world, session),
        "lines": lines,
        "code": code(world, session, fields) if session["allow_promotion_codes"] else NOTHING,
        "sums": sums(world, session) if session["mode"] != "setup" else NOTHING,
    }


def line(world: World, each: Object) -> Html:
    price = world.get("price", each["price"])
    more = f"{each['quantity']} {words.TIMES} {words.dollars(price['unit_amount'])}" if each["quantity"] != 1 else ""
    if price["recurring"]:
        more = f"{more} billed {words.every(price['recurring'])}".strip()
    amount = words.dollars(each["amount_subtotal"])
    return fill(LINE, name=each["description"] or price["id"], more=more, amount=amount)


def rhythm(world: World, session: Object) -> Html:
    prices = [world.get("price", each["price"]) for each in session["_lines"]]
    recurring = next((price["recurring"] for price in prices if price["recurring"]), None)
    return fill(" <span>{every}</span>", every=words.every(recurring)) if recurring else NOTHING


def code(world: World, session: Object, fields: Fields) -> Html:
    """The promotion code: the one that is applied, or a field for one."""
    promotion, coupon = checkout.promotion_of(world, session), checkout.coupon_of(world, session)
    if promotion and coupon:
        remove = button("Remove", kind="quiet small", name="do", value="remove_code")
        return fill(APPLIED, code=promotion["code"], words=saving(coupon), remove=remove)
    field = fields.text("promotion_code", "Promotion code", autocapitalize="characters")
    return fill(CODE, field=field, apply=button("Apply", kind="quiet", name="do", value="apply_code"))


def saving(coupon: Object) -> str:
    off = words.dollars(coupon["amount_off"]) if coupon["amount_off"] else words.percent(coupon["percent_off"])
    months = coupon["duration_in_months"]
    return f"{off} off" + {"forever": " for ever", "repeating": f" for {months} months"}.get(coupon["duration"], "")


def sums(world: World, session: Object) -> Html:
    details = session["total_details"]
    rows = [("", "Subtotal", words.dollars(session["amount_subtotal"]))]
    if details["amount_discount"]:
        rows.append(("", "Discount", words.dollars(-details["amount_discount"])))
    if session["automatic_tax"]["enabled"]:
        rows.append(("", *tax(world, session)))
    rows.append(("total", "Total due today", f"{words.dollars(session['amount_total'])} USD"))
    return joined(fill(SUM, kind=kind, name=name, amount=amount) for kind, name, amount in rows)


def tax(world: World, session: Object) -> tuple[str, str]:
    """The line of the tax: unknown until the country is."""
    found = checkout.tax_of(world, session)
    if found is None or not found.country:
        return "Tax", "Enter your country"
    if found.reverse:
        return "Tax, paid by your business (reverse charge)", words.dollars(0)
    included = all(world.get("price", each["price"])["tax_behavior"] == "inclusive" for each in session["_lines"])
    name = f"Tax {words.percent(found.rate / 100)}{', included' if included else ''}"
    return name, words.dollars(session["total_details"]["amount_tax"])


def email(visit: Visit, fields: Fields) -> Html:
    """Who is known need not, and cannot, say it again."""
    fixed = (visit.customer or {}).get("email") or visit.session["customer_email"]
    if not fixed:
        return billing.email(fields)
    template = '<p class="known"><span>Email</span> {email}</p>{hidden}'
    return fill(template, email=fixed, hidden=hidden("email", fixed))


def deed(session: Object) -> str:
    if session["mode"] == "setup":
        return "Save"
    if session["mode"] == "subscription":
        return "Subscribe"
    return f"Pay {words.dollars(session['amount_total'])}"
