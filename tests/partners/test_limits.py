"""What a key may do: so many calls a minute, images at once, credits a month, for as long as it is good."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connections
from django.utils import timezone
from pytest_django import Settings

from billing.models import Account
from generations import lifecycle
from generations.models import Generation
from krea_site import schedule
from partners import keys, rate_limits
from partners.models import Key, Order
from tests import live_site
from tests.faults.invariants import broken
from tests.krea_site.belongings import drawn
from tests.partners.caller import FOX, Caller, refusal


def test_every_answer_says_how_many_calls_are_left(api: Caller, settings: Settings) -> None:
    settings.API_CALLS_A_MINUTE = 3
    with time_machine.travel(timezone.now(), tick=False) as clock:
        answers = [api.get("/balance") for _ in range(4)]

        assert [each.status_code for each in answers] == [200, 200, 200, 429]
        assert {each.headers["RateLimit-Policy"] for each in answers} == {'"calls";q=3;w=60'}
        assert [each.headers["RateLimit"] for each in answers] == [
            '"calls";r=2;t=20', '"calls";r=1;t=40', '"calls";r=0;t=60', '"calls";r=0;t=60',
        ]  # fmt: skip
        assert refusal(answers[3]) == (429, "too_many_requests")
        assert answers[3].headers["Retry-After"] == "20"
        clock.shift(20)
        assert api.get("/balance").status_code == 200
        assert api.get("/balance").status_code == 429
        assert api.get("/models").status_code == 429
        clock.shift(600)
        assert [api.get("/balance").status_code for _ in range(4)] == [200, 200, 200, 429]


def test_a_refused_call_does_nothing_and_the_others_of_the_account_go_on(acme: Any, settings: Settings) -> None:
    first, second = (Caller(keys.make(acme, name)[1]) for name in ("first", "second"))
    settings.API_CALLS_A_MINUTE = 1
    assert first.get("/balance").status_code == 200

    assert refusal(first.post("/generations", FOX)) == (429, "too_many_requests")
    assert Generation.objects.count() == 0
    assert second.get("/balance").status_code == 200


def test_a_key_may_have_a_pace_of_its_own(acme: Any, api: Caller) -> None:
    Key.objects.update(calls_a_minute=0)

    assert refusal(api.get("/balance")) == (429, "too_many_requests")


@pytest.mark.parametrize("by", ["database", "redis"])
def test_fifty_at_once_get_no_more_than_there_are(by: str, transactional_db: None, settings: Settings) -> None:
    if by == "redis" and not live_site.redis_is_reachable():
        pytest.skip(f"no Redis at {live_site.REDIS}")
    settings.REDIS_URL = live_site.REDIS if by == "redis" else ""
    rate_limits._script.cache_clear()
    name = f"test:{timezone.now().timestamp()}"

    def call(_: int) -> bool:
        try:
            return rate_limits.take(name, 7).is_allowed
        finally:
            connections.close_all()

    with time_machine.travel(timezone.now(), tick=False), ThreadPoolExecutor(10) as pool:
        allowed = sum(pool.map(call, range(50)))

    assert allowed == 7
    rate_limits._script.cache_clear()


def test_without_its_redis_calls_pass(settings: Settings) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    rate_limits._script.cache_clear()

    assert rate_limits.take("test", 1).is_allowed
    assert rate_limits.take("test", 1).is_allowed
    rate_limits._script.cache_clear()


def test_a_key_for_three_images_gets_three_however_many_ask(acme: Any, transactional_db: None) -> None:
    key, secret = keys.make(acme, "Three")
    Key.objects.filter(pk=key.pk).update(unfinished_limit=3)
    start = threading.Barrier(20)

    def order(_: int) -> Any:
        start.wait()
        try:
            return Caller(secret).post("/generations", FOX)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(order, range(20)))

    assert sorted(each.status_code for each in answers) == [202] * 3 + [429] * 17
    refused = next(each for each in answers if each.status_code == 429)
    assert refusal(refused) == (429, "too_many_unfinished")
    assert (refused.json()["unfinished"], refused.json()["unfinished_limit"]) == (3, 3)
    assert refused.headers["Retry-After"]
    assert Account.objects.get(user=acme).held == 3 * 39_00
    assert list(broken()) == []
    lifecycle.cancel(Generation.objects.all()[0])
    assert Caller(secret).post("/generations", FOX).status_code == 202
    assert refusal(Caller(secret).post("/generations", FOX | {"quantity": 2})) == (429, "too_many_unfinished")


def test_a_key_is_changed_without_a_gap_and_its_limits_go_along(acme: Any) -> None:
    key, secret = keys.make(acme, "Shop", ["generations:write"], monthly_limit=100_00)
    Caller(secret).order(FOX)

    with time_machine.travel(timezone.now(), tick=False) as clock:
        fresh, new = keys.rotate(key, timedelta(hours=1))
        assert (fresh.name, fresh.scopes, fresh.monthly_limit) == ("Shop", ["generations:write"], 100_00)
        Caller(new).order(FOX)
        assert refusal(Caller(secret).post("/generations", FOX)) == (403, "limit_reached")
        assert refusal(Caller(new).post("/generations", FOX)) == (403, "limit_reached")
        with pytest.raises(keys.Refused):
            keys.rotate(key, timedelta(hours=1))
        clock.shift(timedelta(hours=1))
        assert refusal(Caller(secret).get("/generations")) == (401, "expired_key")
    assert refusal(Caller(new).get("/balance")) == (403, "missing_scope")


def test_a_rotation_makes_no_key_live_longer(acme: Any) -> None:
    soon = timezone.now() + timedelta(minutes=5)
    key, _ = keys.make(acme, "Short", expires_at=soon)

    fresh, _ = keys.rotate(key, timedelta(days=1))

    assert {fresh.expires_at, Key.objects.get(pk=key.pk).expires_at} == {soon}


def test_a_key_that_was_found_in_public_dies_at_once_and_its_owner_is_told(
    acme: Any, key: Any, api: Caller, mailoutbox: list[Any]
) -> None:
    assert keys.found_in_public(keys.new_secret()) is False
    assert keys.found_in_public("krea_nonsense") is False

    assert keys.found_in_public(key.secret) is True

    assert refusal(api.get("/balance")) == (401, "revoked_key")
    [mail] = mailoutbox
    assert mail.to == [acme.email] and key.prefix in mail.body and key.secret not in mail.body
    assert keys.found_in_public(key.secret) is False
    assert len(mailoutbox) == 1


def test_usage_adds_up_to_the_ledger_and_counts_what_was_deleted(acme: Any, api: Caller, key: Key) -> None:
    ordered, other, deleted = drawn(acme, 1, 2), drawn(acme, 3), drawn(acme, 4)
    Order.objects.create(generation=ordered, key=key)
    Generation.objects.filter(pk=other.pk).update(finished_at=timezone.now() - timedelta(days=2))
    Generation.objects.filter(pk=deleted.pk).update(deleted_at=timezone.now())

    rows = api.get("/usage").json()["items"]

    today, before = timezone.now().date().isoformat(), (timezone.now() - timedelta(days=2)).date().isoformat()
    assert [(row["day"], row["key"], row["images"]) for row in rows] == [
        (today, None, 1), (today, str(key.pk), 2), (before, None, 1),
    ]  # fmt: skip
    table = api.get("/usage", format="csv").content.decode().splitlines()
    assert table[0] == "day,model,key,images,credits,refunded"
    assert table[2] == f"{today},krea-2-medium,{key.pk},2,0.00,0.00"
    assert api.get("/usage", since=today).json()["items"] == rows[:2]
    wrong = api.get("/usage", since="2020-01-01", until="2026-01-01")
    assert refusal(wrong) == (422, "invalid_query")
    assert json.loads(wrong.content)["errors"][0]["parameter"] == "since"


def test_strangers_have_a_usage_of_their_own(acme: Any, stranger: Caller) -> None:
    drawn(acme, 5)

    assert stranger.get("/usage").json()["items"] == []


def test_a_clock_that_was_put_back_locks_nobody_out_and_full_buckets_are_forgotten(api: Caller) -> None:
    with time_machine.travel(timezone.now() + timedelta(days=1), tick=False):
        assert api.get("/balance").status_code == 200

    assert [api.get("/balance").status_code for _ in range(2)] == [200, 200]
    assert rate_limits.prune() == 0
    with time_machine.travel(timezone.now() + timedelta(minutes=5)):
        assert schedule.prune_buckets() == 1
