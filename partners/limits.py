"""What a key may order: so many credits a month, and so many images under way at once."""

from collections.abc import Iterable
from datetime import date
from uuid import UUID

from django.conf import settings
from django.db.models import Sum

from billing import ledger, set_limits
from billing.models import Allowance, Period
from billing.set_limits import Limit
from generations.models import Generation

from .models import Key
from .problems import Problem

UNFINISHED = Limit(
    "unfinished_of_key", "Unfinished images of a key", "images at once",
    "With all keys that came from each other by rotation. 0: keys order nothing.",
    lambda: settings.API_UNFINISHED_IMAGES, "API_UNFINISHED_IMAGES",
)  # fmt: skip


def of_order(key: Key | None, images: int) -> list[ledger.Limit]:
    """The ledger's limits for an order of so many images; inside its transaction, before anything else is locked.

    Raises Problem when too many images of the key are under way, or when it was revoked meanwhile. Orders of one family
    of keys pass here one by one, so that two at once are not both the last that there is room for. None, a page of
    ours, has no limit of its own."""
    if key is None:
        return []
    family = Key.objects.select_for_update().filter(family=key.family).order_by("pk")
    fresh = next((each for each in family if each.pk == key.pk), None)
    if fresh is None or fresh.revoked_at is not None:
        raise Problem("revoked_key")
    most = unfinished(fresh)
    under_way = _under_way(fresh)
    if under_way + images > most:
        raise Problem(
            "too_many_unfinished",
            f"This key has {under_way} images under way and may have {most}; {images} more do not fit.",
            headers={"Retry-After": "5"},
            unfinished=under_way,
            unfinished_limit=most,
        )
    return of_month(fresh)


def of_month(key: Key | None) -> list[ledger.Limit]:
    """What a key may spend in a month, for an order that counts as one of it. None: no limit."""
    if key is None or key.monthly_limit is None:
        return []
    return [ledger.Limit(_name(key.family), key.monthly_limit)]


def unfinished(key: Key) -> int:
    """How many images of a key may be under way: its own limit, or else that of its owner."""
    own = key.unfinished_limit
    return set_limits.amount(UNFINISHED, key.user_id) if own is None else own


def used(families: Iterable[UUID], *, today: date) -> dict[UUID, int]:
    """What of their monthly limits is set aside or spent in this month, in 1/100 credit. It is counted while there is a
    limit, and missing for a family of keys that has counted nothing."""
    names = {_name(family): family for family in families}
    rows = Allowance.objects.filter(name__in=names, period=Period.MONTH, since=Period.MONTH.since(today))
    return {names[row.name]: row.used for row in rows}


def _name(family: UUID) -> str:
    return f"key:{family}"


def _under_way(key: Key) -> int:
    mine = Generation.objects.filter(user_id=key.user_id, outcome=None, order__key__family=key.family)
    return mine.aggregate(total=Sum("unfinished"))["total"] or 0
