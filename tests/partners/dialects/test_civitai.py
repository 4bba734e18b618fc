"""Civitai's dialect: workflows, whatif with its exact costs, cancel, delete, steps, blobs, and what is refused."""

import json
import re
from collections.abc import Callable
from hashlib import sha256
from typing import Any

import httpx
import pytest
from django.test import Client

from billing.models import Transfer
from generations import collect, lifecycle
from generations.brief import Brief
from generations.models import Generation, Image, Status
from generations.pictures import marks, store
from generations.pictures.verify import verify
from partners import keys
from tests.conftest import make_user, wallet_of
from tests.partners.dialects.civilian import ROOT, Civilian, workflow
from tests.standins.launch import StandIn

pytestmark = pytest.mark.django_db

Run = Callable[[], None]
DECLINED = {"detail": [{"loc": ["body", "prompt"], "msg": "flagged", "type": "content_policy_violation"}]}


def refused(answer: Any) -> dict[str, Any]:
    """The fields of a refusal with their texts."""
    assert answer.status_code == 400, answer.content
    assert answer.headers["Content-Type"] == "application/problem+json"
    errors: dict[str, Any] = answer.json()["errors"]
    assert errors.pop("messages") == [text for texts in errors.values() for text in texts]
    assert not Generation.objects.exists()
    return errors


@pytest.mark.parametrize(
    ("size", "styled", "price"),
    [("medium", False, 39), ("medium", True, 45.5), ("large", False, 78), ("large", True, 84.5)],
)
def test_the_exact_price_comes_out_of_whatif_charge_and_ledger(
    civitai: Civilian, acme: Any, fox_host: str, finish_all: Run, size: str, styled: bool, price: float
) -> None:
    references = [{"imageUrl": f"{fox_host}/a.png"}] if styled else []
    body = workflow(size=size, quantity=3, imageStyleReferences=references)

    asked = civitai.send("POST", "/workflows?whatif=true&wait=60", body)
    assert asked.status_code == 200 and not Generation.objects.exists()
    told = asked.json()
    made = civitai.send("POST", "/workflows", body).json()
    finish_all()
    done = civitai.get(f"/workflows/{made['id']}").json()

    assert (told["id"], told["status"], told["transactions"]["insufficientBuzz"]) == (None, "unassigned", False)
    assert told["cost"] == made["cost"] == done["cost"]
    assert (told["cost"]["base"], told["cost"]["total"]) == (price, 3 * price)
    assert asked.headers["X-Civitai-Cost-Total"] == json.dumps(told["cost"]["total"])
    assert asked.headers["X-Civitai-Cost-By-Currency"] == f"yellow={json.dumps(told['cost']['total'])}"
    assert asked.headers["X-Civitai-Insufficient-Buzz"] == "false"
    assert [(each["type"], each["amount"]) for each in done["transactions"]["list"]] == [("debit", 3 * price)]
    assert wallet_of(acme) == (1000_00 - round(300 * price), 0)
    assert Transfer.objects.filter(key__contains=made["id"]).get().amount == round(300 * price)


@pytest.mark.parametrize(("styled", "written"), [(False, "39"), (True, "45.5")])
def test_numbers_are_written_exactly_and_as_short_as_they_are(civitai: Civilian, styled: bool, written: str) -> None:
    references = [{"imageUrl": "https://a.example/a"}] if styled else []
    answer = civitai.send("POST", "/workflows?whatif=true", workflow(imageStyleReferences=references))

    for name in ("base", "total", "amount"):
        assert re.search(rf'"{name}": {re.escape(written)}[,}}]', answer.content.decode())
    told = [answer.headers[f"X-Civitai-Cost-{name}"] for name in ("Total", "By-Currency")]
    assert told == [written, f"yellow={written}"]
    assert "X-Civitai-Cost-Total" in answer.headers["Access-Control-Expose-Headers"]


