"""Races over the bin, on a real PostgreSQL: two who delete, one who takes back, the sweep, and a picture that comes."""

from datetime import timedelta
from functools import partial
from typing import Any

from django.utils import timezone

from generations import bin, collect, erasure, favourites, lifecycle
from generations.models import DoomedFile, Draw, Generation, Image, Status
from generations.pictures import store
from tests.conftest import make_user, wallet_of
from tests.faults.on_the_road import FOX, FOX_COSTS, claimed_draws, delivered
from tests.faults.together import ON_POSTGRES, crowd, failures, together
from tests.krea_site.belongings import developed, drawn, files

pytestmark = ON_POSTGRES

TURNS = 15


def ids(generation: Generation) -> list[Any]:
    return list(generation.images.order_by("id").values_list("pk", flat=True))


def test_many_who_delete_at_once_delete_once() -> None:
    alice = make_user("alice@example.com")
    mine = ids(drawn(alice, 10, 11, 12))

    deleted = crowd(partial(bin.put, alice, mine), size=12)
    assert sum(deleted) == 3
    restored = crowd(partial(bin.restore, alice, mine), size=12)
    assert sum(restored) == 3
    liked = crowd(partial(favourites.mark, alice, mine, on=True), size=12)
    assert sum(liked) == 3


def test_overlapping_selections_in_any_order_never_lock_each_other_out() -> None:
    alice = make_user("alice@example.com")
    mine = ids(drawn(alice, *range(10, 30)))
    for _ in range(TURNS):
        works = [
            partial(bin.put, alice, mine),
            partial(bin.put, alice, mine[::-1]),
            partial(bin.restore, alice, mine[5:]),
            partial(favourites.mark, alice, mine[::-1], on=True),
            partial(favourites.mark, alice, mine, on=False),
        ]

        assert failures(together(works)) == []


def test_a_picture_is_taken_back_or_gone_and_never_both() -> None:
    alice = make_user("alice@example.com")
    for shade in range(10, 10 + TURNS):
        (only,) = ids(drawn(alice, shade))
        bin.put(alice, [only], at=timezone.now() - bin.LASTS - timedelta(seconds=1))

        *_, restored = results = together([bin.sweep, bin.sweep, partial(bin.restore, alice, [only])])

        assert failures(results) == []
        image = Image.objects.select_related("generation").get(pk=only)
        assert image.is_there == bool(restored) == (image.erased_at is None)
        assert (image.generation.deleted_at is None) == bool(restored)
        names = [image.name] if restored else []
        assert not DoomedFile.objects.filter(name__in=names).exists()


def test_the_last_two_pictures_that_go_together_take_their_generation_along() -> None:
    alice = make_user("alice@example.com")
    for shade in range(10, 10 + TURNS):
        generation = drawn(alice, shade, shade + 100)
        first, second = ids(generation)
        bin.put(alice, [first, second])

        results = together([partial(bin.purge, alice, [first]), partial(bin.purge, alice, [second])])

        assert results == [1, 1]
        generation.refresh_from_db()
        assert generation.deleted_at is not None


def test_a_picture_that_comes_while_it_is_deleted_has_files_or_has_not(rich: Any) -> None:
    """It lies in the bin with its files, or it came too late and has none; it is charged either way."""
    made = developed(70)
    for turn in range(TURNS):
        generation = lifecycle.submit(rich, FOX)
        (draw,) = claimed_draws()
        delivered(draw)
        fresh = Draw.objects.select_related("image__generation").get(pk=draw.pk)
        act = partial(lifecycle.delete, generation) if turn % 2 else partial(bin.put, rich, ids(generation))

        results = together([partial(collect._deliver, fresh, made), act])

        assert failures(results) == []
        image = Image.objects.get(generation=generation)
        assert image.status == Status.STORED
        assert (image.erased_at is None) == bool(image.name)
        assert not image.name or (image.binned_at is not None and store.exists(image.name))
        if turn % 2:
            assert image.erased_at is not None
        erasure.sweep()
    assert wallet_of(rich) == (10_000_00 - TURNS * FOX_COSTS, 0)
    assert set(files(rich)) <= set(store.names(made))
