"""A call of Stripe's API from its form to its answer: key, parameters, idempotency, expansion, errors."""

import json
from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from standins.stripe import errors, expansion, forms, invoicing, params
from standins.stripe.call import Call
from standins.stripe.errors import StripeError
from standins.stripe.expansion import Include
from standins.stripe.idempotency import Answer
from standins.stripe.objects import API_VERSION, Object
from standins.stripe.params import Params, many, text
from standins.stripe.resources import (
    balance_transactions,
    charges,
    checkout_sessions,
    coupons,
    customers,
    disputes,
    events,
    invoice_payments,
    invoices,
    payment_intents,
    payment_methods,
    portal_configurations,
    portal_sessions,
    prices,
    products,
    promotion_codes,
    refunds,
    setup_intents,
    subscriptions,
    tax_ids,
    webhook_endpoints,
)
from standins.stripe.routes import Route
from standins.stripe.world import World

RESOURCES = (
    checkout_sessions,
    payment_intents,
    setup_intents,
    charges,
    refunds,
    disputes,
    balance_transactions,
    invoices,
    invoice_payments,
    subscriptions,
    portal_configurations,
    portal_sessions,
    tax_ids,
    payment_methods,
    customers,
    products,
    prices,
    coupons,
    promotion_codes,
    events,
    webhook_endpoints,
)
ROUTES: tuple[Route, ...] = tuple(one for resource in RESOURCES for one in resource.ROUTES)
EXPAND = many(text(), most=20)
# Answers of these mean that nothing was begun: Stripe keeps none of them under an idempotency key.
NEVER_BEGAN = (401, 409, 429, 502, 503, 504)


def includes(world: World) -> Mapping[tuple[str, str], Include]:
    """The parts of objects that are sent only where `expand` names them."""
    return {
        ("charge", "refunds"): lambda thing: charges.refunds_of(world, thing),
        ("checkout.session", "line_items"): lambda thing: checkout_sessions.lines_of(world, thing),
        ("invoice", "payments"): lambda thing: invoicing.payments_of(world, thing),
    }


def find(call: Call) -> tuple[Route, dict[str, str]] | None:
    for one in ROUTES:
        if one.method == call.method and (match := one.path.fullmatch(call.path)):
            return one, match.groupdict()
    return None


class Api:
    def __init__(self, world: World) -> None:
        self.world = world
        self._includes = includes(world)
        self._second, self._calls = 0, 0

    def begin(self, call: Call) -> Response | None:
        """Look at the key and at the idempotency key. The answer that these give already, or None: do the work, and
        `end` it."""
        try:
            call.account = self._account(call)
            self._count()
            if key := call.idempotency_key:
                kept = self.world.idempotency.begin(call.account, key, asked(call))
                if kept:
                    return told(call, kept, replayed=True)
                call.began = True
        except StripeError as error:
            return told(call, self._failure(call, error))
        return None

    def answer(self, call: Call, instead: Answer | None = None) -> Response:
        """Do what is asked, and keep the answer under its key. `instead` is an error that a fault rule wants, as if
        Stripe had broken down before it did anything."""
        answer, kept = (instead, instead.status not in NEVER_BEGAN) if instead else self._work(call)
        ordered = call.fault("kept")
        if call.began and (kept if ordered is None else ordered):
            self.world.idempotency.keep(call.account, call.idempotency_key, asked(call), answer)
            self.world.store.flush()
        return told(call, answer)

    def end(self, call: Call) -> None:
        """The call was answered, or cut."""
        if call.began:
            self.world.idempotency.end(call.account, call.idempotency_key)

    def _work(self, call: Call) -> tuple[Answer, bool]:
        """The answer, and whether it is one to keep. What the call changed is written down even where it ends in an
        error: declines are facts."""
        self.world.events.request = {"id": call.request_id, "idempotency_key": call.idempotency_key or None}
        try:
            thing = self._perform(call)
            self.world.finish()
            body = json.dumps(self._expanded(thing, call.expand), indent=2)
            return Answer(200, body, call.request_id), True
        except StripeError as error:
            self.world.finish()
            return self._failure(call, error), error.kept
        finally:
            self.world.events.request = {"id": None, "idempotency_key": None}

    def _perform(self, call: Call) -> Object:
        found = find(call)
        if found is None:
            raise errors.no_such_address(call.method, call.path)
        route, call.found = found
        given = forms.decode(call.raw_query if call.method in ("GET", "DELETE") else call.text)
        known: Params = {**route.params, "expand": EXPAND}
        call.params = params.read(known, given)
        call.expand = call.params.pop("expand", [])
        return route.handler(self.world, call)

    def _expanded(self, thing: Object, paths: list[str]) -> Object:
        store = self.world.store
        if thing["object"] != "list":
            return expansion.expanded(store, self._includes, thing, paths)
        inner = [path.removeprefix("data.") for path in paths if path.startswith("data.")]
        if len(inner) < len(paths):
            raise errors.malformed("On lists, `expand` begins with `data.`.", param="expand")
        data = [expansion.expanded(store, self._includes, each, inner) for each in thing["data"]]
        return {**thing, "data": data}

    def _account(self, call: Call) -> str:
        scheme, _, key = call.headers.get("authorization", "").partition(" ")
        if scheme != "Bearer" or not key:
            raise errors.no_key()
        known = self.world.switches.keys
        if not key.startswith(("sk_test_", "rk_test_")) or (known is not None and key not in known):
            raise errors.strange_key(key)
        version = call.headers.get("stripe-version", API_VERSION)
        if version != API_VERSION:
            raise errors.malformed(f"Invalid Stripe API version: {version}. The stand-in speaks {API_VERSION}.")
        return key

    def _count(self) -> None:
        """429 above the rate that a test has set."""
        most = self.world.switches.calls_a_second
        if self._second != self.world.now:
            self._second, self._calls = self.world.now, 0
        self._calls += 1
        if most is not None and self._calls > most:
            raise errors.too_many()

    def _failure(self, call: Call, error: StripeError) -> Answer:
        url = f"{self.world.url}/__log?request_id={call.request_id}"
        return Answer(error.status, json.dumps(error.body(url), indent=2), call.request_id)


def asked(call: Call) -> str:
    """What a key is bound to."""
    return f"{call.method} {call.path} {call.text}"


def told(call: Call, answer: Answer, *, replayed: bool = False) -> Response:
    """The answer as it is sent."""
    headers = {"Request-Id": call.request_id, "Stripe-Version": API_VERSION}
    if call.idempotency_key:
        headers["Idempotency-Key"] = call.idempotency_key.encode("ascii", "ignore").decode()
        headers["Original-Request"] = answer.request_id
    if replayed:
        headers["Idempotent-Replayed"] = "true"
    if answer.status >= 400:
        headers["Stripe-Should-Retry"] = "true" if answer.status in (409, 429) or answer.status >= 500 else "false"
    return Response(answer.body, answer.status, headers, "application/json")


def any_error(status: int, error: dict[str, Any] | None) -> str:
    """The body of an error that a fault rule wants."""
    kinds = {400: "invalid_request_error", 401: "invalid_request_error", 402: "card_error", 409: "idempotency_error"}
    usual = {
        "message": "As commanded.",
        "type": kinds.get(status, "invalid_request_error" if status < 500 else "api_error"),
    }
    return json.dumps({"error": {**usual, **(error or {})}}, indent=2)