def test_a_workflow_is_drawn_and_read(civitai: Civilian, finish_all: Run) -> None:
    made = civitai.order(quantity=3, seed=7, aspectRatio="16:9", creativity="raw", size="large")
    finish_all()

    answer = civitai.get(f"/workflows/{made['id']}")

    assert (made["status"], made["steps"][0]["jobs"][0]["queuePosition"]["precedingJobs"]) == ("unassigned", 0)
    assert not any(image["available"] for image in made["steps"][0]["output"]["images"])
    done = answer.json()
    [step] = done["steps"]
    assert (answer.status_code, done["status"], step["status"]) == (200, "succeeded", "succeeded")
    assert (step["name"], step["$type"], step["output"]["errors"]) == ("0", "imageGen", None)
    assert step["input"] == {
        "engine": "fal", "model": "krea2", "operation": "createImage", "size": "large", "prompt": "a fox", "seed": 7,
        "aspectRatio": "16:9", "creativity": "raw", "imageStyleReferences": [], "quantity": 3,
    }  # fmt: skip
    assert [(image["available"], image["width"], image["type"]) for image in step["output"]["images"]] == [
        (True, 1376, "image")
    ] * 3
    assert set(Image.objects.values_list("seed", flat=True)) == {7}  # one for all, as its page says
    assert {job["status"] for job in step["jobs"]} == {"succeeded"}


def test_what_changes_nothing_is_said_again(civitai: Civilian) -> None:
    said = {
        "tags": ["shop", "fox"], "metadata": {"order": 7, "deep": {"a": [1]}}, "currencies": ["blue"],
        "tips": {"civitai": 0.1, "creators": 0}, "upgradeMode": "automatic", "allowMatureContent": False,
        "experimental": True, "nsfwLevel": "pg",
    }  # fmt: skip
    body = workflow() | said
    body["steps"][0] |= {"name": "hero", "priority": "low", "timeout": "00:10:00", "retries": 2, "metadata": {"b": 1}}

    made = civitai.send("POST", "/workflows", body).json()

    assert {name: made[name] for name in said} == said
    step = civitai.get(f"/workflows/{made['id']}/steps/hero").json()
    assert (step["name"], step["priority"], step["retries"], step["metadata"]) == ("hero", "low", 2, {"b": 1})
    assert civitai.get(f"/workflows/{made['id']}/steps/$0").status_code == 200
    assert civitai.get(f"/workflows/{made['id']}/steps/1").status_code == 404
    assert made["transactions"]["list"][0]["accountType"] == "blue"
    priced = civitai.send("POST", "/workflows?whatif=true", body | {"externalId": "a"}).json()
    assert {name: priced[name] for name in said} == said
    assert (priced["steps"][0]["name"], priced["externalId"]) == ("hero", "a")


@pytest.mark.parametrize(
    ("input", "field", "fragment"),
    [
        ({"size": "Large"}, "size", "size must be one of: medium, large"),
        ({"aspectRatio": "5:4"}, "aspectRatio", "aspectRatio must be one of"),
        ({"creativity": "High"}, "creativity", "creativity must be one of: raw, low, medium, high"),
        (
            {"imageStyleReferences": [{"imageUrl": "https://a.example/a"}] * 11},
            "imageStyleReferences", "imageStyleReferences maxItems",
        ),
        (
            {"imageStyleReferences": [{"imageUrl": "https://a.example/a", "strength": -2.1}]},
            "imageStyleReferences[0].strength", "strength out of range",
        ),
        (
            {"imageStyleReferences": [{"url": "https://a.example/a"}]},
            "imageStyleReferences[0].imageUrl", "imageUrl is missing",
        ),
        ({"quantity": 11}, "quantity", "from 1 to 10"),
        ({"prompt": ""}, "prompt", "1 to 5000"),
        ({"seed": 2**32}, "seed", "4294967295"),
        ({"size": {}}, "size", "size must be one of"),
        ({"prompt": "\ud800"}, "prompt", "broken characters"),
        ({"engine": "comfy"}, "engine", "engine must be one of: fal"),
        ({"model": "flux2"}, "model", "model must be one of: krea2"),
        ({"operation": "editImage"}, "operation", "operation must be one of"),
        ({"outputFormat": "jpg"}, "outputFormat", "outputFormat must be one of: jpeg, png, webP"),
        ({"imageMetadata": {}}, "imageMetadata", "must be a text"),
        ({"prompt": {"$ref": "$arguments", "path": "prompt"}}, "prompt", "references ($ref) are not known here"),
        (
            {"imageStyleReferences": [{"imageUrl": {"$ref": "0", "path": "output.images[0].url"}}]},
            "imageStyleReferences[0].imageUrl", "references ($ref) are not known here",
        ),
        ({"aspect_ratio": "1:1"}, "aspect_ratio", "is called aspectRatio"),
        ({"width": 1024}, "width", "takes no width"),
    ],
)  # fmt: skip
def test_a_wrong_field_is_named_and_nothing_is_ordered(
    civitai: Civilian, input: dict[str, Any], field: str, fragment: str
) -> None:
    errors = refused(civitai.send("POST", "/workflows", workflow(**input)))

    assert fragment in " ".join(errors[f"steps[0].input.{field}"])
    assert refused(civitai.send("POST", "/workflows?whatif=true", workflow(**input))) == errors


