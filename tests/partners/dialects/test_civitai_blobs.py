"""Civitai's blobs: pictures by id, by signed address and by token; uploads by key and by a presigned address."""

import base64
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from generations import lifecycle, upkeep
from generations.models import Generation, Image, Upload
from generations.pictures import store
from generations.pictures.verify import verify
from partners import keys
from partners.models import Key
from tests.generations.pages import picture
from tests.partners.dialects.civilian import ROOT, Civilian, workflow

pytestmark = pytest.mark.django_db

Run = Callable[[], None]


@pytest.fixture
def drawn(civitai: Civilian, finish_all: Run) -> dict[str, Any]:
    """The blob of a picture, as its workflow tells it."""
    made = civitai.order()
    assert civitai.get(f"/blobs/{made['steps'][0]['output']['images'][0]['id']}").status_code == 404  # not yet
    finish_all()
    told: dict[str, Any] = civitai.get(f"/workflows/{made['id']}").json()["steps"][0]["output"]["images"][0]
    return told


def path_of(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.path}?{parts.query}"


def test_a_blob_leads_to_its_bytes_and_is_kept_by_nobody(civitai: Civilian, drawn: dict[str, Any]) -> None:
    there, head = civitai.get(f"/blobs/{drawn['id']}"), civitai.send("HEAD", f"/blobs/{drawn['id']}")

    data = Client().get(path_of(there.headers["Location"]))

    assert (there.status_code, there.headers["Cache-Control"]) == (308, "no-store")
    assert urlsplit(there.headers["Location"]).path.startswith(f"{ROOT}/blobs/content/")
    assert (head.status_code, head.headers["Location"]) == (204, there.headers["Location"])
    assert (verify(data.content).width, data.headers["Content-Type"]) == (drawn["width"], "image/png")


def test_the_address_of_a_blob_works_without_a_key_for_a_day(civitai: Civilian, drawn: dict[str, Any]) -> None:
    stranger, address = Client(), path_of(drawn["url"])

    assert urlsplit(drawn["url"]).path == f"{ROOT}/blobs/{drawn['id']}"  # so that whoever has it knows what to refresh
    assert parse_qs(urlsplit(drawn["url"]).query)["exp"] == [drawn["urlExpiresAt"]]
    assert verify(stranger.get(address).content).width == drawn["width"]
    with time_machine.travel(timezone.now() + timedelta(hours=22)):
        assert stranger.get(address).status_code == 200
    with time_machine.travel(timezone.now() + timedelta(hours=25)):
        ended = stranger.get(address)
        fresh = civitai.send("POST", f"/blobs/{drawn['id']}/refresh").json()
        assert (ended.status_code, fresh["available"]) == (401, True)
        assert stranger.get(path_of(fresh["url"])).status_code == 200
    for altered in (address.replace("exp=2", "exp=3"), address[:-1], address.replace("blob_", "upload_")):
        assert stranger.get(altered).status_code == 401


def test_a_token_ends_after_an_hour_and_cannot_be_made_up(civitai: Civilian, drawn: dict[str, Any]) -> None:
    address = path_of(civitai.get(f"/blobs/{drawn['id']}").headers["Location"])
    made_up = base64.urlsafe_b64encode(f"{Image.objects.get().name}?expires=9999999999&signature=x".encode()).decode()

    for token in ("x", "%00", made_up):
        assert Client().get(f"{ROOT}/blobs/content/{token}").status_code == 401
    with time_machine.travel(timezone.now() + timedelta(hours=2)):
        assert Client().get(address).status_code == 401


def test_a_deleted_picture_is_gone_by_every_address(civitai: Civilian, drawn: dict[str, Any]) -> None:
    lifecycle.delete(Generation.objects.get())

    told = [Client().get(path_of(drawn["url"])), civitai.get(f"/blobs/{drawn['id']}")]
    told.append(civitai.send("POST", f"/blobs/{drawn['id']}/refresh"))

    assert [answer.status_code for answer in told] == [404] * 3
    assert "deleted" in told[0].json()["detail"]


def test_the_blob_of_a_picture_in_the_bin_says_why_it_is_not_there(civitai: Civilian, drawn: dict[str, Any]) -> None:
    Image.objects.update(binned_at=timezone.now())

    told = civitai.get(f"/workflows/{Generation.objects.get().pk}").json()

    assert (told["status"], told["steps"][0]["output"]["images"][0]["available"]) == ("succeeded", False)
    assert told["steps"][0]["output"]["errors"] == ["This picture was deleted."]


