"""The archive of one's data: what is in it, that it is built in slices by whoever lives, and who may read it."""

import asyncio
import csv
import io
import json
import zipfile
from collections.abc import MutableMapping
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from asgiref.sync import async_to_sync
from django.conf import settings as django_settings
from django.core.mail import EmailMessage
from django.test import Client
from django.utils import timezone
from django_q.models import OrmQ

from billing import ledger, overdue
from generations import lifecycle, live, saved_loras
from generations.pictures import store
from generations.pictures.serve import in_thread
from krea_site import export_contents, export_door, exports
from krea_site.models import Export, ExportFile, ExportPiece
from partners import keys
from tests.conftest import run_queued_tasks
from tests.krea_site.belongings import confirmed, drawn, uploaded

pytestmark = pytest.mark.django_db
# Those that read the archive as its owner does: the door's own threads see what is committed.
read_for_real = pytest.mark.django_db(transaction=True)

State, Stage = Export.State, Export.Stage


@pytest.fixture
def small_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a few rows are many slices."""
    monkeypatch.setattr(export_contents, "GENERATIONS_AT_ONCE", 2)
    monkeypatch.setattr(export_contents, "MOVEMENTS_AT_ONCE", 2)
    monkeypatch.setattr(export_contents, "REFERENCES_AT_ONCE", 1)
    monkeypatch.setattr(exports, "ROWS_AT_ONCE", 3)


def read(export: Export, client: Client, **headers: str) -> tuple[int, dict[str, str], bytes]:
    """The owner's browser reads the archive: status, headers, body."""
    sent: list[MutableMapping[str, Any]] = []
    cookie = client.cookies.get(django_settings.SESSION_COOKIE_NAME)
    told = {"cookie": f"{django_settings.SESSION_COOKIE_NAME}={cookie.value}" if cookie else "", **headers}
    scope = {
        "type": "http", "method": "GET", "path": export.address,
        "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in told.items()],
    }  # fmt: skip

    async def receive() -> MutableMapping[str, Any]:
        return await asyncio.Future()

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    async_to_sync(export_door.serve)(scope, receive, send)
    answered = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], answered, b"".join(each["body"] for each in sent[1:])


def built(user: Any) -> Export:
    export = exports.wish(user)
    assert export is not None
    run_queued_tasks()
    export.refresh_from_db()
    assert export.state == State.READY
    return export


@read_for_real
def test_everything_of_a_person_is_in_one_zip(small_slices: None, alice: Any, mallory: Any, client: Client) -> None:
    generations = [drawn(alice, shade, shade + 1, prompt=f"a fox {shade}") for shade in (10, 20, 30, 40, 50)]
    lifecycle.delete(generations[0])
    drawn(mallory, 90, prompt="a secret of mallory's")
    references = [uploaded(alice, shade) for shade in (100, 101)]
    keys.make(alice, "My server")
    saved_loras.add(alice, "Ink", "https://example.com/ink.safetensors", 0.8)
    for number in range(4):
        ledger.grant(alice, 1_00, key=f"gift:{number}", memo='=HYPERLINK("x")' if number == 2 else f"Gift {number}")

    export = built(alice)
    confirmed(client, alice)
    status, headers, body = read(export, client)

    assert (status, len(body)) == (200, export.bytes)
    assert headers["content-disposition"].startswith('attachment; filename="krea-studio-')
    archive = zipfile.ZipFile(io.BytesIO(body))
    assert archive.testzip() is None
    account = json.loads(archive.read("account.json"))
    assert account["email"] == "alice@example.com"
    assert account["credits"] == {"available": "1004.00", "held": "0.00", "debt": "0.00"}
    assert [key["name"] for key in account["api_keys"]] == ["My server"]
    assert [(lora["name"], lora["path"]) for lora in account["saved_loras"]] == [
        ("Ink", "https://example.com/ink.safetensors")
    ]
    rows = list(csv.DictReader(io.StringIO(archive.read("statement.csv").decode(), newline="")))
    assert [(row["memo"], row["amount"]) for row in rows] == [
        ("Gift 3", "1.00"), ("'=HYPERLINK(\"x\")", "1.00"), ("Gift 1", "1.00"), ("Gift 0", "1.00"),
        ("For the play", "1000.00"),
    ]  # fmt: skip
    assert [row["memo"] for row in json.loads(archive.read("statement.json"))][1] == '=HYPERLINK("x")'
    told = json.loads(archive.read("generations.json"))
    assert [row["input"]["prompt"] for row in told] == [f"a fox {shade}" for shade in (20, 30, 40, 50)]
    for row, generation in zip(told, generations[1:], strict=True):
        for image, known in zip(row["images"], generation.images.all(), strict=True):
            assert archive.read(image["file"]) == bytes_of(known.name)
    for reference in references:
        assert archive.read(f"references/{reference.pk}.png") == bytes_of(reference.name)
    assert len(archive.namelist()) == 5 + 8 + 2
    assert export.pictures == 10
    assert b"mallory" not in body


