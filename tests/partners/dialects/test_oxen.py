"""Oxen's dialect: the sync call, the queue, the events that are told again, the models, and what is refused."""

import base64
import json
import re
import shutil
import subprocess
import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest
import requests
from django.test import Client
from django.utils import timezone

from generations import events, lifecycle
from generations.models import Generation, Image, Status
from generations.pictures.verify import verify
from partners import keys
from partners.dialects.oxen.stream import CompletionTeller
from partners.dialects.oxen.wire import COMPLETED, WORDS
from tests.conftest import draw_everything, make_user, wallet_of
from tests.standins.launch import StandIn

pytestmark = pytest.mark.django_db

Run = Callable[[], None]
Drawing = Callable[[Callable[[], Any]], Any]
LARGE = "krea-v2-large-text-to-image"
FOX = {"model": LARGE, "prompt": "a fox"}
DECLINED = {"detail": [{"loc": ["body", "prompt"], "msg": "flagged", "type": "content_policy_violation"}]}
KINDS = [LARGE, "krea-v2-medium-text-to-image", "krea-2-turbo-lora", "flux-krea-dev"]


class Oxherd:
    """Calls as a sample of Oxen's does."""

    def __init__(self, secret: str) -> None:
        self.client = Client(headers={"Authorization": f"Bearer {secret}"}, raise_request_exception=False)

    def post(self, path: str, body: Any, **headers: str) -> Any:
        told = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.post(f"/api/ai{path}", json.dumps(body), content_type="application/json", headers=told)

    def get(self, path: str) -> Any:
        return self.client.get(f"/api/ai{path}")

    def queue(self, **more: Any) -> list[str]:
        """The ids of what was ordered."""
        answer = self.post("/queue", FOX | more)
        assert answer.status_code == 200, answer.content
        assert {each["status"] for each in answer.json()["generations"]} == {"queued"}
        return [each["generation_id"] for each in answer.json()["generations"]]


@pytest.fixture
def oxen(key: Any) -> Oxherd:
    return Oxherd(key.secret)


def refused(answer: Any, status: int = 400) -> str:
    """What a refusal says."""
    body = answer.json()
    assert (answer.status_code, body["status"]) == (status, "error"), body
    assert body["status_message"] == body["error"]["type"] and body["error"]["title"]
    assert body["error"]["detail"] == body["error"]["message"]
    return str(body["error"]["detail"])


@pytest.mark.parametrize("model", KINDS)
def test_every_model_is_queued_and_drawn(oxen: Oxherd, finish_all: Run, model: str) -> None:
    [id] = oxen.queue(model=model, seed=7)
    waiting = oxen.get(f"/queue/{id}").json()
    finish_all()

    done = oxen.get(f"/queue/{id}").json()

    assert (waiting["status"], waiting["result_url"], waiting["completed_at"]) == ("queued", None, None)
    assert (done["status"], done["model_name"], done["seed"]) == ("succeeded", model, 7)
    assert (done["prompt"], done["media_type"], done["error_message"]) == ("a fox", "image", None)
    assert done["enqueued_at"] <= done["started_at"] <= done["completed_at"]
    assert "/pictures/" in done["result_url"]


def test_several_generations_are_ordered_at_once_and_each_has_its_seed(oxen: Oxherd, acme: Any) -> None:
    ids = oxen.queue(num_generations=3, seed=2**32 - 1)

    assert len(set(ids)) == 3 and Generation.objects.count() == 3
    assert [oxen.get(f"/queue/{id}").json()["seed"] for id in ids] == [2**32 - 1, 0, 1]
    assert wallet_of(acme) == (1000_00, 3 * 78_00)
    assert oxen.get("/queue").json()["count"] == 3


def test_when_the_credits_do_not_suffice_for_all_none_is_ordered() -> None:
    poor = Oxherd(keys.make(make_user("poor@example.com", 100_00), "Poor")[1])

    answer = poor.post("/queue", FOX | {"num_generations": 2})

    assert refused(answer, 402).startswith("Insufficient credits: ")
    assert not Generation.objects.exists()


