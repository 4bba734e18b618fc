"""Uploads a style reference, and a file as fal's clients do, again and again, and dies a little later each time; then
the sweep comes, and the partner tries again.

    python -m tests.partners.dying_uploads KIND...

As `dying`; a life is one of an upload and of a file.
"""

import sys
from datetime import timedelta

import django

django.setup()

import time_machine  # noqa: E402
from django.conf import settings  # noqa: E402
from django.contrib.auth import get_user_model  # noqa: E402
from django.core.cache import cache  # noqa: E402
from django.core.files.uploadedfile import SimpleUploadedFile  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connections  # noqa: E402
from django.test import Client  # noqa: E402
from django.utils import timezone  # noqa: E402

from generations import doomed, kept_files, upkeep  # noqa: E402
from generations.models import DoomedFile, KeptFile, Upload  # noqa: E402
from partners import keys  # noqa: E402
from partners.models import KeptAnswer, Key  # noqa: E402
from tests.faults.bomb import Bomb  # noqa: E402
from tests.faults.lives import done, lead  # noqa: E402
from tests.generations.pages import picture  # noqa: E402

User = get_user_model()
MOST_LIVES = 40


def begin() -> str:
    for model in (KeptAnswer, Key, Upload, KeptFile):
        model._default_manager.all().delete()
    cache.clear()
    return keys.make(User.objects.get_or_create(email="acme@example.com")[0], "Shop")[1]


def send(secret: str) -> list[tuple[int, bytes]]:
    client = Client(headers={"Authorization": f"Bearer {secret}", "Idempotency-Key": "the one wish"})
    form = {"file": SimpleUploadedFile("a.png", picture().read(), "image/png")}
    uploaded = client.post("/api/v1/uploads", form)
    place = client.post("/fal/rest/storage/upload/initiate", {"file_name": "a.txt"}, "application/json").json()
    kept = client.generic("PUT", place["upload_url"].partition("localhost:8000")[2], b"Hello, World!")
    return [(uploaded.status_code, uploaded.content), (kept.status_code, b"")]


def live(bomb: Bomb, secret: str) -> None:
    connections.close_all()
    bomb.arm()
    send(secret)


def files() -> set[str]:
    """Every stored file."""
    root = settings.MEDIA_DIR / "pictures"
    return {str(path.relative_to(settings.MEDIA_DIR)) for path in root.rglob("*") if path.is_file()}


def rows() -> set[str]:
    names = [row for model in (Upload, KeptFile) for row in model._default_manager.values_list("name", flat=True)]
    return {name for name in names if name}


def afterwards(secret: str) -> list[str]:
    """What should not be so right after the death, once the sweep was there, after the retry, and when all is over."""
    found = [] if rows() <= files() else ["a row has no file"]
    found += sweep(doomed.GRACE)
    first, second = send(secret), send(secret)
    if first != second or [status for status, _ in first] != [201, 200]:
        found.append(f"the retries were told {first} and {second}")
    if Upload.objects.count() != 1:
        found.append(f"{Upload.objects.count()} uploads")
    found += sweep(doomed.GRACE) + sweep(upkeep.UNUSED_LASTS)
    return found + ([] if not files() and not DoomedFile.objects.exists() else ["something is left"])


def sweep(later: timedelta) -> list[str]:
    """Sweep as if so much time had passed; what is not as it should be then."""
    with time_machine.travel(timezone.now() + later + timedelta(minutes=1)) as clock:
        upkeep.sweep()
        kept_files.sweep()
        doomed.sweep()
        clock.shift(doomed.GRACE + timedelta(minutes=1))
        doomed.sweep()
    return [] if files() == rows() else [f"files {files()} of rows {rows()}"]


def main(kinds: list[str]) -> None:
    settings.ALLOWED_HOSTS = [*settings.ALLOWED_HOSTS, "testserver"]
    settings.PUBLIC_URL = "http://localhost:8000"
    done(lambda: call_command("migrate", verbosity=0))
    lead(kinds, lambda: done(begin), live, afterwards, most=MOST_LIVES)


if __name__ == "__main__":
    main(sys.argv[1:])
