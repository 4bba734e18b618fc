"""fal's own Python client, unchanged but for the addresses, as its users call it."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fal_client
import fal_client.client
import pytest

from tests.standins.fal.caller import LARGE, LORA, MEDIUM, Caller, decoded, plain_picture
from tests.standins.launch import StandIn

KEY = "standin:standin"


@pytest.fixture
def official(fal: StandIn, monkeypatch: pytest.MonkeyPatch) -> Iterator[fal_client.SyncClient]:
    point_at(fal, monkeypatch)
    yield fal_client.SyncClient(key=KEY)


@pytest.fixture
def asynchronous(fal: StandIn, monkeypatch: pytest.MonkeyPatch) -> Iterator[fal_client.AsyncClient]:
    point_at(fal, monkeypatch)
    yield fal_client.AsyncClient(key=KEY)


def point_at(fal: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its hosts are constants of the module, and it would make https of what stands in the environment."""
    for name, path in (("QUEUE_URL_FORMAT", "/queue/"), ("RUN_URL_FORMAT", "/run/"), ("REST_URL", "/rest")):
        monkeypatch.setattr(fal_client.client, name, fal.url + path)
    monkeypatch.setattr(fal_client.client, "CDN_URL", f"{fal.url}/cdn")


def test_it_submits_follows_and_gets_the_result(fal: StandIn, caller: Caller, official: fal_client.SyncClient) -> None:
    fal.control(concurrency=1, latency_s=0.3)
    official.submit(LARGE, {"prompt": "first"})

    handle = official.submit(LARGE, {"prompt": "a fox", "seed": 8}, hint="here", priority="low")
    events = [type(event).__name__ for event in handle.iter_events(with_logs=True, interval=0.02)]
    result = handle.get()

    assert (events[0], events[-1], set(events[1:-1])) == ("Queued", "Completed", {"Queued", "InProgress"})
    assert result["seed"] == 8
    assert decoded(caller.anybody.get(result["images"][0]["url"]).content).size == (1024, 1024)
    assert fal.log(on="submit", prompt="a fox")[0]["headers"]["x-fal-queue-priority"] == "low"


def test_it_subscribes(official: fal_client.SyncClient) -> None:
    seen: list[Any] = []

    result = official.subscribe(MEDIUM, {"prompt": "a fox"}, with_logs=True, on_queue_update=seen.append)

    assert result["images"][0]["content_type"] == "image/png"
    assert isinstance(seen[-1], fal_client.Completed)


def test_it_asks_by_application_and_id(official: fal_client.SyncClient) -> None:
    request_id = official.submit(LARGE, {"prompt": "a fox"}).request_id

    result = official.result(LARGE, request_id)

    assert isinstance(official.status(LARGE, request_id, with_logs=True), fal_client.Completed)
    assert result["images"]


def test_it_cancels(fal: StandIn, official: fal_client.SyncClient) -> None:
    fal.control(latency_s=60)
    handle = official.submit(LARGE, {"prompt": "a fox"})

    handle.cancel()

    with pytest.raises(fal_client.FalClientHTTPError) as caught:
        handle.get()
    assert (caught.value.status_code, caught.value.error_type) == (499, "client_cancelled")


def test_it_raises_what_the_model_said(official: fal_client.SyncClient) -> None:
    with pytest.raises(fal_client.FalClientHTTPError) as caught:
        official.subscribe(LARGE, {"prompt": "forbidden"})

    assert caught.value.status_code == 422
    assert caught.value.response.json()["detail"][0]["type"] == "content_policy_violation"


def test_it_runs_and_waits(official: fal_client.SyncClient) -> None:
    result = official.run(LORA, {"prompt": "a fox", "image_size": "square"})

    assert result["images"][0]["width"] == 512


def test_it_posts_a_lost_submit_again_and_both_are_billed(fal: StandIn, official: fal_client.SyncClient) -> None:
    fal.control([{"on": "submit", "cut": "before_reply"}])

    official.subscribe(LARGE, {"prompt": "twice", "seed": 1})

    first = fal.log(on="submit", prompt="twice")[0]["request_id"]
    official.result(LARGE, first)
    assert (fal.summary()["billed_draws"], fal.summary()["billed_again"]) == (2, 1)


def test_it_uploads_bytes_and_files(caller: Caller, official: fal_client.SyncClient, tmp_path: Path) -> None:
    picture = plain_picture((200, 10, 10))
    file = tmp_path / "red.png"
    file.write_bytes(picture)

    addresses = [official.upload(picture, "image/png", "red.png"), official.upload_file(file)]

    got = [caller.anybody.get(address) for address in addresses]
    assert [one.content for one in got] == [picture, picture]
    assert [one.headers["content-type"] for one in got] == ["image/png", "image/png"]
    result = official.subscribe(LARGE, {"prompt": "x", "image_style_references": [{"image_url": addresses[0]}]})
    assert result["images"]


def test_it_uploads_large_files_in_parts(
    caller: Caller, official: fal_client.SyncClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fal_client.client, "MULTIPART_THRESHOLD", 100)
    monkeypatch.setattr(fal_client.client, "MULTIPART_CHUNK_SIZE", 64)
    data = bytes(range(250))
    file = tmp_path / "large.bin"
    file.write_bytes(data)

    address = official.upload_file(file)

    assert caller.anybody.get(address).content == data


def test_it_falls_back_to_the_other_storage(fal: StandIn, caller: Caller, official: fal_client.SyncClient) -> None:
    fal.control([{"on": "upload", "status": 500, "skip": 1, "times": 1}])

    address = official.upload(b"bytes", "text/plain", "a.txt")

    assert caller.anybody.get(address).content == b"bytes"
    assert "storage_type=gcs" in {call["query"] for call in fal.log(on="upload")}


def test_it_is_told_of_a_locked_account(fal: StandIn, official: fal_client.SyncClient) -> None:
    fal.control(locked=True)

    with pytest.raises(fal_client.FalClientHTTPError, match="User is locked") as caught:
        official.submit(LARGE, {"prompt": "a fox"})

    assert caught.value.status_code == 403


def test_the_asynchronous_one_works_too(caller: Caller, asynchronous: fal_client.AsyncClient) -> None:
    async def story() -> tuple[dict[str, Any], str]:
        handle = await asynchronous.submit(LARGE, {"prompt": "a fox"})
        kinds = [type(event).__name__ async for event in handle.iter_events(interval=0.02)]
        address = await asynchronous.upload(b"bytes", "text/plain", "a.txt")
        assert kinds[-1] == "Completed"
        return await handle.get(), address

    result, address = asyncio.run(story())

    assert result["images"]
    assert caller.anybody.get(address).content == b"bytes"
