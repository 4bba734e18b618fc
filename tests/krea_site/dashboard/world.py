"""A small business of three days over the end of a month: every status, several image models, refunds, debts, draws of
every kind. Pictures are written as rows, so an audit of the road would rightly complain; money moves by the ledger."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from uuid import UUID

import time_machine

from billing import ledger, takings
from billing.models import Account, Book, Kind, Purchase, Reversal, StripeEvent
from billing.moves import book, write
from generations.models import Draw, Generation, Image, Outcome, Status
from partners.models import Delivery, Topic

BEGIN = datetime(2026, 5, 31, 12, tzinfo=UTC)
END = datetime(2026, 6, 2, 14, 25, tzinfo=UTC)
MODELS = ("krea-2-medium", "krea-2-large", "flux-krea-dev")
CODES = ("timed_out", "fal_error", "no_slot", "content_blocked", "")
OUTCOMES = ("", "unknown", "timed_out", "down", "delivered", "never_arrived")
GENERATIONS = 90


def fill(users: list[Any]) -> None:
    dice = random.Random(5)
    for at in _moments(dice, GENERATIONS):
        _order(dice, dice.choice(users), at)
    _money(dice, users)
    _others(dice, users[0])


def id_at(at: datetime, dice: random.Random) -> UUID:
    """As uuid7 would have made it then."""
    millis = (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    return UUID(int=millis << 80 | 7 << 76 | dice.getrandbits(12) << 64 | 2 << 62 | dice.getrandbits(62))


def _moments(dice: random.Random, count: int) -> Iterator[datetime]:
    """At random, and some at the very edges of hours, days and the month."""
    for month, day, hour in ((5, 31, 15), (6, 1, 0), (6, 2, 0)):
        edge = datetime(2026, month, day, hour, tzinfo=UTC)
        yield edge
        yield edge - timedelta(milliseconds=1)
    for _ in range(count):
        yield BEGIN + timedelta(milliseconds=dice.randrange((END - BEGIN) // timedelta(milliseconds=1)))


def _order(dice: random.Random, user: Any, at: datetime) -> None:
    model, quantity = dice.choice(MODELS), dice.randint(1, 3)
    statuses = [dice.choice([Status.STORED] * 6 + list(Status)) for _ in range(quantity)]
    is_over = all(status in (Status.STORED, Status.FAILED, Status.BLOCKED, Status.CANCELED) for status in statuses)
    generation = Generation.objects.create(
        id=id_at(at, dice), user=user, image_model=model, input={"prompt": "a heron"}, quantity=quantity,
        image_price=39_00, image_cost_microusd=dice.choice([21_000, 30_000]), created_at=at,
        unfinished=0 if is_over else 1, outcome=dice.choice(Outcome.values) if is_over else None,
        finished_at=at + timedelta(hours=1) if is_over else None,
    )  # fmt: skip
    for index, status in enumerate(statuses):
        _picture(dice, generation, index, status)


def _picture(dice: random.Random, generation: Generation, index: int, status: str) -> None:
    is_bad = status in (Status.FAILED, Status.BLOCKED)
    image = Image.objects.create(
        id=id_at(generation.created_at, dice), generation=generation, user=generation.user, index=index, seed=index,
        price=39_00, image_model=generation.image_model, error_code=dice.choice(CODES) if is_bad else "", status=status,
        sha256="0" * 64 if status == Status.STORED else "",
    )  # fmt: skip
    sent = generation.created_at + timedelta(microseconds=dice.randrange(200_000, 9_000_000))
    tries = 0 if status == Status.QUEUED else dice.choice([1, 1, 1, 2, 3])
    for number in range(tries):
        is_last = number == tries - 1
        done = sent + timedelta(microseconds=dice.randrange(4_000_000, 40_000_000))
        delivered = is_last and status in (Status.STORED, Status.STORING)
        outcome = "delivered" if delivered else dice.choice(OUTCOMES)
        draw = Draw.objects.create(
            id=id_at(sent, dice), image=image, endpoint="krea/v2", created_at=sent, sent_at=sent, outcome=outcome,
            completed_at=done if delivered else None, may_be_billed=delivered or dice.random() < 0.4,
            cost_microusd=generation.image_cost_microusd if delivered or dice.random() < 0.1 else 0,
            drawn_ms=dice.randrange(3_000, 50_000) if delivered and dice.random() < 0.7 else None,
        )  # fmt: skip
        if is_last:
            stored_at = done + timedelta(microseconds=dice.randrange(100_000, 3_000_000))
            Image.objects.filter(pk=image.pk).update(draw=draw, status_at=stored_at)
        sent += timedelta(seconds=15)


def _money(dice: random.Random, users: list[Any]) -> None:
    """Purchases, pictures of each image model, some of them given back, refunds, a dispute that was won, debts."""
    at = BEGIN
    with time_machine.travel(at, tick=False) as clock:
        for number in range(90):
            at += timedelta(minutes=dice.randrange(15, 45))
            if at > END:
                break
            clock.move_to(at)
            user, key = users[number % len(users)], f"world:{number}"
            if number % 15 == 0:
                ledger.purchase(user, cash=2_500_00, bonus=125_00, key=key, memo="Pack")
                _bought(dice, user, at, number)
            elif number % 15 == 8:
                takings.take(user, cash=1_500_00, bonus=75_00, kind=Kind.REFUND, key=key, memo="Refund")
            elif number % 30 == 14:
                takings.take(user, cash=4_000_00, bonus=0, kind=Kind.DISPUTE, key=key, memo="Dispute")
            elif number % 30 == 16:
                takings.restore("world:14", cash=4_000_00, bonus=0, memo="Dispute won")
            elif number % 7 == 3:
                ledger.grant(user, 300_00, key=key, memo="Gift")
            elif Account.objects.filter(user=user, debt=0, balance__gte=200_00).exists():
                _paid(dice, user, key)
        for debtor in Account.objects.filter(debt__gt=100_00)[:1]:
            takings.forgive(cast(Any, debtor.user), 100_00, key="world:forgiven", reason="Kindness", actor="staff:1")


def _bought(dice: random.Random, user: Any, at: datetime, number: int) -> None:
    """The row of a purchase; Stripe has not told its fee of one of three. Of some there is a dispute, with a fee."""
    row = Purchase.objects.create(
        user=user, what=Purchase.What.PACK, cents=250, credits=2_625_00, status=Purchase.Status.PAID, paid_cents=250,
        tax_cents=0, fee_cents=dice.choice([None, 37, 38]), payment=f"pi_world_{number}", created_at=at, paid_at=at,
    )  # fmt: skip
    if number % 30 == 0:
        Reversal.objects.create(
            purchase=row, what=Reversal.What.DISPUTE, stripe_id=f"du_world_{number}", cents=150, fee_cents=15_00,
            created_at=at + timedelta(hours=3),
        )  # fmt: skip


def _paid(dice: random.Random, user: Any, key: str) -> None:
    model, amount = dice.choice(MODELS), 100 * dice.randint(20, 150)
    ledger.hold(user, amount, key=key)
    ledger.capture(key, amount - 10_00, memo="Pictures", subject=model)


def give_back(user: Any, amount: int, model: str) -> None:
    """As the ledger writes it down when staff gives pictures back. For the figures alone: the hold knows nothing."""
    purse = ledger.wallet(user)
    Account.objects.filter(pk=purse.pk).update(balance=purse.balance + amount)
    write(source=book(Book.USAGE), target=purse, amount=amount, kind=Kind.CORRECTION, key="world:back", memo="Back",
          actor="staff:1", subject=model, balance_after=purse.balance + amount)  # fmt: skip


def _others(dice: random.Random, user: Any) -> None:
    """Deliveries and Stripe's events, in every state."""
    for number, at in enumerate(_moments(dice, 30)):
        outcome = dice.choice(["", "delivered", "given_up", "dropped"])
        Delivery.objects.create(
            user=user, url="https://shop.example/", receiver="shop", topic=Topic.TEST, name=str(number),
            object_id=id_at(at, dice), created_at=at, outcome=outcome,
        )  # fmt: skip
        state = dice.choice(["handled", "waiting", "failed"])
        StripeEvent.objects.create(
            id=f"evt_{number}", type="invoice.paid", object_type="invoice", object_id=f"in_{number}", api_version="1",
            created_at=at, received_at=at, handled_at=at if state == "handled" else None,
            due_at=at if state == "waiting" else None,
        )  # fmt: skip
