"""What a key may order: so many credits a month, and so many images under way at once."""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import OuterRef, QuerySet, Subquery, Sum

from billing import ledger, set_limits
from billing.compiled import select
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


def of_order(key: Key | None, images: int) -> Iterator[ledger.Limit]:
    """The ledger's limits for an order of so many images. They are walked under the lock of the customer's event
    sequence, as `lifecycle.submit` does: orders of one family of keys pass here one by one, so that two at once are not
    both the last that there is room for. The key is locked, so that whoever revokes it waits for the order.

    Raises Problem when too many images of the key are under way, or when it was revoked meanwhile. None, a page of
    ours, has no limit of its own."""
    if key is None:
        return
    found = _valid(key.pk)
    if not found:
        raise Problem("revoked_key")
    own, monthly_limit, total = found[0]
    most, under_way = _most(own, key.user_id), total or 0
    if under_way + images > most:
        raise Problem(
            "too_many_unfinished",
            f"This key has {under_way} images under way and may have {most}; {images} more do not fit.",
            headers={"Retry-After": "5"},
            unfinished=under_way,
            unfinished_limit=most,
        )
    yield from _of_month(key.family, monthly_limit)


def of_month(key: Key | None) -> list[ledger.Limit]:
    """What a key may spend in a month, for an order that counts as one of it. None: no limit."""
    return [] if key is None else list(_of_month(key.family, key.monthly_limit))


def unfinished(key: Key) -> int:
    """How many images of a key may be under way: its own limit, or else that of its owner."""
    return _most(key.unfinished_limit, key.user_id)


def used(families: Iterable[UUID], *, today: date) -> dict[UUID, int]:
    """What of their monthly limits is set aside or spent in this month, in 1/100 credit. It is counted while there is a
    limit, and missing for a family of keys that has counted nothing."""
    names = {_name(family): family for family in families}
    rows = Allowance.objects.filter(name__in=names, period=Period.MONTH, since=Period.MONTH.since(today))
    return {names[row.name]: row.used for row in rows}


def _of_month(family: UUID, monthly_limit: int | None) -> Iterator[ledger.Limit]:
    if monthly_limit is not None:
        yield ledger.Limit(_name(family), monthly_limit)


def _name(family: UUID) -> str:
    return f"key:{family}"


def _most(own: int | None, user_id: int) -> int:
    return set_limits.amount(UNFINISHED, user_id) if own is None else own


@select
def _valid(key_id: UUID) -> "QuerySet[Any, tuple[int | None, int | None, int | None]]":
    """Of a key that is not revoked: its limits, and how many images are under way with its family."""
    mine = Generation.objects.filter(user=OuterRef("user"), outcome=None, order__key__family=OuterRef("family"))
    under_way = Subquery(mine.order_by().values("user").annotate(total=Sum("unfinished")).values("total"))
    rows = Key.objects.select_for_update().filter(pk=key_id, revoked_at=None)
    return rows.values_list("unfinished_limit", "monthly_limit", under_way)
