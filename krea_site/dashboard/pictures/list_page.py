"""All generations, the newest first: found by filters in the address, which the front page links to."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Prefetch
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from generations.models import Generation, Image, Outcome
from krea_site import picture_filters
from krea_site.dashboard import roles
from krea_site.dashboard.gate import staff
from krea_site.dashboard.pictures.road import seconds
from krea_site.dashboard.roles import Lever
from krea_site.models import BulkAct
from krea_site.picture_filters import DOORS, IMAGE_STATUSES, STATUSES, Filters

ON_A_PAGE = 50
READ = ("status", "price", "generation_id", "refunded_at", "index")
TONES = {
    Outcome.SUCCEEDED: "good", Outcome.FAILED: "bad", Outcome.BLOCKED: "warn", Outcome.PARTIAL: "warn",
}  # fmt: skip


@dataclass(frozen=True)
class Shown:
    """One line of the list."""

    row: Generation

    @property
    def images(self) -> list[Image]:
        return list(self.row.images.all())

    @property
    def status(self) -> str:
        return self.row.status

    @property
    def tone(self) -> str:
        return TONES.get(Outcome(self.row.outcome), "") if self.row.outcome else "running"

    @property
    def counts(self) -> str:
        """`"3 images"` where all are alike, else `"2 stored, 1 failed"`."""
        counts = Counter(each.status for each in self.images)
        if len(counts) == 1:
            return f"{self.row.quantity} image{'' if self.row.quantity == 1 else 's'}"
        return ", ".join(f"{number} {status}" for status, number in counts.items())

    @property
    def charged(self) -> int:
        """What the customer paid and did not get back, in 1/100 credit."""
        return sum(each.price for each in self.images if each.is_charged) if self.row.outcome else 0

    @property
    def is_refunded(self) -> bool:
        return any(each.refunded_at for each in self.images)

    @property
    def took(self) -> str:
        return seconds((self.row.finished_at - self.row.created_at).total_seconds()) if self.row.finished_at else ""

    @property
    def door(self) -> str:
        return "API" if getattr(self.row, "order", None) else "website"


@staff(Lever.SEE_ROADS)
@require_safe
def generation_list(request: HttpRequest) -> HttpResponse:
    """The filters are those of `picture_filters`; `before` is the last generation seen."""
    filters = Filters.read(request.GET.dict())
    rows = _page(filters, request.GET.get("before"))
    known: dict[str, Any] = {
        "generations": [Shown(each) for each in rows[:ON_A_PAGE]],
        "following": rows[ON_A_PAGE - 1].pk if len(rows) > ON_A_PAGE else None,
        "filters": filters, "statuses": STATUSES, "image_statuses": IMAGE_STATUSES, "doors": DOORS,
        "models": picture_filters.known_models(), "acts": BulkAct.What.choices,
        "may_steer": roles.may(request.user, Lever.STEER_PICTURES),
    }  # fmt: skip
    return render(request, "staff/generations/list.html", known, status=422 if filters.errors else 200)


def _page(filters: Filters, cursor: str | None) -> Sequence[Generation]:
    """One more than a page has. The ids first, from an index alone; then their rows."""
    ids = page_of_ids(filters, _place(cursor), ON_A_PAGE + 1)
    images = Prefetch("images", Image.objects.order_by("index").only(*READ))
    rows = Generation.objects.filter(pk__in=ids).defer("input", "references", "wish")
    return list(rows.select_related("user", "order__key").prefetch_related(images).order_by("-pk"))


def page_of_ids(filters: Filters, before: UUID | None, limit: int) -> list[UUID]:
    """The newest ids that are let through. Where images alone decide, they are read from the images' own index, which
    is in the order of their generations."""
    if filters.is_of_images and not filters.errors and not any(map(filters.get, ("q", "status", "door"))):
        images = filters.images().order_by("-generation_id")
        images = images.filter(generation__lt=before) if before else images
        return list(images.values_list("generation_id", flat=True).distinct()[:limit])
    rows = filters.generations().order_by("-pk")
    rows = rows.filter(pk__lt=before) if before else rows
    return list(rows.values_list("pk", flat=True)[:limit])


def _place(cursor: str | None) -> UUID | None:
    try:
        return UUID(cursor) if cursor else None
    except ValueError:
        raise Http404("There is no such page.") from None