def bytes_of(name: str) -> bytes:
    return store.open_range(name).read(10_000_000)


@read_for_real
def test_somebody_with_nothing_gets_an_archive_too(bob: Any, client: Client) -> None:
    export = built(bob)
    confirmed(client, bob)

    archive = zipfile.ZipFile(io.BytesIO(read(export, client)[2]))

    assert json.loads(archive.read("statement.json")) == json.loads(archive.read("generations.json")) == []
    assert archive.read("statement.csv").decode().split() == [",".join(export_contents.CSV_HEAD)]


def test_a_mail_says_that_it_is_ready(alice: Any, mailoutbox: list[EmailMessage]) -> None:
    built(alice)

    assert [(mail.to, mail.subject) for mail in mailoutbox] == [(["alice@example.com"], "Your archive is ready")]
    assert "/accounts/data/" in str(mailoutbox[0].body)


def test_one_at_a_time(alice: Any) -> None:
    first = exports.wish(alice)

    assert exports.wish(alice) == first
    assert (Export.objects.count(), OrmQ.objects.count()) == (1, 1)


@read_for_real
def test_a_killed_worker_loses_one_slice_and_the_sweep_has_another_one_go_on(
    small_slices: None, alice: Any, client: Client
) -> None:
    for shade in range(10, 15):
        drawn(alice, shade)
    export = exports.wish(alice)
    assert export is not None
    OrmQ.objects.all().delete()  # the nudge is lost
    claimed = exports._claim(export.pk)
    while claimed and claimed.stage != Stage.GENERATIONS:
        exports.write_slice(claimed)
        claimed = Export.objects.get(pk=export.pk)
    assert claimed is not None
    exports.write_slice(claimed)  # then it dies
    exports.build(export.pk)
    assert Export.objects.get(pk=export.pk).stage == Stage.GENERATIONS  # still leased

    with time_machine.travel(timezone.now() + exports.LEASE + timedelta(minutes=1)):
        exports.sweep()
        run_queued_tasks()

    export.refresh_from_db()
    confirmed(client, alice)
    archive = zipfile.ZipFile(io.BytesIO(read(export, client)[2]))
    assert archive.testzip() is None
    assert len(json.loads(archive.read("generations.json"))) == 5
    assert len([name for name in archive.namelist() if name.startswith("pictures/")]) == 5


def test_a_slice_that_somebody_else_wrote_meanwhile_is_not_written_again(alice: Any) -> None:
    export = exports.wish(alice)
    assert export is not None
    same = Export.objects.get(pk=export.pk)

    assert exports.write_slice(export)
    assert not exports.write_slice(same)

    assert ExportFile.objects.count() == ExportPiece.objects.count() == 2


def test_a_task_whose_time_is_over_lets_another_one_go_on(alice: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "WORKING_S", -1)
    export = exports.wish(alice)
    assert export is not None
    OrmQ.objects.all().delete()

    exports.build(export.pk)

    export.refresh_from_db()
    assert (export.state, export.slices, OrmQ.objects.count()) == (State.BUILDING, 0, 1)
    assert export.due_at <= timezone.now()


