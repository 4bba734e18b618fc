"""Orders of all dialects: references are fetched, then one transaction takes the order and what was written on it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from rest_framework.request import Request

from generations import lifecycle, references
from generations.brief import Brief
from generations.models import Generation, Upload
from partners import limits
from partners.models import Key, Order


@dataclass(frozen=True)
class Wanted:
    """One generation that is wanted. `wire`: what its dialect has to say again; `wish`: a name that makes it one."""

    brief: Brief
    metadata: Mapping[str, Any] = field(default_factory=dict, repr=False)
    wire: Mapping[str, Any] = field(default_factory=dict, repr=False)
    wish: str | None = None


def prepare(request: Request, wanted: Sequence[Wanted]) -> Callable[[], list[Generation]]:
    """Fetch what the briefs need, outside of any transaction; what comes back takes the orders: all or none of them.

    The briefs differ in their seeds alone, so that the references of the first are those of all. Raises BadBrief now,
    and what `lifecycle.submit` raises later."""
    lifecycle.check_permission(request.user, wanted[0].brief)
    uploads = references.resolve(request.user, wanted[0].brief, request=request)

    @transaction.atomic
    def place() -> list[Generation]:
        return [_place(request, each, uploads) for each in wanted]

    return place


def _place(request: Request, wanted: Wanted, uploads: Sequence[Upload]) -> Generation:
    key = request.auth if isinstance(request.auth, Key) else None
    limits_of_key = limits.of_order(key, wanted.brief.quantity)
    made = lifecycle.submit(request.user, wanted.brief, uploads=uploads, wish=wanted.wish, limits=limits_of_key)
    written = {"key": key, "metadata": dict(wanted.metadata), "wire": dict(wanted.wire)}
    Order.objects.get_or_create(generation=made, defaults=written)
    return made