@pytest.mark.parametrize(
    ("around", "field"),
    [
        ({"steps": []}, "steps"),
        ({"steps": workflow()["steps"] * 2}, "steps"),
        ({"steps": [{"$type": "textToImage", "input": {}}]}, "steps[0].$type"),
        ({"tags": ["a", "a"]}, "tags"),
        ({"tags": "a"}, "tags"),
        ({"metadata": []}, "metadata"),
        ({"metadata": {"a": "x" * 9000}}, "metadata"),
        ({"metadata": {"a": "\0"}}, "metadata"),
        ({"metadata": {"a": "\ud800"}}, "metadata"),
        ({"tips": {"civitai": 3}}, "tips"),
        ({"tips": {"us": 1}}, "tips"),
        ({"tips": "much"}, "tips"),
        ({"currencies": "blue"}, "currencies"),
        ({"currencies": ["red"]}, "currencies"),
        ({"upgradeMode": "never"}, "upgradeMode"),
        ({"allowMatureContent": "no"}, "allowMatureContent"),
        ({"nsfwLevel": "PG"}, "nsfwLevel"),
        ({"experimental": 1}, "experimental"),
        ({"tags": ["\0"]}, "tags"),
        ({"externalId": "a b"}, "externalId"),
        ({"callbacks": {}}, "callbacks"),
        ({"callbacks": [{"url": "http://127.0.0.1/", "type": ["workflow:*"]}]}, "callbacks[0].url"),
        ({"callbacks": [{"type": ["workflow:*"]}]}, "callbacks[0].url"),
        ({"callbacks": [{"url": "https://a.example/", "type": ["workflow:scheduled"]}]}, "callbacks[0].type"),
        ({"callbacks": [{"url": "https://a.example/", "type": []}]}, "callbacks[0].type"),
        ({"callbacks": [{"url": "https://a.example/", "type": ["job:*"], "secret": 1}]}, "callbacks[0].secret"),
        ({"arguments": {"a": 1}}, "arguments"),
        ({"ephemeral": True}, "ephemeral"),
        ({"step": {}}, "step"),
    ],
)
def test_what_cannot_be_done_around_the_input_is_named_too(
    civitai: Civilian, around: dict[str, Any], field: str
) -> None:
    assert field in refused(civitai.send("POST", "/workflows", workflow() | around))


@pytest.mark.parametrize(
    ("field", "value"),
    [("name", ""), ("priority", "urgent"), ("timeout", "soon"), ("timeout", "P"), ("retries", -1), ("metadata", 7)],
)
def test_a_field_of_the_step_that_changes_nothing_has_to_be_right_all_the_same(
    civitai: Civilian, field: str, value: Any
) -> None:
    body = workflow()
    body["steps"][0][field] = value

    assert list(refused(civitai.send("POST", "/workflows", body))) == [f"steps[0].{field}"]


@pytest.mark.parametrize("timeout", ["00:10:00", "1.00:00:00", "PT10M", "P1DT2H"])
def test_a_timeout_may_be_written_in_both_ways(civitai: Civilian, timeout: str) -> None:
    body = workflow()
    body["steps"][0]["timeout"] = timeout

    assert civitai.send("POST", "/workflows?whatif=true", body).json()["steps"][0]["timeout"] == timeout


