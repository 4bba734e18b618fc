"""The first page for developers: quick start, and how one's keys, webhooks and usage stand."""

from datetime import UTC, timedelta

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from generations import catalogue, code_samples
from generations.visits import Visit, page

from . import key_rows, usage
from .models import Endpoint, Key

MOST_KEYS = 3  # shown
DAYS = 7
WAY = "wait"


@page
@require_safe
def overview(request: Visit) -> HttpResponse:
    image_model = catalogue.get(catalogue.DEFAULT)
    samples = code_samples.of(image_model, doors=[code_samples.NATIVE])
    valid = Key.objects.of(request.user).valid().order_by("-created_at")
    today = timezone.now().astimezone(UTC).date()
    rows = list(usage.rows(request.user.pk, today - timedelta(days=DAYS - 1), today + timedelta(days=1)))
    mine = Endpoint.objects.of(request.user)
    context = {
        "samples": [sample for sample in samples if sample.way.id == WAY],
        "image_model": image_model,
        "doors": [door for door in code_samples.DOORS if door.id != code_samples.NATIVE.id],
        "site": settings.PUBLIC_URL,
        "rows": key_rows.of(valid[:MOST_KEYS]),
        "key_count": valid.count(),
        "webhooks": mine.count(),
        "webhooks_disabled": mine.exclude(disabled_at=None).count(),
        "days": DAYS,
        "pictures": sum(row.images for row in rows),
        "credits": sum(row.credits for row in rows),
    }
    return render(request, "developers/overview.html", context)
