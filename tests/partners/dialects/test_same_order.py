"""One table: the same wish through every door is the same call at fal, the same price, and the same rows in the
ledger."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from billing.models import Hold, Transfer
from generations import code_doors
from generations.models import Generation
from partners.dialects.fal import wire as fal
from partners.dialects.oxen import wire as oxen
from tests.conftest import wallet_of
from tests.generations.pages import GENERATE, logged_in, open_form, read, send
from tests.standins.launch import StandIn

pytestmark = pytest.mark.django_db

PROMPT, SEED = "a red fox in the snow", 7
KREA = {"prompt": PROMPT, "aspect_ratio": "16:9", "creativity": "raw", "seed": SEED}
STEP = {
    "engine": "fal", "model": "krea2", "operation": "createImage", "size": "large", "prompt": PROMPT,
    "aspectRatio": "16:9", "creativity": "raw", "seed": SEED,
}  # fmt: skip
STYLED = "image_style_references"
Order = Callable[[Any, Any, str], Any]


def by_form(user: Any, key: Any, reference: str) -> Any:
    browser = logged_in(user)
    fields = open_form(browser, "?model=krea-2-large") | {name: str(value) for name, value in KREA.items()}
    styled = {f"{STYLED}.0.image_url": reference, f"{STYLED}.0.strength": "1.5", **GENERATE}
    shown = send(browser, fields | styled)  # the price was that of the empty form: the page asks again
    return send(browser, read(shown).fields | GENERATE)


def posting(path: str, body: Callable[[str], dict[str, Any]], scheme: str = "Bearer") -> Order:
    def order(user: Any, key: Any, reference: str) -> Any:
        program = Client(headers={"Authorization": f"{scheme} {key.secret}"})
        return program.post(path, body(reference), content_type="application/json")

    return order


def styled(reference: str, **given: Any) -> dict[str, Any]:
    return {**given, STYLED: [{"image_url": reference, "strength": 1.5}]}


DOORS: dict[str, Order] = {
    "form": by_form,
    "native": posting("/api/v1/generations", lambda at: {"model": "krea-2-large", "input": styled(at, **KREA)}),
    "fal": posting("/fal/queue/krea/v2/large/text-to-image", lambda at: styled(at, **KREA), "Key"),
    "civitai": posting(
        "/v2/consumer/workflows",
        lambda at: {
            "steps": [
                {
                    "$type": "imageGen",
                    "input": {**STEP, "imageStyleReferences": [{"imageUrl": at, "strength": 1.5}]},
                }
            ]
        },
    ),
    "oxen": posting("/api/ai/queue", lambda at: styled(at, model="krea-v2-large-text-to-image", **KREA)),
}


@pytest.mark.parametrize("door", DOORS)
def test_the_same_wish_is_the_same_order_through_every_door(
    acme: Any, key: Any, fox_host: str, standin: StandIn, finish_all: Callable[[], None], door: str
) -> None:
    answer = DOORS[door](acme, key, f"{fox_host}/a.png")
    assert answer.status_code in (200, 202, 302), answer.content
    held = wallet_of(acme)
    finish_all()

    [sent] = standin.log(on="submit")
    reference = sent["body"][STYLED][0].pop("image_url")
    assert sent["path"].endswith("/krea/v2/large/text-to-image")
    assert sent["body"] == {**KREA, STYLED: [{"strength": 1.5}]}
    assert reference.startswith("http")
    made = Generation.objects.get()
    assert (held, wallet_of(acme)) == ((1000_00, 84_50), (915_50, 0))
    assert [(hold.amount, hold.captured) for hold in Hold.objects.all()] == [(84_50, 84_50)]
    moved = Transfer.objects.exclude(key__startswith="cast:").get()
    assert (moved.key, moved.amount, moved.subject) == (made.key, 84_50, "krea-2-large")


def test_the_code_that_is_shown_knows_how_many_pictures_each_door_takes() -> None:
    assert (code_doors.FAL_IMAGES_MAX, code_doors.OXEN_GENERATIONS_MAX) == (fal.NUM_IMAGES_MAX, oxen.GENERATIONS_MAX)
