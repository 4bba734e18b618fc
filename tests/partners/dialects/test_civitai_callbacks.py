"""Civitai's callbacks: what was asked for, once, in order, in Civitai's words, signed, and tried again until taken."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
import time_machine
from django.utils import timezone
from standardwebhooks import Webhook

from generations import erasure, lifecycle
from generations.models import Generation, Image, Status
from partners.models import Delivery, DeliveryTry, Tag
from tests.generations.strangers import Visit
from tests.partners.caller import Caller
from tests.partners.dialects.civilian import Civilian, workflow
from tests.partners.receivers import Receiver
from tests.standins.launch import StandIn

pytestmark = pytest.mark.django_db(transaction=True)

Run = Callable[[], None]
DECLINED = {"detail": [{"loc": ["body", "prompt"], "msg": "flagged", "type": "content_policy_violation"}]}


def order(civitai: Civilian, url: str, *types: str, detailed: bool = False, **input: Any) -> str:
    callback = {"url": url, "type": list(types), "detailed": detailed}
    return str(civitai.submit(workflow(**input) | {"callbacks": [callback], "tags": ["shop"]})["id"])


def told(shop: Receiver) -> list[tuple[str, str]]:
    return [(body["$type"], body["status"]) for body in shop.bodies]


def test_everything_is_told_once_and_in_order(civitai: Civilian, shop: Receiver, carry: Run, finish_all: Run) -> None:
    id = order(civitai, shop.url, "workflow:*", "step:*", "job:*", quantity=2)
    carry()
    finish_all()
    carry()

    assert told(shop)[:4] == [("job", "unassigned")] * 2 + [("step", "unassigned"), ("workflow", "unassigned")]
    assert told(shop)[-2:] == [("step", "succeeded"), ("workflow", "succeeded")]
    assert sorted(told(shop)[4:-2]) == sorted(
        [("job", "processing"), ("job", "succeeded")] * 2 + [("step", "processing"), ("workflow", "processing")]
    )
    assert {body["workflowId"] for body in shop.bodies} == {id}
    assert "details" not in shop.bodies[-1]
    jobs = {str(pk) for pk in Image.objects.values_list("pk", flat=True)}
    assert {body["jobId"] for body in shop.bodies if body["$type"] == "job"} == jobs
    assert civitai.get(f"/workflows/{id}").json()["callbacks"][0]["url"] == shop.url


def test_only_what_was_asked_for_is_told_with_its_details_and_signed(
    civitai: Civilian, api: Caller, shop: Receiver, carry: Run, finish_all: Run
) -> None:
    secret = api.post("/webhooks/settings/rotate").json()["secret"]
    id = order(civitai, shop.url, "workflow:succeeded", "step:failed", detailed=True)
    finish_all()

    carry()

    [visit] = shop.server.seen
    body = Webhook(secret).verify(visit.body, dict(visit.headers.items()))
    done = civitai.get(f"/workflows/{id}").json()
    assert (body["$type"], body["status"]) == ("workflow", "succeeded")
    assert abs(timezone.now() - datetime.fromisoformat(body["timestamp"])).total_seconds() < 60
    [step] = body["details"]["steps"]
    assert (step["name"], step["cost"], step["output"]) == ("0", 39, done["steps"][0]["output"])
    assert body["details"]["completedAt"] == done["completedAt"]


def test_what_is_blocked_expired_or_canceled_is_told_with_its_reason(
    civitai: Civilian, shop: Receiver, carry: Run, finish_all: Run, standin: StandIn
) -> None:
    ends = [f"{scope}:{end}" for scope in ("job", "workflow") for end in ("failed", "expired", "canceled")]
    standin.control(fail={"status": 422, "times": 1, "body": DECLINED})
    order(civitai, shop.url, *ends)
    finish_all()
    order(civitai, shop.url, *ends)
    late = Image.objects.get(generation__outcome=None)
    lifecycle.finish(late, Status.FAILED, error_code="timed_out", error_message="It took too long.")
    civitai.send("PUT", f"/workflows/{order(civitai, shop.url, *ends)}", {"status": "canceled"})

    carry()

    jobs = [(body["status"], body["reason"]) for body in shop.bodies if body["$type"] == "job"]
    assert sorted(jobs) == [("canceled", "canceled"), ("expired", "timeout"), ("failed", "blocked")]
    assert {body["status"] for body in shop.bodies if body["$type"] == "workflow"} == {"failed", "expired", "canceled"}
    assert [body["blockedReason"] is not None for body in shop.bodies if body.get("reason") == "blocked"] == [True]


def test_the_next_event_waits_until_the_one_before_it_was_taken(civitai: Civilian, shop: Receiver, carry: Run) -> None:
    with time_machine.travel(timezone.now(), tick=False) as clock:
        shop.then(500, 500, 204)
        id = order(civitai, shop.url, "workflow:*")
        civitai.send("PUT", f"/workflows/{id}", {"status": "canceled"})
        carry()
        while due := list(Delivery.objects.filter(outcome="").values_list("due_at", flat=True)):
            clock.move_to(max(due))
            carry()

    assert told(shop) == [("workflow", "unassigned")] * 3 + [("workflow", "canceled")]
    assert len({visit.headers["webhook-id"] for visit in shop.server.seen}) == 2
    assert len({body["timestamp"] for body in shop.bodies[:3]}) == 1


def test_a_receiver_that_stalls_keeps_no_other_one_waiting(
    civitai: Civilian, open_receiver: Callable[[], Receiver], carry: Run
) -> None:
    broken, good = open_receiver(), open_receiver()
    broken.then(503)
    both = [{"url": each.url, "type": ["workflow:*"]} for each in (broken, good)]
    id = civitai.submit(workflow() | {"callbacks": both})["id"]
    civitai.send("PUT", f"/workflows/{id}", {"status": "canceled"})

    carry()

    assert (told(broken), told(good)) == (
        [("workflow", "unassigned")],
        [("workflow", "unassigned"), ("workflow", "canceled")],
    )


def test_of_a_deleted_workflow_nothing_is_told_and_nothing_is_left(
    civitai: Civilian, shop: Receiver, carry: Run
) -> None:
    def refuse(visit: Visit) -> None:
        visit.give(500)

    shop.then(refuse)
    id = order(civitai, shop.url, "workflow:unassigned", "workflow:canceled", detailed=True)
    carry()
    civitai.send("DELETE", f"/workflows/{id}")
    erasure.sweep()
    Delivery.objects.filter(outcome="").update(due_at=timezone.now())

    carry()

    assert len(shop.server.seen) == 1
    assert Delivery.objects.filter(outcome="dropped").count() == Delivery.objects.count()
    assert not any(json.loads(each.request_body or "{}") for each in DeliveryTry.objects.all())
    assert not Tag.objects.exists()
    assert Generation.objects.get().order.wire == {}