def test_a_reference_that_cannot_be_had_is_named_with_its_index(civitai: Civilian, fox_host: str) -> None:
    references = [{"imageUrl": f"{fox_host}/a.png"}, {"imageUrl": "http://127.0.0.1:9/a.png"}]

    errors = refused(civitai.send("POST", "/workflows", workflow(imageStyleReferences=references)))

    assert list(errors) == ["steps[0].input.imageStyleReferences[1].imageUrl"]


def test_the_same_external_id_is_one_workflow(civitai: Civilian, mallory: Any) -> None:
    body = workflow() | {"externalId": "order-7"}
    first, second = (civitai.send("POST", "/workflows", body).json() for _ in range(2))
    hers = Civilian(keys.make(mallory, "Hers")[1]).send("POST", "/workflows", body).json()

    assert first["id"] == second["id"] != hers["id"]
    assert first["externalId"] == "order-7"
    civitai.send("DELETE", f"/workflows/{first['id']}")
    gone = civitai.send("POST", "/workflows", body)
    assert gone.status_code == 400 and "deleted" in gone.json()["detail"]


def test_who_has_no_credits_gets_403_and_whatif_says_it_before() -> None:
    poor = Civilian(keys.make(make_user("poor@example.com"), "Poor")[1])

    asked, answer = (poor.send("POST", f"/workflows{query}", workflow()) for query in ("?whatif=true", ""))

    assert asked.json()["transactions"]["insufficientBuzz"] is True
    assert asked.headers["X-Civitai-Insufficient-Buzz"] == "true"
    assert (answer.status_code, answer.json()["status"]) == (403, 403)
    assert "39.00" in answer.json()["errors"]["messages"][0]


def test_cancel_gives_the_credits_back_as_a_transaction(civitai: Civilian, acme: Any) -> None:
    made = civitai.order(quantity=2)

    canceled = civitai.send("PUT", f"/workflows/{made['id']}", {"status": "canceled"})
    again = civitai.send("PUT", f"/workflows/{made['id']}", {"status": "canceled"})

    done = civitai.get(f"/workflows/{made['id']}")
    assert (canceled.status_code, again.status_code, done.status_code) == (204, 204, 200)
    assert done.json()["status"] == "canceled"
    assert [(each["type"], each["amount"]) for each in done.json()["transactions"]["list"]] == [
        ("debit", 78), ("credit", 78),
    ]  # fmt: skip
    assert {job["reason"] for job in done.json()["steps"][0]["jobs"]} == {"canceled"}
    assert wallet_of(acme) == (1000_00, 0)
    assert civitai.send("PUT", f"/workflows/{made['id']}", {"status": "paused"}).status_code == 400


def test_what_is_finished_cannot_be_canceled_any_more(civitai: Civilian, finish_all: Run) -> None:
    id = civitai.order()["id"]
    finish_all()

    late = civitai.send("PUT", f"/workflows/{id}", {"status": "canceled", "metadata": {"a": 1}})

    assert (late.status_code, late.json()["status"]) == (409, 409)
    assert "finished" in late.json()["detail"]
    assert civitai.get(f"/workflows/{id}").json()["metadata"] == {}


def test_a_patch_cancels_too(civitai: Civilian) -> None:
    id = civitai.order()["id"]
    body = json.dumps([{"op": "replace", "path": "/status", "value": "canceled"}])

    done = civitai.client.patch(f"{ROOT}/workflows/{id}", body, content_type="application/json-patch+json")

    assert (done.status_code, civitai.get(f"/workflows/{id}").json()["status"]) == (204, "canceled")


def test_the_metadata_of_a_step_is_put_and_patched(civitai: Civilian) -> None:
    id = civitai.order()["id"]
    path = f"{ROOT}/workflows/{id}/steps/$0"

    put = civitai.send("PUT", f"/workflows/{id}/steps/0", {"metadata": {"a": 1}})
    body = json.dumps([{"op": "add", "path": "/metadata/b", "value": 2}])
    patched = civitai.client.patch(path, body, content_type="application/json-patch+json")

    assert (put.status_code, patched.status_code) == (204, 204)
    assert civitai.get(f"/workflows/{id}/steps/0").json()["metadata"] == {"a": 1, "b": 2}
    assert civitai.get(f"/workflows/{id}").json()["metadata"] == {}
    for wrong in ({}, {"metadata": 7}, {"name": "b"}):
        assert civitai.send("PUT", f"/workflows/{id}/steps/0", wrong).status_code == 400
    assert civitai.send("PUT", f"/workflows/{id}/steps/1", {"metadata": {}}).status_code == 404


