"""What something costs: sums, discounts spread over lines, and taxes, in whole cents."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from standins.stripe.objects import Object, new_id
from standins.stripe.world import World

FULL = 10_000  # a hundred percent, in hundredths of one
RATE = "tax_rate"


@dataclass(frozen=True)
class Tax:
    """A rate in hundredths of a percent; `reverse`: the customer's business pays it instead."""

    country: str
    rate: int
    reverse: bool = False


@dataclass
class Share:
    """The money of one line. `total` is what is paid for it; `taxable` what the tax is reckoned from."""

    subtotal: int
    behaviour: str
    discount: int = 0
    tax: int = 0
    taxable: int = 0

    @property
    def total(self) -> int:
        return self.subtotal - self.discount + (self.tax if self.behaviour == "exclusive" else 0)


def reckon(amounts: Sequence[tuple[int, str]], coupon: Object | None, tax: Tax | None) -> list[Share]:
    """Shares of lines that cost so much, with this tax behaviour each."""
    shares = [Share(amount, "inclusive" if how == "inclusive" else "exclusive") for amount, how in amounts]
    spread(shares, discount_of(coupon, sum(share.subtotal for share in shares)))
    for share in shares:
        left = share.subtotal - share.discount
        rate = tax.rate if tax and not tax.reverse else 0
        if share.behaviour == "inclusive":
            share.tax = left - divided(left * FULL, FULL + rate)
            share.taxable = left - share.tax
        else:
            share.tax, share.taxable = divided(left * rate, FULL), left
    return shares


def discount_of(coupon: Object | None, amount: int) -> int:
    if coupon is None or amount <= 0:
        return 0
    if coupon["amount_off"]:
        return min(int(coupon["amount_off"]), amount)
    return divided(amount * int(Decimal(str(coupon["percent_off"])) * 100), FULL)


def spread(shares: list[Share], discount: int) -> None:
    """By what each line costs, rounded at the ends of lines: so the parts add up, and none is below nothing."""
    costly = [share for share in shares if share.subtotal > 0]
    whole = sum(share.subtotal for share in costly)
    before = place = 0
    for share in costly:
        place += share.subtotal
        share.discount = divided(discount * place, whole) - before
        before += share.discount


def divided(amount: int, by: int) -> int:
    """Halves away from zero, as Stripe does."""
    half = (2 * abs(amount) + by) // (2 * by)
    return half if amount >= 0 else -half


def tax_for(world: World, address: Object | None, *, exempt: str = "none", tax_ids: Sequence[Object] = ()) -> Tax:
    """A simple percent by country; businesses with a VAT number, and who is exempt, pay none here."""
    country = (address or {}).get("country") or ""
    percent = world.switches.tax_percent.get(country, 0)
    business = any(each["type"] in ("eu_vat", "gb_vat") for each in tax_ids)
    reverse = bool(percent) and (business or exempt == "reverse")
    return Tax(country, 0 if exempt == "exempt" else int(Decimal(str(percent)) * 100), reverse)


def told_tax(world: World, tax: Tax, share: Share) -> Object:
    """A tax as an invoice says it."""
    reason = "reverse_charge" if tax.reverse else "standard_rated" if tax.rate else "not_collecting"
    return {
        "amount": share.tax,
        "tax_behavior": share.behaviour,
        "tax_rate_details": {"tax_rate": rate_object(world, tax)["id"]},
        "taxability_reason": reason,
        "taxable_amount": share.taxable,
        "type": "tax_rate_details",
    }


def rate_object(world: World, tax: Tax) -> Object:
    """Stripe's object for this rate, one for each country and percent."""
    for row in world.store.oldest_first(RATE):
        if (row["country"], row["_rate"]) == (tax.country or None, tax.rate):
            return row
    percent = tax.rate / 100
    made = {
        "id": new_id("txr"),
        "object": RATE,
        "active": True,
        "country": tax.country or None,
        "created": world.now,
        "description": None,
        "display_name": "VAT" if tax.country != "US" else "Sales Tax",
        "effective_percentage": percent,
        "flat_amount": None,
        "inclusive": False,
        "jurisdiction": tax.country or None,
        "jurisdiction_level": "country",
        "livemode": False,
        "metadata": {},
        "percentage": percent,
        "rate_type": "percentage",
        "state": None,
        "tax_type": "vat" if tax.country != "US" else "sales_tax",
        "_rate": tax.rate,
    }
    return world.add(made)
