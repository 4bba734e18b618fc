"""The exact price of an order, and the token that binds it."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import ClassVar

from django.http import HttpResponse
from rest_framework.request import Request

from billing import prices
from billing.credits import show
from billing.prices import BadQuote
from generations import lifecycle, switches
from generations.brief import Brief
from partners.models import Scope
from partners.problems import Problem

from . import bodies, shapes
from .describe import described
from .view import ApiView, answer


class Quotes(ApiView):
    scopes: ClassVar[Mapping[str, tuple[str, ...] | None]] = {"post": (Scope.GENERATIONS_WRITE, Scope.GENERATIONS_READ)}

    @described(
        "createQuote",
        "Ask for the exact price",
        {200: shapes.Quote},
        problems=["invalid_input", "model_not_for_sale", "model_unavailable", "orders_closed"],
        body=shapes.QuoteBody,
        tag="Generations",
    )
    def post(self, request: Request) -> HttpResponse:
        """The price of a generation, to the hundredth of a credit, with a token that binds it for ten minutes.

        Nothing is held or fetched: addresses of style references are looked at when the generation is made.
        """
        return self.once(request, lambda: self._read(request))

    def _read(self, request: Request) -> Callable[[], HttpResponse]:
        brief = bodies.read(request.data, bodies.QUOTED_FIELDS).brief
        return lambda: answer(quoted(brief))


def quoted(brief: Brief, given: prices.Quote | None = None) -> shapes.Quote:
    """A new quote of this brief. With a quote that was `given` before, its price where that is lower, and then for as
    long as that one holds: nobody keeps an old price by asking again and again.
    Raises switches.Unavailable."""
    switches.check(brief.image_model)
    each, until = lifecycle.price(brief).amount, None
    if given and given.image_price < each:
        each, until = given.image_price, given.expires_at
    token = prices.sign(brief.digest(), each, brief.quantity, until=until)
    return shapes.Quote(
        quote=token,
        expires_at=datetime.fromtimestamp(prices.read(token).expires_at, UTC),
        model=brief.image_model,
        input=brief.input_json(),
        quantity=brief.quantity,
        image_price=show(each),
        price=show(each * brief.quantity),
    )


def binding(token: str | None, brief: Brief) -> prices.Quote | None:
    """The quote in a token, which must be ours, of this very brief, and not over. Raises Problem."""
    if token is None:
        return None
    try:
        quote = prices.read(token)
    except BadQuote as bad:
        raise Problem("quote_mismatch", "This quote is not one of ours.") from bad
    if quote.digest != brief.digest():
        raise Problem("quote_mismatch")
    if not prices.is_fresh(quote):
        raise Problem("quote_expired")
    return quote
