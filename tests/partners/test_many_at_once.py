"""A hundred orders at the same moment, over real HTTP: what there is for seven makes seven, and nobody pays twice."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from typing import Any

import httpx
import pytest

from generations.models import Generation
from partners import keys
from partners.api import bodies
from partners.models import KeptAnswer, Key
from tests.conftest import make_user, wallet_of
from tests.faults.invariants import broken
from tests.faults.together import ON_POSTGRES, failures, together
from tests.partners.caller import FOX, Caller

COSTS = 39_00
Answers = Sequence[httpx.Response]


@pytest.fixture
def http(site: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=site + "/api/v1", limits=httpx.Limits(max_connections=100), timeout=120) as client:
        yield client


def order(http: httpx.Client, secret: str, body: Any = FOX, **headers: str) -> httpx.Response:
    told = {"Authorization": f"Bearer {secret}"} | {name.replace("_", "-"): value for name, value in headers.items()}
    return http.post("/generations", content=json.dumps(body), headers=told | {"Content-Type": "application/json"})


def at_once(works: Sequence[Any]) -> Answers:
    with ThreadPoolExecutor(len(works)) as pool:
        return [each.result() for each in [pool.submit(work) for work in works]]


def told(answers: Answers) -> dict[tuple[int, str], int]:
    return Counter((each.status_code, each.json().get("code", "")) for each in answers)


def test_a_hundred_orders_on_credits_for_seven_are_seven(http: httpx.Client) -> None:
    poor = make_user("poor@example.com", 7 * COSTS + COSTS - 1)
    secret = keys.make(poor, "Shop")[1]

    answers = at_once([partial(order, http, secret)] * 100)

    assert told(answers) == {(202, ""): 7, (402, "insufficient_credits"): 93}
    refused = next(each.json() for each in answers if each.status_code == 402)
    assert (refused["price"], refused["available"], refused["missing"]) == ("39.00", "38.99", "0.01")
    assert (Generation.objects.count(), wallet_of(poor)) == (7, (8 * COSTS - 1, 7 * COSTS))
    assert list(broken()) == []


@pytest.mark.parametrize("by", ["credits of the month", "images under way"])
def test_a_key_for_three_images_gets_three_through_all_of_its_family(http: httpx.Client, acme: Any, by: str) -> None:
    key, old = keys.make(acme, "Three", monthly_limit=3 * COSTS + 1 if by == "credits of the month" else None)
    if by == "images under way":
        Key.objects.filter(pk=key.pk).update(unfinished_limit=3)
        key.refresh_from_db()
    new = keys.rotate(key, timedelta(hours=1))[1]

    answers = at_once([partial(order, http, secret) for secret in (old, new) * 20])

    refused = (403, "limit_reached") if by == "credits of the month" else (429, "too_many_unfinished")
    assert told(answers) == {(202, ""): 3, refused: 37}
    assert (Generation.objects.count(), wallet_of(acme)) == (3, (1000_00, 3 * COSTS))
    assert list(broken()) == []


def test_fifty_with_one_idempotency_key_are_one_order_and_fifty_equal_bodies(http: httpx.Client, acme: Any) -> None:
    secret = keys.make(acme, "Shop")[1]
    other = FOX | {"quantity": 2}
    same = [partial(order, http, secret, Idempotency_Key=key) for key in ("order-7", '"order-7"')]
    works = [same[number % 2] for number in range(50)]
    works += [partial(order, http, secret, other, Idempotency_Key="order-7")] * 10

    answers = at_once(works)

    of_one = [each for each in answers if each.status_code == 202]
    assert len({each.content for each in of_one}) == 1
    assert told(answers) in (
        {(202, ""): 50, (422, "idempotency_key_reused"): 10},
        {(202, ""): 10, (422, "idempotency_key_reused"): 50},
    )
    assert len([each for each in of_one if "Idempotent-Replayed" not in each.headers]) == 1
    [made] = Generation.objects.all()
    assert of_one[0].json()["id"] == str(made.pk)
    assert (KeptAnswer.objects.count(), wallet_of(acme)[1]) == (1, COSTS * made.quantity)
    assert list(broken()) == []


class TestTwoKeysOfOneFamily:
    pytestmark = ON_POSTGRES

    def test_they_are_counted_together_however_close_they_come(self, acme: Any) -> None:
        for _ in range(5):
            key, old = keys.make(acme, "One")
            Key.objects.filter(pk=key.pk).update(unfinished_limit=1)
            key.refresh_from_db()
            new = keys.rotate(key, timedelta(hours=1))[1]

            answers = together([partial(Caller(secret).post, "/generations", FOX) for secret in (old, new) * 2])

            assert failures(answers) == []
            assert Counter(each.status_code for each in answers) == {202: 1, 429: 3}

    def test_they_are_changed_while_they_order_and_nobody_waits_for_ever(self, acme: Any) -> None:
        one, old = keys.make(acme, "One")
        other, new = keys.rotate(one, timedelta(hours=1))
        changes = [partial(keys.change, key, "Changed", limit) for limit in (1000_00, 2000_00) for key in (one, other)]
        orders = [partial(Caller(secret).post, "/generations", FOX) for secret in (old, new)]

        for _ in range(4):
            assert failures(together([*changes * 2, *orders])) == []

        assert Key.objects.values("name", "monthly_limit").distinct().count() == 1


def test_a_key_that_is_revoked_while_it_orders_orders_no_more(acme: Any, api: Caller, monkeypatch: Any) -> None:
    """Between who it is and the order lies the fetching of references, which may take seconds."""
    read = bodies.read

    def and_then_it_is_revoked(*told: Any) -> Any:
        Key.objects.update(revoked_at="2026-01-01T00:00:00Z")
        return read(*told)

    monkeypatch.setattr(bodies, "read", and_then_it_is_revoked)

    assert api.post("/generations", FOX).json()["code"] == "revoked_key"
    assert not Generation.objects.exists()
