"""What is wrong with a backup or a store is found, and found before anything is touched."""

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models.functions import Now

from billing.models import Account
from generations.models import Beat, Image, Status
from generations.pictures import store
from krea_site import checks
from krea_site.backups import figures, named, restoring
from krea_site.backups.folder import SUMS, Folder, write_sums
from krea_site.models import CheckRun
from partners.models import Bucket
from tests.krea_site.backups.business import empty_the_store, fresh_tables, quick_business, wipe

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def backup(tmp_path: Path) -> Path:
    """A folder with one set of a small business."""
    quick_business()
    call_command("backup", str(tmp_path), stdout=StringIO())
    return tmp_path


def restore(folder: Path, *options: str) -> tuple[str, str]:
    """What it says, or "refused", and the list of what is wrong."""
    out, err = StringIO(), StringIO()
    try:
        call_command("restore", str(folder), *options, stdout=out, stderr=err)
    except CommandError as error:
        return f"refused: {error}", err.getvalue()
    except SystemExit as ended:
        return f"exit status {ended.code}: {out.getvalue()}", err.getvalue()
    return out.getvalue(), err.getvalue()


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.chmod(0o640)
    path.write_bytes(data)


def the_set(folder: Path) -> Path:
    return Folder(folder).sets()[-1]


def picture_in(folder: Path) -> Path:
    return sorted((folder / "pictures").glob("*/*/*.webp"))[0]


def is_wiped() -> bool:
    return figures.tables("default") == {}


def test_flipped_byte_of_a_picture_is_found_before_anything_is_touched(backup: Path) -> None:
    flip(picture_in(backup))
    wipe()

    said, found = restore(backup)

    assert said.startswith("refused: Nothing was restored: something would be lost")
    assert found == f"- {picture_in(backup).relative_to(backup)} is altered in the backup\n"
    assert is_wiped()


def test_missing_picture_is_found(backup: Path) -> None:
    gone = picture_in(backup)
    gone.unlink()
    wipe()

    said, found = restore(backup)

    assert said.startswith("refused")
    assert found == f"- {gone.relative_to(backup)} is missing in the backup\n"
    assert is_wiped()


def test_the_rest_comes_back_where_losses_are_accepted_and_each_is_told(backup: Path) -> None:
    gone = picture_in(backup)
    gone.unlink()
    mentions = [each for each in named.mentions("default") if each.name == str(gone.relative_to(backup))]
    wipe()

    said, found = restore(backup, "--accept-losses")

    assert said.startswith("exit status 1")
    assert f"{len(mentions)} mentions are of files that the backup lacked" in said
    assert found == f"- {gone.relative_to(backup)} is missing in the backup\n"
    assert Image.objects.filter(status=Status.STORED).exists()
    assert not restoring.note().exists()


@pytest.mark.parametrize("name", ["database", "manifest.json", "files.tsv", "SHA256SUMS"])
def test_flipped_byte_of_a_set_is_found(backup: Path, name: str) -> None:
    flip(next(the_set(backup).glob(f"{name}*")))
    wipe()

    said, found = restore(backup)

    assert said.startswith("refused: Nothing was restored: the set is damaged")
    assert found
    assert is_wiped()


def test_truncated_dump_is_found(backup: Path) -> None:
    dump = next(the_set(backup).glob("database.*"))
    dump.write_bytes(dump.read_bytes()[:-4096])
    wipe()

    said, found = restore(backup, "--accept-losses")

    assert said.startswith("refused: Nothing was restored: the set is damaged")
    assert found == f"- {the_set(backup).name}/{dump.name} is not as it was written\n"
    assert is_wiped()


def test_check_alone_touches_nothing_and_finds_the_same(backup: Path) -> None:
    assert restore(backup, "--check")[0].endswith(" 0 things wrong\n")
    flip(picture_in(backup))

    said, found = restore(backup, "--check")

    assert said.startswith("exit status 1")
    assert found.endswith("is altered in the backup\n")


