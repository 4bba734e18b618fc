"""A retry gets the first answer and does nothing: in turn, all at once, and when the first call is still at work."""

import threading
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from generations.models import Generation
from partners import idempotency
from partners.models import KeptAnswer
from tests.conftest import wallet_of
from tests.faults.together import ON_POSTGRES, crowd, failures, together
from tests.partners.caller import FOX, Caller, refusal

PAIR = FOX | {"quantity": 2}
AT_ONCE = 50 if django_settings.IS_POSTGRES else 8


def test_a_retry_gets_the_first_answer_byte_for_byte(api: Caller, acme: Any) -> None:
    first = api.post("/generations", PAIR, key="order-7")
    api.post(f"/generations/{first.json()['id']}/cancel")

    again = api.post("/generations", PAIR, key="order-7")

    assert (again.status_code, again.content) == (202, first.content)
    assert [again.headers[name] == first.headers[name] for name in ("Location", "Content-Type")] == [True, True]
    assert again.headers["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first.headers
    assert Generation.objects.count() == 1


def test_the_same_json_written_otherwise_is_the_same(api: Caller) -> None:
    first = api.post("/generations", '{"model":"krea-2-medium","input":{"prompt":"a fox"},"quantity":2}', key="k")
    again = api.post("/generations", '{"quantity": 2, "input": {"prompt": "a fox"}, "model": "krea-2-medium"}', key="k")

    assert again.content == first.content


def test_quotes_around_the_key_are_no_part_of_it(api: Caller) -> None:
    first = api.post("/generations", FOX, key='"8e03978e-40d5"')
    again = api.post("/generations", FOX, key="8e03978e-40d5")

    assert again.content == first.content


def test_another_body_or_address_with_the_same_key_is_refused(api: Caller) -> None:
    api.post("/generations", FOX, key="k")

    others = [
        api.post("/generations", PAIR, key="k"),
        api.post("/generations?dry_run=true", FOX, key="k"),
        api.post("/quotes", FOX, key="k"),
    ]

    assert {refusal(answer) for answer in others} == {(422, "idempotency_key_reused")}
    assert Generation.objects.count() == 1


def test_how_long_one_waits_is_no_part_of_the_wish(api: Caller) -> None:
    first = api.post("/generations", FOX, key="k")

    assert api.post("/generations?wait=30", FOX, key="k").content == first.content


def test_without_a_key_two_calls_are_two_orders(api: Caller) -> None:
    api.order()
    api.order()

    assert Generation.objects.count() == 2


@pytest.mark.parametrize("path", ["/quotes", "/generations?dry_run=true"])
def test_every_post_takes_a_key(api: Caller, path: str) -> None:
    first = api.post(path, FOX, key="k")

    assert first.json()["price"] == "39.00"
    assert api.post(path, FOX, key="k").content == first.content


def test_a_cancel_takes_a_key(api: Caller) -> None:
    path = f"/generations/{api.order()['id']}/cancel"
    first = api.post(path, key="k")

    assert api.post(path, key="k").content == first.content
    assert api.post(path, key="k").headers["Idempotent-Replayed"] == "true"


def test_what_was_refused_is_not_kept(api: Caller, acme: Any, bob: Any) -> None:
    refused = api.post("/generations", FOX | {"quantity": 99}, key="k")
    made = api.post("/generations", FOX, key="k")

    assert refusal(refused) == (422, "invalid_input")
    assert made.status_code == 202
    assert KeptAnswer.objects.count() == 1


def test_too_few_credits_may_be_tried_again_with_the_same_key(api: Caller, acme: Any) -> None:
    dear = {"model": "krea-2-large", "input": {"prompt": "a fox"}, "quantity": 10}
    first = api.post("/generations", dear)
    refused = api.post("/generations", dear, key="k")
    api.post(f"/generations/{first.json()['id']}/cancel")

    assert refusal(refused) == (402, "insufficient_credits")
    assert api.post("/generations", dear, key="k").status_code == 202


def test_keys_of_two_accounts_are_apart(api: Caller, stranger: Caller) -> None:
    first, other = api.post("/generations", FOX, key="k"), stranger.post("/generations", FOX, key="k")

    assert first.json()["id"] != other.json()["id"]
    assert "Idempotent-Replayed" not in other.headers


def test_a_key_that_cannot_be_one_is_refused(api: Caller) -> None:
    for wrong in ("", " ", '""', "x" * 256, "clé", "a\tb"):
        assert refusal(api.post("/generations", FOX, key=wrong)) == (422, "invalid_idempotency_key")


def test_after_a_day_a_key_is_new_again(api: Caller) -> None:
    api.post("/generations", FOX, key="k")
    KeptAnswer.objects.update(ends_at=F("ends_at") - timedelta(hours=24, seconds=1))

    again = api.post("/generations", PAIR, key="k")

    assert (again.status_code, Generation.objects.count()) == (202, 2)
    assert KeptAnswer.objects.count() == 1


def test_old_answers_are_pruned_and_young_ones_are_kept(api: Caller) -> None:
    api.post("/quotes", FOX, key="old")
    KeptAnswer.objects.update(ends_at=F("ends_at") - timedelta(hours=25))
    api.post("/quotes", FOX, key="young")

    assert idempotency.prune(within=timedelta(minutes=1)) == 1
    assert list(KeptAnswer.objects.values_list("key", flat=True)) == ["young"]


def test_a_retry_needs_no_reference_that_can_still_be_had(api: Caller, fox_host: str) -> None:
    references = [{"image_url": f"{fox_host}/fox.png"}]
    body = {"model": "krea-2-medium", "input": {"prompt": "a fox", "image_style_references": references}}
    first = api.post("/generations", body, key="k")
    django_settings.SAFE_FETCH_ALLOW = frozenset()

    assert first.status_code == 202
    assert api.post("/generations", body, key="k").content == first.content


@pytest.mark.django_db(transaction=True)
def test_all_at_once_with_one_key_are_one_order(api: Caller, acme: Any) -> None:
    answers = crowd(partial(api.post, "/generations", PAIR, key="k"), AT_ONCE)

    assert failures(answers) == []
    assert {(answer.status_code, answer.content) for answer in answers} == {(202, answers[0].content)}
    replayed = [answer for answer in answers if "Idempotent-Replayed" in answer.headers]
    assert (Generation.objects.count(), len(replayed)) == (1, AT_ONCE - 1)
    assert wallet_of(acme) == (1000_00, 78_00)


@pytest.mark.django_db(transaction=True)
def test_all_at_once_with_keys_of_their_own_get_what_the_credits_suffice_for(api: Caller, acme: Any) -> None:
    dear = {"model": "krea-2-large", "input": {"prompt": "a fox"}, "quantity": 4}  # 312.00 of 1,000.00
    answers = together([partial(api.post, "/generations", dear, key=f"k{number}") for number in range(8)])

    assert failures(answers) == []
    assert sorted(answer.status_code for answer in answers) == [202] * 3 + [402] * 5
    assert wallet_of(acme) == (1000_00, 936_00)


class TestTheFirstIsStillAtWork:
    pytestmark = ON_POSTGRES

    def test_a_call_that_waits_too_long_is_told_so(
        self, api: Caller, acme: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(idempotency, "LONGEST_WAIT_S", 1)

        answer = self._while_inserted(acme, partial(api.post, "/generations", FOX, key="k"))

        assert refusal(answer) == (409, "idempotency_key_in_use")
        assert answer.headers["Retry-After"] == "1"
        assert not Generation.objects.exists()
        assert api.post("/generations", FOX, key="k").status_code == 202

    def _while_inserted(self, user: Any, call: Callable[[], Any]) -> Any:
        """What the call answers while another transaction has inserted its key, which is rolled back after."""
        inserted, answered = threading.Event(), threading.Event()

        def first() -> None:
            try:
                with transaction.atomic():
                    KeptAnswer.objects.create(user=user, key="k", fingerprint="", ends_at=timezone.now())
                    inserted.set()
                    answered.wait(30)
                    transaction.set_rollback(True)
            finally:
                connection.close()

        thread = threading.Thread(target=first)
        thread.start()
        inserted.wait(30)
        try:
            return call()
        finally:
            answered.set()
            thread.join()