@pytest.mark.django_db(transaction=True)
def test_a_blob_is_saved_under_the_name_that_is_asked_for(http: httpx.Client, finish_all: Run) -> None:
    id = http.post(f"{ROOT}/workflows", json=workflow()).json()["id"]
    finish_all()
    blob = http.get(f"{ROOT}/workflows/{id}").json()["steps"][0]["output"]["images"][0]

    saved = http.get(f"{ROOT}/blobs/{blob['id']}?download=true&filename=../my%20fox.png", follow_redirects=True)
    signed = httpx.get(f"{blob['url']}&download=true")

    assert saved.headers["Content-Disposition"] == 'attachment; filename="my fox.png"'
    assert signed.headers["Content-Disposition"] == f'attachment; filename="{blob["id"]}.png"'
    assert saved.content == signed.content
    assert httpx.get(blob["url"]).headers["Content-Disposition"] == "inline"


def upload(client: Client, data: bytes, address: str = f"{ROOT}/blobs", content_type: str = "image/png") -> Any:
    return client.generic("POST", address, data, content_type=content_type)


@pytest.mark.parametrize("content_type", ["image/png", "application/octet-stream", "application/json", ""])
def test_an_upload_is_a_blob_that_may_be_a_reference(
    civitai: Civilian, acme: Any, finish_all: Run, content_type: str
) -> None:
    answer = upload(civitai.client, picture().read(), content_type=content_type)

    blob = answer.json()
    assert (answer.status_code, blob["available"], blob["type"], blob["jobId"]) == (201, True, "image", None)
    assert Client().get(path_of(blob["url"])).status_code == 200
    assert civitai.get(f"/blobs/{blob['id']}").status_code == 308
    civitai.order(imageStyleReferences=[{"imageUrl": blob["url"]}, {"imageUrl": blob["url"].partition("?")[0]}])
    finish_all()
    made, row = Generation.objects.get(), Upload.objects.get()
    assert (made.references, made.outcome) == ([str(row.pk)] * 2, "succeeded")


def test_a_blob_of_ones_own_may_be_a_reference(civitai: Civilian, drawn: dict[str, Any], mallory: Any) -> None:
    styled = workflow(imageStyleReferences=[{"imageUrl": drawn["url"]}])

    civitai.submit(styled)
    hers = Civilian(keys.make(mallory, "Hers")[1]).send("POST", "/workflows", styled)

    assert Upload.objects.get().width == drawn["width"]
    assert "no picture of yours" in hers.json()["errors"]["messages"][0]


def test_a_form_with_one_file_is_taken_too(civitai: Civilian) -> None:
    file = SimpleUploadedFile("a.png", picture().read(), "image/png")

    assert civitai.client.post(f"{ROOT}/blobs", {"file": file}).status_code == 201
    assert civitai.client.post(f"{ROOT}/blobs", {"file": "text"}).status_code == 400


@pytest.mark.parametrize(
    ("data", "status", "said"),
    [
        (b"", 400, "empty"),
        (b"hello", 415, "not a JPEG, PNG"),
        (picture().read()[:-40], 400, "cut off or damaged"),
        (b"\x89PNG" + bytes(20 * 1024 * 1024), 413, "20 MB"),
    ],
    ids=["empty", "text", "damaged", "large"],
)
def test_what_is_no_picture_is_refused(civitai: Civilian, data: bytes, status: int, said: str) -> None:
    answer = upload(civitai.client, data)

    assert (answer.status_code, answer.json()["status"]) == (status, status)
    assert said in answer.json()["detail"]
    assert not Upload.objects.exists()


def test_a_presigned_address_takes_a_picture_without_a_key(civitai: Civilian, acme: Any) -> None:
    told = civitai.get("/blobs/upload").json()
    address = path_of(told["uploadUrl"])

    answer = upload(Client(), picture().read(), address)

    assert (answer.status_code, Upload.objects.get().user_id) == (201, acme.pk)
    assert upload(Client(), b"", address[:-1]).status_code == 401
    assert upload(Client(), b"", address.replace("exp=2", "exp=3")).status_code == 401
    assert Client().get(f"{ROOT}/blobs/upload").status_code == 401
    with time_machine.travel(timezone.now() + timedelta(hours=2)):
        assert upload(Client(), picture().read(), address).status_code == 401
    keys.revoke(Key.objects.get())
    assert upload(Client(), picture().read(), address).status_code == 401


def test_a_refreshed_upload_is_kept_for_thirty_more_days(civitai: Civilian) -> None:
    blob = upload(civitai.client, picture().read()).json()
    now = timezone.now()

    with time_machine.travel(now + timedelta(days=29)):
        assert civitai.send("POST", f"/blobs/{blob['id']}/refresh").json()["id"] == blob["id"]
    with time_machine.travel(now + timedelta(days=31)):
        upkeep.sweep()
        assert store.exists(Upload.objects.get().name)
    with time_machine.travel(now + timedelta(days=60)):
        upkeep.sweep()
    assert not Upload.objects.exists()
