"""Changes of packs and plans that hold from a moment on: planned, withdrawn, and carried out when they are due.

The sweep carries them out, and so does whoever is about to show or sell what is on offer: so the shop is right at the
moment itself, and also while no follower runs.
"""

import logging
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from . import offering
from .models import Pack, Plan, PlannedOffer
from .offering import BadWish, ChangedMeanwhile, Wish

logger = logging.getLogger(__name__)

AT_ONCE = 50
LEAST_AHEAD = timedelta(seconds=5)
LATEST = timedelta(days=366)


class TooLate(Exception):
    """It has been carried out already."""


@transaction.atomic
def plan(
    sold: Pack | Plan | None,
    *,
    wish: Wish | None = None,
    is_offered: bool | None = None,
    is_plan: bool,
    at: datetime,
    shown: str | None = None,
) -> PlannedOffer | None:
    """Write down that a pack or a plan (a new one, where None) is to have these terms from a moment on, or is to be on
    offer or not. None where the very same is planned already. `shown` is what `offering.standing` said when the form
    was made. Raises ChangedMeanwhile, and BadWish for a moment that is not to come, or for a second change of a plan:
    by then the first has put another one in its place."""
    now = timezone.now()
    if not now + LEAST_AHEAD <= at <= now + LATEST:
        raise BadWish({"holds_from": "A moment that is still to come, within a year; or none, for at once."})
    fresh = type(sold)._default_manager.select_for_update().get(pk=sold.pk) if sold is not None else None
    asked = {
        "is_plan": is_plan,
        "pack": sold if isinstance(sold, Pack) else None,
        "plan": sold if isinstance(sold, Plan) else None,
        "cents": wish.cents if wish else 0,
        "credits": wish.credits if wish else 0,
        "name": wish.name if wish else "",
        "is_offered": is_offered,
        "holds_from": at,
    }
    if PlannedOffer.objects.filter(**asked, done_at=None, withdrawn_at=None).exists():
        return None
    if fresh is not None and shown is not None and offering.standing(fresh) != shown:
        raise ChangedMeanwhile
    if wish and isinstance(fresh, Plan) and (first := offering.planned_for(fresh).first()):
        raise BadWish({"holds_from": f"A change is planned already, from {first.holds_from:%-d %B %Y %H:%M} UTC on. "
                       "Withdraw that one first."})  # fmt: skip
    return PlannedOffer.objects.create(**asked)


def withdraw(row: PlannedOffer) -> bool:
    """Take it back before it is due; False where it was taken back before. Raises TooLate."""
    now = timezone.now()
    waiting = PlannedOffer.objects.filter(pk=row.pk, done_at=None, withdrawn_at=None, holds_from__gt=now)
    if waiting.update(withdrawn_at=now):
        return True
    if PlannedOffer.objects.filter(pk=row.pk, withdrawn_at=None).exists():
        raise TooLate
    return False


def bring_in() -> None:
    """Carry out what is due, the earliest first; nearly always nothing."""
    due = PlannedOffer.objects.filter(done_at=None, withdrawn_at=None, holds_from__lte=timezone.now())
    for id in list(due.order_by("holds_from", "pk").values_list("pk", flat=True)[:AT_ONCE]):
        _carry_out(id)


def sweep() -> None:
    bring_in()


def wish_of(row: PlannedOffer) -> Wish | None:
    """The terms that it brings; None where it brings none."""
    return None if row.is_offered is not None else Wish(row.is_plan, row.cents, row.credits, row.name)


@transaction.atomic
def _carry_out(id: UUID) -> None:
    """Once: whoever sets `done_at` does it, in the same transaction."""
    rows = PlannedOffer.objects.filter(pk=id)
    if not rows.filter(done_at=None, withdrawn_at=None).update(done_at=timezone.now()):
        return
    row = rows.select_related("pack", "plan").get()
    sold, wish = row.plan or row.pack, wish_of(row)
    try:
        if wish is None and sold is not None:
            offering.offer(sold, is_offered=bool(row.is_offered))
        elif wish is not None:
            _refuse_what_is_gone(sold)
            offering.carry_out(sold, wish)
    except BadWish as refused:
        rows.update(problem=str(refused)[:300])
        logger.error("planned offer %s could not be carried out: %s", row.pk, refused)
    else:
        logger.info("planned offer %s carried out", row.pk)


def _refuse_what_is_gone(sold: Pack | Plan | None) -> None:
    """New terms of what was taken off the shelf meanwhile would put it, or a second one, there again."""
    if sold is not None and not type(sold)._default_manager.filter(pk=sold.pk, is_offered=True).exists():
        raise BadWish({"dollars": "It was not on offer any more at that moment, so its new terms were left out."})
