"""What a key may order: so many credits a month, and so many images under way at once."""

from collections.abc import Iterable
from datetime import date
from uuid import UUID

from django.conf import settings
from django.db.models import Sum

from billing import ledger
from billing.models import Allowance, Period
from generations.models import Generation

from .models import Key
from .problems import Problem


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
    most = settings.API_UNFINISHED_IMAGES if fresh.unfinished_limit is None else fresh.unfinished_limit
    under_way = _under_way(fresh)
    if under_way + images > most:
        raise Problem(
            "too_many_unfinished",
            f"This key has {under_way} images under way and may have {most}; {images} more do not fit.",
            headers={"Retry-After": "5"},
            unfinished=under_way,
            unfinished_limit=most,
        )
    return [] if fresh.monthly_limit is None else [ledger.Limit(_name(fresh.family), fresh.monthly_limit)]


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
