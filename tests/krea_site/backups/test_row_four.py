"""Backup, wipe, restore: on each database, with pictures in files and in object storage."""

from collections.abc import Callable
from hashlib import sha256
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from billing import audit, ledger
from generations import audit as road_audit
from generations import doomed
from generations.models import Image, Status
from generations.pictures import store
from krea_site.backups import named
from krea_site.models import CheckRun
from tests.conftest import wallet_of
from tests.krea_site.backups.business import business, order, rows, wipe
from tests.object_storage import PLACES

pytestmark = pytest.mark.django_db(transaction=True)
on_each_store = pytest.mark.parametrize("place", PLACES, indirect=True)


def said(*command: object) -> str:
    out = StringIO()
    call_command(*map(str, command), stdout=out)
    return out.getvalue()


def read(name: str) -> bytes:
    reader = store.open_range(name)
    try:
        return reader.read(10**8)
    finally:
        reader.close()


@on_each_store
def test_site_comes_back_as_it_was_with_clean_books_and_every_checksum_right(
    place: str, finish_all: Callable[[], None], tmp_path: Path
) -> None:
    alice = business(finish_all)
    purse, pictures = wallet_of(alice), Image.objects.filter(status=Status.STORED).exclude(name="").count()
    said("backup", tmp_path)
    before = rows()
    wipe()

    told = said("restore", tmp_path)

    after = rows()
    checked = {"krea_site_checkrun", "django_q_schedule"}  # the backup's own row; what every migrate looks at again
    assert {table: after[table] for table in before if table not in checked} == {
        table: found for table, found in before.items() if table not in checked
    }
    assert [*audit.findings(), *road_audit.findings()] == []
    assert wallet_of(alice) == purse
    mentions = list(named.mentions("default"))
    assert [each.row for each in mentions if sha256(read(each.name)).hexdigest() != each.sha256] == []
    assert len([each for each in mentions if each.row.startswith("image")]) >= pictures > 0
    assert {each.row.split()[0] for each in mentions} == {"image", "upload", "kept"}
    assert "Nothing differs; the books are right." in told
    assert f"{len({each.name for each in mentions})} files were read in the store" in told


@on_each_store
def test_site_works_on_after_it_was_restored(place: str, finish_all: Callable[[], None], tmp_path: Path) -> None:
    alice = business(finish_all)
    said("backup", tmp_path)
    wipe()
    said("restore", tmp_path)

    generation = order(alice)
    finish_all()

    image = generation.images.get()
    assert (image.status, sha256(read(image.name)).hexdigest()) == (Status.STORED, image.sha256)


def test_what_is_under_way_when_the_backup_is_made_comes_to_its_end_after_it(
    finish_all: Callable[[], None], tmp_path: Path
) -> None:
    alice = business(finish_all)
    generation = order(alice)
    said("backup", tmp_path)
    wipe()
    said("restore", tmp_path)

    finish_all()

    assert generation.images.get().status == Status.STORED
    assert ledger.wallet(alice).held == 0


def test_next_backup_copies_new_files_alone_and_deleted_ones_stay_out_of_it(
    finish_all: Callable[[], None], tmp_path: Path
) -> None:
    alice = business(finish_all)
    first = said("backup", tmp_path)
    order(alice)
    finish_all()

    second = said("backup", tmp_path)

    counts = [int(text.split(" files, ")[0].split()[-1]) for text in (first, second)]
    copied = [int(text.split(" files were new")[0].split()[-1]) for text in (first, second)]
    assert counts[0] == copied[0]
    assert copied[1] == counts[1] - counts[0] > 0
    assert len(list((tmp_path / "sets").iterdir())) == 2


def test_older_set_brings_back_what_was_deleted_since(finish_all: Callable[[], None], tmp_path: Path) -> None:
    alice = business(finish_all)
    said("backup", tmp_path)
    first = next(iter((tmp_path / "sets").iterdir())).name
    names = {each.name for each in named.mentions("default")}
    for image in Image.objects.filter(user=alice, status=Status.STORED).exclude(name=""):
        store.delete(image.name)
        Image.objects.filter(pk=image.pk).update(name="", variants={})
    said("backup", tmp_path)
    wipe()

    said("restore", tmp_path, "--set", first)

    assert {each.name for each in named.mentions("default")} == names
    assert all(store.exists(name) for name in names)


def test_old_sets_go_with_the_files_that_no_set_names_any_more(finish_all: Callable[[], None], tmp_path: Path) -> None:
    alice = business(finish_all)
    said("backup", tmp_path)
    image = Image.objects.filter(user=alice, status=Status.STORED).exclude(name="").first()
    assert image is not None
    Image.objects.filter(pk=image.pk).update(name="", variants={})
    doomed.doom([image.name])

    told = said("backup", tmp_path, "--keep", "1")

    assert "deleted the old set" in told
    assert len(list((tmp_path / "sets").iterdir())) == 1
    assert not (tmp_path / image.name).exists()
    assert said("restore", tmp_path, "--check").endswith("0 things wrong\n")


def test_backup_writes_down_that_it_was_made(finish_all: Callable[[], None], tmp_path: Path) -> None:
    business(finish_all)

    said("backup", tmp_path)

    run = CheckRun.objects.get(kind=CheckRun.Kind.BACKUP)
    assert (run.left, run.findings) == (0, [])
    assert run.begun_at <= run.ended_at


def test_no_secret_of_the_settings_is_in_a_backup(
    finish_all: Callable[[], None], tmp_path: Path, settings: Any
) -> None:
    business(finish_all)

    told = said("backup", tmp_path)

    kept = b"".join(path.read_bytes() for path in (tmp_path / "sets").rglob("*") if path.is_file())
    assert [key for key in (settings.SECRET_KEY, settings.TRIAL_KEY) if key.encode() in kept] == []
    assert "SECRET_KEY, SECRET_KEY_FALLBACKS and TRIAL_KEY are not in it" in told
