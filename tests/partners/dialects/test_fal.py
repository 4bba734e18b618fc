"""fal's dialect, call by call: what comes in is the same order as through every other door, what goes out are fal's
words."""

import base64
import json
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.test import Client
from django.utils import timezone
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from pytest_django import DjangoAssertNumQueries, Settings

from billing import ledger
from generations import catalogue, events, lifecycle
from generations.models import Generation, Image, Status
from partners import keys
from partners.dialects.fal.stream import StatusTeller
from tests.conftest import make_user, wallet_of
from tests.standins.launch import StandIn

pytestmark = pytest.mark.django_db

Run = Callable[[], None]
LARGE, FLUX = "krea/v2/large/text-to-image", "fal-ai/flux/krea"
DECLINED = {"detail": [{"loc": ["body", "prompt"], "msg": "flagged", "type": "content_policy_violation"}]}
each_endpoint = pytest.mark.parametrize("endpoint", [each.endpoint for each in catalogue.all()])


class Falling:
    """Calls as a client of fal's does."""

    def __init__(self, secret: str) -> None:
        self.client = Client(headers={"Authorization": f"Key {secret}"}, raise_request_exception=False)

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        sent = body if isinstance(body, str) else json.dumps(body)
        told = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.post(f"/fal/{path}", sent, content_type="application/json", headers=told)

    def get(self, path: str) -> Any:
        return self.client.get(f"/fal/{path}")

    def put(self, path: str) -> Any:
        return self.client.put(f"/fal/{path}")

    def submit(self, body: dict[str, Any], endpoint: str = LARGE) -> dict[str, Any]:
        answer = self.post(f"queue/{endpoint}", body)
        assert answer.status_code == 200, answer.content
        told: dict[str, Any] = answer.json()
        return told


@pytest.fixture
def fal(key: Any) -> Falling:
    return Falling(key.secret)


def path_of(address: str) -> str:
    return address.partition("/fal/")[2]


def types(answer: Any) -> list[tuple[list[Any], str]]:
    """Where and what is wrong, in the model's shape."""
    body = answer.json()
    assert answer.status_code == 422 and body["message"], body
    assert all(each["msg"] and each["url"].endswith(each["type"]) for each in body["detail"])
    return [(each["loc"], each["type"]) for each in body["detail"]]


@each_endpoint
def test_every_endpoint_takes_orders_and_gives_pictures(fal: Falling, finish_all: Run, endpoint: str) -> None:
    made = fal.submit({"prompt": "a fox", "seed": 7}, endpoint)
    waiting = fal.get(path_of(made["status_url"]))
    finish_all()

    done, result = fal.get(path_of(made["status_url"])), fal.get(path_of(made["response_url"]))

    assert (waiting.status_code, waiting.json()["status"], waiting.json()["queue_position"]) == (202, "IN_QUEUE", 0)
    assert waiting.json()["logs"] == []
    assert (done.status_code, done.json()["status"], "error" in done.json()) == (200, "COMPLETED", False)
    assert done.json()["metrics"]["inference_time"] >= 0
    image = result.json()["images"][0]
    row = Image.objects.get()
    assert (result.status_code, result.json()["seed"], image["width"], image["file_size"]) == (
        200,
        7,
        row.width,
        row.bytes,
    )
    assert ("prompt" in result.json()) == ("krea/v2" not in endpoint)


def test_addresses_name_the_app_and_are_ours(fal: Falling, settings: Settings) -> None:
    made = fal.submit({"prompt": "a fox"})

    own = f"{settings.PUBLIC_URL}/fal/queue/krea/v2/requests/{made['request_id']}"
    assert (made["response_url"], made["status_url"], made["cancel_url"]) == (own, f"{own}/status", f"{own}/cancel")
    for path in (f"queue/krea/v2/requests/{made['request_id']}", f"queue/{LARGE}/requests/{made['request_id']}/status"):
        assert fal.get(path).status_code in (202, 400)
    assert fal.get(f"queue/fal-ai/flux/requests/{made['request_id']}/status").status_code == 404


