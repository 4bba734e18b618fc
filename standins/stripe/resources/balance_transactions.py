"""Balance transactions: every cent that moves on our account at Stripe, with its fee."""

from standins.stripe.call import Call
from standins.stripe.cards import DAY_S
from standins.stripe.objects import Object, new_id
from standins.stripe.pagination import page, paged
from standins.stripe.params import text
from standins.stripe.routes import route
from standins.stripe.world import World

KIND = "balance_transaction"
URL = "/v1/balance_transactions"
AVAILABLE_AFTER_S = 2 * DAY_S
# How reports name what a transaction of this type is about.
CATEGORIES = {
    "charge": "charge",
    "payment": "charge",
    "refund": "refund",
    "payment_refund": "refund",
    "refund_failure": "refund_failure",
    "payment_failure_refund": "charge_failure",
}


def retrieve(world: World, call: Call) -> Object:
    return world.get(KIND, call.found["id"])


def listing(world: World, call: Call) -> Object:
    return page(world.store.newest_first(KIND), call.params, URL, "source", "type", "currency")


def add(
    world: World, *, type: str, amount: int, source: str, fee: int = 0, description: str = "", category: str = ""
) -> Object:
    """Move money; `amount` is negative where it leaves."""
    details = {"amount": fee, "application": None, "currency": "usd", "description": "Stripe processing fees"}
    if type == "adjustment":
        details["description"] = "Dispute fee"
    made: Object = {
        "id": new_id("txn"),
        "object": KIND,
        "amount": amount,
        "available_on": world.now + AVAILABLE_AFTER_S,
        "balance_type": "payments",
        "created": world.now,
        "currency": "usd",
        "description": description or None,
        "exchange_rate": None,
        "fee": fee,
        "fee_details": [{**details, "type": "stripe_fee"}] if fee else [],
        "net": amount - fee,
        "reporting_category": category or CATEGORIES[type],
        "source": source,
        "status": "pending",
        "type": type,
    }
    world.due.at(made["available_on"], "make_available", made["id"])
    return world.add(made)


def make_available(world: World, id: str) -> None:
    if found := world.store.get(KIND, id):
        world.change(found, None, status="available")


def fee_of(amount: int) -> int:
    """2.9% and 30 cents."""
    return (amount * 29 + 500) // 1000 + 30


ROUTES = (
    route("GET", URL, listing, paged(source=text(), type=text(), currency=text())),
    route("GET", URL + "/{id}", retrieve),
)