def test_of_a_batch_the_stored_pictures_are_available_and_the_rest_comes_back(
    civitai: Civilian, standin: StandIn, finish_all: Run
) -> None:
    standin.control(fail={"status": 422, "times": 1, "body": DECLINED})
    made = civitai.order(quantity=2)
    finish_all()

    done = civitai.get(f"/workflows/{made['id']}").json()

    output = done["steps"][0]["output"]
    assert done["status"] == "succeeded"
    assert sorted(image["available"] for image in output["images"]) == [False, True]
    assert len(output["errors"]) == 1 and "content check" in output["errors"][0]
    assert done["transactions"]["list"][1]["amount"] == 39
    [job] = [job for job in done["steps"][0]["jobs"] if job["status"] == "failed" or "reason" in job]
    assert (job["reason"], bool(job["blockedReason"])) == ("blocked", True)


@pytest.mark.parametrize(
    ("code", "status", "reason"),
    [
        ("timed_out", "expired", "timeout"),
        ("fal_busy", "failed", "no_provider_available"),
        ("fal_error", "failed", None),
    ],
)
def test_what_failed_says_why(civitai: Civilian, code: str, status: str, reason: str | None) -> None:
    made = civitai.order()
    lifecycle.finish(Image.objects.get(), Status.FAILED, error_code=code, error_message="It did not work.")

    done = civitai.get(f"/workflows/{made['id']}").json()

    assert (done["status"], done["steps"][0]["jobs"][0].get("reason")) == (status, reason)
    assert done["steps"][0]["output"]["errors"] == ["It did not work."]


def test_update_tags_and_delete(civitai: Civilian) -> None:
    id = civitai.order()["id"]

    codes = [
        civitai.send("PUT", f"/workflows/{id}", {"metadata": {"a": 1}, "tags": ["one"]}).status_code,
        civitai.send("POST", f"/workflows/{id}/tags", "my tag").status_code,
        civitai.send("DELETE", f"/workflows/{id}/tags/one").status_code,
    ]
    told = civitai.get(f"/workflows/{id}").json()
    codes.append(civitai.send("DELETE", f"/workflows/{id}").status_code)

    assert codes == [204] * 4
    assert (told["metadata"], told["tags"]) == ({"a": 1}, ["my tag"])
    assert civitai.get(f"/workflows/{id}").status_code == 404
    assert Generation.objects.get().deleted_at is not None


def test_a_patch_changes_tags_and_metadata(civitai: Civilian) -> None:
    id = civitai.order()["id"]

    def patch(*operations: dict[str, Any]) -> int:
        path, kind = f"{ROOT}/workflows/{id}", "application/json-patch+json"
        return int(civitai.client.patch(path, json.dumps(operations), content_type=kind).status_code)

    codes = [
        patch({"op": "add", "path": "/metadata/a~1b", "value": 1}, {"op": "add", "path": "/tags/-", "value": "one"}),
        patch(
            {"op": "replace", "path": "/metadata", "value": {"c": 2}}, {"op": "add", "path": "/tags/-", "value": "two"}
        ),
        patch({"op": "remove", "path": "/tags/0"}),
    ]
    told = civitai.get(f"/workflows/{id}").json()

    assert codes == [204] * 3
    assert (told["metadata"], told["tags"]) == ({"c": 2}, ["two"])
    for wrong in ({"op": "add", "path": "/status", "value": "x"}, {"op": "move", "path": "/tags"}, {"op": "add",
                  "path": "/tags/-", "value": 7}, {"op": "remove", "path": "/tags/9"}):  # fmt: skip
        assert patch(wrong) == 400


