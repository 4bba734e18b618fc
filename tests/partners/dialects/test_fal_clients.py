"""fal's official clients against the site as it runs: nothing of them is changed but the address and the key."""

import asyncio
import base64
import json
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

import fal_client
import fal_client.client
import httpx
import pytest
from django.utils import timezone
from fal_client.client import StorageSettings
from PIL import Image as Pillow

from generations import catalogue
from generations.models import Generation, Upload
from generations.pictures.verify import verify
from partners import deadlines, keys
from partners.models import Order
from tests.conftest import make_user, wallet_of
from tests.generations.pages import picture
from tests.partners.dialects import node
from tests.standins.launch import StandIn

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
    for name in ("REST_URL", "CDN_URL"):
        monkeypatch.setattr(fal_client.client, name, f"{public}/fal/rest")


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


def test_it_submits_follows_cancels_and_gets_the_error_at_every_endpoint(official: fal_client.SyncClient) -> None:
    for endpoint in ENDPOINTS:
        handle = official.submit(endpoint, {"prompt": "a fox"}, hint="near", priority="low")
        before = handle.status(with_logs=True)
        handle.cancel()

        with pytest.raises(fal_client.FalClientHTTPError) as caught:
            handle.get()

        assert isinstance(before, fal_client.Queued) and before.position == 0
        assert (caught.value.status_code, caught.value.error_type) == (499, "client_cancelled")
        assert isinstance(official.status(endpoint, handle.request_id), fal_client.Completed)


def test_it_runs_every_endpoint(official: fal_client.SyncClient, drawing: Drawing) -> None:
    def run(endpoint: str) -> Any:
        return official.run(endpoint, {"prompt": "a fox", "num_images": 2})

    def all_of_them() -> list[Any]:
        with ThreadPoolExecutor(max_workers=4) as pool:
            return list(pool.map(run, ENDPOINTS))

    for result in drawing(all_of_them):
        assert len(result["images"]) == 2
        assert all(image["width"] and image["url"] for image in result["images"])


def test_it_uploads_in_every_way_and_draws_with_what_it_uploaded(
    official: fal_client.SyncClient, drawing: Drawing, tmp_path: Path
) -> None:
    red, blue = (Pillow.open(picture(colour)) for colour in ("red", "blue"))
    file = tmp_path / "blue.png"
    blue.save(file)
    urls = [
        official.upload_image(red),
        official.upload_file(file),
        official.upload(picture("green").read(), "image/png", "green.png", repository="fal"),
        official.upload("Hello, World!", "text/plain", "hello.txt", lifecycle=StorageSettings(expires_in="1h")),
    ]

    references = [{"image_url": url} for url in urls[:3]]
    body = {"prompt": "a fox", "image_style_references": references}
    result = drawing(lambda: official.subscribe(LARGE, body))

    assert result["images"]
    assert Upload.objects.count() == len(Generation.objects.get().references) == 3
    assert httpx.get(urls[3], follow_redirects=True).text == "Hello, World!"
    with pytest.raises(fal_client.FalClientHTTPError) as caught:
        official.submit(LARGE, {"prompt": "a fox", "image_style_references": [{"image_url": urls[3]}]})
    assert caught.value.response.json()["detail"][0]["type"] == "unsupported_image_format"


