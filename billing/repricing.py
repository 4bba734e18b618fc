"""What the operator changes about prices: a row is added, with the moment from which it holds; none is ever edited.

A price begins a little ahead, so that no running quote or order is in doubt; one that has not begun can be withdrawn,
and its row stays.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Count, Max
from django.utils import timezone

from . import credits
from .models import Price
from .offering import BadWish

LEAST_AHEAD = timedelta(seconds=5)
LATEST = timedelta(days=366)
MOST_CREDITS = 10_000_000  # in 1/100: a hundred dollars a unit
MOST_MICROUSD = 100_000_000
MICROUSD_A_HUNDREDTH = 10  # 1,000 credits are a dollar
PER_CENT_OF_A_LEAP = 50
_DOLLARS = re.compile(r"\$?([0-9]{1,4})(?:\.([0-9]{1,6}))?")


class ChangedMeanwhile(Exception):
    """Somebody else changed the prices of this item after the form was shown; nothing was changed."""


class TooLate(Exception):
    """The moment has passed, or is too near; nothing was changed."""


@dataclass(frozen=True)
class NewPrice:
    """A price as the operator wants it: `amount` in 1/100 credit, `cost_microusd` in millionths of a dollar."""

    item: str
    amount: int
    cost_microusd: int
    holds_from: datetime


def read(item: str, typed: Mapping[str, str], holds_from: datetime) -> NewPrice:
    """What was typed: `credits` a unit, and what the supplier charges for it in `dollars`. Raises BadWish."""
    problems: dict[str, str] = {}
    amount = cost = 0
    try:
        amount = credits.read(typed.get("credits", "").replace(",", ""))
    except ValueError as error:
        problems["credits"] = str(error)
    try:
        cost = read_dollars(typed.get("dollars", ""))
    except ValueError as error:
        problems["dollars"] = str(error)
    if "credits" not in problems and not 0 < amount <= MOST_CREDITS:
        problems["credits"] = f"From 0.01 to {credits.whole(MOST_CREDITS)} credits."
    if "dollars" not in problems and cost > MOST_MICROUSD:
        problems["dollars"] = f"At most {show_dollars(MOST_MICROUSD)}."
    now = timezone.now()
    if holds_from < now + LEAST_AHEAD:
        problems["holds_from"] = "A price never holds from the past: choose a moment that is still to come."
    elif holds_from > now + LATEST:
        problems["holds_from"] = "Within a year."
    if problems:
        raise BadWish(problems)
    return NewPrice(item, amount, cost, holds_from)


def read_dollars(text: str) -> int:
    """`"0.03"` as 30000; ValueError that says what is allowed for anything else."""
    match = _DOLLARS.fullmatch(text.strip())
    if not match:
        raise ValueError(f"{text[:40]!r} is not an amount of US dollars, such as 0.03, with at most six places.")
    whole, rest = match.groups()
    return int(whole) * 1_000_000 + int((rest or "0").ljust(6, "0"))


def show_dollars(microusd: int) -> str:
    """`30000` as `"$0.03"`, `-5500` as `"-$0.0055"`: at least two places, and as many as there are."""
    whole, rest = divmod(abs(microusd), 1_000_000)
    return f"{'-' if microusd < 0 else ''}${whole:,}.{f'{rest:06d}'.rstrip('0').ljust(2, '0')}"


def margin(amount: int, cost_microusd: int, *, cents: int = 1, credits_of_cents: int = 1000) -> int:
    """What is left of an amount in 1/100 credit after the supplier's charge, in millionths of a dollar, where credits
    were sold at so many 1/100 for so many `cents` (at the list price: 10.00 for a cent). Rounded down."""
    return amount * cents * 10_000 // credits_of_cents - cost_microusd


def seen(item: str) -> str:
    """How the rows of an item stand, for a form to say what it was made from."""
    told = Price.objects.filter(item=item).aggregate(last=Max("pk"), withdrawn=Count("withdrawn_at"))
    return f"{told['last'] or 0}.{told['withdrawn']}"


@transaction.atomic
def add(new: NewPrice, *, shown: str) -> Price | None:
    """Write the row; None where the very same one is there already. `shown` is what `seen` said when the form was made.
    Raises ChangedMeanwhile and TooLate."""
    base = _lock(new.item)
    standing = Price.objects.filter(item=new.item, holds_from=new.holds_from, withdrawn_at=None).first()
    if standing and (standing.amount, standing.cost_microusd) == (new.amount, new.cost_microusd):
        return None
    if seen(new.item) != shown:
        raise ChangedMeanwhile
    if new.holds_from < timezone.now() + LEAST_AHEAD:
        raise TooLate
    try:
        with transaction.atomic():
            return Price.objects.create(
                item=new.item, unit=base.unit, amount=new.amount, cost_microusd=new.cost_microusd,
                holds_from=new.holds_from,
            )  # fmt: skip
    except IntegrityError as error:  # another price was planned for this very moment
        raise BadWish(
            {"holds_from": "Another price begins at this very moment. Withdraw it first, or choose another."}
        ) from error


@transaction.atomic
def withdraw(price: Price) -> bool:
    """Take back a price that does not begin within seconds; False where it was taken back before. Raises TooLate."""
    _lock(price.item)
    now = timezone.now()
    # Ahead as when it is set: an order that is taken before this is committed must not have had it.
    if Price.objects.filter(pk=price.pk, withdrawn_at=None, holds_from__gt=now + LEAST_AHEAD).update(withdrawn_at=now):
        return True
    if Price.objects.filter(pk=price.pk, withdrawn_at=None).exists():
        raise TooLate
    return False


def _lock(item: str) -> Price:
    """Whoever changes an item's prices waits here for who does so at this moment, and then sees what they did. Raises
    Price.DoesNotExist for an item that never had a price."""
    rows = list(Price.objects.select_for_update().filter(item=item).order_by("pk"))
    if not rows:
        raise Price.DoesNotExist(item)
    return rows[0]
