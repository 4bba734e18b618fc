"""The audit of generations: each thing that must not be is found, by its name."""

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from billing import ledger
from billing.models import Hold
from generations import audit, lifecycle
from generations.brief import Brief
from generations.models import Draw, Generation, Image, Outcome, Status

pytestmark = [pytest.mark.django_db, pytest.mark.unaudited]


@pytest.fixture
def waiting(alice: Any, fox: Brief) -> Generation:
    """Ordered, and not begun."""
    return lifecycle.submit(alice, fox)


@pytest.fixture
def finished(waiting: Generation) -> Generation:
    """Its one picture was delivered and paid for."""
    image = waiting.images.get()
    draw = Draw.objects.create(image=image, endpoint="krea/v2/medium/text-to-image")
    Image.objects.filter(pk=image.pk).update(status=Status.STORING, draw=draw)
    image.refresh_from_db()
    lifecycle.finish(image, Status.STORED, sha256="0" * 64)
    waiting.refresh_from_db()
    return waiting


def test_right_books_have_no_findings(waiting: Generation) -> None:
    assert list(audit.findings()) == []


def test_delivered_generation_has_no_findings(finished: Generation) -> None:
    assert finished.outcome == Outcome.SUCCEEDED
    assert list(audit.findings()) == []


def row(generation: Generation, **changes: Any) -> None:
    Generation.objects.filter(pk=generation.pk).update(**changes)


def hold(generation: Generation, **changes: Any) -> None:
    Hold.objects.filter(key=generation.key).update(**changes)


ENDED: dict[str, Any] = {"outcome": Outcome.FAILED, "finished_at": timezone.now(), "unfinished": 0}
BREAKS: list[tuple[Callable[[Generation], Any], str]] = [
    (lambda g: row(g, quantity=2), "2 images were ordered, 1 are there"),
    (lambda g: row(g, unfinished=2), "unfinished is 2, 1 are"),
    (lambda g: row(g, unfinished=0), "outcome is none with 0 unfinished"),
    (lambda g: Hold.objects.all().delete(), "has no hold"),
    (lambda g: hold(g, amount=1), "1 is held for a price of 3900"),
    (lambda g: hold(g, captured=0, settled_at=timezone.now()), "is settled before it is finished"),
    (lambda g: row(g, **ENDED), "is finished, and its hold is still open"),
    (lambda g: Image.objects.update(price=1), "costs 1, its generation says otherwise"),
]


@pytest.mark.parametrize(("break_it", "said"), BREAKS, ids=[said for _, said in BREAKS])
def test_each_break_of_a_waiting_generation_is_found(
    waiting: Generation, break_it: Callable[[Generation], Any], said: str
) -> None:
    break_it(waiting)

    assert any(said in finding for finding in audit.findings())


def test_capture_of_another_amount_than_was_delivered_is_found(finished: Generation) -> None:
    hold(finished, captured=38_00)

    assert list(audit.findings()) == [f"generation {finished}: 3800 was captured, 3900 was delivered"]


def test_picture_that_was_never_drawn_is_found(finished: Generation) -> None:
    Image.objects.update(draw=None)

    assert list(audit.findings()) == [f"image {finished.images.get()} is stored and was never drawn"]


def test_picture_with_the_draw_of_another_is_found(finished: Generation, alice: Any, fox: Brief) -> None:
    other = lifecycle.submit(alice, fox).images.get()
    Draw.objects.update(image=other)

    assert list(audit.findings()) == [f"image {finished.images.get()} is stored with the draw of another image"]


@pytest.mark.parametrize("name", ["0193f0aa-0000-7000-8000-000000000001", "nonsense"])
def test_hold_that_belongs_to_no_generation_is_found(alice: Any, name: str) -> None:
    ledger.hold(alice, 100, key=f"generation:{name}")

    assert list(audit.findings()) == [f"hold generation:{name} belongs to no generation"]


def test_free_generation_that_holds_something_is_found(waiting: Generation) -> None:
    row(waiting, image_price=0)
    Image.objects.update(price=0)

    assert list(audit.findings()) == [f"generation {waiting}: 3900 is held for a price of 0"]


def test_every_page_is_read(alice: Any, fox: Brief, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "PAGE", 2)
    many = [lifecycle.submit(alice, fox) for _ in range(5)]
    ledger.hold(alice, 100, key="generation:stray")
    row(many[4], unfinished=2)
    row(many[0], unfinished=2)

    assert sorted(audit.findings()) == sorted(
        [
            f"generation {many[0]}: unfinished is 2, 1 are",
            f"generation {many[4]}: unfinished is 2, 1 are",
            "hold generation:stray belongs to no generation",
        ]
    )