def test_several_images_come_back_in_one_result(fal: Falling, finish_all: Run, acme: Any) -> None:
    made = fal.submit({"prompt": "a fox", "num_images": 3, "seed": 7, "image_size": "square"}, FLUX)
    finish_all()

    result = fal.get(path_of(made["response_url"])).json()

    assert [image["width"] for image in result["images"]] == [512, 512, 512]
    assert (result["seed"], result["has_nsfw_concepts"], result["prompt"]) == (7, [False] * 3, "a fox")
    assert sorted(Image.objects.values_list("seed", flat=True)) == [7, 8, 9]
    assert wallet_of(acme) == (1000_00 - 3 * 8_52, 0)


def test_pictures_come_as_data_uris_where_that_was_asked_for(fal: Falling, finish_all: Run) -> None:
    made = fal.submit({"prompt": "a fox", "sync_mode": True, "image_size": "square"}, FLUX)
    finish_all()

    head, _, data = fal.get(path_of(made["response_url"])).json()["images"][0]["url"].partition(",")

    assert head == "data:image/jpeg;base64"
    assert len(base64.b64decode(data)) == Image.objects.get().bytes


def test_logs_tell_what_happened_and_are_a_list_at_every_moment(fal: Falling, finish_all: Run) -> None:
    made = fal.submit({"prompt": "a fox"})
    early = fal.get(path_of(made["status_url"]) + "?logs=1").json()["logs"]
    finish_all()

    late = fal.get(path_of(made["status_url"]) + "?logs=true").json()["logs"]

    assert [line["message"] for line in early] == ["Taken: 1 image of Krea 2 Large."]
    assert [line["message"] for line in late] == [early[0]["message"], "Drawing.", "Image 1 of 1 is stored."]
    assert all(line["timestamp"].endswith("Z") and line["level"] == "INFO" for line in late)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, [(["body", "prompt"], "missing")]),
        ({"prompt": ""}, [(["body", "prompt"], "string_too_short")]),
        ({"prompt": "x" * 5001}, [(["body", "prompt"], "string_too_long")]),
        ({"prompt": 7}, [(["body", "prompt"], "value_error")]),
        ({"prompt": "a", "creativity": "High"}, [(["body", "creativity"], "literal_error")]),
        ({"prompt": "a", "seed": -1}, [(["body", "seed"], "greater_than_equal")]),
        ({"prompt": "a", "seed": 2**32}, [(["body", "seed"], "less_than_equal")]),
        ({"prompt": "a", "moodboards": []}, [(["body", "moodboards"], "extra_forbidden")]),
        ({"prompt": "a", "num_images": 5}, [(["body", "num_images"], "less_than_equal")]),
        ({"prompt": "a", "num_images": 0}, [(["body", "num_images"], "greater_than_equal")]),
        ({"prompt": "a", "num_images": "2"}, [(["body", "num_images"], "value_error")]),
        ({"prompt": "a", "sync_mode": "yes"}, [(["body", "sync_mode"], "value_error")]),
        (
            {"prompt": "a", "image_style_references": [{"image_url": "https://a.example/a.png"}] * 11},
            [(["body", "image_style_references"], "sequence_too_long")],
        ),
        (
            {"prompt": "a", "image_style_references": [{"image_url": "https://a.example/a.png", "strength": 2.5}]},
            [(["body", "image_style_references", 0, "strength"], "less_than_equal")],
        ),
        ([], [(["body"], "value_error")]),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_body_is_told_where_and_how(fal: Falling, body: Any, expected: Any) -> None:
    answer = fal.post(f"queue/{LARGE}", body)

    assert types(answer) == expected
    assert not Generation.objects.exists()


def test_a_reference_that_cannot_be_had_is_told_with_its_index(fal: Falling, fox_host: str) -> None:
    references = [{"image_url": f"{fox_host}/a.png"}, {"image_url": "http://127.0.0.1:9/none.png"}]

    answer = fal.post(f"queue/{LARGE}", {"prompt": "a", "image_style_references": references})

    assert types(answer) == [(["body", "image_style_references", 1, "image_url"], "file_download_error")]
    assert not Generation.objects.exists()


