"""What is erased here is erased at fal: asked once in the transaction of the erasure, again on a ladder, and until then
staff can see it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
import time_machine
from django.utils import timezone

from generations import bin, draws, erasure, fal_erasures, lifecycle, sweep
from generations.brief import Brief
from generations.fal.delivered import delivered
from generations.models import Draw, FalErasure, Image
from krea_site import farewell
from tests.conftest import run_queued_tasks
from tests.standins.launch import StandIn

pytestmark = pytest.mark.django_db
Run = Callable[[], Any]


@pytest.fixture
def image(alice: Any, fox: Brief, standin: StandIn, finish_all: Run) -> Image:
    """A picture that fal really drew."""
    lifecycle.submit(alice, fox)
    finish_all()
    return Image.objects.select_related("draw").get()


def url_of(image: Image) -> str:
    assert image.draw is not None
    found = delivered(image.draw.result)
    assert found is not None
    return found.url


def carry_on() -> None:
    fal_erasures.sweep()
    run_queued_tasks()


def test_a_picture_erased_from_the_bin_is_gone_at_fal(alice: Any, image: Image) -> None:
    url = url_of(image)
    assert httpx.get(url).status_code == 200
    bin.put(alice, [image.pk])
    assert not FalErasure.objects.exists()  # it may still be taken out

    bin.purge(alice, [image.pk])
    carry_on()

    row = FalErasure.objects.get()
    assert (row.request_id, row.cause, row.tries) == (Draw.objects.get().request_id, "deleted", 1)
    assert row.gone_at and not row.error
    assert httpx.get(url).status_code == 404


def test_a_deleted_account_is_erased_at_fal(alice: Any, image: Image) -> None:
    url = url_of(image)
    farewell.begin(alice)
    run_queued_tasks()
    carry_on()

    assert httpx.get(url).status_code == 404


def test_a_picture_deleted_while_it_is_drawn_is_erased_once_it_came(
    alice: Any, fox: Brief, standin: StandIn, drain: Run, finish_all: Run
) -> None:
    generation = lifecycle.submit(alice, fox)
    drain()
    bin.put(alice, [image.pk for image in generation.images.all()])
    assert not FalErasure.objects.exists()
    finish_all()
    sweep.run()
    carry_on()

    assert FalErasure.objects.exclude(gone_at=None).count() == Draw.objects.exclude(request_id=None).count() == 1


def test_an_answer_that_comes_after_the_erasure_is_erased_too(alice: Any, image: Image) -> None:
    assert image.draw is not None
    body = dict(image.draw.result or {})
    bin.put(alice, [image.pk])
    bin.purge(alice, [image.pk])
    FalErasure.objects.all().delete()

    draws.answered(Draw.objects.select_related("image").get(), 200, body)

    assert Draw.objects.get().result is None
    assert FalErasure.objects.count() == 1


def test_a_fal_that_refuses_is_asked_again_on_a_ladder_and_then_given_up_until_staff_says_again(
    alice: Any, image: Image, standin: StandIn
) -> None:
    standin.control(admin_key=False)
    erasure.delete_generation(image.generation)
    waits = []
    with time_machine.travel(timezone.now(), tick=False) as clock:
        while (row := FalErasure.objects.get()).given_up_at is None:
            carry_on()
            row.refresh_from_db()
            waits.append(row.due_at - timezone.now())
            carry_on()  # too early: nobody asks
            clock.move_to(row.due_at + timedelta(seconds=1))
    assert tuple(waits[:-1]) == fal_erasures.LADDER
    assert len(standin.log(on="payloads")) == len(fal_erasures.LADDER) + 1 == row.tries
    assert row.error.startswith("fal answered 403")

    standin.control(admin_key=True)
    carry_on()
    assert FalErasure.objects.waiting().count() == 0
    assert fal_erasures.again([row.pk]) == 1
    carry_on()

    assert FalErasure.objects.get().gone_at
    assert fal_erasures.again([row.pk]) == 0


def test_an_answer_that_was_lost_is_no_trouble(alice: Any, image: Image, standin: StandIn) -> None:
    standin.control([{"on": "payloads", "cut": "before_reply"}])
    erasure.delete_generation(image.generation)
    carry_on()
    assert FalErasure.objects.get().error

    FalErasure.objects.update(due_at=timezone.now())
    carry_on()

    assert FalErasure.objects.get().gone_at


def test_a_worker_that_died_at_its_call_is_followed_by_another(
    alice: Any, image: Image, standin: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    erasure.delete_generation(image.generation)
    (row,) = FalErasure.objects.all()
    due = FalErasure.objects.filter(pk=row.pk)
    due.update(due_at=timezone.now() + fal_erasures.LEASE, tries=1)  # as `work` leaves it when it dies

    with time_machine.travel(timezone.now() + fal_erasures.LEASE + timedelta(seconds=1)):
        carry_on()

    assert due.get().gone_at


def test_what_never_reached_fal_is_not_asked_about_and_what_is_gone_is_forgotten(
    alice: Any, fox: Brief, image: Image
) -> None:
    waiting = lifecycle.submit(alice, fox)
    lifecycle.delete(waiting)
    sweep.run()
    assert not FalErasure.objects.exists()

    erasure.delete_generation(image.generation)
    carry_on()
    with time_machine.travel(timezone.now() + fal_erasures.GONE_LASTS + timedelta(days=1)):
        assert fal_erasures.prune() == 1
