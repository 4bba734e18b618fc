"""Uploads of style references: sent once, kept as long as they are used, within a quota, and nobody else's."""

import base64
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from hashlib import sha256
from typing import Any

import httpx
import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from generations import doomed, drafts, erasure, kept_files, lifecycle, references, upkeep
from generations.brief import BadBrief, Brief
from generations.models import DoomedFile, Draft, Generation, Upload
from generations.pictures import store
from partners import keys
from tests.conftest import wallet_of
from tests.generations.pages import picture, upload_of
from tests.partners.caller import ROOT, Caller, _documented, fields, refusal

pytestmark = pytest.mark.django_db

MONTH = upkeep.UNUSED_LASTS + timedelta(minutes=1)


def png(colour: str = "red") -> bytes:
    data: bytes = picture(colour).read()
    return data


def send(api: Caller, data: bytes | None = None, *, key: str = "", **more: Any) -> Any:
    """As a form with a file."""
    form = {"file": SimpleUploadedFile("a.png", data or png(), "image/png")} | more
    headers = {"Idempotency-Key": key} if key else {}
    return _documented("post", "/uploads", api.client.post(f"{ROOT}/uploads", form, headers=headers))


def order(api: Caller, *sources: str) -> Any:
    rows = [{"image_url": source} for source in sources]
    input = {"prompt": "a fox", "image_style_references": rows}
    return api.post("/generations", {"model": "krea-2-medium", "input": input})


def test_a_file_is_verified_and_kept_and_read_back(api: Caller, acme: Any) -> None:
    answer = send(api)

    made = answer.json()
    row = Upload.objects.get(user=acme)
    assert (answer.status_code, answer.headers["Location"]) == (201, f"{ROOT}/uploads/{row.pk}")
    assert (made["id"], made["width"], made["height"], made["content_type"]) == (str(row.pk), 64, 48, "image/jpeg")
    data = api.client.get(made["url"].partition("localhost:8000")[2]).content
    assert (sha256(data).hexdigest(), len(data)) == (made["sha256"], made["bytes"])
    assert api.get(f"/uploads/{row.pk}").json() == made
    assert api.get("/uploads").json() == {"items": [made], "next": None}


def test_an_address_is_fetched_and_a_data_uri_is_read(api: Caller, fox_host: str) -> None:
    fetched = api.post("/uploads", {"url": f"{fox_host}/a.png"})
    uri = f"data:image/png;base64,{base64.b64encode(png('blue')).decode()}"
    named = api.post("/uploads", {"url": uri})

    assert (fetched.status_code, named.status_code) == (201, 201)
    assert Upload.objects.count() == 2


def test_the_same_picture_is_one_upload_and_the_same_key_one_answer(api: Caller) -> None:
    first, second = send(api, key="k"), send(api, key="k")
    third = send(api)

    assert first.content == second.content
    assert (second.headers["Idempotent-Replayed"], third.json()["id"]) == ("true", first.json()["id"])
    assert refusal(send(api, png("blue"), key="k")) == (422, "idempotency_key_reused")
    assert Upload.objects.count() == 1


