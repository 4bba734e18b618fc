"""fal's calls to us: early, late, doubled, forged, stale, missing, empty. The stand-in makes and signs every one."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from pytest_django import Settings

from generations import fal_state, lifecycle, unknowns
from generations.brief import Brief
from generations.fal import jwks
from generations.models import Draw, Event, FalState, Generation, Image, Status
from tests.conftest import long_ago, status_of, wallet_of
from tests.standins.launch import StandIn
from tests.standins.receiver import Received, Receiver, running_receiver

Run = Callable[[], Any]
PAID, UNPAID = (961_00, 0), (1000_00, 0)


@pytest.fixture
def hooks(standin: StandIn, settings: Settings, monkeypatch: pytest.MonkeyPatch, db: None) -> Iterator[Receiver]:
    """Webhooks are on and land here, for the test to hand on when it likes."""
    cache.clear()
    monkeypatch.setattr(jwks, "_held", {})
    with running_receiver() as receiver:
        settings.FAL_WEBHOOKS, settings.PUBLIC_URL = "on", receiver.url
        yield receiver


@pytest.fixture
def drawn(alice: Any, fox: Brief, hooks: Receiver, drain: Run) -> tuple[Generation, Received]:
    """A fox that fal has drawn, and the call that says so, which nobody has taken yet."""
    generation = lifecycle.submit(alice, fox)
    drain()
    return generation, hooks.next()


def hand_over(client: Client, call: Received, *, body: bytes | None = None, path: str = "") -> int:
    """Our answer to a call of fal's."""
    headers = {name: value for name, value in call.headers.items() if name.startswith("x-fal")}
    answer = client.post(
        path or call.path, data=call.body if body is None else body, content_type="application/json", headers=headers
    )
    return answer.status_code


def test_a_webhook_brings_the_picture_and_nobody_has_to_ask(
    alice: Any, drawn: tuple[Generation, Received], client: Client, standin: StandIn, drain: Run
) -> None:
    generation, call = drawn

    assert hand_over(client, call) == 200
    drain()

    assert (status_of(generation), wallet_of(alice)) == ("succeeded", PAID)
    assert standin.log(on="status") == standin.log(on="result") == []


def test_a_doubled_webhook_changes_nothing_the_second_time(
    alice: Any, drawn: tuple[Generation, Received], client: Client, drain: Run
) -> None:
    generation, call = drawn
    assert [hand_over(client, call), hand_over(client, call)] == [200, 200]
    drain()
    told = Event.objects.count()

    assert hand_over(client, call) == 200
    drain()

    assert (status_of(generation), wallet_of(alice), Event.objects.count()) == ("succeeded", PAID, told)


def test_a_late_webhook_finds_the_picture_stored(
    alice: Any, drawn: tuple[Generation, Received], client: Client, standin: StandIn, look: Run, drain: Run
) -> None:
    generation, call = drawn
    look()
    drain()
    assert status_of(generation) == "succeeded"

    assert hand_over(client, call) == 200

    assert (status_of(generation), wallet_of(alice), Draw.objects.count()) == ("succeeded", PAID, 1)
    assert standin.summary()["billed_draws"] == 1


@pytest.mark.django_db(transaction=True)
def test_a_webhook_before_the_answer_to_the_send_is_taken(
    alice: Any, fox: Brief, hooks: Receiver, standin: StandIn, drain: Run, live_server: Any, settings: Settings
) -> None:
    settings.PUBLIC_URL = live_server.url
    standin.control([{"on": "webhook", "early": True, "times": None}])

    generation = lifecycle.submit(alice, fox)
    drain()

    image = Image.objects.get(generation=generation)
    assert (status_of(generation), wallet_of(alice), image.draws_made) == ("succeeded", PAID, 1)
    assert [call["status"] for call in standin.log(on="webhook")] == [200]
    assert standin.log(on="status") == []


