"""Webhooks: signed, tried again, told the truth about in the log, and never in each other's way."""

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core.cache import cache
from django.utils import timezone
from pytest_django import Settings
from standardwebhooks import Webhook, WebhookVerificationError

from billing import ledger
from generations import events, lifecycle
from generations.models import Generation
from krea_site import schedule
from partners import keys
from partners.models import Delivery, Endpoint, KeptAnswer, Listener
from partners.webhooks import deliveries, endpoints, fan_out, signing
from tests.generations.strangers import Visit
from tests.krea_site.belongings import drawn
from tests.partners.caller import Caller, fields, refusal
from tests.partners.receivers import ME, Receiver, finished, listen, log


def test_a_finished_generation_is_told_and_its_signature_holds(
    api: Caller, acme: Any, shop: Receiver, carry: Callable[[], None]
) -> None:
    webhook = listen(api, shop.url)
    made = finished(acme)

    carry()

    [visit] = shop.server.seen
    told = Webhook(webhook["secret"]).verify(visit.body, dict(visit.headers.items()))
    assert (told["type"], told["data"]["id"]) == ("generation.finished", str(made.pk))
    assert told["data"] == api.get(f"/generations/{made.pk}").json() | {"images": told["data"]["images"]}
    with pytest.raises(WebhookVerificationError):
        Webhook(signing.new_secret()).verify(visit.body, dict(visit.headers.items()))
    [delivery] = api.get(f"/webhooks/{webhook['id']}/deliveries").json()["items"]
    assert (delivery["status"], delivery["tries"], delivery["generation"]) == ("delivered", 1, str(made.pk))
    [once] = log(api, webhook)
    assert (once["status"], once["error"], once["request_body"].encode()) == (204, None, visit.body)
    assert once["request_headers"]["webhook-id"] == visit.headers["webhook-id"]
    carry()
    assert len(shop.server.seen) == 1


def test_only_what_was_asked_for_is_told_and_only_from_then_on(
    api: Caller, acme: Any, shop: Receiver, carry: Callable[[], None]
) -> None:
    finished(acme)
    listen(api, shop.url, "generation.updated")
    made = drawn(acme, 41)
    events.write(acme.pk, events.IMAGE_UPDATED, made.pk, status="stored")
    events.write(acme.pk, events.GENERATION_UPDATED, made.pk, status="running")
    finished(acme)

    carry()

    assert [body["type"] for body in shop.bodies] == ["generation.updated"]


def test_one_order_may_have_an_address_of_its_own(
    api: Caller, acme: Any, shop: Receiver, carry: Callable[[], None]
) -> None:
    secret = api.post("/webhooks/settings/rotate").json()["secret"]
    made = api.order({"model": "krea-2-medium", "input": {"prompt": "a fox"}, "webhook_url": shop.url})
    lifecycle.cancel(Generation.objects.get(pk=made["id"]))
    assert Generation.objects.get(pk=made["id"]).outcome == "canceled"

    carry()

    [visit] = shop.server.seen
    told = Webhook(secret).verify(visit.body, dict(visit.headers.items()))
    assert (told["type"], told["data"]["id"], told["data"]["status"]) == ("generation.finished", made["id"], "canceled")


def test_what_fails_is_tried_ten_times_in_three_days_and_then_given_up(
    api: Caller, acme: Any, shop: Receiver, carry: Callable[[], None]
) -> None:
    shop.then(500)
    begun = timezone.now()
    with time_machine.travel(begun, tick=False) as clock:
        made = api.order({"model": "krea-2-medium", "input": {"prompt": "a fox"}, "webhook_url": shop.url})
        lifecycle.cancel(Generation.objects.get(pk=made["id"]))
        carry()
        while (row := Delivery.objects.get()).outcome == "":
            clock.move_to(row.due_at)
            carry()
        lasted = timezone.now() - begun

    assert (row.outcome, row.tries, len(shop.server.seen)) == ("given_up", 10, 10)
    assert timedelta(days=3) * 0.8 <= lasted <= timedelta(days=3) * 1.2
    assert len({visit.headers["webhook-id"] for visit in shop.server.seen}) == 1
    assert len({visit.headers["webhook-timestamp"] for visit in shop.server.seen}) == 10


