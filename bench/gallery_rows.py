"""A gallery of any length in a few seconds: pictures of one customer over the last 400 days, with prompts of common and
rare words. No file stands behind them and no hold, so an audit would rightly complain."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import accumulate, islice
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from generations import catalogue, search
from generations.models import Generation, Image, Outcome, PromptWords, Status

DAYS = 400
A_SLICE = 2000
LETTERS = "abcdefghijklmnopqrstuvwxyz"
VOCABULARY, LENGTHS = 8000, (12, 60)  # words that there are, and in a prompt
# Words of known frequency: in every prompt, in every second, in one of a hundred, and in the older half alone.
EVERYWHERE, OFTEN, SELDOM, EARLY = "everywhere", "halfway", "lighthouse", "yesteryear"
NOWHERE = "nonesuch"
ENDINGS = {0: Status.FAILED, 1: Status.BLOCKED, 2: Status.CANCELED}  # of every fifty; the others are stored
FAVOURITE_EVERY = 200


def fill(user: Any, count: int) -> None:
    """Make `count` pictures, each a generation of its own, and look at the tables as autovacuum would."""
    made = _made(user, count)
    with transaction.atomic():
        while rows := list(islice(made, A_SLICE)):
            Generation.objects.bulk_create(generation for generation, _ in rows)
            Image.objects.bulk_create(image for _, image in rows)
            PromptWords.objects.bulk_create(
                PromptWords(generation=each, keys=search.keys(user.pk, each.prompt)) for each, _ in rows
            )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def vacuum() -> None:
    """For PostgreSQL, outside a transaction: what reads an index alone must know which rows all may see."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE generations_image, generations_promptwords, generations_generation")


def _made(user: Any, count: int) -> Iterator[tuple[Generation, Image]]:
    dice = random.Random(7)
    words = ["".join(dice.choices(LETTERS, k=dice.randint(3, 10))) for _ in range(VOCABULARY)]
    weights = list(accumulate(1 / (rank + 5) for rank in range(VOCABULARY)))
    models = [each.id for each in catalogue.all()]
    start = datetime.now(UTC) - timedelta(days=DAYS)
    for number in range(count):
        at = start + timedelta(days=DAYS) * number / count
        model = models[number % len(models)]
        prompt = dice.choices(words, cum_weights=weights, k=dice.randint(*LENGTHS))
        prompt += (
            [EVERYWHERE] + [OFTEN] * (number % 2) + [SELDOM] * (number % 100 == 7) + [EARLY] * (number < count / 2)
        )
        status = ENDINGS.get(number % 50, Status.STORED)
        is_stored = status == Status.STORED
        generation = Generation(
            id=_id(at, dice), user=user, image_model=model, input={"prompt": " ".join(prompt)}, quantity=1,
            image_price=39_00, unfinished=0, created_at=at, started_at=at, finished_at=at,
            outcome=Outcome.SUCCEEDED if is_stored else Outcome(str(status)),
        )  # fmt: skip
        image = Image(
            id=_id(at, dice), generation=generation, user=user, index=0, seed=number, price=39_00, status=status,
            status_at=at, image_model=model, favourite_at=at if number % FAVOURITE_EVERY == 9 else None,
            **(_file(number) if is_stored else {}),
        )  # fmt: skip
        yield generation, image


def _id(at: datetime, dice: random.Random) -> UUID:
    """As uuid7 would have made it then."""
    return UUID(
        int=int(at.timestamp() * 1000) << 80 | 7 << 76 | dice.getrandbits(12) << 64 | 2 << 62 | dice.getrandbits(62)
    )


def _file(number: int) -> dict[str, Any]:
    sha256 = f"{number:064x}"
    folder = f"pictures/{sha256[:2]}/{sha256[2:4]}"
    width, height = ((1024, 1024), (1344, 768), (896, 1152), (768, 1344))[number % 4]
    variants = {
        str(side): {"name": f"{folder}/{sha256[:56]}{side:08x}.webp", "width": side, "height": side * height // width}
        for side in (320, 640)
    }
    return {
        "name": f"{folder}/{sha256}.png", "sha256": sha256, "content_type": "image/png", "width": width,
        "height": height, "bytes": 1_500_000, "variants": variants,
    }  # fmt: skip