def test_id_and_url_of_an_upload_stand_as_a_style_reference(api: Caller, acme: Any) -> None:
    made = send(api).json()

    answer = order(api, made["id"], made["url"])

    assert answer.status_code == 202
    assert Generation.objects.get().references == [made["id"]] * 2
    assert wallet_of(acme) == (1000_00, 45_50)


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ({}, "/file", "missing"),
        ({"url": 7}, "/url", "wrong_type"),
        ({"url": ""}, "/url", "wrong_type"),
        ({"url": "x", "file": "y"}, "/file", "not_allowed"),
        ({"file": "x"}, "/file", "wrong_type"),
        ({"link": "x"}, "/link", "unknown_field"),
        ([], "", "wrong_type"),
        ({"url": "ftp://a.example/a.png"}, "/url", "bad_scheme"),
        ({"url": "http://127.0.0.1:9/a.png"}, "/url", "address_not_allowed"),
        ({"url": "data:image/png;base64,AAAA"}, "/url", "unknown_type"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_kept(api: Caller, body: Any, pointer: str, code: str) -> None:
    answer = api.post("/uploads", body)

    assert refusal(answer) == (422, "invalid_input")
    assert [(error["pointer"], error["code"]) for error in answer.json()["errors"]] == [(pointer, code)]
    assert not Upload.objects.exists()


def test_a_form_is_held_to_the_same(api: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    assert fields(send(api, b"no picture")).keys() == {"/file"}
    assert fields(send(api, note="x")).keys() == {"/note"}
    assert refusal(api.client.post(f"{ROOT}/uploads", b"--x", "multipart/form-data; boundary=y")) == (
        422, "invalid_input"
    )  # fmt: skip
    assert refusal(api.client.post(f"{ROOT}/uploads", b"x", "multipart/form-data")) == (400, "bad_request")
    assert refusal(api.client.post(f"{ROOT}/uploads", b"x", "text/plain")) == (415, "unsupported_media_type")
    monkeypatch.setattr(references, "MOST_BYTES", 10)
    assert fields(send(api)) == {"/file": {"maxBytes": 10}}


def test_nobody_reads_deletes_or_draws_with_the_uploads_of_others(api: Caller, mallory: Any) -> None:
    made, hers = send(api).json(), Caller(keys.make(mallory, "Hers")[1])

    assert hers.get("/uploads").json()["items"] == []
    for answer in (
        hers.get(f"/uploads/{made['id']}"),
        hers.get(f"/uploads/{made['id']}/content"),
        hers.delete(f"/uploads/{made['id']}"),
    ):
        assert refusal(answer) == (404, "not_found")
    for source in (made["id"], made["url"]):
        assert refusal(order(hers, source)) == (422, "invalid_input")


def test_a_key_that_may_only_read_uploads_and_deletes_nothing(api: Caller, acme: Any) -> None:
    made, reader = send(api).json(), Caller(keys.make(acme, "Reader", ["generations:read"])[1])

    assert reader.get("/uploads").status_code == 200
    assert refusal(send(reader)) == (403, "missing_scope")
    assert refusal(reader.delete(f"/uploads/{made['id']}")) == (403, "missing_scope")


def test_the_list_has_pages(api: Caller, acme: Any) -> None:
    made = [str(upload_of(acme, png(colour)).pk) for colour in ("red", "green", "blue")]

    first = api.get("/uploads", limit=2).json()
    second = api.get("/uploads", limit=2, cursor=first["next"]).json()

    assert [each["id"] for each in (*first["items"], *second["items"])] == made[::-1]
    assert second["next"] is None


def test_what_a_generation_uses_stays_until_the_generation_goes(api: Caller, acme: Any) -> None:
    upload = upload_of(acme)
    made = order(api, str(upload.pk)).json()

    refused = api.delete(f"/uploads/{upload.pk}")
    with time_machine.travel(timezone.now() + MONTH):
        upkeep.sweep()
    assert (refusal(refused), refused.json()["generations"]) == ((409, "upload_in_use"), 1)
    assert Upload.objects.get().used_at > upload.used_at + upkeep.UNUSED_LASTS  # and is not looked at for a while

    api.delete(f"/generations/{made['id']}")
    erasure.sweep()
    assert api.delete(f"/uploads/{upload.pk}").status_code == 204
    assert refusal(api.get(f"/uploads/{upload.pk}")) == (404, "not_found")
    with time_machine.travel(timezone.now() + doomed.GRACE + timedelta(seconds=1)):
        doomed.sweep()
    assert not store.exists(upload.name)


def test_what_nobody_uses_goes_after_thirty_days_and_what_a_draft_names_stays(acme: Any) -> None:
    drafted, aside, unused = (upload_of(acme, png(colour)) for colour in ("red", "green", "blue"))
    Draft.objects.create(
        user=acme,
        typed=drafts.clean([("image_style_references.0.image_url", str(drafted.pk))]),
        aside={"image_style_references.0.image_url": str(aside.pk)},
    )
    upkeep.sweep()
    assert Upload.objects.count() == 3

    with time_machine.travel(timezone.now() + MONTH):
        upkeep.sweep()

    assert set(Upload.objects.all()) == {drafted, aside}
    assert DoomedFile.objects.get(name=unused.name)


def test_sending_it_again_begins_the_thirty_days_anew(acme: Any) -> None:
    upload_of(acme)
    with time_machine.travel(timezone.now() + MONTH):
        upload_of(acme)
        upkeep.sweep()

    assert Upload.objects.exists()


def test_the_quota_says_what_is_used_and_allowed_and_counts_only_what_nothing_uses(
    api: Caller, acme: Any, settings: Settings
) -> None:
    settings.UPLOADS_PER_USER = 2
    upload_of(acme, png("red"))
    kept_files.promise(acme, "hello.txt")

    full = send(api, png("blue"))

    assert refusal(full) == (409, "upload_quota_reached")
    told = full.json()
    assert (told["files"], told["files_allowed"], told["bytes_allowed"]) == (2, 2, 1000 * 1024**2)
    assert told["bytes"] == Upload.objects.get().bytes
    assert "2 of 2" in told["detail"]
    assert send(api, png("red")).status_code == 201  # what is there already needs no room
    refused = order(api, f"data:image/png;base64,{base64.b64encode(png('blue')).decode()}")
    assert refused.json()["errors"][0]["code"] == "upload_quota"
    order(api, str(Upload.objects.get().pk))
    assert send(api, png("blue")).status_code == 201


def test_the_quota_counts_bytes_too(api: Caller, acme: Any, settings: Settings) -> None:
    upload = upload_of(acme)
    settings.UPLOAD_MB_PER_USER = 0

    full = send(api, png("blue"))

    assert refusal(full) == (409, "upload_quota_reached")
    assert (full.json()["bytes"], full.json()["bytes_allowed"]) == (upload.bytes, 0)


def test_an_upload_that_is_deleted_while_it_is_ordered_with_is_named(acme: Any) -> None:
    upload = upload_of(acme)
    rows = [{"image_url": str(upload.pk)}]
    brief = Brief.read("krea-2-medium", {"prompt": "a fox", "image_style_references": rows})
    found = references.resolve(acme, brief)
    upkeep.delete(upload)

    with pytest.raises(BadBrief) as caught:
        lifecycle.submit(acme, brief, uploads=found)

    assert [(error.field, error.code) for error in caught.value.errors] == [
        ("image_style_references.0.image_url", "unknown_upload")
    ]
    assert not Generation.objects.exists()
    assert wallet_of(acme) == (1000_00, 0)


@pytest.mark.django_db(transaction=True)
def test_uploads_that_come_at_once_over_http_are_one_and_stay_within_the_quota(
    site: str, key: Any, acme: Any, settings: Settings
) -> None:
    settings.UPLOADS_PER_USER = 4
    colours = [f"#{shade:02x}0000" for shade in range(0, 240, 30)] * 2

    headers = {"Authorization": f"Bearer {key.secret}"}

    def one(colour: str) -> int:
        files = {"file": ("a.png", png(colour), "image/png")}
        return httpx.post(f"{site}/api/v1/uploads", files=files, headers=headers, timeout=60).status_code

    with ThreadPoolExecutor(max_workers=8) as pool:
        told = list(pool.map(one, colours))

    assert set(told) == {201, 409}
    assert Upload.objects.filter(user=acme).count() == 4
    row = Upload.objects.filter(user=acme)[0]
    read = httpx.get(f"{site}/api/v1/uploads/{row.pk}/content", headers=headers)
    assert (read.headers["content-type"], sha256(read.content).hexdigest()) == ("image/jpeg", row.sha256)


def test_a_session_uploads_with_its_token(acme: Any) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(acme)

    answer = client.post(f"{ROOT}/uploads", {"file": SimpleUploadedFile("a.png", png(), "image/png")})

    assert refusal(answer) == (403, "csrf_failed")
