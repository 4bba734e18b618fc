"""Orders of all dialects: references are fetched, then one transaction takes the order and what was written on it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction
from rest_framework.request import Request

from generations import lifecycle, references, switches
from generations.brief import Brief
from generations.models import Generation, Upload
from partners import limits
from partners.models import Key, Order, Tag
from partners.webhooks import endpoints


@dataclass(frozen=True)
class Wanted:
    """One generation that is wanted. `wire`: what its dialect has to say again; `wish`: a name that makes it one;
    `tags` and `searched`: what its dialect's list finds it by. `dialect` is that of the `hooks` that tell of it, where
    it named addresses to tell: `webhook_url`, or those in its wire; what has not begun by `start_by` is canceled."""

    brief: Brief
    metadata: Mapping[str, Any] = field(default_factory=dict, repr=False)
    wire: Mapping[str, Any] = field(default_factory=dict, repr=False)
    wish: str | None = None
    tags: Sequence[str] = field(default=(), repr=False)
    searched: str = field(default="", repr=False)
    dialect: str = ""
    webhook_url: str = field(default="", repr=False)
    output_format: str = ""
    start_by: datetime | None = None


def prepare(request: Request, wanted: Sequence[Wanted]) -> Callable[[], list[Generation]]:
    """Fetch what the briefs need, outside of any transaction; what comes back takes the orders: all or none of them.

    The briefs differ in their seeds alone, so that the references of the first are those of all. Raises BadBrief and
    switches.Unavailable now, and what `lifecycle.submit` raises later."""
    lifecycle.check_permission(request.user, wanted[0].brief)
    switches.check(wanted[0].brief.image_model)
    uploads = references.resolve(request.user, wanted[0].brief, request=request)

    @transaction.atomic
    def place() -> list[Generation]:
        return [_place(request, each, uploads) for each in wanted]

    return place


def _place(request: Request, wanted: Wanted, uploads: Sequence[Upload]) -> Generation:
    key = request.auth if isinstance(request.auth, Key) else None
    limits_of_key = limits.of_order(key, wanted.brief.quantity)
    if wanted.dialect:
        endpoints.listener(request.user.pk)  # from before the first event on
    made = lifecycle.submit(
        request.user,
        wanted.brief,
        uploads=uploads,
        wish=wanted.wish,
        limits=limits_of_key,
        output_format=wanted.output_format,
    )
    written = {
        "key": key,
        "metadata": dict(wanted.metadata),
        "wire": dict(wanted.wire),
        "searched": wanted.searched,
        "dialect": wanted.dialect,
        "webhook_url": wanted.webhook_url,
        "start_by": wanted.start_by,
    }
    order, is_new = Order.objects.get_or_create(generation=made, defaults=written)
    if is_new:
        Tag.objects.bulk_create(Tag(order=order, name=name) for name in wanted.tags)
    return made
