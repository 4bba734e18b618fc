"""A process beside a live site: orders pictures and tells what became of them, as JSON on standard output."""

import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "krea_site.settings")
django.setup()

from django.contrib.auth import get_user_model  # noqa: E402

from billing import audit, ledger  # noqa: E402
from generations import audit as road_audit  # noqa: E402
from generations import lifecycle  # noqa: E402
from generations.brief import Brief  # noqa: E402
from generations.models import Draw, Event, Generation, Image  # noqa: E402
from generations.pictures import marks, store  # noqa: E402

EMAIL = "journey@example.com"


def order(count: str, quantity: str) -> Any:
    """`count` generations of `quantity` images each, by a customer with plenty of credits."""
    user, is_new = get_user_model().objects.get_or_create(email=EMAIL)
    if is_new:
        ledger.grant(user, 100_000_00, key=f"journey:{user.pk}", memo="For the journey")
    before = Generation.objects.count()
    for number in range(int(count)):
        brief = Brief.read("krea-2-medium", {"prompt": f"picture {before + number}"}, int(quantity))
        lifecycle.submit(user, brief)
    return {"ordered": int(count)}


def wait(seconds: str) -> Any:
    """Until nothing is unfinished, at most so long; then the whole state."""
    deadline = time.monotonic() + float(seconds)
    while Generation.objects.filter(outcome=None).exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    return state()


def state() -> Any:
    images = list(Image.objects.order_by("generation_id", "index"))
    outcomes = list(Generation.objects.order_by("id").values_list("outcome", flat=True))
    seqs = list(Event.objects.filter(user__email=EMAIL).order_by("seq").values_list("seq", flat=True))
    purse = ledger.wallet(get_user_model().objects.get(email=EMAIL))
    troubles = Draw.objects.exclude(image__status="stored").values()
    return {
        "outcomes": outcomes,
        "images": [image.status for image in images],
        "draws": Draw.objects.count(),
        "troubles": list(map(str, troubles)),
        "marked": all(_is_marked(image) for image in images if image.status == "stored"),
        "spent": 100_000_00 - purse.balance,
        "held": purse.held,
        "events_without_a_gap": seqs == list(range(1, len(seqs) + 1)),
        "findings": [*audit.findings(), *road_audit.findings()],
    }


def _is_marked(image: Image) -> bool:
    reader = store.open_range(image.name)
    try:
        return marks.is_marked(reader.read(image.bytes or 0))
    finally:
        reader.close()


if __name__ == "__main__":
    acts: dict[str, Callable[..., Any]] = {"order": order, "wait": wait, "state": state}
    print(json.dumps(acts[sys.argv[1]](*sys.argv[2:])))
