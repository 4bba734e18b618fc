"""Whatever a receiver does, or becomes of us, the log tells what happened, and one broken delivery stops no other."""

import socket
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from generations import lifecycle
from generations.models import Generation
from partners.models import Delivery, DeliveryTry, Endpoint
from partners.webhooks import deliveries, endpoints, fan_out, signing
from tests.generations.strangers import Visit
from tests.partners.caller import FOX, Caller, refusal
from tests.partners.receivers import Receiver, finished, listen, log

Carry = Callable[[], None]
HOUR = timedelta(hours=1)


def test_a_name_that_became_private_is_not_called_whatever_its_form(
    api: Caller, acme: Any, carry: Carry, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = [
        ["127.0.0.1"], ["93.184.215.14", "10.0.0.7"], ["169.254.169.254"], ["::1"], ["::ffff:192.168.1.2"],
        ["fd00::1"], ["64:ff9b::7f00:1"], ["100.64.0.1"], ["0.0.0.0"],
    ]  # fmt: skip
    asked: list[str] = []

    def look_up(host: str, port: int, **_: Any) -> list[Any]:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in answers[len(asked) - 1]]

    webhook = listen(api, "https://rebound.example/hook")
    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    finished(acme)
    with time_machine.travel(timezone.now(), tick=False) as clock:
        for _ in answers:
            carry()
            clock.move_to(Delivery.objects.get().due_at)

    tries = log(api, webhook)
    assert asked == ["rebound.example"] * len(answers)
    assert {each["status"] for each in tries} == {None}
    assert all(each["error"].startswith("The address leads into a private network.") for each in tries)