def test_workflows_are_listed_newest_first_and_page_by_page(civitai: Civilian) -> None:
    made = [civitai.order()["id"] for _ in range(3)]
    civitai.send("PUT", f"/workflows/{made[0]}", {"status": "canceled"})

    first = civitai.get("/workflows?take=2").json()
    second = civitai.get(f"/workflows?take=2&cursor={first['next']}").json()
    upwards = civitai.get("/workflows?ascending=true&fromDate=2020-01-01T00:00:00Z&excludeFailed=true").json()

    assert [each["id"] for each in first["items"]] == [made[2], made[1]]
    assert ([each["id"] for each in second["items"]], second["next"]) == ([made[0]], None)
    assert [each["id"] for each in upwards["items"]] == made[1:]
    assert civitai.get("/workflows?toDate=2020-01-01T00:00:00Z").json()["items"] == []
    for wrong in ("take=0", "take=101", "cursor=x", "fromDate=soon", "toDate=9999-12-31T23:59:59-12:00", "tags="):
        answer = civitai.get(f"/workflows?{wrong}")
        assert answer.status_code == 400 and wrong.partition("=")[0] in answer.json()["errors"]


def test_the_list_is_searched_by_tags_and_by_words_of_the_metadata(civitai: Civilian) -> None:
    def order(tags: list[str], **metadata: Any) -> str:
        body = workflow() | {"tags": tags, "metadata": metadata}
        return str(civitai.send("POST", "/workflows", body).json()["id"])

    def found(query: str) -> list[str]:
        return [each["id"] for each in civitai.get(f"/workflows?{query}").json()["items"]]

    fox = order(["shop", "fox"], title="Ein FUCHS im Schnee", order={"lines": [4711]})
    hare = order(["shop", "Fox", "a b"], title="Über 50%")

    assert found("tags=shop") == [hare, fox]
    assert (found("tags=shop&tags=fox"), found("tags=a%20b"), found("tags=none")) == ([fox], [hare], [])
    assert (found("excludeTags=fox"), found("tags=shop&excludeTags=a+b")) == ([hare], [fox])
    assert (found("query=fuchs+4711"), found("query=%C3%BCber"), found("query=50%25")) == ([fox], [hare], [hare])
    assert (found("query=5_%25"), found("query=%00")) == ([], [hare, fox])
    civitai.send("PUT", f"/workflows/{fox}", {"tags": ["new"], "metadata": {"title": "Dachs"}})
    assert (found("tags=fox"), found("tags=new"), found("query=fuchs"), found("query=dachs")) == ([], [fox], [], [fox])
    assert civitai.get("/workflows?tags=shop").json()["items"][0]["tags"] == ["shop", "Fox", "a b"]


@pytest.mark.parametrize(
    ("wanted", "content_type"), [("jpeg", "image/jpeg"), ("png", "image/png"), ("webP", "image/webp")]
)
def test_a_picture_is_kept_in_the_format_that_was_wished(
    civitai: Civilian, finish_all: Run, wanted: str, content_type: str
) -> None:
    made = civitai.order(outputFormat=wanted, imageMetadata="order 7")
    finish_all()

    row = Image.objects.get()
    data = civitai.client.get(f"/api/v1/images/{row.pk}/content").content
    assert made["steps"][0]["input"]["outputFormat"] == wanted
    assert made["steps"][0]["input"]["imageMetadata"] == "order 7"
    assert (verify(data).content_type, row.content_type) == (content_type, content_type)
    assert marks.is_marked(data) and b"order 7" not in data
    assert sha256(data).hexdigest() == row.sha256


def test_a_lost_file_comes_back_in_the_same_format(civitai: Civilian, finish_all: Run) -> None:
    civitai.order(outputFormat="webP")
    finish_all()
    name = Image.objects.get().name
    store.delete(name)

    assert collect.restore(name) and store.exists(name)