def test_an_endpoint_that_fails_for_three_days_is_disabled_with_a_mail_and_tried_again_when_enabled(
    api: Caller, acme: Any, shop: Receiver, carry: Callable[[], None], mailoutbox: list[Any]
) -> None:
    shop.then(503)
    webhook = listen(api, shop.url)
    with time_machine.travel(timezone.now(), tick=False) as clock:
        finished(acme)
        carry()
        since = api.get(f"/webhooks/{webhook['id']}").json()["failing_since"]
        clock.shift(deliveries.FAILING_LASTS)
        finished(acme)
        carry()
        shown = api.get(f"/webhooks/{webhook['id']}").json()
        assert since is not None
        assert (shown["enabled"], shown["disabled_cause"]) == (False, "failing")
        [mail] = mailoutbox
        assert mail.to == [acme.email]
        assert ME in mail.subject and str(webhook["id"]) in mail.body and "/hook" not in mail.body
        asked = len(shop.server.seen)
        clock.shift(timedelta(days=1))
        carry()
        assert len(shop.server.seen) == asked

        shop.then(200)
        assert api.patch(f"/webhooks/{webhook['id']}", {"enabled": True}).json()["enabled"] is True
        carry()

    assert {row.outcome for row in Delivery.objects.all()} == {"delivered"}
    assert api.get(f"/webhooks/{webhook['id']}").json()["failing_since"] is None


def test_410_disables_at_once(
    api: Caller, acme: Any, shop: Receiver, carry: Callable[[], None], mailoutbox: list[Any]
) -> None:
    shop.then(410)
    webhook = listen(api, shop.url)
    finished(acme)

    carry()

    assert api.get(f"/webhooks/{webhook['id']}").json()["disabled_cause"] == "gone"
    assert "answered 410" in mailoutbox[0].body
    assert log(api, webhook)[0]["status"] == 410


