"""The part of a form that asks how to pay: a test card, or a test bank account, and who it belongs to."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from standins.stripe import cards
from standins.stripe.cards import Card
from standins.stripe.pages.fields import Fields, button, option
from standins.stripe.pages.writing import NOTHING, Html, fill, joined

DOES = {
    "visa": "Succeeds.",
    "mastercard": "Succeeds.",
    "amex": "Succeeds.",
    "germany": "Succeeds; a card from Germany.",
    "declined": "Is declined.",
    "insufficient_funds": "Is declined: insufficient funds.",
    "expired_card": "Is declined: expired.",
    "incorrect_cvc": "Is declined: wrong security code.",
    "authenticate": "Asks for authentication, each time.",
    "authenticate_once": "Asks for authentication once; after that it can be charged without you.",
    "authenticate_then_decline": "Asks for authentication, and is then declined.",
    "declines_later": "Succeeds now; is declined later, when it is charged without you.",
    "disputed": "Succeeds; a second later the bank disputes it as fraud.",
    "inquired": "Succeeds; a second later the bank asks about it.",
    "refund_pends": "Succeeds; a refund takes five days.",
    "refund_fails": "Succeeds; a refund fails after five days.",
}
BANKS = {
    "bank": "Test bank that pays after four days",
    "bank_no_funds": "Test bank that refuses after four days: insufficient funds",
    "bank_closed": "Test bank that refuses after four days: account closed",
    "bank_disputed": "Test bank that pays, and then disputes the debit",
    "bank_waits": "Test bank that waits until it is told at the dashboard",
}
CARD = """<div class="card-only">
{number}
<div class="pair">{expiry}{cvc}</div>
</div>"""
WAYS = """<p class="check"><input type="radio" name="pay_with" value="card" id="pay_with_card"{card}>
<label for="pay_with_card">Card</label></p>
<p class="check"><input type="radio" name="pay_with" value="bank" id="pay_with_bank"{bank}>
<label for="pay_with_bank">US bank account (the money arrives days later)</label></p>"""
BANK = """<p class="field bank-only"><label for="bank">Test bank</label>
<select id="bank" name="bank">
{options}
</select></p>"""
TABLE = """<section class="panel cards" aria-labelledby="test-cards"><h2 id="test-cards">Test cards</h2>
<p>Any date in the future and any security code will do.</p>
<table><thead><tr><th scope="col">Number</th><th scope="col">What it does</th>
<th scope="col"><span class="unseen">Fill in</span></th></tr></thead>
<tbody>
{rows}
</tbody></table></section>"""
ROW = '<tr><td class="number">{number}</td><td>{does}</td><td>{use}</td></tr>'


@dataclass
class Chosen:
    """What was typed: a card, and what is wrong by the name of the field."""

    card: Card | None = None
    expiry: tuple[int, int] | None = None
    errors: dict[str, str] = field(default_factory=dict)


def read(form: Mapping[str, str], now: int) -> Chosen:
    """Which card or account this form brings."""
    chosen = Chosen()
    if form.get("pay_with") == "bank":
        chosen.card = cards.BY_WORD.get(form.get("bank", "")) if form.get("bank") in BANKS else None
        if chosen.card is None:
            chosen.errors["bank"] = "Choose a bank."
        return chosen
    chosen.card = card_of(form.get("number", ""), chosen.errors)
    chosen.expiry = expiry_of(form.get("expiry", ""), now, chosen.errors)
    if not re.fullmatch(r"[0-9]{3,4}", form.get("cvc", "").strip()):
        chosen.errors["cvc"] = "Your card's security code is incomplete."
    return chosen


def card_of(number: str, errors: dict[str, str]) -> Card | None:
    bare = re.sub(r"[ -]", "", number)
    card = cards.BY_NUMBER.get(bare)
    if card and card.type == "card":
        return card
    if not re.fullmatch(r"[0-9]{12,19}", bare):
        errors["number"] = "Your card number is incomplete."
    elif luhn(bare):
        errors["number"] = "This is none of the test cards; only those are taken here."
    else:
        errors["number"] = "Your card number is invalid."
    return None


def luhn(digits: str) -> bool:
    """Whether the check digit fits."""
    doubled = [int(d) * (2 if place % 2 else 1) for place, d in enumerate(reversed(digits))]
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0


def expiry_of(text: str, now: int, errors: dict[str, str]) -> tuple[int, int] | None:
    found = re.fullmatch(r"\s*(0?[1-9]|1[0-2])\s*/?\s*(20)?([0-9]{2})\s*", text)
    if not found:
        errors["expiry"] = "Your card's expiration date is incomplete."
        return None
    month, year = int(found[1]), 2000 + int(found[3])
    today = datetime.fromtimestamp(now, UTC)
    if (year, month) < (today.year, today.month):
        errors["expiry"] = "Your card's expiration date is in the past."
        return None
    return month, year


def write(fields: Fields, *, banks: bool) -> Html:
    """The fields; `banks`: whether an account is taken too."""
    number = fields.text("number", "Card number", autocomplete="cc-number", inputmode="numeric", placeholder="4242 …")
    expiry = fields.text("expiry", "Expires (MM / YY)", autocomplete="cc-exp", inputmode="numeric")
    cvc = fields.text("cvc", "CVC", autocomplete="cc-csc", inputmode="numeric")
    card = fill(CARD, number=number, expiry=expiry, cvc=cvc)
    if not banks:
        return card
    by_bank = fields.values.get("pay_with") == "bank"
    on = Html(" checked")
    ways = fill(WAYS, card=NOTHING if by_bank else on, bank=on if by_bank else NOTHING)
    now = fields.values.get("bank", "")
    options = joined(option(word, words, chosen=word == now) for word, words in BANKS.items())
    return joined([ways, card, fill(BANK, options=options)])


def table(*, form: str) -> Html:
    """What each test card does, with buttons that fill it into the form with this id."""
    rows = []
    for word, does in DOES.items():
        number = spaced(cards.BY_WORD[word])
        use = button("Use", kind="quiet small", name="use", value=word, form=form, aria_label=f"Use {number}")
        rows.append(fill(ROW, number=number, does=does, use=use))
    return fill(TABLE, rows=joined(rows))


def spaced(card: Card) -> str:
    number = card.number
    return (
        f"{number[:4]} {number[4:10]} {number[10:]}" if card.brand == "amex" else " ".join(re.findall("....", number))
    )


def filled_in(form: Mapping[str, str]) -> dict[str, str]:
    """The form with the card whose button was pressed, and something in every field that was left empty."""
    card = cards.BY_WORD.get(form.get("use", "")) if form.get("use") in DOES else None
    number = {"number": spaced(card), "pay_with": "card"} if card else {}
    usual = {"expiry": "12 / 34", "cvc": "123", "name": "Test Buyer"}
    usual |= {} if form.get("country") else {"country": "US", "postal_code": "10001"}
    typed = {name: value for name, value in form.items() if value}
    return {**usual, "email": "buyer@example.com", **typed, **number}
