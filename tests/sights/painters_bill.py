"""What fal charged in the play: days that agree, one on which somebody else used the key, and what is left there."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from generations.models import Draw, FalBalance, FalDay
from krea_site import check_runs
from krea_site.models import CheckRun
from tests.sights import clock

MEDIUM, LARGE = "krea/v2/medium/text-to-image", "krea/v2/large/text-to-image"
STRANGER = "a request at fal that nobody here made ($0.03, 200): who else uses the key?"
LATE = "cost $0.03, which was not known here (timed_out)"


def lay() -> dict[str, str]:
    clock.go_to(hours=3)
    now = timezone.now()
    draw = Draw.objects.exclude(request_id=None).order_by("pk")[0]
    found = [
        {"id": "01a1fc13-77aa-7c01-9d54-1b2f64a9e0c7", "words": STRANGER, "is_mended": False, "draw": ""},
        {"id": str(draw.request_id), "words": LATE, "is_mended": True, "draw": str(draw.pk)},
    ]
    odd = day(MEDIUM, 2, pictures=38, theirs=1_170_000, ours=1_140_000, left=1, mended=1, findings=found)
    for back in range(6):
        day(LARGE, back, pictures=12 + back, theirs=60_000 * (12 + back), ours=60_000 * (12 + back))
        if back != 2:
            day(MEDIUM, back, pictures=31 + back, theirs=30_000 * (31 + back), ours=30_000 * (31 + back))
    line = f"{odd.day} {MEDIUM}: {STRANGER} ({found[0]['id']})"
    check_runs.write_down(CheckRun.Kind.FAL, now, [line])
    check_runs.write_down(CheckRun.Kind.AUDIT, now, [])
    FalBalance.objects.create(pk=1, amount_microusd=41_370_000, read_at=now, asked_at=now, burn_microusd=1_830_000)
    return {"fal_day": str(odd.pk)}


def day(endpoint: str, back: int, *, pictures: int, theirs: int, ours: int, **fields: Any) -> FalDay:
    return FalDay.objects.create(
        endpoint=endpoint, day=(timezone.now() - timedelta(days=back)).date(), fal_requests=pictures,
        fal_units_millionths=pictures * 1_000_000, fal_unit="image", fal_microusd=theirs, our_draws=pictures,
        our_units_millionths=pictures * 1_000_000, our_microusd=ours, **fields,
    )  # fmt: skip
