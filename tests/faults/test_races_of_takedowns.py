"""A takedown at the very moment in which somebody else's equal picture, reference or file is stored, on PostgreSQL."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from hashlib import sha256
from typing import Any

import pytest
from django.db import connection, transaction

from generations import collect, doomed, kept_files, lifecycle, references
from generations.models import DoomedFile, Draw, Image, KeptFile, Status, Upload
from generations.pictures import store
from krea_site import takedowns
from krea_site.models import Reason, Takedown
from tests.conftest import make_user, wallet_of
from tests.faults.on_the_road import FOX, claimed_draws, delivered
from tests.faults.together import ON_POSTGRES, PATIENCE_S, failures, together
from tests.krea_site.belongings import developed, drawn
from tests.staff import make_staff

pytestmark = ON_POSTGRES
SHADE, TURNS = 90, 15
WAITS = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"


def take_down(image_id: Any, staff: Any) -> None:
    image = Image.objects.get(pk=image_id)
    row = takedowns.begin(
        image.pk, by=staff, reason=Reason.PERSON, why="No consent", is_for_all=True, mark=takedowns.outlook(image).mark
    )
    takedowns.go_on(row.pk)


def on_the_way(user: Any) -> Draw:
    """Drawn and fetched, and about to be stored."""
    lifecycle.submit(user, FOX)
    (draw,) = claimed_draws()
    delivered(draw)
    return Draw.objects.select_related("image__generation").get(pk=draw.pk)


def a_picture(user: Any) -> Callable[[], Any]:
    made = developed(SHADE)
    stored = collect._write(made)
    return partial(collect._finish, on_the_way(user), made, stored)


def original() -> bytes:
    return developed(SHADE).original.data


def a_reference(user: Any) -> Callable[[], Any]:
    kept, pixels = references.clean(original())
    doomed.expect([kept.name])
    store.put(pixels, kept.content_type)
    return partial(references.write_row, user.pk, kept)


def a_file(user: Any) -> Callable[[], Any]:
    name = store.put(original(), store.ANYTHING)
    assert name == store.name_of(sha256(original()).hexdigest(), store.ANYTHING)
    return partial(kept_files._made, user, "x", kept_files.LONGEST, name, len(original()))


@pytest.mark.parametrize("make", [a_picture, a_reference, a_file])
def test_what_is_stored_while_it_is_taken_down_is_taken_down_too(
    make: Callable[[Any], Callable[[], Any]], rich: Any
) -> None:
    """The writer has asked and written, and has not committed, when staff presses."""
    (image,) = drawn(make_user("alice@example.com"), SHADE).images.all()
    staff, write = make_staff(), make(rich)
    has_written, may_commit = threading.Event(), threading.Event()

    def writer() -> None:
        try:
            with transaction.atomic():
                write()
                has_written.set()
                assert may_commit.wait(PATIENCE_S)
        finally:
            connection.close()

    def presser() -> None:
        try:
            take_down(image.pk, staff)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        writing = pool.submit(writer)
        assert has_written.wait(PATIENCE_S)
        taking = pool.submit(presser)
        wait_until_it_waits(taking)
        may_commit.set()
        writing.result(PATIENCE_S)
        taking.result(PATIENCE_S)

    assert not Image.objects.exclude(name="").exists()
    assert not Upload.objects.exists() and not KeptFile.objects.exists()
    assert not any(store.exists(name) for name in Takedown.objects.get().names)


def wait_until_it_waits(taking: "Future[None]") -> None:
    """Until the takedown stands before the writer's lock; or is done, where it did not wait."""
    with connection.cursor() as cursor:
        for _ in range(int(PATIENCE_S * 100)):
            cursor.execute(WAITS)
            if cursor.fetchone()[0] or taking.done():
                return
            threading.Event().wait(0.01)
    raise AssertionError("It neither waits nor ends.")


def test_a_picture_that_comes_as_its_equal_is_taken_down_is_never_left(rich: Any) -> None:
    alice, staff = make_user("alice@example.com"), make_staff()
    before = wallet_of(rich)
    made = 0
    for shade in range(100, 100 + TURNS):
        (image,) = drawn(alice, shade).images.all()
        draw = on_the_way(rich)

        results = together([
            partial(collect._deliver, draw, developed(shade)), partial(take_down, image.pk, staff),
        ])  # fmt: skip

        assert failures(results) == []
        twin = Image.objects.get(pk=draw.image_id)
        assert (twin.name, twin.status, twin.error_code) in [
            ("", Status.BLOCKED, "content_blocked"), ("", Status.STORED, "taken_down"),
        ]  # fmt: skip
        made += twin.price if twin.status == Status.STORED else 0
        assert not store.exists(store.names(developed(shade))[0]) or doomed_already(shade)
    assert wallet_of(rich) == (before[0] - made, 0)


def doomed_already(shade: int) -> bool:
    """Written after the takedown had deleted it: the list has it."""
    return DoomedFile.objects.filter(name=store.names(developed(shade))[0]).exists()


def test_two_of_the_staff_at_the_same_picture_or_at_equal_ones_do_each_once(rich: Any) -> None:
    alice, staff = make_user("alice@example.com"), [make_staff(email=f"{name}@example.com") for name in "ab"]
    for shade in range(200, 205):
        (mine,), (hers,) = drawn(rich, shade).images.all(), drawn(alice, shade).images.all()
        equal = [mine.pk, hers.pk]

        results = together([partial(take_down, pk, who) for pk in equal for who in staff] * 2)

        assert failures(results, takedowns.NoPicture, takedowns.Overtaken) == []
        assert None in results
        rows = Takedown.objects.filter(image_id__in=equal)
        assert rows.count() == rows.values("image_id").distinct().count()
        for row in rows.unfinished():
            Takedown.objects.filter(pk=row.pk).update(due_at=row.created_at)
            takedowns.go_on(row.pk)
        assert not Image.objects.filter(pk__in=equal).exclude(name="").exists()
        assert not any(store.exists(name) for row in rows for name in row.names)
