"""Taking an order from a page: at the price that the customer was shown, once for each wish, or refused in words."""

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from billing import prices
from billing.errors import CeilingReached, InsufficientCredits
from billing.prices import BadQuote, Quote

from . import lifecycle, switches
from .brief import Brief
from .lifecycle import PriceRose
from .models import Generation, Upload
from .unfinished import TooManyUnfinished
from .visits import Visit

PRICE_EVENT = "price"  # told to the page: ask for the price anew
_NONCE = re.compile(r"[A-Za-z0-9_-]{16,48}")


class Unconfirmed(Exception):
    """The form carries no price that we gave: the customer has to see it first."""


@dataclass(frozen=True)
class Refusal:
    """Why an order was not taken, as `studio/refusal.html` tells it: by the name of the reason. `over` is the ceiling
    that refused, `words` are what the error says of itself."""

    name: str = ""
    status: int = 200
    over: CeilingReached | None = None
    words: str = ""


NOT_REFUSED = Refusal()
REFUSED = (
    InsufficientCredits,
    CeilingReached,
    PriceRose,
    Unconfirmed,
    prices.NoPrice,
    TooManyUnfinished,
    switches.Unavailable,
)
_REASONS = {
    InsufficientCredits: ("credits", 402),
    CeilingReached: ("ceiling", 402),
    PriceRose: ("price_rose", 409),
    Unconfirmed: ("unconfirmed", 409),
    prices.NoPrice: ("no_price", 409),
    TooManyUnfinished: ("unfinished", 429),
    switches.Unavailable: ("switched_off", 409),
}


def refusal(error: Exception) -> Refusal:
    """One of REFUSED in the words of the pages."""
    name, status = next(told for kind, told in _REASONS.items() if isinstance(error, kind))
    return Refusal(name, status, error if isinstance(error, CeilingReached) else None, str(error))


def take(request: Visit, brief: Brief, uploads: Sequence[Upload]) -> Generation:
    """Order a brief at the price in the form's `quote`; nothing else in it says a price. The same `nonce` with the same
    brief is one generation. Raises one of REFUSED, or BadBrief, and then nothing is written or held."""
    quote, nonce = _quote(request.POST.get("quote", "")), request.POST.get("nonce", "")
    if quote is None or not _NONCE.fullmatch(nonce):
        switches.check(brief.image_model)  # what is off has no price
        raise Unconfirmed
    binds = quote.digest == brief.digest() and prices.is_fresh(quote)
    return lifecycle.submit(
        request.user,
        brief,
        uploads=uploads,
        quote=quote if binds else None,
        at_most=None if binds else quote.total,
        wish=f"{nonce}:{brief.digest()}",
    )


def new_nonce() -> str:
    """The name of one wish: the same form sent twice is one generation, a form opened twice is two."""
    return secrets.token_urlsafe(18)


def nonce_of(request: Visit) -> str:
    """The form's own wish while htmx only changes it: an order whose answer was lost stays the same one."""
    nonce = request.POST.get("nonce", "")
    return nonce if request.htmx and _NONCE.fullmatch(nonce) else new_nonce()


def _quote(token: str) -> Quote | None:
    try:
        return prices.read(token)
    except BadQuote:
        return None
