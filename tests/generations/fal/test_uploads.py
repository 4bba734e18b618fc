"""Files go to fal's storage in two steps, the key only in the first, and may be tried again freely."""

import json
from typing import Any
from urllib.parse import urlsplit

import pytest

from generations.fal.client import AccountLocked, Unavailable
from generations.fal.media import download
from generations.fal.uploads import MAX_BYTES, UploadRefused, upload
from tests.generations.fal.conftest import Serve
from tests.generations.fal.servers import CUT, Heard, Server, reply
from tests.standins.launch import StandIn

DATA = b"\x89PNG and so on" * 1000


def put() -> str:
    return upload(DATA, "image/png", "reference.png", lifetime_s=3600)


Fault = bytes | list[bytes] | None


def storage(serve: Serve, *, initiate: Fault = None, puts: Fault = None) -> Server:
    """A storage whose two steps answer as told; a list has one answer for each try."""

    def answer(heard: Heard) -> bytes:
        promised = {"upload_url": f"{server.url}/put/x?sig=a%2Fb", "file_url": f"{server.url}/files/x"}
        fault, usual = (initiate, reply(200, promised)) if heard.method == "POST" else (puts, reply(200))
        if isinstance(fault, list):
            return fault.pop(0) if fault else usual
        return usual if fault is None else fault

    server = serve(answer)
    return server


def test_a_file_is_kept_by_the_stand_in_and_can_be_read_by_anyone(standin: StandIn) -> None:
    url = put()

    assert url.startswith(f"{standin.url}/cdn/files/")
    assert download(url, max_bytes=len(DATA)) == DATA


def test_the_key_and_the_lifetime_go_to_fal_and_the_bytes_to_where_fal_says(serve: Serve) -> None:
    server = storage(serve)

    assert put() == f"{server.url}/files/x"

    initiate, sent = server.heard
    assert initiate.target == "/rest/storage/upload/initiate?storage_type=fal-cdn-v3"
    assert initiate.headers["authorization"] == "Key standin:standin"
    assert json.loads(initiate.headers["x-fal-object-lifecycle"]) == {"expiration_duration_seconds": 3600}
    assert json.loads(initiate.body) == {"content_type": "image/png", "file_name": "reference.png"}
    assert (sent.method, sent.target, sent.body) == ("PUT", "/put/x?sig=a%2Fb", DATA)
    assert sent.headers["content-type"] == "image/png"
    assert "authorization" not in sent.headers
    assert not any(name.startswith("x-fal-") for name in sent.headers)


@pytest.mark.parametrize(
    ("faults", "calls"),
    [
        ({"initiate": [CUT, reply(503)]}, ["POST", "POST", "POST", "PUT"]),
        ({"initiate": [reply(429), reply(200, b"?")]}, ["POST", "POST", "POST", "PUT"]),
        ({"puts": [CUT, reply(500)]}, ["POST", "PUT"] * 3),
        ({"puts": [reply(403)]}, ["POST", "PUT"] * 2),
        ({"puts": [reply(307, location="http://127.0.0.1:1/")]}, ["POST", "PUT"] * 2),
    ],
)
def test_a_passing_trouble_is_sat_out(serve: Serve, faults: dict[str, Any], calls: list[str]) -> None:
    server = storage(serve, **faults)

    assert put() == f"{server.url}/files/x"
    assert [heard.method for heard in server.heard] == calls


@pytest.mark.parametrize("faults", [{"initiate": reply(503)}, {"initiate": reply(200, [])}, {"puts": reply(500)}])
def test_a_storage_that_stays_down_is_unavailable(serve: Serve, faults: dict[str, Any]) -> None:
    storage(serve, **faults)

    with pytest.raises(Unavailable):
        put()


@pytest.mark.parametrize("status", [400, 403, 404, 413, 422])
def test_a_file_that_fal_does_not_take_is_refused_at_once(serve: Serve, status: int) -> None:
    server = storage(serve, initiate=reply(status, {"detail": "no"}))

    with pytest.raises(UploadRefused):
        put()
    assert len(server.heard) == 1


def test_a_locked_account_cannot_upload(standin: StandIn) -> None:
    standin.control(locked="TOP_UP")

    with pytest.raises(AccountLocked) as told:
        put()

    assert told.value.code == "account_locked"


@pytest.mark.parametrize(
    ("upload_url", "file_url"),
    [
        ("http://evil.example/x", "https://v3.fal.media/x"),
        ("https://10.0.0.1/x", "https://v3.fal.media/x"),
        ("http://127.0.0.1:1/x", "https://v3.fal.media/x"),
        ("https://storage.googleapis.com/x", "http://v3.fal.media/x"),
        ("https://storage.googleapis.com/x", "file:///etc/passwd"),
        (None, "https://v3.fal.media/x"),
        ("https://storage.googleapis.com/x", None),
    ],
)
def test_a_file_goes_to_no_address_that_is_not_allowed(serve: Serve, upload_url: object, file_url: object) -> None:
    server = storage(serve, initiate=reply(200, {"upload_url": upload_url, "file_url": file_url}))

    with pytest.raises(UploadRefused, match="not allowed"):
        put()
    assert [urlsplit(heard.target).path for heard in server.heard] == ["/rest/storage/upload/initiate"]


def test_a_file_that_is_too_large_does_not_leave(serve: Serve) -> None:
    server = storage(serve)

    with pytest.raises(UploadRefused):
        upload(bytes(MAX_BYTES + 1), "image/png", "huge.png", lifetime_s=60)
    assert server.heard == []
