"""What a person asked for and got is erased in slices; what the ledger's rows are about stays."""

from collections.abc import Callable
from typing import Any

import pytest

from generations import erasure, events, lifecycle
from generations.brief import Brief
from generations.models import Customer, DoomedFile, Draw, Event, Generation, Image, Status, Upload
from tests.krea_site.belongings import drawn, files, uploaded
from tests.standins.launch import StandIn

pytestmark = pytest.mark.django_db

Run = Callable[[], Any]


def test_prompts_settings_results_and_names_are_gone_and_the_rest_stays(alice: Any, mallory: Any) -> None:
    drawn(alice, 10, 11)
    drawn(mallory, 12)
    names, others = files(alice), files(mallory)

    assert erasure.erase_generations(alice.pk)
    assert not erasure.erase_generations(alice.pk)

    row = Generation.objects.get(user=alice)
    assert (row.input, row.references, row.wish, row.quantity, row.outcome) == ({}, [], None, 2, "succeeded")
    for image in row.images.all():
        assert (image.name, image.variants, image.sha256, image.status) == ("", {}, "erased", Status.STORED)
    assert not Draw.objects.filter(image__user=alice).exclude(result=None).exists()
    assert sorted(DoomedFile.objects.values_list("name", flat=True)) == names
    assert files(mallory) == others


def test_a_running_generation_is_left_alone(alice: Any, fox: Brief) -> None:
    generation = lifecycle.submit(alice, fox)

    assert not erasure.erase_generations(alice.pk)

    lifecycle.cancel(generation)
    assert erasure.erase_generations(alice.pk)
    assert Generation.objects.get().input == {}


def test_it_goes_in_slices(alice: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(erasure, "A_SLICE", 2)
    for shade in range(10, 15):
        drawn(alice, shade)
        uploaded(alice, shade)

    assert [erasure.erase_generations(alice.pk) for _ in range(4)] == [True, True, True, False]
    assert [erasure.erase_uploads(alice.pk) for _ in range(4)] == [True, True, True, False]
    assert not Upload.objects.exists()


def test_events_go_and_at_last_their_counter(alice: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(erasure, "EVENTS_AT_ONCE", 2)
    Event.objects.all().delete()
    for _ in range(3):
        events.write(alice.pk, "balance.updated")

    assert [erasure.erase_events(alice.pk) for _ in range(3)] == [True, True, False]
    assert not Customer.objects.filter(user=alice).exists()


def test_files_that_a_dead_try_left_of_a_deleted_picture_go_too(
    alice: Any, fox: Brief, standin: StandIn, drain: Run, finish_all: Run
) -> None:
    generation = lifecycle.submit(alice, fox)
    drain()
    lifecycle.delete(generation)

    finish_all()

    image = Image.objects.get()
    assert (image.status, image.name, image.sha256) == (Status.STORED, "", erasure.ERASED)
    assert DoomedFile.objects.count() == 4