@pytest.mark.parametrize(
    "reference", ["{0}", {"image_url": "{0}"}, {"imageUrl": "{0}", "strength": -2}, {"url": "{0}"}]
)
def test_references_are_addresses_or_objects(oxen: Oxherd, fox_host: str, acme: Any, reference: Any) -> None:
    given = json.loads(json.dumps(reference).replace("{0}", f"{fox_host}/a.png"))

    oxen.queue(image_style_references=[given, f"{fox_host}/b.png"])

    strengths = [each["strength"] for each in Generation.objects.get().input["image_style_references"]]
    assert strengths == [-2 if "strength" in reference else 1, 1]
    assert wallet_of(acme) == (1000_00, 84_50)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"prompt": ""}, "Prompt cannot be empty"),
        ({"prompt": "  "}, "Prompt cannot be empty"),
        ({"prompt": None}, "prompt"),
        ({"model": "sdxl"}, "Model not found: sdxl"),
        ({"model": None}, "Model not found"),
        ({"num_generations": 5}, "num_generations must be an integer between 1 and 4"),
        ({"num_generations": "2"}, "num_generations must be an integer between 1 and 4"),
        ({"creativity": "wild"}, "creativity must be one of raw, low, medium, high"),
        ({"target_namespace": "me"}, "takes no target_namespace"),
        ({"negative_prompt": "dogs"}, "takes no negative_prompt"),
        ({"image_style_references": ["not an address"]}, "image_style_references[0].image_url"),
        ({"image_style_references": ["http://127.0.0.1:9/a.png"]}, "Style reference 1"),
        ({"response_format": "url"}, "takes no response_format"),
    ],
)
def test_what_is_wrong_is_said_and_costs_nothing(oxen: Oxherd, body: dict[str, Any], said: str) -> None:
    answer = oxen.post("/queue", FOX | body)

    assert said in refused(answer)
    assert answer.json()["error"]["type"] == "invalid_params"
    assert not Generation.objects.exists()


def test_other_refusals_have_their_words_too(oxen: Oxherd, key: Any) -> None:
    assert refused(oxen.post("/queue", [])) == "The body must be an object with model and prompt."
    assert refused(oxen.get(f"/queue/{uuid4()}"), 404) and refused(oxen.get("/nothing"), 404)
    assert refused(Client().get("/api/ai/queue"), 401)
    reader = Oxherd(keys.make(key.user, "Reader", ["generations:read"])[1])
    assert "generations:write" in refused(reader.post("/queue", FOX), 403)
    assert refused(oxen.client.put("/api/ai/queue", "{}", content_type="application/json"), 405)


def test_what_is_canceled_is_free_and_stays_as_cancelled(oxen: Oxherd, acme: Any) -> None:
    [id] = oxen.queue()

    answer, again = (oxen.client.delete(f"/api/ai/queue/{id}") for _ in range(2))

    assert answer.json() == again.json() == {"status": "success", "generation_id": id}
    assert (oxen.get(f"/queue/{id}").json()["status"], oxen.get("/queue").json()["count"]) == ("cancelled", 0)
    assert [each["generation_id"] for each in oxen.get("/queue?status=cancelled").json()["generations"]] == [id]
    assert oxen.get(f"/queue?status=queued&model={LARGE}").json()["count"] == 0
    assert wallet_of(acme) == (1000_00, 0)


def test_the_history_tells_what_was_charged(oxen: Oxherd, finish_all: Run) -> None:
    [first] = oxen.queue()
    finish_all()
    [second] = oxen.queue()

    told = oxen.get("/generations?page_size=1").json()
    further = oxen.get("/generations?page_number=2&page_size=1").json()
    one = oxen.get(f"/generations/{first}").json()

    assert ([each["generation_id"] for each in told["generations"]], told["count"]) == ([second], 2)
    assert further["generations"] == [one["generation"]]
    assert (one["generation"]["cost"], further["total_cost"], told["total_cost"]) == ("0.07800", "0.07800", "0.07800")
    assert {"page_number", "page_size"} == wrong_parameters(oxen.get("/generations?page_number=x&page_size=0"))
    assert refused(oxen.get(f"/generations/{uuid4()}"), 404)


def test_the_history_is_narrowed_by_status_model_and_medium(oxen: Oxherd, finish_all: Run) -> None:
    [done] = oxen.queue()
    finish_all()
    [other] = oxen.queue(model="flux-krea-dev")
    Image.objects.update(status=Status.DRAWING)
    Image.objects.filter(generation_id=done).update(status=Status.STORED)
    [waiting] = oxen.queue()

    def found(query: str) -> list[str]:
        told = oxen.get(f"/generations?{query}").json()
        assert told["count"] == len(told["generations"])
        return [each["generation_id"] for each in told["generations"]]

    assert [found(f"status={word}") for word in WORDS] == [[waiting], [other], [done], [], []]
    assert found(f"model={LARGE}") == [waiting, done]
    assert found("media_type=image&namespace=me") == [waiting, other, done]
    assert found("media_type=video") == [] == found(f"model={LARGE}&status=processing")
    assert oxen.get("/generations?status=succeeded").json()["total_cost"] == "0.07800"
    assert oxen.get("/generations?status=queued").json()["total_cost"] == "0.00000"
    assert oxen.get("/queue?status=processing").json()["count"] == 1
    assert oxen.get("/queue").json()["count"] == 2
    assert wrong_parameters(oxen.get("/queue?status=done&model=sdxl&media_type=x")) == {"status", "model", "media_type"}