def test_the_log_tells_the_truth_about_every_kind_of_failure(
    api: Caller, acme: Any, shop: Receiver, carry: Callable[[], None], settings: Settings, monkeypatch: Any
) -> None:
    monkeypatch.setattr(deliveries, "TIMEOUT_S", 0.3)
    elsewhere = f"http://{ME}:{shop.server.port}/elsewhere"
    stalled: list[Visit] = []

    def stall(visit: Visit) -> None:
        stalled.append(visit)
        with suppress(OSError):
            visit.drip(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n", b"x", every_s=0.2)

    shop.then(lambda visit: visit.give(302, Location=elsewhere), stall, lambda visit: visit.connection.close(), 429)
    webhook = listen(api, shop.url)
    finished(acme)
    with time_machine.travel(timezone.now(), tick=True) as clock:
        for _ in range(4):
            carry()
            clock.shift(timedelta(hours=1))
        settings.SAFE_FETCH_ALLOW = settings.SAFE_FETCH_ALLOW - {f"{ME}:{shop.server.port}"}
        carry()

    tries = log(api, webhook)
    assert [each["status"] for each in tries] == [302, None, None, 429, None]
    assert "Redirects are not followed" in tries[0]["error"] and tries[0]["answer_headers"]["location"] == elsewhere
    assert "did not finish within" in tries[1]["error"]
    assert tries[2]["error"]
    assert (tries[3]["error"], tries[3]["answer_body"]) == ("Answered 429 instead of 2xx.", "so it is")
    assert "not allowed" in tries[4]["error"] or "private network" in tries[4]["error"]
    assert all(each["seconds"] is not None for each in tries)
    assert {visit.path for visit in shop.server.seen} == {"/hook"}


def test_a_receiver_may_ask_to_be_left_alone_for_a_while(
    api: Caller, acme: Any, shop: Receiver, carry: Callable[[], None]
) -> None:
    shop.then(lambda visit: visit.give(503, Retry_After="7200"))
    listen(api, shop.url)
    finished(acme)

    carry()

    waits = Delivery.objects.get().due_at - timezone.now()
    assert timedelta(minutes=119) < waits <= timedelta(hours=2)


def test_the_secret_is_shown_once_and_two_are_good_while_it_is_changed(
    api: Caller, acme: Any, shop: Receiver, carry: Callable[[], None]
) -> None:
    answer = api.post("/webhooks", {"url": shop.url, "events": ["generation.finished"]}, key="once")
    again = api.post("/webhooks", {"url": shop.url, "events": ["generation.finished"]}, key="once")
    webhook = answer.json()
    assert (again.content, Endpoint.objects.count()) == (answer.content, 1)
    old, path = webhook["secret"], f"/webhooks/{webhook['id']}"
    assert "secret" not in api.get(path).json()
    new = api.post(f"{path}/rotate").json()["secret"]
    everything = [str(row) for model in (Endpoint, Listener, KeptAnswer) for row in model.objects.values()]
    assert not any(secret.removeprefix("whsec_") in text for text in everything for secret in (old, new))

    with time_machine.travel(timezone.now(), tick=True) as clock:
        finished(acme)
        carry()
        headers = dict(shop.server.seen[-1].headers.items())
        for secret in (old, new):
            Webhook(secret).verify(shop.server.seen[-1].body, headers)
        clock.shift(endpoints.OLD_SECRET_LASTS)
        finished(acme)
        carry()
        assert len(shop.server.seen[-1].headers["webhook-signature"].split()) == 1
        Webhook(new).verify(shop.server.seen[-1].body, dict(shop.server.seen[-1].headers.items()))


def test_a_test_can_be_sent_and_what_was_missed_told_anew(
    api: Caller, acme: Any, shop: Receiver, carry: Callable[[], None]
) -> None:
    webhook = listen(api, shop.url)
    path = f"/webhooks/{webhook['id']}"
    assert api.post(f"{path}/test").json()["type"] == "test"
    carry()
    assert shop.bodies[0]["type"] == "test"
    for _ in range(3):
        finished(acme)
    carry()
    [*_, first] = api.get(f"{path}/deliveries").json()["items"]
    Delivery.objects.exclude(pk=first["id"]).update(outcome="given_up", tries_left=0)

    assert api.post(f"{path}/deliveries/{first['id']}/redeliver").status_code == 202
    carry()
    assert [body["type"] for body in shop.bodies[4:]] == ["test"]
    assert shop.server.seen[4].headers["webhook-id"] == shop.server.seen[0].headers["webhook-id"]
    since = (timezone.now() - timedelta(hours=1)).isoformat()
    assert api.post(f"{path}/redeliver", {"since": since}).json() == {"count": 3}
    carry()
    assert len(shop.bodies) == 8
    assert api.post(f"{path}/redeliver", {"since": since}).json() == {"count": 0}
    assert api.post(f"{path}/redeliver", {"since": since, "status": None}).json() == {"count": 4}


def test_a_low_balance_is_told_once_until_it_was_above_again(
    api: Caller, acme: Any, shop: Receiver, carry: Callable[[], None]
) -> None:
    listen(api, shop.url, "balance.low")
    assert api.patch("/webhooks/settings", {"low_below": "950.00"}).json() == {"low_below": "950.00"}
    assert api.patch("/webhooks/settings", {}).json() == {"low_below": "950.00"}  # what is left out stays

    def spend(name: str) -> None:
        ledger.hold(acme, 39_00, key=name, memo="A picture")
        carry()

    spend("a")
    assert shop.bodies == []
    spend("b")
    spend("c")
    assert [body["type"] for body in shop.bodies] == ["balance.low"]
    assert shop.bodies[0]["data"]["available"] == "922.00" and shop.bodies[0]["data"]["below"] == "950.00"
    ledger.capture("a", 0, memo="Nothing came")
    ledger.capture("b", 0, memo="Nothing came")
    carry()
    spend("d")
    assert len(shop.bodies) == 2


def test_what_was_deleted_meanwhile_is_not_told(
    api: Caller, acme: Any, shop: Receiver, carry: Callable[[], None]
) -> None:
    webhook = listen(api, shop.url)
    lifecycle.delete(finished(acme))

    carry()

    assert shop.server.seen == []
    assert api.get(f"/webhooks/{webhook['id']}/deliveries").json()["items"][0]["status"] == "dropped"


def test_a_courier_that_dies_leaves_its_deliveries_to_the_next(
    api: Caller, acme: Any, shop: Receiver, carry: Callable[[], None]
) -> None:
    webhook = listen(api, shop.url)
    finished(acme)
    with time_machine.travel(timezone.now(), tick=True) as clock:
        fan_out.run()
        assert len(deliveries.claim(timezone.now(), 50, Counter())) == 1  # and then it dies
        carry()
        assert shop.server.seen == []
        clock.shift(endpoints.LEASE)
        carry()

    first, second = log(api, webhook)
    assert (first["seconds"], first["status"], second["status"]) == (None, None, 204)


def test_strangers_see_nothing_and_a_key_needs_the_scope(api: Caller, stranger: Caller, acme: Any) -> None:
    webhook = listen(api, "https://shop.example/hook")
    path = f"/webhooks/{webhook['id']}"
    delivery = api.post(f"{path}/test").json()["id"]

    calls = [
        stranger.get(path), stranger.patch(path, {"enabled": False}), stranger.delete(path),
        stranger.post(f"{path}/rotate"), stranger.post(f"{path}/test"), stranger.get(f"{path}/deliveries"),
        stranger.get(f"{path}/deliveries/{delivery}"), stranger.post(f"{path}/deliveries/{delivery}/redeliver"),
        stranger.post(f"{path}/redeliver", {"since": "2026-11-20T00:00:00Z"}),
    ]  # fmt: skip
    assert {refusal(call) for call in calls} == {(404, "not_found")}
    assert stranger.get("/webhooks").json()["items"] == []
    reader = Caller(keys.make(acme, "Reader", ["generations:read"])[1])
    assert refusal(reader.get("/webhooks")) == (403, "missing_scope")


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({}, {"/url", "/events"}),
        ([], {""}),
        ({"url": "http://localhost/", "events": ["generation.finished"]}, {"/url"}),
        ({"url": "https://192.168.1.2/hook", "events": ["generation.finished"]}, {"/url"}),
        ({"url": "https://user:pw@shop.example/", "events": ["generation.finished"]}, {"/url"}),
        ({"url": "https://shop.example:22/", "events": ["generation.finished"]}, {"/url"}),
        ({"url": "x" * 3000, "events": ["generation.finished"]}, {"/url"}),
        ({"url": "https://shop.example/", "events": []}, {"/events"}),
        ({"url": "https://shop.example/", "events": ["everything"]}, {"/events"}),
        ({"url": "https://shop.example/", "events": "generation.finished"}, {"/events"}),
        ({"url": "https://shop.example/", "events": ["generation.finished"], "secret": "mine"}, {"/secret"}),
    ],
)
def test_a_webhook_that_cannot_be_is_refused_by_field(api: Caller, body: Any, wrong: set[str]) -> None:
    answer = api.post("/webhooks", body)

    assert refusal(answer) == (422, "invalid_input")
    assert fields(answer).keys() == wrong
    assert Endpoint.objects.count() == 0


def test_there_are_only_so_many(api: Caller) -> None:
    for _ in range(endpoints.MOST):
        listen(api, "https://shop.example/hook")

    refused = api.post("/webhooks", {"url": "https://shop.example/hook", "events": ["balance.low"]})

    assert refusal(refused) == (409, "too_many_webhooks")


def test_the_log_goes_after_thirty_days(api: Caller, acme: Any) -> None:
    webhook = listen(api, "https://shop.example/hook")
    path = f"/webhooks/{webhook['id']}"
    old, again, _ = [api.post(f"{path}/test").json()["id"] for _ in range(3)]
    long_ago = timezone.now() - deliveries.LOG_LASTS - timedelta(hours=1)
    Delivery.objects.filter(pk__in=[old, again]).update(created_at=long_ago, due_at=long_ago)
    api.post(f"{path}/deliveries/{again}/redeliver")
    cache.clear()

    assert schedule.prune_deliveries() == 1
    assert Delivery.objects.count() == 2 and not Delivery.objects.filter(pk=old).exists()