def test_next_backup_mends_a_truncated_picture_on_the_shelf(backup: Path) -> None:
    short = picture_in(backup)
    whole = short.read_bytes()
    short.chmod(0o640)
    short.write_bytes(whole[:-1])

    call_command("backup", str(backup), stdout=StringIO())

    assert short.read_bytes() == whole


@pytest.mark.parametrize("how", ["missing", "altered"])
def test_backup_tells_of_a_picture_that_the_store_has_lost_and_keeps_the_rest(tmp_path: Path, how: str) -> None:
    quick_business()
    image = Image.objects.filter(status=Status.STORED).exclude(name="").first()
    assert image is not None
    store.delete(image.name)
    if how == "altered":
        path = Path(str(django_settings.MEDIA_DIR)) / image.name
        path.write_bytes(b"something else")

    err = StringIO()
    with pytest.raises(SystemExit):
        call_command("backup", str(tmp_path), stdout=StringIO(), stderr=err)

    assert err.getvalue() == f"{image.name} is {how} in the store\n"
    assert CheckRun.objects.get(kind=CheckRun.Kind.BACKUP).left == 1
    wipe()
    said, found = restore(tmp_path)
    assert said.startswith("refused")
    assert found == f"- {image.name} was {how} when the backup was made\n"
    assert restore(tmp_path, "--accept-losses")[0].startswith("exit status 1")


@pytest.mark.unaudited
def test_books_that_were_wrong_when_they_were_copied_are_told(tmp_path: Path) -> None:
    alice = quick_business()
    Account.objects.filter(user=alice).update(balance=1)
    call_command("backup", str(tmp_path), stdout=StringIO())
    wipe()

    said, found = restore(tmp_path)

    assert said.startswith("exit status 1")
    assert "audit: " in found
    assert "balance is 1" in found


def test_damaged_file_in_the_store_is_written_anew(backup: Path) -> None:
    image = Image.objects.filter(status=Status.STORED).exclude(name="").first()
    assert image is not None
    wipe()
    restore(backup)
    flip(Path(str(django_settings.MEDIA_DIR)) / image.name)

    said, _ = restore(backup, "--replace", restoring.database_name())

    assert "Nothing differs" in said


def test_database_that_holds_peoples_work_is_not_replaced_by_accident(backup: Path) -> None:
    empty_the_store()

    for words in ((), ("--replace", "yes")):
        said, found = restore(backup, *words)
        assert said.startswith("refused: Nothing was restored: the database")
        assert f"--replace {restoring.database_name()}" in said
        assert "rows in accounts_user" in found
    assert not list(Path(str(django_settings.MEDIA_DIR)).glob("pictures/*/*/*"))

    assert "Nothing differs" in restore(backup, "--replace", restoring.database_name())[0]


def test_database_with_tables_of_others_is_never_touched(backup: Path) -> None:
    wipe()
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE guest_book (id integer)")
    try:
        said, found = restore(backup, "--replace", restoring.database_name())

        assert (said.partition(": the")[0], found) == ("refused: Nothing was restored", "- guest_book\n")
        assert figures.tables("default") == {"guest_book": 0}
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE guest_book")
        restore(backup)


def test_freshly_migrated_database_is_not_in_the_way(backup: Path) -> None:
    fresh_tables()
    empty_the_store()
    Bucket.objects.create(name="somebody knocked", full_at=0)

    assert "Nothing differs" in restore(backup)[0]


def test_running_site_is_not_restored_into(backup: Path) -> None:
    Beat.objects.create(name="worker", at=Now())

    said, found = restore(backup, "--replace", restoring.database_name())

    assert said == "refused: Nothing was restored: the site is running; end it first."
    assert found.startswith("- a worker gave a sign of life")