def test_an_export_that_fails_again_and_again_is_given_up(alice: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    export = exports.wish(alice)
    assert export is not None
    Export.objects.update(tries=exports.MOST_TRIES)

    exports.build(export.pk)

    assert Export.objects.get().state == State.FAILED
    assert exports.wish(alice) != export


@read_for_real
def test_a_lost_picture_is_told_and_stops_nothing(alice: Any, client: Client) -> None:
    generation = drawn(alice, 10, 11)
    store.delete(generation.images.all()[0].name)

    export = built(alice)

    confirmed(client, alice)
    archive = zipfile.ZipFile(io.BytesIO(read(export, client)[2]))
    files = [image["file"] for image in json.loads(archive.read("generations.json"))[0]["images"]]
    assert (export.missing, files[0], files[1] in archive.namelist()) == (1, None, True)


@read_for_real
def test_a_reading_that_broke_off_goes_on(alice: Any, client: Client) -> None:
    drawn(alice, 10, 11)
    uploaded(alice, 12)
    export = built(alice)
    confirmed(client, alice)
    _, headers, whole = read(export, client)

    for start in [*range(0, len(whole), 997), len(whole) - 1]:
        status, told, rest = read(export, client, range=f"bytes={start}-", if_range=headers["etag"])
        assert (status, rest) == (206, whole[start:])
        assert told["content-range"] == f"bytes {start}-{len(whole) - 1}/{len(whole)}"

    assert read(export, client, range=f"bytes={len(whole)}-")[0] == 416
    assert read(export, client, range="bytes=5-", if_range='"another"')[0] == 200


@read_for_real
def test_log_in_alone_neither_makes_nor_reads_an_archive(alice: Any, client: Client) -> None:
    export = built(alice)
    client.force_login(alice)
    confirm = "/accounts/reauthenticate/?next="

    assert client.post("/accounts/data/").headers["Location"] == f"{confirm}%2Faccounts%2Fdata%2F"
    assert Export.objects.count() == 1
    status, headers, body = read(export, client)
    assert (status, headers["location"], body) == (302, f"{confirm}/accounts/data/", b"Confirm first that it is you.\n")

    confirmed(client, alice)
    assert read(export, client)[0] == 200
    with time_machine.travel(timezone.now() + timedelta(minutes=16)):
        assert read(export, client)[0] == 302


@read_for_real
def test_nobody_else_can_read_it_and_after_a_week_nobody(alice: Any, mallory: Any, client: Client) -> None:
    export = built(alice)

    assert read(export, client)[0] == 403
    confirmed(client, mallory)
    assert read(export, client)[0] == 404
    confirmed(client, alice)
    assert read(export, client)[0] == 200
    Export.objects.update(expires_at=timezone.now())
    assert read(export, client)[0] == 404


def test_what_expired_is_pruned_with_all_its_rows(small_slices: None, alice: Any, bob: Any) -> None:
    drawn(alice, 10)
    built(alice)
    kept = built(bob)
    Export.objects.filter(user=alice).update(expires_at=timezone.now())

    assert exports.prune() == 1

    assert list(Export.objects.all()) == [kept]
    assert set(ExportFile.objects.values_list("export", flat=True)) == {kept.pk}
    assert set(ExportPiece.objects.values_list("file__export", flat=True)) == {kept.pk}


@read_for_real
def test_an_archive_that_goes_away_while_it_is_read_breaks_off(alice: Any, client: Client) -> None:
    generation = drawn(alice, 10)
    export = built(alice)
    confirmed(client, alice)
    store.delete(generation.images.get().name)

    with pytest.raises(FileNotFoundError):
        read(export, client)


def test_the_page_says_where_the_archive_stands(alice: Any, client: Client) -> None:
    confirmed(client, alice)
    assert "Prepare an archive" in client.get("/accounts/data/").content.decode()

    client.post("/accounts/data/")
    assert "is being put together" in client.get("/accounts/data/").content.decode()

    run_queued_tasks()
    page = client.get("/accounts/data/").content.decode()
    assert Export.objects.get().address in page
    assert "Prepare a new archive" in page


def test_nobody_has_their_pictures_read_again_and_again(alice: Any, bob: Any, client: Client) -> None:
    confirmed(client, alice)

    for _ in range(exports.MOST_READY + 2):
        client.post("/accounts/data/")
        run_queued_tasks()

    assert Export.objects.filter(user=alice, state=State.READY).count() == exports.MOST_READY
    assert "when the oldest is gone" in client.get("/accounts/data/").content.decode()
    confirmed(client, bob).post("/accounts/data/")
    assert Export.objects.filter(user=bob).count() == 1


def test_the_page_is_for_who_is_logged_in(client: Client) -> None:
    assert client.get("/accounts/data/").url.startswith("/accounts/login/")  # type: ignore[attr-defined]


def test_a_worker_that_is_away_finds_one_nudge_and_not_thousands(alice: Any) -> None:
    exports.wish(alice)
    OrmQ.objects.all().delete()

    with time_machine.travel(timezone.now() + timedelta(seconds=11), tick=True) as clock:
        for _ in range(5):
            exports.sweep()
        assert OrmQ.objects.count() == 1

        clock.shift(overdue.LOST + timedelta(seconds=1))
        exports.sweep()
        assert OrmQ.objects.count() == 2


@read_for_real
def test_readers_who_never_read_hold_no_thread(alice: Any, client: Client) -> None:
    drawn(alice, 10)
    export = built(alice)
    confirmed(client, alice)
    cookie = f"{django_settings.SESSION_COOKIE_NAME}={client.cookies[django_settings.SESSION_COOKIE_NAME].value}"
    scope = {"type": "http", "method": "GET", "path": export.address, "headers": [(b"cookie", cookie.encode())]}

    async def never() -> Any:
        return await asyncio.Future()

    async def play() -> list[int]:
        stuck = [asyncio.Event() for _ in range(30)]

        async def read_nothing(bell: asyncio.Event) -> None:
            async def send(message: MutableMapping[str, Any]) -> None:
                if message["type"] == "http.response.body":
                    bell.set()
                    await never()

            await export_door.serve(scope, never, send)

        readers = [asyncio.create_task(read_nothing(bell)) for bell in stuck]
        await asyncio.gather(*(bell.wait() for bell in stuck))
        answers = [await live.in_reader(int, "7"), await in_thread(int, "8")]
        for reader in readers:
            reader.cancel()
        await asyncio.gather(*readers, return_exceptions=True)
        return answers

    assert async_to_sync(play)() == [7, 8]
