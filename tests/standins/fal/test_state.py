"""A stand-in that is killed and started again knows what it knew."""

from pathlib import Path

import httpx

from tests.standins.fal.caller import LARGE, Caller
from tests.standins.launch import KEY, StandIn, start_standin
from tests.standins.receiver import Receiver


def caller_of(fal: StandIn) -> Caller:
    known = httpx.Client(base_url=fal.url, headers={"Authorization": KEY}, trust_env=False)
    return Caller(known, httpx.Client(base_url=fal.url, trust_env=False))


def test_a_killed_stand_in_goes_on_where_it_was(tmp_path: Path, receiver: Receiver) -> None:
    with start_standin(tmp_path, speed=0.002, concurrency=1) as fal:
        caller = caller_of(fal)
        done = caller.submit(LARGE, prompt="done", seed=1)
        before, status = caller.result(done).json(), caller.status(done).json()
        picture = caller.anybody.get(before["images"][0]["url"]).content
        keys = caller.anybody.get("/.well-known/jwks.json").json()
        fal.control(latency_s=0.3)
        drawing = caller.submit(prompt="under way", webhook=receiver.url)
        waiting = caller.submit(prompt="in the queue", webhook=receiver.url)

        fal.kill()
        fal.restart()

        caller = caller_of(fal)
        assert caller.status(done).json() == status
        assert caller.result(done).json() == before
        assert caller.anybody.get(before["images"][0]["url"]).content == picture
        assert caller.anybody.get("/.well-known/jwks.json").json() == keys
        assert [caller.result(ticket).status_code for ticket in (drawing, waiting)] == [200, 200]
        told = {receiver.next().json["request_id"] for _ in range(2)}  # in any order: each is a call of its own
        assert told == {drawing["request_id"], waiting["request_id"]}
        assert (fal.summary()["billed_draws"], fal.summary()["cost_micro_usd"]) == (3, 120_000)
        assert caller.submit()["request_id"] not in {done["request_id"], drawing["request_id"]}


def test_an_untold_end_is_told_after_a_kill(tmp_path: Path, receiver: Receiver) -> None:
    receiver.answers = [500]
    with start_standin(tmp_path, speed=0.05) as fal:
        fal.control(latency_s=0)
        caller_of(fal).submit(webhook=receiver.url)
        receiver.next()

        fal.kill()
        fal.restart()

        assert receiver.next().json["status"] == "OK"


def test_uploads_and_tokens_outlive_a_kill(tmp_path: Path) -> None:
    with start_standin(tmp_path) as fal:
        caller = caller_of(fal)
        told = caller.http.post("/rest/storage/upload/initiate", json={"file_name": "a.png"}).json()
        bearer = caller.http.post("/rest/storage/auth/token", json={}).json()["token"]
        caller.anybody.put(told["upload_url"], content=b"bytes")

        fal.kill()
        fal.restart()

        headers = {"Authorization": f"Bearer {bearer}"}
        assert caller.anybody.get(told["file_url"]).content == b"bytes"
        assert caller.anybody.post("/cdn/files/upload", content=b"x", headers=headers).status_code == 200
