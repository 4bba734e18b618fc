"""What the operator changes about the packs and plans on offer: read, told in words before it is done, and done.

A pack is changed where it stands, since every purchase pins what it agreed. A plan's price and credits never change:
another row takes its place on offer, and whoever subscribed keeps what they have.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from . import cents, credits, splits
from .models import AutoTopUp, Pack, Plan, PlannedOffer, Purchase, Subscription
from .subscriptions import ENDED

LEAST_CENTS, MOST_CENTS = 50, 1_000_000  # Stripe takes no less than the one
LONGEST_NAME = 60
TAKEN = "There is one at this price on offer already. Stop offering that one first, or choose another price."


class ChangedMeanwhile(Exception):
    """Somebody else changed it after the form was shown; nothing was changed."""


class BadWish(Exception):
    """What was typed cannot be offered; `problems` says by field what is wrong."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        self.problems = problems
        super().__init__("; ".join(problems.values()))


@dataclass(frozen=True)
class Wish:
    """A pack or a plan as the operator wants it: `credits` in 1/100, with a `name` where it is a plan."""

    is_plan: bool
    cents: int
    credits: int
    name: str = ""

    @property
    def bonus(self) -> int:
        return self.credits - self.cents * splits.UNITS_A_CENT


def read(typed: Mapping[str, str], *, is_plan: bool) -> Wish:
    """What was typed into the form. Raises BadWish."""
    problems: dict[str, str] = {}
    amounts = {}
    for name, reader, text in (("cents", cents.read, "dollars"), ("credits", credits.read, "credits")):
        try:
            amounts[name] = reader(typed.get(text, "").replace(",", ""))
        except ValueError as error:
            problems[text] = str(error)
    wish = Wish(is_plan, amounts.get("cents", 0), amounts.get("credits", 0), typed.get("name", "").strip())
    if "dollars" not in problems and not LEAST_CENTS <= wish.cents <= MOST_CENTS:
        problems["dollars"] = f"From {cents.show(LEAST_CENTS)} to {cents.show(MOST_CENTS)}."
    elif not problems and wish.bonus < 0:
        problems["credits"] = f"{cents.show(wish.cents)} stand for {credits.whole(wish.credits - wish.bonus)} at least."
    if is_plan and not 0 < len(wish.name) <= LONGEST_NAME:
        problems["name"] = f"A name of at most {LONGEST_NAME} characters; Stripe's page shows it."
    if problems:
        raise BadWish(problems)
    return wish


def changes(sold: Pack | Plan | None, wish: Wish) -> list[str]:
    """In words, what doing it would change; nothing where it is as it was."""
    if sold is None:
        return ["It is on offer from then on.", _worth(wish)]
    return list(_changes(sold, wish))


def standing(sold: Pack | Plan | None) -> str:
    """How it stands, for a form to say what it was made from."""
    if sold is None:
        return ""
    name = sold.name if isinstance(sold, Plan) else ""
    return f"{sold.cents}:{sold.credits}:{int(sold.is_offered)}:{name}"


def carry_out(sold: Pack | Plan | None, wish: Wish, *, shown: str | None = None) -> Pack | Plan | None:
    """Do it: the row that is now on offer, or would be; None where the very same is on offer already, as after a second
    press. `shown` is what `standing` said when the form was made. Raises ChangedMeanwhile, and BadWish where another
    one has this price."""
    try:
        with transaction.atomic():
            fresh = _locked(sold)
            is_stale = fresh is not None and shown is not None and standing(fresh) != shown
            if (fresh is None or is_stale) and _is_there(wish):
                return None
            if is_stale:
                raise ChangedMeanwhile
            return _carry_out(fresh, wish)
    except IntegrityError as error:
        raise BadWish({"dollars": TAKEN}) from error


def offer(sold: Pack | Plan, *, is_offered: bool) -> bool:
    """Stop offering it, or offer it again; False where it is so already. Raises BadWish where another one has its
    price."""
    rows = type(sold)._default_manager.filter(pk=sold.pk).exclude(is_offered=is_offered)
    try:
        with transaction.atomic():
            return bool(rows.update(is_offered=is_offered))
    except IntegrityError as error:
        raise BadWish({"dollars": TAKEN}) from error


def subscribers(plan: Plan) -> int:
    return Subscription.objects.filter(plan=plan).exclude(status__in=ENDED).count()


def planned_for(plan: Plan) -> "QuerySet[PlannedOffer]":
    """Changes of its terms that are to come, the earliest first."""
    return PlannedOffer.objects.filter(
        plan=plan, is_offered=None, done_at=None, withdrawn_at=None
    ).order_by("holds_from")  # fmt: skip


def _changes(sold: Pack | Plan, wish: Wish) -> Iterator[str]:
    has_new_terms = (sold.cents, sold.credits) != (wish.cents, wish.credits)
    if isinstance(sold, Plan) and sold.name != wish.name:
        yield f"The name was {sold.name} and will be {wish.name}, here; at Stripe the old one stays."
    if not has_new_terms:
        return
    if sold.cents != wish.cents:
        yield f"The price was {cents.show(sold.cents)} and will be {cents.show(wish.cents)}."
    if sold.credits != wish.credits:
        yield f"The credits were {credits.whole(sold.credits)} and will be {credits.whole(wish.credits)}."
    yield _worth(wish)
    if isinstance(sold, Plan):
        kept = subscribers(sold)
        yield f"It becomes a plan of its own. The old price and credits stay for {_count(kept, 'subscriber')}."
        for each in planned_for(sold):
            yield f"What is planned for it from {each.holds_from:%-d %B %Y %H:%M} UTC on is left out by then."
        return
    unpaid = Purchase.objects.filter(pack=sold, status__in=(Purchase.Status.OPEN, Purchase.Status.PROCESSING)).count()
    yield f"What was agreed stays for {_count(unpaid, 'purchase')} under way."
    if topped := AutoTopUp.objects.filter(pack=sold, is_on=True).count():
        yield f"The auto top-up of {_count(topped, 'customer')} is switched off, since they agreed to something else."


def _locked(sold: Pack | Plan | None) -> Pack | Plan | None:
    """As it stands now, and stays while this transaction lasts."""
    return None if sold is None else type(sold)._default_manager.select_for_update().get(pk=sold.pk)


def _is_there(wish: Wish) -> bool:
    terms = {"cents": wish.cents, "credits": wish.credits, "is_offered": True}
    if wish.is_plan:
        return Plan.objects.filter(**terms, name=wish.name).exists()
    return Pack.objects.filter(**terms).exists()


def _carry_out(sold: Pack | Plan | None, wish: Wish) -> Pack | Plan:
    if not wish.is_plan:
        pack = sold if isinstance(sold, Pack) else Pack()
        pack.cents, pack.credits = wish.cents, wish.credits
        pack.save()
        return pack
    if isinstance(sold, Plan):
        if (sold.cents, sold.credits) == (wish.cents, wish.credits):
            Plan.objects.filter(pk=sold.pk).update(name=wish.name)
            return sold
        Plan.objects.filter(pk=sold.pk).update(is_offered=False)
    return Plan.objects.create(name=wish.name, cents=wish.cents, credits=wish.credits)


def _worth(wish: Wish) -> str:
    bonus = f", {credits.whole(wish.bonus)} of them a bonus" if wish.bonus else ", none of them a bonus"
    each = " a month" if wish.is_plan else ""
    return f"{cents.show(wish.cents)}{each} bring {credits.whole(wish.credits)} credits{bonus}."


def _count(number: int, thing: str) -> str:
    return f"{number:,} {thing}{'' if number == 1 else 's'}"