def test_a_style_reference_has_its_price(fal: Falling, fox_host: str, acme: Any) -> None:
    fal.submit({"prompt": "a", "image_style_references": [{"image_url": f"{fox_host}/a.png"}]})

    assert wallet_of(acme) == (1000_00, 84_50)


def test_an_unknown_endpoint_names_those_that_there_are(fal: Falling) -> None:
    answer = fal.post("queue/fal-ai/flux/dev", {"prompt": "a"})

    assert answer.status_code == 404
    assert LARGE in answer.json()["detail"] == answer.json()["message"]
    assert fal.get("storage/none").status_code == 404


def test_who_has_no_credits_is_told_as_fal_tells_it() -> None:
    poor = Falling(keys.make(make_user("poor@example.com"), "Poor")[1])

    answer = poor.post(f"queue/{LARGE}", {"prompt": "a"})

    assert answer.status_code == 403
    assert answer.json()["detail"].startswith("User is locked. Reason: Exhausted balance.")
    assert "78.00" in answer.json()["message"]


@pytest.mark.parametrize("header", ["Key nonsense", "Key krea_wrong", "Basic x", ""])
def test_a_wrong_key_is_401(key: Any, header: str) -> None:
    answer = Client(headers={"Authorization": header} if header else {}).get(f"/fal/queue/krea/v2/requests/{uuid4()}")

    assert answer.status_code == 401
    assert answer.json()["detail"] == answer.json()["message"]


def test_a_key_may_stand_behind_an_id_and_as_a_bearer(key: Any) -> None:
    for header in (f"Key my-id:{key.secret}", f"Bearer {key.secret}", f"key {key.secret}"):
        told = Client(headers={"Authorization": header}).get(f"/fal/queue/krea/v2/requests/{uuid4()}/status")
        assert (told.status_code, told.json()["status"]) == (404, "NOT_FOUND")


def test_a_key_that_may_only_read_orders_nothing(acme: Any) -> None:
    reader = Falling(keys.make(acme, "Reader", ["generations:read"])[1])

    assert reader.post(f"queue/{LARGE}", {"prompt": "a"}).status_code == 403


def test_nobody_sees_or_cancels_the_requests_of_others(fal: Falling, mallory: Any) -> None:
    hers, made = Falling(keys.make(mallory, "Hers")[1]), fal.submit({"prompt": "a fox"})

    assert [hers.get(path_of(made[name])).status_code for name in ("status_url", "response_url")] == [404, 404]
    assert hers.put(path_of(made["cancel_url"])).status_code == 404
    assert not Image.objects.exclude(cancel_requested_at=None).exists()


def test_what_waits_is_canceled_and_free_and_its_status_completes(fal: Falling, acme: Any) -> None:
    made = fal.submit({"prompt": "a fox"})

    canceled, again = fal.put(path_of(made["cancel_url"])), fal.put(path_of(made["cancel_url"]))

    assert (canceled.status_code, canceled.json()["status"]) == (200, "OK")
    assert again.status_code == 200
    status, result = fal.get(path_of(made["status_url"])), fal.get(path_of(made["response_url"]))
    assert (status.status_code, status.json()["status"]) == (200, "COMPLETED")
    assert (status.json()["error_type"], status.json()["error"]) == (
        "client_cancelled", "The request was canceled. Nothing was charged."
    )  # fmt: skip
    assert (result.status_code, result.headers["X-Fal-Error-Type"]) == (499, "client_cancelled")
    assert wallet_of(acme) == (1000_00, 0)


def test_what_is_being_drawn_is_asked_back(fal: Falling, standin: StandIn, drain: Callable[[], int]) -> None:
    standin.control(latency_s=60)
    made = fal.submit({"prompt": "a fox"})
    drain()

    running, canceled = fal.get(path_of(made["status_url"])), fal.put(path_of(made["cancel_url"]))

    assert (running.status_code, running.json()["status"], running.json()["logs"]) == (202, "IN_PROGRESS", [])
    assert (canceled.status_code, canceled.json()["status"]) == (202, "CANCELLATION_REQUESTED")