def test_a_missing_webhook_is_made_up_for_by_the_follower(
    alice: Any, fox: Brief, hooks: Receiver, standin: StandIn, drain: Run, look: Run
) -> None:
    standin.control([{"on": "webhook", "missing": True, "times": None}])
    generation = lifecycle.submit(alice, fox)
    drain()

    look()
    drain()

    assert (status_of(generation), wallet_of(alice)) == ("succeeded", PAID)
    assert hooks.arrivals.empty()


@pytest.mark.parametrize("fault", ["forged", "stale_timestamp"])
def test_a_call_that_is_not_fals_or_not_of_these_minutes_is_refused(
    alice: Any, fox: Brief, hooks: Receiver, client: Client, standin: StandIn, drain: Run, look: Run, fault: str
) -> None:
    standin.control([{"on": "webhook", fault: True, "times": 1}])
    generation = lifecycle.submit(alice, fox)
    drain()

    assert hand_over(client, hooks.next()) == 403

    assert (status_of(generation), Draw.objects.get().result) == ("running", None)
    look()
    drain()
    assert (status_of(generation), wallet_of(alice)) == ("succeeded", PAID)


def test_a_body_that_was_changed_on_the_way_is_refused(
    drawn: tuple[Generation, Received], client: Client, drain: Run
) -> None:
    generation, call = drawn

    assert hand_over(client, call, body=call.body.replace(b"OK", b"KO")) == 403
    assert hand_over(client, Received(call.path, {}, call.body)) == 403

    assert status_of(generation) == "running"


def test_a_webhook_without_a_payload_has_the_result_fetched(
    alice: Any, fox: Brief, hooks: Receiver, client: Client, standin: StandIn, drain: Run
) -> None:
    standin.control([{"on": "webhook", "null_payload": True, "times": None}])
    generation = lifecycle.submit(alice, fox)
    drain()

    assert hand_over(client, hooks.next()) == 200
    drain()

    assert (status_of(generation), wallet_of(alice)) == ("succeeded", PAID)
    assert len(standin.log(on="result")) == 1


def test_a_webhook_tells_of_a_picture_that_fal_declined(
    alice: Any, hooks: Receiver, client: Client, drain: Run
) -> None:
    generation = lifecycle.submit(alice, Brief.read("krea-2-medium", {"prompt": "a forbidden fox"}))
    drain()

    assert hand_over(client, hooks.next()) == 200

    assert (status_of(generation), wallet_of(alice)) == ("blocked", UNPAID)


def test_a_webhook_tells_of_a_fault_and_the_picture_is_drawn_anew(
    alice: Any, fox: Brief, hooks: Receiver, client: Client, standin: StandIn, drain: Run, finish_all: Run
) -> None:
    standin.control(fail={"prompt": "fox", "status": 500, "times": 1})
    generation = lifecycle.submit(alice, fox)
    drain()

    assert hand_over(client, hooks.next()) == 200
    assert status_of(generation) == "queued"

    finish_all()
    assert (status_of(generation), wallet_of(alice)) == ("succeeded", PAID)
    assert [draw.outcome for draw in Draw.objects.order_by("id")] == ["fal_error", "delivered"]


def test_a_webhook_decides_about_a_send_whose_answer_was_lost(
    alice: Any, fox: Brief, hooks: Receiver, client: Client, standin: StandIn, drain: Run
) -> None:
    standin.control([{"on": "submit", "times": 1, "cut": "before_reply"}])
    generation = lifecycle.submit(alice, fox)
    drain()
    assert Image.objects.get().status == "unknown"

    assert hand_over(client, hooks.next()) == 200
    drain()

    assert (status_of(generation), wallet_of(alice), Draw.objects.count()) == ("succeeded", PAID, 1)
    assert (standin.log(on="history"), standin.summary()["billed_draws"]) == ([], 1)