def wrong_parameters(answer: Any) -> set[str]:
    assert refused(answer)
    return {each["parameter"] for each in answer.json()["error"]["errors"] if each["allowed"]}


def test_a_loop_that_polls_a_deleted_generation_ends(oxen: Oxherd, finish_all: Run) -> None:
    [first] = oxen.queue()
    lifecycle.delete(Generation.objects.get())
    [second] = oxen.queue()
    finish_all()
    lifecycle.delete(Generation.objects.get(pk=second))

    told = [oxen.get(f"/queue/{id}").json() for id in (first, second)]

    assert [each["status"] for each in told] == ["cancelled", "failed"]
    assert {each["error_message"] for each in told} == {"This generation was deleted."}
    assert {(each["prompt"], each["result_url"]) for each in told} == {("", None)}


def test_pictures_that_were_deleted_are_no_error_of_ours(oxen: Oxherd, finish_all: Run) -> None:
    """Which would be taken for a call to be made, and paid for, once more."""
    ids = [*oxen.queue(), *oxen.queue()]
    finish_all()
    Image.objects.filter(generation_id=ids[0]).update(binned_at=timezone.now())
    lifecycle.delete(Generation.objects.get(pk=ids[1]))

    answers = [oxen.get(f"/images/generate/{id}") for id in ids]

    assert [each.status_code for each in answers] == [404, 404]
    assert [each.json()["error"]["type"] for each in answers] == ["deleted", "deleted"]
    assert [each.json()["error"]["detail"] for each in answers] == [
        "Its pictures were deleted.", "This generation was deleted.",
    ]  # fmt: skip


def test_what_is_blocked_says_so(oxen: Oxherd, standin: StandIn, finish_all: Run) -> None:
    standin.control(fail={"status": 422, "body": DECLINED})
    [id] = oxen.queue()
    finish_all()

    done = oxen.get(f"/queue/{id}").json()

    assert done["status"] == "failed" and "not charged" in done["error_message"]
    assert "not charged" in refused(oxen.get(f"/images/generate/{id}"))


def test_nobody_sees_or_cancels_the_generations_of_others(oxen: Oxherd, mallory: Any) -> None:
    hers, [id] = Oxherd(keys.make(mallory, "Hers")[1]), oxen.queue()

    assert refused(hers.get(f"/queue/{id}"), 404)
    assert refused(hers.client.delete(f"/api/ai/queue/{id}"), 404)
    assert refused(hers.get(f"/images/generate/{id}"), 404)
    assert hers.get("/queue").json()["generations"] == []


def test_an_order_with_a_key_of_its_own_is_done_once(oxen: Oxherd) -> None:
    first, second = (oxen.post("/queue", FOX, Idempotency_Key="k") for _ in range(2))
    held = [oxen.post("/images/generate", FOX, Idempotency_Key="s").json()["generation_id"] for _ in range(2)]

    assert first.content == second.content and len(set(held)) == 1
    assert Generation.objects.count() == 2


def test_a_sync_call_whose_time_is_over_names_its_generation(oxen: Oxherd) -> None:
    answer = oxen.post("/images/generate", FOX)

    id = str(Generation.objects.get().pk)
    assert id in refused(answer, 504) and answer.json()["generation_id"] == id


def test_models_are_told_with_schema_and_price(oxen: Oxherd) -> None:
    listed = oxen.get("/models").json()
    one = oxen.get(f"/models/{LARGE}").json()

    assert listed["object"] == "list" and sorted(each["id"] for each in listed["data"]) == sorted(KINDS)
    assert one in listed["data"]
    assert one["json_request_schema"] == one["request_schema"]
    assert one["request_schema"]["required"] == ["prompt"] and one["request_schema"]["basic"] == ["prompt"]
    assert one["request_schema"]["properties"]["aspect_ratio"]["default"] == "1:1"
    assert (one["pricing"], one["capabilities"]) == (
        {"method": "per_image", "cost_per_image": 0.078}, {"input": ["text"], "output": ["image"]}
    )  # fmt: skip
    assert "Model not found" in refused(oxen.get("/models/sdxl"), 404)


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("/search?search=krea", 4),
        ("/search?search=LoRA+turbo", 1),
        ("/search?search=", 4),
        ("/search?search=sdxl", 0),
        ("/featured", 4),
        ("/favorites", 0),
        ("?developer_name=krea", 4),
        ("?developer_name=google", 0),
    ],
)
def test_models_are_found(oxen: Oxherd, path: str, found: int) -> None:
    told = oxen.get(f"/models{path}").json()

    assert (told["object"], len(told["data"])) == ("list", found)
    assert all(each in oxen.get("/models").json()["data"] for each in told["data"])


