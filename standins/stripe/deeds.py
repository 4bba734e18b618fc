"""What the stand-in's clock does by itself, by the names under which it stands in due.py."""

from collections.abc import Mapping

from standins.stripe import checkout, disputing, refunding, settling, subscribing
from standins.stripe.resources import balance_transactions
from standins.stripe.world import Deed, World


def deliver(world: World, about: str) -> None:
    world.deliveries.send_again(*about.split())


DEEDS: Mapping[str, Deed] = {
    "deliver": deliver,
    "end_refund": refunding.end,
    "expire_session": checkout.expire_in_time,
    "finalize_invoice": subscribing.finalize_and_charge,
    "make_available": balance_transactions.make_available,
    "open_dispute": disputing.open_later,
    "renew": subscribing.renew,
    "retry_invoice": subscribing.retry,
    "settle_payment": settling.settle_in_time,
}