def test_set_that_other_secrets_sealed_is_not_restored_unawares(backup: Path, settings: Any) -> None:
    then = settings.SECRET_KEY
    settings.SECRET_KEY = "another-secret-key-of-another-machine-0123456789-abcdef"
    wipe()

    said, found = restore(backup)

    assert said.startswith("refused: Nothing was restored: something would be lost")
    assert found.startswith("- SECRET_KEY of then is neither SECRET_KEY nor among SECRET_KEY_FALLBACKS here")
    assert is_wiped()
    settings.SECRET_KEY_FALLBACKS = [then]
    assert "Nothing differs" in restore(backup)[0]


def test_what_is_sealed_and_does_not_open_is_listed_after_a_restore(backup: Path, settings: Any) -> None:
    settings.SECRET_KEY = "another-secret-key-of-another-machine-0123456789-abcdef"
    wipe()

    said, found = restore(backup, "--accept-losses")

    assert said.startswith("exit status 1")
    kinds = {line.split()[1] for line in found.splitlines() if "does not open" in line}
    assert kinds == {"second", "signing", "webhook"}


def test_trial_key_of_another_machine_is_told(backup: Path, settings: Any) -> None:
    settings.TRIAL_KEY = "another"
    wipe()

    assert "TRIAL_KEY is not that of then" in restore(backup)[1]
    settings.TRIAL_KEY = "another"
    restore(backup, "--accept-losses")


def test_set_of_a_newer_release_is_refused(backup: Path) -> None:
    manifest = the_set(backup) / "manifest.json"
    manifest.write_text(manifest.read_text().replace("krea_site.0001_", "krea_site.9001_"))
    _write_sums_anew(the_set(backup))
    wipe()

    said, found = restore(backup)

    assert said == "refused: Nothing was restored: the set cannot be restored here."
    assert found.startswith("- it is of a newer release: this one does not know krea_site.9001_")
    assert is_wiped()


def test_set_of_another_kind_of_database_is_refused(backup: Path) -> None:
    manifest = the_set(backup) / "manifest.json"
    manifest.write_text(manifest.read_text().replace(f'"vendor": "{connection.vendor}"', '"vendor": "oracle"'))
    _write_sums_anew(the_set(backup))

    assert f"it is of oracle, and DATABASE_URL names {connection.vendor}" in restore(backup)[1]


def test_set_or_folder_that_is_not_there_is_named(backup: Path, tmp_path: Path) -> None:
    assert "there is no set '2001'" in restore(backup, "--set", "2001")[0]
    (tmp_path / "empty").mkdir()
    assert "no set in" in restore(tmp_path / "empty")[0]
    assert "No such file or directory" in restore(tmp_path / "nowhere")[0]


def test_one_works_in_a_folder_at_a_time(backup: Path) -> None:
    with Folder(backup).alone():
        assert "Another backup or restore is at work" in restore(backup)[0]
        with pytest.raises(CommandError, match="Another backup or restore is at work"):
            call_command("backup", str(backup), stdout=StringIO())


def test_keep_below_one_is_refused(backup: Path) -> None:
    with pytest.raises(CommandError, match="--keep: give 1 or more"):
        call_command("backup", str(backup), "--keep", "0", stdout=StringIO())
    assert len(Folder(backup).sets()) == 1


def test_site_does_not_start_while_a_restore_was_broken_off(backup: Path) -> None:
    restoring._write_note(the_set(backup))

    assert [message.id for message in checks.restore_is_through()] == ["krea_site.E014"]
    assert "Nothing differs" in restore(backup)[0]  # the same set may be put over what it left

    assert checks.restore_is_through() == []


def test_broken_off_restore_of_one_set_does_not_let_another_one_replace_it(backup: Path) -> None:
    restoring._write_note(the_set(backup))
    call_command("backup", str(backup), stdout=StringIO())

    said, _ = restore(backup)  # the newest set is another one

    assert said.startswith("refused")
    restoring.note().unlink()


def _write_sums_anew(set_: Path) -> None:
    (set_ / SUMS).unlink()
    write_sums(set_)