@pytest.mark.django_db(transaction=True)
def test_the_sync_call_answers_with_the_pictures(http: httpx.Client, drawing: Drawing) -> None:
    body = FOX | {"model": "flux-krea-dev", "image_size": "square"}

    address = drawing(lambda: http.post("/api/ai/images/generate", json=body | {"n": 2}))
    encoded = drawing(lambda: http.post("/api/ai/images/generate", json=body | {"response_format": "b64_json"}))

    told = address.json()
    assert (address.status_code, told["model"], len(told["images"])) == (200, "flux-krea-dev", 2)
    assert told["image_url"] == told["images"][0]["url"] and abs(told["created"] - time.time()) < 60
    assert verify(http.get(told["image_url"]).content).width == 512
    assert verify(base64.b64decode(encoded.json()["images"][0]["b64_json"])).width == 512
    wrong = http.post("/api/ai/images/generate", json=body | {"response_format": "gif", "n": 0})
    assert "response_format must be one of" in refused(wrong) and "n must be" in refused(wrong)


@pytest.mark.django_db(transaction=True)
def test_what_ended_before_anybody_listened_is_told_again(http: httpx.Client, standin: StandIn, key: Any) -> None:
    [made] = http.post("/api/ai/queue", json=FOX).json()["generations"]
    draw_everything()
    [failed] = http.post("/api/ai/queue", json=FOX).json()["generations"]
    lifecycle.finish(Image.objects.get(status="queued"), Status.FAILED, error_code="x", error_message="It broke.")

    # As the samples listen.
    told, name, head = [], None, {"Authorization": f"Bearer {key.secret}"}
    with requests.get(f"{http.base_url}/api/events", headers=head, stream=True, timeout=20) as stream:
        assert stream.headers["Content-Type"] == "text/event-stream; charset=utf-8"
        assert stream.headers["Transfer-Encoding"] == "chunked"
        for line in map(str, stream.iter_lines(decode_unicode=True)):
            if line.startswith("event: "):
                name = line.removeprefix("event: ")
            elif line.startswith("data: ") and name == "media_generation_completed":
                told.append(line.removeprefix("data: "))
                if len(told) == 2:
                    break

    first, second = map(json.loads, told)
    assert f'"generation_id":"{made["generation_id"]}"' in told[0]
    assert (first["status"], first["media_type"], first["model"]) == ("succeeded", "image", LARGE)
    assert "/pictures/" in first["url"]
    assert second == {
        "generation_id": failed["generation_id"], "status": "failed", "media_type": "image", "model": LARGE,
        "error": "It broke.",
    }  # fmt: skip


AWK = r"""
curl -sN -H "Authorization: Bearer $KEY" "$SITE/api/events" \
  | awk -v id="$ID" '
    /^event: media_generation_completed$/ { expect=1; next }
    /^data: / && expect {
      payload = substr($0, 7)
      if (index(payload, "\"generation_id\":\"" id "\"")) { print payload; exit }
      expect = 0
    }'
"""


@pytest.mark.django_db(transaction=True)
def test_an_awk_that_reads_block_by_block_sees_the_event_and_ends(
    http: httpx.Client, drawing: Drawing, key: Any
) -> None:
    if shutil.which("curl") is None or shutil.which("awk") is None:
        pytest.skip("no curl or awk is installed")
    [made] = http.post("/api/ai/queue", json=FOX).json()["generations"]
    env = {"PATH": "/usr/bin:/bin", "KEY": key.secret, "SITE": str(http.base_url), "ID": made["generation_id"]}

    def listen() -> str:
        done = subprocess.run(["bash", "-c", AWK], env=env, capture_output=True, text=True, timeout=30, check=False)
        return done.stdout

    begun = time.monotonic()
    told = drawing(listen)

    assert re.search(rf'^{{"generation_id":"{made["generation_id"]}","status":"succeeded"', told)
    assert time.monotonic() - begun < 20


def test_a_block_of_blanks_and_a_few_more_words_follow_what_ended(oxen: Oxherd, finish_all: Run, acme: Any) -> None:
    [id] = oxen.queue()
    teller = CompletionTeller(acme.pk)
    before = teller.tell(events.after(acme.pk, 0))
    finish_all()

    told = teller.tell(events.after(acme.pk, 0)).decode()
    paces = [teller.keep_alive_s, *(teller.idle() and teller.keep_alive_s for _ in range(3))]

    assert before == b""
    assert re.search(rf'^id: \d+\nevent: {COMPLETED}\ndata: {{"generation_id":"{id}"', told)
    assert re.search(r"\n\n: {4096,}\n\n$", told)
    assert paces == [1.0, 1.0, 1.0, None]