def test_a_late_webhook_of_an_old_draw_is_only_written_down(
    alice: Any, fox: Brief, hooks: Receiver, client: Client, standin: StandIn, drain: Run
) -> None:
    standin.control([{"on": "submit", "times": 1, "cut": "before_reply"}])
    standin.control([{"on": "history", "missing": True, "times": None}])
    generation = lifecycle.submit(alice, fox)
    drain()
    old = hooks.next()
    Draw.objects.update(sent_at=long_ago())
    unknowns.resolve(Draw.objects.get().pk)  # the history lags: it is sent again
    drain()
    assert hand_over(client, hooks.next()) == 200
    drain()
    image = Image.objects.get(generation=generation)

    assert hand_over(client, old) == 200
    drain()

    first, second = Draw.objects.order_by("id")
    assert (image.status, image.draw_id, wallet_of(alice)) == ("stored", second.pk, PAID)
    assert Image.objects.filter(pk=image.pk, draw=second, sha256=image.sha256, status="stored").exists()
    assert (first.outcome, first.may_be_billed, first.cost_microusd) == ("delivered", True, 30_000)


def test_a_webhook_after_the_customer_was_told_that_it_failed_is_only_written_down(
    alice: Any, drawn: tuple[Generation, Received], client: Client, drain: Run
) -> None:
    generation, call = drawn
    lifecycle.finish(Image.objects.get(), Status.FAILED, error_code="timed_out")

    assert hand_over(client, call) == 200
    drain()

    draw = Draw.objects.get()
    assert (status_of(generation), wallet_of(alice)) == ("failed", UNPAID)
    assert (draw.outcome, draw.may_be_billed) == ("delivered", True)


def test_a_webhook_for_another_request_or_at_a_made_up_address_changes_nothing(
    alice: Any, fox: Brief, hooks: Receiver, client: Client, drain: Run
) -> None:
    first, second = lifecycle.submit(alice, fox), lifecycle.submit(alice, fox)
    drain()
    call, other = hooks.next(), hooks.next()

    assert hand_over(client, call, path=other.path) == 409
    assert hand_over(client, call, path="/webhooks/fal/made-up") == 404
    assert client.get(call.path).status_code == 405

    assert [status_of(first), status_of(second)] == ["running", "running"]


def test_a_webhook_signed_for_another_account_is_refused(drawn: tuple[Generation, Received], client: Client) -> None:
    generation, call = drawn
    FalState.objects.update(webhook_user=f"{fal_state._key_mark()} somebody-else")

    assert hand_over(client, call) == 403

    assert status_of(generation) == "running"


def test_while_fals_keys_cannot_be_had_fal_is_asked_to_call_again(
    alice: Any,
    drawn: tuple[Generation, Received],
    client: Client,
    standin: StandIn,
    drain: Run,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    generation, call = drawn
    standin.control([{"on": "jwks", "status": 500, "times": 1}])
    assert hand_over(client, call) == 503
    assert status_of(generation) == "running"

    monkeypatch.setattr(jwks, "RETRY_S", 0)
    assert hand_over(client, call) == 200
    drain()

    assert (status_of(generation), wallet_of(alice)) == ("succeeded", PAID)


def test_a_new_key_of_fals_is_fetched_when_it_is_first_used(
    alice: Any, fox: Brief, drawn: tuple[Generation, Received], hooks: Receiver, client: Client, standin: StandIn,
    drain: Run,
) -> None:  # fmt: skip
    _, old = drawn
    assert hand_over(client, old) == 200
    standin.control(rotate_keys=True)
    generation = lifecycle.submit(alice, fox)
    drain()

    assert hand_over(client, hooks.next()) == 200
    drain()

    assert status_of(generation) == "succeeded"


def test_a_locked_account_is_not_thought_open_because_an_old_picture_arrives(
    drawn: tuple[Generation, Received], client: Client
) -> None:
    _, call = drawn
    fal_state.locked("Exhausted balance")

    assert hand_over(client, call) == 200

    assert fal_state.row().state == FalState.State.LOCKED