def test_what_was_ordered_through_another_door_is_a_workflow_too(civitai: Civilian, acme: Any) -> None:
    made = lifecycle.submit(acme, Brief.read("krea-2-large", {"prompt": "a fox"}, 2))

    told = civitai.get(f"/workflows/{made.pk}").json()
    civitai.send("POST", f"/workflows/{made.pk}/tags", "shop")

    assert (told["tags"], told["metadata"], told["callbacks"]) == ([], {}, [])
    assert (told["cost"]["total"], told["steps"][0]["input"]["size"]) == (156, "large")
    assert [each["id"] for each in civitai.get("/workflows?tags=shop").json()["items"]] == [str(made.pk)]


def test_nobody_sees_the_workflows_of_others(civitai: Civilian, mallory: Any, finish_all: Run) -> None:
    made = civitai.order()
    finish_all()
    hers, id = Civilian(keys.make(mallory, "Hers")[1]), made["id"]
    blob = made["steps"][0]["output"]["images"][0]["id"]

    for method, path, body in (
        ("GET", f"/workflows/{id}", None), ("PUT", f"/workflows/{id}", {"status": "canceled"}),
        ("DELETE", f"/workflows/{id}", None), ("POST", f"/workflows/{id}/tags", "a"),
        ("GET", f"/workflows/{id}/steps/0", None), ("GET", f"/blobs/{blob}", None),
        ("POST", f"/blobs/{blob}/refresh", None),
    ):  # fmt: skip
        assert hers.send(method, path, body).status_code == 404, path
    assert hers.get("/workflows").json()["items"] == []
    assert Client().get(f"{ROOT}/workflows/{id}").status_code == 401
    assert civitai.get("/workflows/wf_none").status_code == civitai.get("/none").status_code == 404


@pytest.mark.django_db(transaction=True)
def test_a_workflow_that_is_waited_for_answers_when_it_is_done(
    http: httpx.Client, drawing: Callable[[Callable[[], Any]], Any]
) -> None:
    done = drawing(lambda: http.post(f"{ROOT}/workflows?wait=60", json=workflow()))

    assert (done.status_code, done.json()["status"]) == (200, "succeeded")
    picture = done.json()["steps"][0]["output"]["images"][0]
    led = http.get(f"{ROOT}/blobs/{picture['id']}", follow_redirects=True)
    plain = httpx.get(picture["url"])
    assert led.headers["Content-Type"] == plain.headers["Content-Type"] == "image/png"
    assert led.content == plain.content and len(led.history) == 1


@pytest.mark.django_db(transaction=True)
def test_a_workflow_that_is_not_done_in_time_is_answered_as_it_stands(http: httpx.Client) -> None:
    made = http.post(f"{ROOT}/workflows?wait=1", json=workflow())
    again = http.get(f"{ROOT}/workflows/{made.json()['id']}?wait=1")

    assert [(each.status_code, each.json()["status"]) for each in (made, again)] == [(202, "unassigned")] * 2
    assert http.post(f"{ROOT}/workflows?wait=soon", json=workflow()).status_code == 400


def test_a_recipe_is_refused_by_the_names_of_its_input(civitai: Civilian) -> None:
    good = workflow()["steps"][0]["input"]

    wrong = civitai.send("POST", "/recipes/imageGen", good | {"size": "huge", "prompt": ""})
    fleeting = civitai.send("POST", "/recipes/imageGen?ephemeral=true", good)
    priced = civitai.send("POST", "/recipes/imageGen?whatif=true&experimental=true", good)
    late = civitai.send("POST", "/recipes/imageGen", good)

    assert set(wrong.json()["errors"]) == {"size", "prompt", "messages"}
    assert (fleeting.status_code, set(fleeting.json()["errors"])) == (400, {"ephemeral", "messages"})
    assert (priced.status_code, priced.headers["X-Civitai-Cost-Total"]) == (200, "39")
    assert (late.status_code, late.json()["workflowId"]) == (504, str(Generation.objects.get().pk))


@pytest.mark.django_db(transaction=True)
def test_a_recipe_answers_with_the_output_alone(
    http: httpx.Client, drawing: Callable[[Callable[[], Any]], Any]
) -> None:
    body = workflow(quantity=2)["steps"][0]["input"]

    done = drawing(lambda: http.post(f"{ROOT}/recipes/imageGen", json=body))

    assert (done.status_code, done.json()["errors"]) == (200, None)
    assert [image["available"] for image in done.json()["images"]] == [True, True]
