"""Erasing at fal: what each answer means, and that the key for it is the administrator's."""

import pytest
from pytest_django import Settings

from generations.fal import payloads
from generations.fal.payloads import Gone, NotYet, Unavailable
from tests.generations.fal.conftest import Serve
from tests.generations.fal.servers import CUT, reply

ID = "019ef3ca-bf2e-71b2-8000-000000000001"
LINK = "https://v3.fal.media/files/a.png"


def test_files_that_went_are_counted_and_the_call_is_the_documented_one(serve: Serve, settings: Settings) -> None:
    settings.FAL_KEY, settings.FAL_ADMIN_KEY = "id:usual", "id:admin"
    server = serve(lambda heard: reply(200, {"cdn_delete_results": [{"link": LINK, "exception": None}]}))

    assert payloads.erase(ID) == Gone(1)

    (heard,) = server.heard
    assert (heard.method, heard.target.partition("/models/")[2]) == ("DELETE", f"requests/{ID}/payloads")
    assert heard.headers["authorization"] == "Key id:admin"


@pytest.mark.parametrize("status", [404, 410])
def test_what_fal_does_not_know_is_gone(serve: Serve, status: int) -> None:
    serve(lambda heard: reply(status, {"detail": "not found"}))

    assert payloads.erase(ID) == Gone()


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (200, {"cdn_delete_results": [{"link": LINK, "exception": "locked"}, {"link": LINK, "exception": None}]},
         "1 of 2 files are still there"),
        (200, {"ok": True}, "fal did not say what became of the files"),
        (403, {"detail": "Admin only"}, "fal answered 403 Admin only"),
        (401, {}, "fal answered 401"),
    ],
)  # fmt: skip
def test_what_stays_is_not_taken_for_gone(serve: Serve, status: int, body: object, reason: str) -> None:
    serve(lambda heard: reply(status, body))

    assert payloads.erase(ID) == NotYet(reason)


@pytest.mark.parametrize("answer", [reply(503, {}), reply(429, {}), CUT])
def test_a_fal_that_cannot_be_asked_is_unavailable(serve: Serve, answer: bytes) -> None:
    serve(lambda heard: answer)

    with pytest.raises(Unavailable):
        payloads.erase(ID)


def test_an_odd_id_is_not_put_into_an_address(serve: Serve) -> None:
    server = serve(lambda heard: reply(200, {}))

    assert payloads.erase("../../account") == NotYet("not a request id of fal")
    assert server.heard == []
