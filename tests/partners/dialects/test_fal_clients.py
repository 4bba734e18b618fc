"""fal's official clients against the site as it runs: nothing of them is changed but the address and the key."""

import asyncio
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import fal_client
import fal_client.client
import httpx
import pytest
import uvicorn
from pytest_django import Settings

from generations import catalogue
from generations.models import Generation
from generations.pictures.verify import verify
from krea_site.asgi import application
from tests.generations.strangers import certificate_for
from tests.partners.dialects import node
from tests.standins.launch import StandIn, free_port

pytestmark = pytest.mark.django_db(transaction=True)

Drawing = Callable[[Callable[[], Any]], Any]
LARGE, FLUX = "krea/v2/large/text-to-image", "fal-ai/flux/krea"
ENDPOINTS = [each.endpoint for each in catalogue.all()]
DECLINED = {"detail": [{"loc": ["body", "prompt"], "msg": "flagged", "type": "content_policy_violation"}]}


@pytest.fixture
def pointed(public: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its addresses begin with https whatever the environment says; here they lead to a site without a certificate."""
    monkeypatch.setattr(fal_client.client, "QUEUE_URL_FORMAT", f"{public}/fal/queue/")
    monkeypatch.setattr(fal_client.client, "RUN_URL_FORMAT", f"{public}/fal/run/")


@pytest.fixture
def official(pointed: None, key: Any) -> fal_client.SyncClient:
    return fal_client.SyncClient(key=key.secret)


def test_it_subscribes_to_every_endpoint(official: fal_client.SyncClient, drawing: Drawing) -> None:
    seen: dict[str, list[Any]] = {endpoint: [] for endpoint in ENDPOINTS}

    def subscribe(endpoint: str) -> Any:
        watch = seen[endpoint].append
        return official.subscribe(endpoint, {"prompt": "a fox"}, with_logs=True, on_queue_update=watch)

    def all_of_them() -> list[Any]:
        with ThreadPoolExecutor(max_workers=4) as pool:
            return list(pool.map(subscribe, ENDPOINTS))

    for endpoint, result in zip(ENDPOINTS, drawing(all_of_them), strict=True):
        picture, last = result["images"][0], seen[endpoint][-1]
        assert verify(httpx.get(picture["url"]).content).width == picture["width"]
        assert isinstance(last, fal_client.Completed)
        assert last.logs and last.logs[-1]["message"] == "Image 1 of 1 is stored."


def test_it_submits_follows_cancels_and_gets_the_error(official: fal_client.SyncClient) -> None:
    handle = official.submit(LARGE, {"prompt": "a fox"})
    before = handle.status(with_logs=True)
    handle.cancel()

    with pytest.raises(fal_client.FalClientHTTPError) as caught:
        handle.get()

    assert isinstance(before, fal_client.Queued) and before.position == 0
    assert (caught.value.status_code, caught.value.error_type) == (499, "client_cancelled")
    assert isinstance(official.status(LARGE, handle.request_id), fal_client.Completed)


def test_it_runs(official: fal_client.SyncClient, drawing: Drawing) -> None:
    result = drawing(lambda: official.run(FLUX, {"prompt": "a fox", "num_images": 2, "image_size": "square"}))

    assert [image["width"] for image in result["images"]] == [512, 512]


def test_it_raises_what_is_wrong_with_a_body_at_once(official: fal_client.SyncClient) -> None:
    with pytest.raises(fal_client.FalClientHTTPError, match="creativity") as caught:
        official.submit(LARGE, {"prompt": "a fox", "creativity": "wild"})

    assert caught.value.status_code == 422
    assert not Generation.objects.exists()


def test_it_raises_what_the_content_check_said(
    official: fal_client.SyncClient, standin: StandIn, drawing: Drawing
) -> None:
    standin.control(fail={"status": 422, "body": DECLINED})

    with pytest.raises(fal_client.FalClientHTTPError) as caught:
        drawing(lambda: official.subscribe(LARGE, {"prompt": "a fox"}))

    assert caught.value.status_code == 422
    assert caught.value.response.json()["detail"][0]["type"] == "content_policy_violation"


def test_it_is_told_of_a_wrong_key(pointed: None) -> None:
    with pytest.raises(fal_client.FalClientHTTPError) as caught:
        fal_client.SyncClient(key="krea_wrong").submit(LARGE, {"prompt": "a fox"})

    assert caught.value.status_code == 401


def test_the_asynchronous_one_works_too(pointed: None, key: Any, drawing: Drawing) -> None:
    async def story() -> tuple[list[str], dict[str, Any], dict[str, Any]]:
        client = fal_client.AsyncClient(key=key.secret)
        handle = await client.submit(LARGE, {"prompt": "a fox"})
        kinds = [type(event).__name__ async for event in handle.iter_events(with_logs=True, interval=0.02)]
        return kinds, await handle.get(), await client.run(FLUX, {"prompt": "a fox", "image_size": "square"})

    kinds, result, ran = drawing(lambda: asyncio.run(story()))

    assert kinds[-1] == "Completed"
    assert result["images"] and ran["images"]


@pytest.fixture
def tls(transactional_db: None, tmp_path: Path, settings: Settings) -> Iterator[tuple[int, Path]]:
    """The site behind a certificate of its own: its port, and the certificate to trust."""
    port, certificate = free_port(), certificate_for("localhost", tmp_path)
    settings.PUBLIC_URL = f"https://localhost:{port}"
    config = uvicorn.Config(
        application, host="127.0.0.1", port=port, log_level="warning", ssl_certfile=str(certificate)
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield port, certificate
    server.should_exit = True
    server.force_exit = True
    thread.join()


@pytest.fixture
def outside() -> Callable[..., str]:
    """Runs a script of Python in a process of its own; what it prints."""

    def run(script: str, **env: str) -> str:
        command = [sys.executable, "-c", script]
        done = subprocess.run(
            command, env={**os.environ, **env}, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def test_it_needs_nothing_but_two_variables_where_the_site_has_a_certificate(
    tls: tuple[int, Path], key: Any, drawing: Drawing, outside: Callable[..., str]
) -> None:
    port, certificate = tls
    script = (
        "import fal_client; print(fal_client.subscribe('krea/v2/medium/text-to-image', {'prompt': 'a fox'})['seed'])"
    )

    told = drawing(
        lambda: outside(
            script,
            FAL_KEY=key.secret,
            FAL_QUEUE_RUN_HOST=f"localhost:{port}/fal/queue",
            FAL_RUN_HOST=f"localhost:{port}/fal/run",
            SSL_CERT_FILE=str(certificate),
        )
    )

    assert int(told) >= 0


SUBSCRIBE = """
import { createFalClient } from "@fal-ai/client";
const fal = createFalClient({
  credentials: process.env.KREA_API_KEY,
  proxyUrl: { url: process.env.SITE + "/fal/proxy", when: "always" },
});
async function subscribe(endpoint, mode) {
  const seen = [];
  const result = await fal.subscribe(endpoint, {
    input: { prompt: "a fox", num_images: 2 }, mode, pollInterval: 50, logs: true,
    onQueueUpdate: (update) => {
      seen.push(update.status);
      if (update.status === "IN_PROGRESS") update.logs.map((log) => log.message);
    },
  });
  return { images: result.data.images.length, id: result.requestId, last: seen.at(-1) };
}
const wanted = ENDPOINTS.flatMap((endpoint) => [subscribe(endpoint, "polling"), subscribe(endpoint, "streaming")]);
const ran = await fal.run(ENDPOINTS.at(-1), { input: { prompt: "a fox", num_images: 2 } });
wanted.push({ images: ran.data.images.length, id: ran.requestId, last: "COMPLETED" });
console.log(JSON.stringify(await Promise.all(wanted)));
"""


@pytest.fixture
def javascript(public: str, key: Any) -> Callable[[str], Any]:
    """What a script with fal's JavaScript client prints, as JSON."""
    folder = node.package("@fal-ai/client", "1.10.1")
    return lambda script: json.loads(node.run(folder, script, SITE=public, KREA_API_KEY=key.secret))


def test_the_javascript_one_subscribes_by_polling_and_by_streaming_and_runs(
    javascript: Callable[[str], Any], drawing: Drawing
) -> None:
    told = drawing(lambda: javascript(SUBSCRIBE.replace("ENDPOINTS", json.dumps(ENDPOINTS))))

    assert {each["id"] for each in told} == {str(id) for id in Generation.objects.values_list("pk", flat=True)}
    assert [(each["images"], each["last"]) for each in told] == [(2, "COMPLETED")] * 9


ERRORS = """
import { createFalClient, ApiError, ValidationError } from "@fal-ai/client";
const at = (credentials) => createFalClient({
  credentials, proxyUrl: { url: process.env.SITE + "/fal/proxy", when: "always" },
});
const fal = at(process.env.KREA_API_KEY), large = "krea/v2/large/text-to-image";
const caught = async (work) => { try { await work(); return null; } catch (error) { return error; } };
const told = {};
const { request_id: requestId } = await fal.queue.submit(large, { input: { prompt: "a fox" } });
told.status = (await fal.queue.status(large, { requestId, logs: true })).status;
await fal.queue.cancel(large, { requestId });
const canceled = await caught(() => fal.queue.result(large, { requestId }));
told.canceled = [canceled.status, canceled.message];
const wrong = await caught(() => fal.queue.submit(large, { input: { prompt: "a fox", creativity: "wild" } }));
told.wrong = [wrong instanceof ValidationError, wrong.fieldErrors[0].loc];
const nobody = await caught(() => at("krea_wrong").queue.submit(large, { input: { prompt: "a fox" } }));
told.nobody = [nobody instanceof ApiError, nobody.status, nobody.message];
console.log(JSON.stringify(told));
"""


def test_the_javascript_one_cancels_and_reads_every_kind_of_error(javascript: Callable[[str], Any]) -> None:
    told = javascript(ERRORS)

    assert told["canceled"] == [499, "The request was canceled. Nothing was charged."]
    assert told["status"] == "IN_QUEUE"
    assert told["wrong"] == [True, ["body", "creativity"]]
    assert told["nobody"] == [True, 401, "This is no API key of ours."]


def test_the_proxy_leads_nowhere_else(http: httpx.Client) -> None:
    for target in ("", "https://example.com/x", "http://queue.fal.run/krea", "https://fal.run.example/x"):
        answer = http.post("/fal/proxy", json={}, headers={"x-fal-target-url": target})
        assert (answer.status_code, answer.json()["error_type"]) == (400, "bad_request")
    away = http.get("/fal/proxy", headers={"x-fal-target-url": "https://queue.fal.run/../../api/v1/balance"})
    assert away.status_code == 405  # an endpoint that is asked for, and no way out
