"""fal's storage: any file for a day, by the calls of fal's clients, and pictures of it as style references."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from generations import doomed, erasure, kept_files
from generations.models import DoomedFile, Generation, KeptFile, Upload
from generations.pictures import store
from partners import keys
from tests.conftest import wallet_of
from tests.generations.pages import picture
from tests.partners.dialects.test_fal import LARGE, Falling, path_of, types

pytestmark = pytest.mark.django_db

INITIATE = "rest/storage/upload/initiate?storage_type=fal-cdn-v3"
HELLO = {"content_type": "text/plain", "file_name": "hello.txt"}


@pytest.fixture
def fal(key: Any) -> Falling:
    return Falling(key.secret)


def put(url: str, data: bytes, content_type: str = "text/plain") -> Any:
    """As the JavaScript client does: no key, the type of the file."""
    return Client().generic("PUT", f"/fal/{path_of(url)}", data, content_type=content_type)


def upload(fal: Falling, data: bytes, file_name: str = "hello.txt", **headers: str) -> str:
    place = fal.post(INITIATE, HELLO | {"file_name": file_name}, **headers).json()
    answer = put(place["upload_url"], data)
    assert answer.status_code == 200, answer.content
    return str(place["file_url"])


def read(url: str) -> Any:
    """A file as anybody reads it, without a key: where its address leads to, and what is there."""
    answer = Client().get(f"/fal/{path_of(url)}")
    if answer.status_code == 302:
        name = answer.headers["Location"].partition("localhost:8000/")[2].partition("?")[0]
        reader = store.open_range(name)
        try:
            return answer.headers["Location"], reader.read(store.size(name))
        finally:
            reader.close()
    return answer


def test_a_file_of_any_kind_is_kept_and_read_under_its_name(fal: Falling, acme: Any) -> None:
    url = upload(fal, b"Hello, World!")

    where, data = read(url)

    assert url.endswith("/hello.txt") and data == b"Hello, World!"
    assert "filename=hello.txt" in where and ".bin?" in where
    row = KeptFile.objects.get(user=acme)
    assert timedelta(hours=23) < row.ends_at - timezone.now() <= timedelta(days=1)


def test_sending_it_twice_is_sending_it_once_and_another_file_is_refused(fal: Falling) -> None:
    place = fal.post(INITIATE, HELLO).json()

    told = [put(place["upload_url"], data).status_code for data in (b"a", b"a", b"b")]

    assert told == [200, 200, 400]
    assert read(place["file_url"])[1] == b"a"


def test_a_picture_of_it_is_a_style_reference_and_anything_else_is_not(fal: Falling, acme: Any) -> None:
    red, text = upload(fal, picture().read(), "red.png"), upload(fal, b"Hello, World!")

    made = fal.post(f"queue/{LARGE}", {"prompt": "a", "image_style_references": [{"image_url": red}]})
    refused = fal.post(f"queue/{LARGE}", {"prompt": "a", "image_style_references": [{"image_url": text}]})

    assert made.status_code == 200
    assert Generation.objects.get().references == [str(Upload.objects.get().pk)]
    assert wallet_of(acme) == (1000_00, 84_50)
    assert types(refused) == [(["body", "image_style_references", 0, "image_url"], "unsupported_image_format")]


def test_it_ends_after_a_day_or_when_it_was_wanted_to(fal: Falling) -> None:
    soon = upload(fal, b"soon", **{"X-Fal-Object-Lifecycle": '{"expiration_duration_seconds": 3600}'})
    late = upload(fal, b"late", **{"X-Fal-Object-Lifecycle-Preference": '{"expiration_duration_seconds": 9999999}'})
    promised = fal.post(INITIATE, HELLO).json()
    names = list(KeptFile.objects.exclude(name="").values_list("name", flat=True))

    with time_machine.travel(timezone.now() + timedelta(hours=2)) as clock:
        kept_files.sweep()
        assert (read(soon).status_code, read(late)[1]) == (404, b"late")
        clock.shift(timedelta(days=1))
        assert read(late).status_code == 404
        assert put(promised["upload_url"], b"x").status_code == 404
        body = {"prompt": "a", "image_style_references": [{"image_url": late}]}
        assert types(fal.post(f"queue/{LARGE}", body))[0][1] == "file_download_error"
        kept_files.sweep()
        assert not KeptFile.objects.exists()
        clock.shift(doomed.GRACE + timedelta(minutes=1))
        doomed.sweep()
    assert not any(store.exists(name) for name in names)


def test_who_dies_before_the_row_leaves_no_file(fal: Falling, monkeypatch: pytest.MonkeyPatch) -> None:
    place = fal.post(INITIATE, HELLO).json()

    def dead(*_: Any) -> Any:
        raise KeyboardInterrupt

    with monkeypatch.context() as here, pytest.raises(KeyboardInterrupt):
        here.setattr(kept_files, "_filled", dead)
        put(place["upload_url"], b"Hello, World!")
    name = DoomedFile.objects.get().name
    assert store.exists(name)

    with time_machine.travel(timezone.now() + doomed.GRACE + timedelta(minutes=1)):
        doomed.sweep()

    assert not store.exists(name)
    assert put(place["upload_url"], b"Hello, World!").status_code == 200


def test_what_is_too_large_is_refused_before_it_is_kept(fal: Falling, monkeypatch: pytest.MonkeyPatch) -> None:
    place = fal.post(INITIATE, HELLO).json()
    monkeypatch.setattr(kept_files, "MOST_BYTES", 10)

    answer = put(place["upload_url"], b"x" * 11)
    parts = fal.post("rest/storage/upload/initiate-multipart?storage_type=fal-cdn-v3", HELLO)

    assert (answer.status_code, parts.status_code) == (413, 413)
    assert answer.json()["message"] == answer.json()["detail"]
    assert not KeptFile.objects.exclude(name="").exists()


def test_the_quota_is_that_of_uploads(fal: Falling, settings: Settings) -> None:
    place = fal.post(INITIATE, HELLO).json()
    settings.UPLOADS_PER_USER = 1

    full = fal.post(INITIATE, HELLO)
    settings.UPLOAD_MB_PER_USER = 0
    heavy = put(place["upload_url"], b"Hello, World!")

    assert (full.status_code, heavy.status_code) == (403, 403)
    assert "1 of 1 uploads" in full.json()["message"]
    assert "of 0 MB" in heavy.json()["message"]


def test_a_token_sends_files_for_as_long_as_it_and_its_key_are_good(fal: Falling, key: Any) -> None:
    told = fal.post("rest/storage/auth/token?storage_type=fal-cdn-v3", {}).json()
    headers = {"Authorization": f"Bearer {told['token']}", "X-Fal-File-Name": "a b/ü.txt"}

    def send(token_of: dict[str, str]) -> Any:
        return Client(headers=token_of).post("/fal/rest/files/upload", b"Hello", content_type="text/plain")

    made = send(headers)
    assert made.status_code == 200
    assert read(made.json()["access_url"])[1] == b"Hello"
    assert made.json()["access_url"].endswith("/a-b-.txt")
    assert send(headers | {"Authorization": "Bearer nonsense"}).status_code == 401
    with time_machine.travel(timezone.now() + timedelta(hours=2)):
        assert send(headers).status_code == 401
    keys.revoke(key)
    assert send(headers).status_code == 401


def test_a_key_that_may_only_read_sends_nothing(acme: Any) -> None:
    reader = Falling(keys.make(acme, "Reader", ["generations:read"])[1])

    assert reader.post(INITIATE, HELLO).status_code == 403
    assert reader.post("rest/storage/auth/token", {}).status_code == 403


@pytest.mark.parametrize("path", ["rest/files/nonsense/a.txt", f"rest/files/{'x' * 32}/a.txt", "rest/put/nonsense"])
def test_what_was_never_promised_is_not_there(db: None, path: str) -> None:
    client = Client().put if "put" in path else Client().get

    assert client(f"/fal/{path}").status_code == 404


def test_files_go_with_their_owner(fal: Falling, acme: Any) -> None:
    url = upload(fal, b"Hello, World!")

    while erasure.erase_uploads(acme.pk):
        pass

    assert not KeptFile.objects.exists()
    assert read(url).status_code == 404
