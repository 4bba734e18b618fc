"""A generation in the words of the statement."""

from collections.abc import Callable
from typing import Any

import pytest

from billing.models import Hold, Transfer
from generations import lifecycle, memo
from generations.brief import Brief
from generations.models import Generation, Image, Status


def generation(image_model: str = "krea-2-large", **fields: Any) -> Generation:
    return Generation(image_model=image_model, **{"input": {"prompt": "a fox"}, "quantity": 2, **fields})


@pytest.mark.parametrize(
    ("made", "stored", "words"),
    [
        (generation(), 2, "2 images, Krea 2 Large"),
        (generation(quantity=1), 1, "1 image, Krea 2 Large"),
        (generation(), 1, "1 of 2 images, Krea 2 Large"),
        (generation(references=["one"]), 2, "2 images, Krea 2 Large, style references"),
        (
            generation("flux-krea-dev", input={"prompt": "a fox", "image_size": "square"}),
            2,
            "2 images, FLUX.1 Krea [dev], 512 \N{MULTIPLICATION SIGN} 512 pixels",
        ),
        (generation("flux-krea-dev", input={}), 2, "2 images, FLUX.1 Krea [dev]"),
        (generation("krea-1-long-gone"), 2, "2 images, krea-1-long-gone"),
    ],
)
def test_what_was_delivered_is_told_without_the_prompt(made: Generation, stored: int, words: str) -> None:
    assert memo.delivered(made, stored) == words


def test_hold_and_movement_say_what_they_are_for(alice: Any, finish_all: Callable[[], None]) -> None:
    lifecycle.submit(alice, Brief.read("krea-2-medium", {"prompt": "a fox"}, 2))
    assert Hold.objects.get().memo == "2 images, Krea 2 Medium"
    lifecycle.cancel_image(Image.objects.filter(status=Status.QUEUED).order_by("index")[0])

    finish_all()

    moved = Transfer.objects.get(kind="usage")
    assert (moved.memo, moved.subject) == ("1 of 2 images, Krea 2 Medium", "krea-2-medium")