def test_what_is_finished_cannot_be_canceled(fal: Falling, finish_all: Run) -> None:
    made = fal.submit({"prompt": "a fox"})
    finish_all()

    answer = fal.put(path_of(made["cancel_url"]))

    assert (answer.status_code, answer.json()["status"]) == (400, "ALREADY_COMPLETED")
    assert answer.json()["message"]


def test_a_result_before_its_time_says_so(fal: Falling) -> None:
    made = fal.submit({"prompt": "a fox"})

    answer = fal.get(path_of(made["response_url"]))

    assert (answer.status_code, answer.json()["detail"]) == (400, "Request is still in progress")


def test_what_is_blocked_is_a_content_policy_violation(fal: Falling, standin: StandIn, finish_all: Run) -> None:
    standin.control(fail={"status": 422, "body": DECLINED})
    made = fal.submit({"prompt": "a fox"})
    finish_all()

    status, result = fal.get(path_of(made["status_url"])).json(), fal.get(path_of(made["response_url"]))

    assert (status["status"], status["error_type"]) == ("COMPLETED", "content_policy_violation")
    assert types(result) == [(["body", "prompt"], "content_policy_violation")]
    assert "You were not charged" in result.json()["message"]


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("fal_error", 500, "internal_server_error"),
        ("timed_out", 504, "generation_timeout"),
        ("no_media", 422, "no_media_generated"),
        ("reference_unreachable", 422, "file_download_error"),
        ("lora_too_large", 422, "file_too_large"),
        ("a_code_of_tomorrow", 500, "internal_server_error"),
    ],
)
def test_what_failed_has_a_type_of_fals(fal: Falling, code: str, status: int, kind: str) -> None:
    made = fal.submit({"prompt": "a fox"})
    image = Image.objects.get()
    lifecycle.finish(image, Status.FAILED, error_code=code, error_message="It did not work.")

    told, result = fal.get(path_of(made["status_url"])).json(), fal.get(path_of(made["response_url"]))

    assert (told["status"], told["error_type"], told["error"]) == ("COMPLETED", kind, "It did not work.")
    assert (result.status_code, result.json()["detail"][0]["type"]) == (status, kind)
    assert result.json()["message"] == "It did not work."


def test_of_a_batch_the_stored_pictures_come(fal: Falling, standin: StandIn, finish_all: Run) -> None:
    standin.control(fail={"status": 422, "times": 1, "body": DECLINED})
    made = fal.submit({"prompt": "a fox", "num_images": 2})
    finish_all()

    result = fal.get(path_of(made["response_url"]))

    assert (result.status_code, len(result.json()["images"])) == (200, 1)
    assert result.json()["seed"] == Image.objects.get(status=Status.STORED).seed


def test_a_deleted_request_ends_with_404(fal: Falling) -> None:
    made = fal.submit({"prompt": "a fox"})
    lifecycle.delete(Generation.objects.get())

    assert fal.get(path_of(made["status_url"])).json()["status"] == "NOT_FOUND"
    assert fal.get(path_of(made["response_url"])).status_code == 404


def test_a_submit_with_a_key_of_its_own_is_done_once(fal: Falling) -> None:
    first, second = (fal.post(f"queue/{LARGE}", {"prompt": "a fox"}, Idempotency_Key="k") for _ in range(2))

    assert first.content == second.content
    assert first["X-Fal-Request-Id"] == second["X-Fal-Request-Id"] == first.json()["request_id"]
    assert Generation.objects.count() == 1


def test_a_run_whose_time_is_over_names_the_request(fal: Falling) -> None:
    answer = fal.post(f"run/{LARGE}", {"prompt": "a fox"})

    made = Generation.objects.get()
    assert (answer.status_code, answer.json()["error_type"]) == (504, "request_timeout")
    assert answer.json()["request_id"] == str(made.pk) and str(made.pk) in answer.json()["message"]
    assert answer.headers["X-Fal-Request-Timeout-Type"] == "user"


def test_a_status_call_asks_the_database_little(
    fal: Falling, django_assert_max_num_queries: DjangoAssertNumQueries, finish_all: Run
) -> None:
    made = fal.submit({"prompt": "a fox"})

    with django_assert_max_num_queries(4):  # the key, the generation, its images, its place
        fal.get(path_of(made["status_url"]))
    finish_all()
    with django_assert_max_num_queries(3):
        fal.get(path_of(made["status_url"]))


