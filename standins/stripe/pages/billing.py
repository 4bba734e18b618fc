"""The part of a form that asks who buys: e-mail, name, address, and the tax id of a business."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from standins.stripe import objects
from standins.stripe.objects import Object
from standins.stripe.pages.countries import COUNTRIES, NEEDS_POSTAL_CODE, tax_id_kind
from standins.stripe.pages.fields import Fields
from standins.stripe.pages.writing import Html, fill, joined

ADDRESS = ("line1", "line2", "postal_code", "city", "state", "country")
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
PAIR = '<div class="pair">{one}{other}</div>'
BUSINESS = '<div class="business">{check}<div class="business-only">{field}</div></div>'


@dataclass
class Buyer:
    """Who buys, as typed."""

    email: str | None = None
    name: str | None = None
    address: Object = field(default_factory=objects.address)
    tax_id: Object | None = None
    errors: dict[str, str] = field(default_factory=dict)


def read(form: Mapping[str, str], *, email: bool = True) -> Buyer:
    """What this form says, and what is wrong with it. `email`: whether one is asked for."""
    typed = {name: value.strip() for name, value in form.items()}
    buyer = Buyer(email=typed.get("email") or None, name=typed.get("name") or None)
    buyer.address = objects.address(**{part: typed.get(part) or None for part in ADDRESS})
    if email and not EMAIL.fullmatch(buyer.email or ""):
        buyer.errors["email"] = "Your email is incomplete."
    if not buyer.name:
        buyer.errors["name"] = "Enter a name."
    country = buyer.address["country"]
    if country not in COUNTRIES:
        buyer.errors["country"] = "Choose a country."
    elif country in NEEDS_POSTAL_CODE and not buyer.address["postal_code"]:
        buyer.errors["postal_code"] = "Your postal code is incomplete."
    if typed.get("business"):
        read_tax_id(buyer, typed.get("tax_id", ""))
    return buyer


def read_tax_id(buyer: Buyer, typed: str) -> None:
    value = re.sub(r"[\s.]", "", typed).upper()
    known = tax_id_kind(buyer.address["country"] or "")
    if known is None:
        buyer.errors["tax_id"] = "No tax IDs are taken from this country."
    elif not re.fullmatch(known[1], value):
        buyer.errors["tax_id"] = "This tax ID is invalid for the country."
    else:
        buyer.tax_id = {"type": known[0], "value": value}


def typed_before(customer: Object | None, tax_ids: list[Object]) -> dict[str, str]:
    """What is known of a customer, as a form would have said it."""
    if customer is None:
        return {}
    where = {part: (customer["address"] or {}).get(part) for part in ADDRESS}
    known = {"email": customer["email"], "name": customer["name"], **where}
    if tax_ids:
        known |= {"business": "1", "tax_id": tax_ids[0]["value"]}
    return {name: value for name, value in known.items() if value}


def email(fields: Fields) -> Html:
    return fields.text("email", "Email", autocomplete="email", type="email")


def address(fields: Fields, *, name: str, whole: bool) -> Html:
    """Name and address; `whole`: with street and town."""
    choices = {"": "Choose …", **COUNTRIES}
    code = fields.text("postal_code", "Postal code", autocomplete="billing postal-code")
    rows = [
        fields.text("name", name, autocomplete="billing name"),
        fields.select("country", "Country", choices, autocomplete="billing country"),
    ]
    if not whole:
        return joined([*rows, code])
    street = fields.text("line1", "Street and number (optional)", autocomplete="billing address-line1")
    town = fields.text("city", "City (optional)", autocomplete="billing address-level2")
    return joined([*rows, street, fill(PAIR, one=code, other=town)])


def business(fields: Fields) -> Html:
    """The tick of a business, and its tax id."""
    check = fields.check("business", "I'm buying as a business")
    return fill(BUSINESS, check=check, field=fields.text("tax_id", "VAT or other tax ID", placeholder="DE123456789"))
