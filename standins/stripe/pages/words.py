"""How money and moments are said on pages. Everybody is shown the time of the stand-in's clock, in UTC."""

from datetime import UTC, datetime

from standins.stripe.objects import Object
from standins.stripe.pages.countries import COUNTRIES

MINUS, DASH, TIMES = "\N{MINUS SIGN}", "\N{EN DASH}", "\N{MULTIPLICATION SIGN}"
BRANDS = {"visa": "Visa", "mastercard": "Mastercard", "amex": "American Express"}


def dollars(cents: int) -> str:
    whole, rest = divmod(abs(cents), 100)
    return f"{MINUS if cents < 0 else ''}${whole:,}.{rest:02d}"


def day(moment: int | None) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%-d %B %Y") if moment is not None else ""


def minute(moment: int) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%-d %b %Y, %H:%M")


def second(moment: int) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%-d %b %H:%M:%S")


def every(recurring: Object) -> str:
    """`per month`, `every 3 months`."""
    count, interval = recurring["interval_count"], recurring["interval"]
    return f"per {interval}" if count == 1 else f"every {count} {interval}s"


def method(found: Object) -> str:
    """A payment method, or what a charge says of one, as a person knows it."""
    if card := found.get("card"):
        return f"{BRANDS.get(card['brand'], card['brand'])} •••• {card['last4']}"
    if bank := found.get("us_bank_account"):
        return f"Bank account •••• {bank['last4']}"
    return str(found["type"])


def percent(rate: float) -> str:
    return f"{rate:g}%"


def spoken(status: str) -> str:
    """A status of Stripe's as plain words."""
    return status.replace("_", " ")


def address(found: Object | None) -> list[str]:
    """The lines of an address."""
    if not found:
        return []
    town = " ".join(part for part in (found.get("postal_code"), found.get("city"), found.get("state")) if part)
    lines = (
        found.get("line1"),
        found.get("line2"),
        town,
        COUNTRIES.get(found.get("country") or "", found.get("country")),
    )
    return [line for line in lines if line]


def tax_id_kind(kind: str) -> str:
    """`eu_vat` as EU VAT."""
    return kind.replace("_", " ").upper()