def test_what_a_key_may_spend_in_a_month_holds_here_too(acme: Any) -> None:
    limited = Falling(keys.make(acme, "Small", monthly_limit=100_00)[1])

    first, second = (limited.post(f"queue/{LARGE}", {"prompt": "a"}) for _ in range(2))

    assert (first.status_code, second.status_code) == (200, 403)
    assert ledger.wallet(acme).held == 78_00


@each_endpoint
def test_every_endpoint_has_a_document_that_its_answers_keep(fal: Falling, finish_all: Run, endpoint: str) -> None:
    document = Client().get(f"/fal/api/openapi/queue/openapi.json?endpoint_id={endpoint}").json()
    made = fal.submit({"prompt": "a fox"}, endpoint)
    finish_all()
    schemas = document["components"]["schemas"]

    result = fal.get(path_of(made["response_url"])).json()

    assert list(Draft202012Validator(schemas["Output"]).iter_errors(result)) == []
    assert list(Draft202012Validator(schemas["QueueStatus"]).iter_errors(made)) == []
    assert list(Draft202012Validator(schemas["Input"]).iter_errors({"prompt": "a fox", "num_images": 4})) == []
    assert f"/{endpoint}" in document["paths"]
    assert Client().get("/fal/api/openapi/queue/openapi.json?endpoint_id=x").status_code == 404


def test_a_stream_of_the_status_tells_what_is_new_and_ends(fal: Falling, finish_all: Run, acme: Any) -> None:
    made = fal.submit({"prompt": "a fox"})
    teller = StatusTeller(acme.pk, UUID(made["request_id"]), logs=True)
    first, second = teller.opening(), teller.idle()
    rows = events.after(acme.pk, 0)
    unchanged = teller.tell(rows)
    was_over = teller.is_over
    finish_all()

    last = teller.tell(events.after(acme.pk, rows[-1].seq))

    assert json.loads(first.removeprefix(b"data: "))["status"] == "IN_QUEUE"
    assert (second, unchanged, was_over) == (b": still here\n\n", b"", False)
    assert json.loads(last.removeprefix(b"data: "))["status"] == "COMPLETED" and teller.is_over


def test_a_stream_of_a_request_that_is_deleted_ends(fal: Falling, acme: Any) -> None:
    made = fal.submit({"prompt": "a fox"})
    teller = StatusTeller(acme.pk, UUID(made["request_id"]), logs=False)
    teller.opening()
    lifecycle.delete(Generation.objects.get())

    assert b'"status":"COMPLETED"' in teller.idle() and teller.is_over


def test_a_result_whose_picture_was_deleted_says_so(fal: Falling, finish_all: Run) -> None:
    made = fal.submit({"prompt": "a fox"})
    finish_all()
    Image.objects.update(binned_at=timezone.now())

    answer = fal.get(path_of(made["response_url"]))

    assert (answer.status_code, answer.json()["message"]) == (404, "The pictures of this request were deleted.")


def test_calls_are_counted_and_looking_at_the_status_is_not(fal: Falling, settings: Settings) -> None:
    settings.API_CALLS_A_MINUTE = 2
    made = fal.submit({"prompt": "a fox"})

    looks = [fal.get(path_of(made["status_url"])).status_code for _ in range(5)]
    answers = [fal.get(path_of(made["response_url"])) for _ in range(2)]

    assert looks == [202] * 5
    assert [answer.status_code for answer in answers] == [400, 429]
    assert "2 calls a minute" in answers[1].json()["detail"] and "Retry-After" in answers[1].headers


def test_no_more_is_under_way_than_the_key_may_have(fal: Falling, settings: Settings) -> None:
    settings.API_UNFINISHED_IMAGES = 2
    fal.submit({"prompt": "a fox", "num_images": 2})

    answer = fal.post(f"queue/{LARGE}", {"prompt": "a fox"})

    assert answer.status_code == 429 and "under way" in answer.json()["message"]
