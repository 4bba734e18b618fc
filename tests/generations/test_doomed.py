"""Files of people who left are deleted once nobody uses them, and never under somebody who comes to use them."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.core.files.storage import storages
from django.db import connection
from django.utils import timezone

from generations import doomed, references
from generations.models import DoomedFile, Image, Status, Upload
from generations.pictures import store
from generations.pictures.develop import develop
from generations.pictures.verify import BadPicture
from generations.thumbnails import WIDTHS
from tests.generations.pages import upload_of
from tests.krea_site.belongings import drawn, files, picture, uploaded

pytestmark = pytest.mark.django_db


def sweep_later() -> None:
    with time_machine.travel(timezone.now() + doomed.GRACE + timedelta(seconds=1)):
        doomed.sweep()


def leave(user: Any) -> list[str]:
    """The user's pictures and references are gone from the rows; the names that their files had."""
    names = files(user)
    Image.objects.filter(user=user).update(name="", variants={})
    Upload.objects.filter(user=user).delete()
    doomed.doom(names)
    return names


def test_a_file_goes_when_it_is_due_and_not_before(alice: Any) -> None:
    drawn(alice, 10)
    uploaded(alice, 11)
    names = leave(alice)
    assert len(names) >= 3

    doomed.sweep()
    assert all(store.exists(name) for name in names)

    sweep_later()
    assert not any(store.exists(name) for name in names)
    assert not DoomedFile.objects.exists()


def test_equal_pictures_share_a_file_that_stays_for_the_other_one(alice: Any, mallory: Any) -> None:
    drawn(mallory, 10)
    drawn(alice, 10, 12)
    leave(alice)

    sweep_later()

    assert all(store.exists(name) for name in files(mallory))


def test_a_thumbnail_that_another_picture_uses_stays(alice: Any, mallory: Any) -> None:
    shared = drawn(alice, 10).images.get().variants["320"]
    other = drawn(mallory, 20).images.get()
    other.variants["320"] = shared
    other.save(update_fields=["variants"])
    leave(alice)

    sweep_later()

    assert store.exists(shared["name"])


def test_a_file_that_cannot_be_deleted_holds_up_no_other(alice: Any) -> None:
    drawn(alice, 10)
    names = leave(alice)
    stuck = Path(storages["pictures"].path(names[0]))
    stuck.unlink()
    stuck.mkdir()
    (stuck / "something").touch()

    sweep_later()

    assert not any(store.exists(name) for name in names[1:])
    assert DoomedFile.objects.get().name == names[0]
    (stuck / "something").unlink()
    with time_machine.travel(timezone.now() + 2 * doomed.GRACE + timedelta(minutes=1)):
        doomed.sweep()
    assert not stuck.exists()


def test_a_reference_of_somebody_else_keeps_the_file(alice: Any, mallory: Any) -> None:
    uploaded(alice, 10)
    kept = uploaded(mallory, 10)
    leave(alice)

    sweep_later()

    assert store.exists(kept.name)


def test_a_writer_takes_the_file_off_the_list_before_it_is_written(alice: Any) -> None:
    drawn(alice, 10)
    names = leave(alice)
    developed = develop(picture(10))
    assert set(store.names(developed)) == set(names)

    doomed.spare(store.names(developed))  # and then writes, and then commits its row
    sweep_later()

    assert all(store.exists(name) for name in names)


def test_a_writer_that_comes_after_the_deletion_writes_anew(alice: Any) -> None:
    drawn(alice, 10)
    names = leave(alice)
    sweep_later()

    doomed.spare(names)
    store.write(develop(picture(10)))

    assert all(store.exists(name) for name in names)


def test_a_reference_whose_file_went_at_this_very_moment_is_asked_for_again(alice: Any) -> None:
    kept, _ = references.clean(picture(10))

    with pytest.raises(BadPicture, match="send it again"):
        references.write_row(alice.pk, kept)

    assert not Upload.objects.exists()


def test_a_reference_whose_writer_died_before_its_row_leaves_no_file(alice: Any) -> None:
    kept, pixels = references.clean(picture(10))
    doomed.expect([kept.name])
    store.put(pixels, kept.content_type)  # and here it dies

    doomed.sweep()
    assert store.exists(kept.name)
    sweep_later()

    assert not store.exists(kept.name)


def test_a_reference_that_was_written_stays_and_leaves_the_list(alice: Any) -> None:
    upload = upload_of(alice, picture(10))
    assert DoomedFile.objects.filter(name=upload.name).exists()

    sweep_later()

    assert store.exists(upload.name) and not DoomedFile.objects.exists()


@pytest.mark.unaudited  # 3,000 pictures that nobody drew
def test_whether_a_file_is_used_is_found_through_indexes(alice: Any) -> None:
    generation = drawn(alice, 10)
    Image.objects.bulk_create(
        Image(
            generation=generation, user=alice, index=index, seed=1, price=0, status=Status.STORED, sha256="x",
            name=f"{index}", variants={width: {"name": f"{index}/{width}"} for width in WIDTHS},
        )
        for index in range(1, 3000)
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    rows = Image.objects.showing(["7/320"])
    assert rows.get().index == 7

    plan = rows.explain()

    wanted = ("image_file", "image_file_320", "image_file_640", "image_file_1280")
    assert [name for name in wanted if name not in plan] == []