def test_it_is_told_when_a_file_is_too_large(official: fal_client.SyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    for threshold in (fal_client.client.MULTIPART_THRESHOLD, 1):
        monkeypatch.setattr(fal_client.client, "MULTIPART_THRESHOLD", threshold)
        with pytest.raises(Exception, match=r"20 MB") as caught:
            official.upload(b"x" * (20 * 1024 * 1024 + 1), "application/octet-stream", "large.bin")
        assert "413" in str(getattr(caught.value, "status_code", caught.value))


def test_it_raises_every_kind_of_error(
    official: fal_client.SyncClient, standin: StandIn, drawing: Drawing, acme: Any
) -> None:
    def caught(work: Callable[[], Any]) -> tuple[int, str | None]:
        with pytest.raises(fal_client.FalClientHTTPError) as error:
            work()
        body = error.value.response.json()
        assert body["message"]
        kind = body["detail"][0]["type"] if isinstance(body["detail"], list) else error.value.error_type
        return error.value.status_code, kind

    def subscribe(**failure: Any) -> Any:
        standin.control(fail={"times": 1, **failure})
        return drawing(lambda: caught(lambda: official.subscribe(LARGE, {"prompt": "a fox"})))

    wrong = fal_client.SyncClient(key="krea_wrong")
    poor = fal_client.SyncClient(key=keys.make(make_user("poor@example.com"), "Poor")[1])
    late = official.submit(LARGE, {"prompt": "a fox"}, start_timeout=2)
    Order.objects.update(start_by=timezone.now())
    deadlines.sweep()

    assert caught(lambda: wrong.submit(LARGE, {"prompt": "a fox"})) == (401, None)
    assert caught(lambda: poor.submit(LARGE, {"prompt": "a fox"})) == (403, None)
    assert caught(lambda: official.submit("fal-ai/flux/dev", {"prompt": "a fox"})) == (404, None)
    assert caught(lambda: official.result(LARGE, str(uuid4()))) == (404, None)
    assert caught(lambda: official.submit(LARGE, {"prompt": "a fox", "creativity": "wild"})) == (422, "literal_error")
    assert caught(late.get) == (504, "request_timeout")
    assert subscribe(status=422, body=DECLINED) == (422, "content_policy_violation")
    no_media = {"detail": [{"loc": ["body"], "msg": "none", "type": "no_media_generated"}]}
    assert subscribe(status=422, body=no_media) == (422, "no_media_generated")
    assert wallet_of(acme) == (1000_00, 0)


def test_the_asynchronous_one_does_all_of_it_too(pointed: None, key: Any, drawing: Drawing) -> None:
    async def one(client: fal_client.AsyncClient, endpoint: str) -> tuple[str, dict[str, Any], dict[str, Any], int]:
        handle = await client.submit(endpoint, {"prompt": "a fox"})
        kinds = [type(event).__name__ async for event in handle.iter_events(with_logs=True, interval=0.05)]
        result, ran = await handle.get(), await client.run(endpoint, {"prompt": "a fox"})
        url = await client.upload(picture().read(), "image/png", "red.png")
        wrong = {"prompt": "a fox", "loras": url, "image_style_references": url}
        try:
            await client.subscribe(endpoint, wrong)
        except fal_client.FalClientHTTPError as error:
            return kinds[-1], result, ran, error.status_code
        raise AssertionError("it was taken")

    async def story() -> list[tuple[str, dict[str, Any], dict[str, Any], int]]:
        client = fal_client.AsyncClient(key=key.secret)
        handle = await client.submit(LARGE, {"prompt": "a fox"})
        await handle.cancel()
        return await asyncio.gather(*(one(client, endpoint) for endpoint in ENDPOINTS))

    for last, result, ran, status in drawing(lambda: asyncio.run(story())):
        assert (last, status) == ("Completed", 422)
        assert result["images"] and ran["images"]


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
for (const endpoint of ENDPOINTS) {
  wanted.push(fal.run(endpoint, { input: { prompt: "a fox", num_images: 2 } }).then(
    (ran) => ({ images: ran.data.images.length, id: ran.requestId, last: "COMPLETED" })));
}
console.log(JSON.stringify(await Promise.all(wanted)));
"""


@pytest.fixture
def javascript(public: str, key: Any) -> Callable[..., Any]:
    """What a script with fal's JavaScript client prints, as JSON."""
    folder = node.package("@fal-ai/client", node.FAL)
    return lambda script, **env: json.loads(node.run(folder, script, SITE=public, KREA_API_KEY=key.secret, **env))


def test_the_javascript_one_subscribes_by_polling_and_by_streaming_and_runs(
    javascript: Callable[..., Any], drawing: Drawing
) -> None:
    told = drawing(lambda: javascript(SUBSCRIBE.replace("ENDPOINTS", json.dumps(ENDPOINTS))))

    assert {each["id"] for each in told} == {str(id) for id in Generation.objects.values_list("pk", flat=True)}
    assert [(each["images"], each["last"]) for each in told] == [(2, "COMPLETED")] * 12


ERRORS = """
import { createFalClient, ApiError, ValidationError } from "@fal-ai/client";
const at = (credentials) => createFalClient({
  credentials, proxyUrl: { url: process.env.SITE + "/fal/proxy", when: "always" },
});
const fal = at(process.env.KREA_API_KEY), large = "krea/v2/large/text-to-image";
const caught = async (work) => { try { await work(); return null; } catch (error) { return error; } };
const told = {};
for (const endpoint of ENDPOINTS) {
  const { request_id: requestId } = await fal.queue.submit(endpoint, { input: { prompt: "a fox" } });
  const { status } = await fal.queue.status(endpoint, { requestId, logs: true });
  const early = await caught(() => fal.queue.result(endpoint, { requestId }));
  await fal.queue.cancel(endpoint, { requestId });
  const canceled = await caught(() => fal.queue.result(endpoint, { requestId }));
  told[endpoint] = [status, early.status, canceled.status, canceled.message];
}
const nothing = await caught(() => fal.queue.submit("fal-ai/flux/dev", { input: { prompt: "a fox" } }));
told.nothing = [nothing instanceof ApiError, nothing.status];
const poor = await caught(() => at(process.env.POOR_KEY).queue.submit(large, { input: { prompt: "a fox" } }));
told.poor = [poor instanceof ApiError, poor.status, poor.message.slice(0, 38)];
const wrong = await caught(() => fal.queue.submit(large, { input: { prompt: "a fox", creativity: "wild" } }));
told.wrong = [wrong instanceof ValidationError, wrong.fieldErrors[0].loc];
const nobody = await caught(() => at("krea_wrong").queue.submit(large, { input: { prompt: "a fox" } }));
told.nobody = [nobody instanceof ApiError, nobody.status, nobody.message];
console.log(JSON.stringify(told));
"""


def test_the_javascript_one_cancels_and_reads_every_kind_of_error(javascript: Callable[..., Any]) -> None:
    poor = keys.make(make_user("poor@example.com"), "Poor")[1]

    told = javascript(ERRORS.replace("ENDPOINTS", json.dumps(ENDPOINTS)), POOR_KEY=poor)

    for endpoint in ENDPOINTS:
        assert told[endpoint] == ["IN_QUEUE", 400, 499, "The request was canceled. Nothing was charged."]
    assert told["nothing"] == [True, 404]
    assert told["poor"] == [True, 403, "User is locked. Reason: Exhausted bala"]
    assert told["wrong"] == [True, ["body", "creativity"]]
    assert told["nobody"] == [True, 401, "This is no API key of ours."]


UPLOADS = """
import { createFalClient } from "@fal-ai/client";
const fal = createFalClient({
  credentials: process.env.KREA_API_KEY, proxyUrl: { url: process.env.SITE + "/fal/proxy", when: "always" },
});
const red = new File([Buffer.from(process.env.RED, "base64")], "red.png", { type: "image/png" });
const blue = new Blob([Buffer.from(process.env.BLUE, "base64")], { type: "image/png" });
const kept = await fal.storage.upload(red, { lifecycle: { expiresIn: "1h" } });
const text = await fal.storage.upload(new File(["Hello, World!"], "hello.txt", { type: "text/plain" }));
const references = [{ image_url: kept }, { image_url: blue, strength: -1 }];
const result = await fal.subscribe("krea/v2/large/text-to-image", {
  input: { prompt: "a fox", image_style_references: references }, pollInterval: 50,
});
const refused = await fal.queue.submit("krea/v2/large/text-to-image", {
  input: { prompt: "a fox", image_style_references: [{ image_url: text }] },
}).catch((error) => error);
const large = new File([new Uint8Array(20 * 1024 * 1024 + 1)], "large.bin");
const tooLarge = await fal.storage.upload(large).catch((error) => error);
console.log(JSON.stringify({
  images: result.data.images.length, text: await (await fetch(text)).text(),
  refused: refused.fieldErrors[0].type, tooLarge: tooLarge.status,
}));
"""


def test_the_javascript_one_uploads_files_and_those_in_an_input_by_itself(
    javascript: Callable[..., Any], drawing: Drawing
) -> None:
    red, blue = (base64.b64encode(picture(colour).read()).decode() for colour in ("red", "blue"))

    told = drawing(lambda: javascript(UPLOADS, RED=red, BLUE=blue))

    refused = "unsupported_image_format"
    assert told == {"images": 1, "text": "Hello, World!", "refused": refused, "tooLarge": 413}
    assert len(Generation.objects.get().references) == 2


def test_the_proxy_leads_nowhere_else(http: httpx.Client) -> None:
    for target in ("", "https://example.com/x", "http://queue.fal.run/krea", "https://fal.run.example/x"):
        answer = http.post("/fal/proxy", json={}, headers={"x-fal-target-url": target})
        assert (answer.status_code, answer.json()["error_type"]) == (400, "bad_request")
    away = http.get("/fal/proxy", headers={"x-fal-target-url": "https://queue.fal.run/../../api/v1/balance"})
    assert away.status_code == 405  # an endpoint that is asked for, and no way out