@pytest.mark.parametrize(
    "host",
    ["127.1", "2130706433", "0x7f000001", "0177.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "localhost.", "[fe80::1]"],
)
def test_an_address_that_spells_out_a_private_one_is_refused_at_once(api: Caller, host: str) -> None:
    answers = [
        api.post("/webhooks", {"url": f"http://{host}/hook", "events": ["generation.finished"]}),
        api.post("/generations", FOX | {"webhook_url": f"http://{host}/hook"}),
    ]

    assert [answer.status_code for answer in answers] == [422, 422]
    assert not Endpoint.objects.exists() and not Generation.objects.exists()


def test_an_address_that_got_round_the_door_is_refused_when_it_is_called(api: Caller, acme: Any, carry: Carry) -> None:
    webhook = listen(api, "https://shop.example/hook")
    Endpoint.objects.update(url="http://0x7f.1/hook")
    finished(acme)

    carry()

    [only] = log(api, webhook)
    assert (only["status"], only["url"]) == (None, "http://0x7f.1/hook")
    assert "public" in only["error"]


def test_answers_that_are_strange_are_written_down_as_far_as_they_go(
    api: Caller, acme: Any, shop: Receiver, carry: Carry
) -> None:
    def endless(visit: Visit) -> None:
        visit.drip(
            b"HTTP/1.1 500 No\r\nTransfer-Encoding: chunked\r\n\r\n", b"1000\r\n" + b"y" * 4096 + b"\r\n", every_s=0
        )

    shop.then(
        lambda visit: visit.give(500, b"\xff\x00\xfe" * 10, Retry_After="Mon, 01 Jan 2029 00:00:00 +99999999999999"),
        lambda visit: visit.give(500, Location="x" * 30_000, Retry_After="9" * 4000),
        endless,
        lambda visit: visit.drip(b"220 mail.example ESMTP\r\n\r\n"),
        lambda visit: visit.give(204),
    )
    webhook = listen(api, shop.url)
    finished(acme)
    with time_machine.travel(timezone.now(), tick=False) as clock:
        for _ in range(5):
            carry()
            clock.move_to(Delivery.objects.get().due_at)

    tries = log(api, webhook)
    assert [each["status"] for each in tries] == [500, 500, 500, None, 204]
    assert tries[0]["answer_body"] == "\ufffd\ufffd\ufffd" * 10
    assert len(tries[1]["answer_headers"]["location"]) == deliveries.KEPT_CHARACTERS
    assert tries[2]["answer_body"] == "y" * deliveries.KEPT_BYTES
    assert tries[3]["error"] == "The server broke the connection off."
    assert all(each["seconds"] is not None and each["request_body"] for each in tries)


def test_a_courier_that_always_dies_gives_up_after_ten_tries_and_the_log_says_so(
    api: Caller, acme: Any, stranger: Caller, mallory: Any, shop: Receiver, carry: Carry
) -> None:
    webhook = listen(api, "https://shop.example/hook")
    hers = listen(stranger, shop.url)
    finished(acme)
    with time_machine.travel(timezone.now(), tick=False) as clock:
        fan_out.run()
        for _ in range(10):
            assert len(deliveries.claim(timezone.now(), 50, Counter())) == 1  # and then it dies
            clock.shift(endpoints.LEASE)
        finished(mallory)
        carry()
        again = api.post(f"/webhooks/{webhook['id']}/redeliver", {"since": (timezone.now() - HOUR).isoformat()})
        assert (again.json(), len(deliveries.claim(timezone.now(), 50, Counter()))) == ({"count": 1}, 1)
        clock.shift(endpoints.LEASE)

    [row] = api.get(f"/webhooks/{webhook['id']}/deliveries").json()["items"]
    assert (row["status"], row["tries"]) == ("waiting", 11)
    tries = log(api, webhook)
    assert [each["error"] for each in tries] == [*[deliveries.INTERRUPTED] * 10, None]
    assert log(stranger, hers)[0]["status"] == 204


def test_an_answer_that_comes_after_the_lease_is_written_down_all_the_same(
    api: Caller, acme: Any, shop: Receiver, carry: Carry
) -> None:
    webhook = listen(api, shop.url)
    finished(acme)
    with time_machine.travel(timezone.now(), tick=False) as clock:
        fan_out.run()
        [late] = deliveries.claim(timezone.now(), 50, Counter())
        clock.shift(endpoints.LEASE)
        carry()
        deliveries.settle(late, deliveries.Answer(status=500, error="Answered 500 instead of 2xx."))

    assert [(each["status"], each["error"]) for each in log(api, webhook)] == [
        (500, "Answered 500 instead of 2xx."),
        (204, None),
    ]
    assert Delivery.objects.get().outcome == "delivered"


def test_a_secret_that_cannot_be_read_is_told_in_the_log_and_stops_nobody_else(
    api: Caller, acme: Any, shop: Receiver, carry: Carry
) -> None:
    lost, damaged, well = (listen(api, shop.url) for _ in range(3))
    Endpoint.objects.filter(pk=lost["id"]).update(secret="sealed with another key")
    Endpoint.objects.filter(pk=damaged["id"]).update(secret=signing.seal("whsec_a"))
    finished(acme)

    carry()

    assert [log(api, each)[0]["error"] for each in (lost, damaged, well)] == [
        deliveries.NO_SECRET,
        deliveries.OUR_FAULT,
        None,
    ]
    states = {str(row.endpoint_id): row.outcome for row in Delivery.objects.all()}
    assert states == {lost["id"]: "given_up", damaged["id"]: "", well["id"]: "delivered"}
    assert api.get(f"/webhooks/{damaged['id']}").json()["failing_since"] is None
    assert len(shop.server.seen) == 1
    api.post(f"/webhooks/{lost['id']}/rotate")
    again = api.post(f"/webhooks/{lost['id']}/redeliver", {"since": (timezone.now() - HOUR).isoformat()})
    carry()
    assert (again.json(), log(api, lost)[1]["status"]) == ({"count": 1}, 204)


def test_another_address_has_three_days_of_its_own(api: Caller, acme: Any, shop: Receiver, carry: Carry) -> None:
    shop.then(500)
    webhook = listen(api, shop.url)
    path = f"/webhooks/{webhook['id']}"
    with time_machine.travel(timezone.now(), tick=False) as clock:
        finished(acme)
        carry()
        clock.shift(deliveries.FAILING_LASTS)
        assert api.patch(path, {"url": shop.url + "/new"}).json()["failing_since"] is None
        carry()

    shown = api.get(path).json()
    assert (shown["enabled"], log(api, webhook)[-1]["url"]) == (True, shop.url + "/new")


def test_a_deleted_webhook_is_told_no_more_whatever_is_under_way(
    api: Caller, acme: Any, shop: Receiver, carry: Carry
) -> None:
    webhook = listen(api, shop.url)
    finished(acme)
    fan_out.run()
    [call] = deliveries.claim(timezone.now(), 50, Counter())

    assert api.delete(f"/webhooks/{webhook['id']}").status_code == 204
    deliveries.settle(call, deliveries.Answer(status=410, error="Answered 410"))
    carry()

    assert not Delivery.objects.exists() and not DeliveryTry.objects.exists()
    assert shop.server.seen == []


def test_what_went_to_the_address_of_an_order_has_a_log_of_its_own(
    api: Caller, stranger: Caller, acme: Any, shop: Receiver, carry: Carry
) -> None:
    shop.then(500, lambda visit: visit.give(410, b"no more"))
    listen(api, shop.url + "/all")
    made, other = (api.order(FOX | {"webhook_url": f"{shop.url}/{name}"})["id"] for name in ("one", "two"))
    for generation in Generation.objects.order_by("id"):
        lifecycle.cancel(generation)

    carry()

    path = "/webhooks/callbacks"
    assert {row["generation"] for row in api.get(path).json()["items"]} == {made, other}
    [row] = api.get(path, generation=made).json()["items"]
    told = api.get(f"{path}/{row['id']}").json()
    assert (told["type"], told["tries"], told["log"][0]["url"]) == ("generation.finished", 1, f"{shop.url}/one")
    assert {row["status"] for row in api.get(path).json()["items"]} <= {"waiting", "given_up"}
    shop.then(204)
    assert api.post(f"{path}/{row['id']}/redeliver").json()["status"] == "waiting"
    carry()
    assert api.get(f"{path}/{row['id']}").json()["log"][-1]["status"] == 204
    assert [each["id"] for each in api.get(path, status="delivered").json()["items"]] == [row["id"]]
    assert stranger.get(path).json()["items"] == []
    assert refusal(stranger.get(f"{path}/{row['id']}")) == (404, "not_found")
    assert refusal(stranger.post(f"{path}/{row['id']}/redeliver")) == (404, "not_found")
    assert refusal(api.get(path, generation="x")) == (422, "invalid_query")


def test_a_generation_that_is_canceled_tells_its_refunds(api: Caller, acme: Any, shop: Receiver, carry: Carry) -> None:
    listen(api, shop.url)
    made = api.order(FOX | {"quantity": 2})
    lifecycle.cancel(Generation.objects.get(pk=made["id"]))

    carry()

    [told] = shop.bodies
    assert told["data"]["cost"] == api.get(f"/generations/{made['id']}").json()["cost"]
    assert [each["code"] for each in told["data"]["cost"]["refunds"]] == ["canceled", "canceled"]
