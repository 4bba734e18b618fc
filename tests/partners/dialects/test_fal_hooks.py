"""`fal_webhook` and the other words beside the body of a submit: told in fal's form, signed by keys that we publish."""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import httpx
import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from generations import lifecycle
from generations.fal import webhook
from generations.models import Generation, Image, Status
from partners import deadlines, signing_keys
from partners.models import Delivery, DeliveryTry, Order, SigningKey
from tests.conftest import wallet_of
from tests.partners.dialects.test_fal import FLUX, LARGE, Falling, path_of, types
from tests.partners.receivers import Receiver

pytestmark = pytest.mark.django_db

Run = Callable[[], None]


@pytest.fixture
def fal(key: Any) -> Falling:
    return Falling(key.secret)


def order(fal: Falling, url: str, endpoint: str = LARGE, **body: Any) -> dict[str, Any]:
    answer = fal.post(f"queue/{endpoint}?fal_webhook={quote(url, safe='')}", {"prompt": "a fox"} | body)
    assert answer.status_code == 200, answer.content
    made: dict[str, Any] = answer.json()
    return made


@pytest.mark.django_db(transaction=True)
def test_a_result_is_told_as_fal_tells_it_and_its_signature_holds(
    fal: Falling,
    public: str,
    shop: Receiver,
    carry: Run,
    finish_all: Run,
    settings: Settings,
) -> None:
    settings.FAL_JWKS_URL = f"{public}/fal/.well-known/jwks.json"
    made = order(fal, shop.url, FLUX, num_images=2, sync_mode=True)
    finish_all()
    carry()

    [visit] = shop.server.seen
    hook = webhook.verify(dict(visit.headers.items()), visit.body, now=time.time())
    [told] = shop.bodies
    assert (hook.ok, hook.request_id, told["status"]) == (True, made["request_id"], "OK")
    assert told["gateway_request_id"] == made["request_id"]
    assert len(told["payload"]["images"]) == 2
    assert told["payload"]["images"][0]["url"].startswith(f"{public}/pictures/")
    assert httpx.get(told["payload"]["images"][0]["url"]).status_code == 200
    with pytest.raises(webhook.Forged):
        webhook.verify(dict(visit.headers.items()), visit.body + b" ", now=time.time())
    carry()
    assert len(shop.server.seen) == 1


@pytest.mark.django_db(transaction=True)
def test_an_error_is_told_with_the_body_of_the_result(fal: Falling, shop: Receiver, carry: Run) -> None:
    made = order(fal, shop.url)
    fal.put(path_of(made["cancel_url"]))

    carry()

    [told] = shop.bodies
    result = fal.get(path_of(made["response_url"]))
    assert (told["status"], told["error"]) == ("ERROR", "Invalid status code: 499")
    assert told["payload"] == result.json()


@pytest.mark.django_db(transaction=True)
def test_a_receiver_that_fails_is_tried_ten_times_in_two_hours_with_a_fresh_signature(
    fal: Falling,
    shop: Receiver,
    carry: Run,
) -> None:
    shop.then(500)
    begun = timezone.now()
    with time_machine.travel(begun, tick=False) as clock:
        fal.put(path_of(order(fal, shop.url)["cancel_url"]))
        carry()
        while (row := Delivery.objects.get()).outcome == "":
            clock.move_to(row.due_at)
            carry()
        lasted = timezone.now() - begun

    assert (row.outcome, row.tries, len(shop.server.seen)) == ("given_up", 10, 10)
    assert timedelta(hours=2) * 0.8 <= lasted <= timedelta(hours=2) * 1.2
    assert len({visit.headers["X-Fal-Webhook-Signature"] for visit in shop.server.seen}) == 10
    assert len({visit.headers["X-Fal-Webhook-Request-Id"] for visit in shop.server.seen}) == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("to", ["elsewhere", "a private network"])
def test_what_leads_elsewhere_or_inside_is_given_up_at_once(
    fal: Falling,
    shop: Receiver,
    carry: Run,
    settings: Settings,
    to: str,
) -> None:
    made = order(fal, shop.url)
    shop.then(lambda visit: visit.give(302, Location="http://a.example/"))
    if to != "elsewhere":
        settings.SAFE_FETCH_ALLOW = frozenset()
    fal.put(path_of(made["cancel_url"]))

    carry()

    row = Delivery.objects.get()
    assert (row.outcome, row.tries) == ("given_up", 1)
    assert DeliveryTry.objects.get().error
    assert len(shop.server.seen) == (1 if to == "elsewhere" else 0)


@pytest.mark.parametrize("url", ["x", "ftp://a.example/", "http://10.0.0.1/", "https://a.example/" + "x" * 2048])
def test_an_address_that_cannot_be_told_is_refused_and_nothing_is_ordered(fal: Falling, url: str) -> None:
    answer = fal.post(f"queue/{LARGE}?fal_webhook={quote(url, safe='')}", {"prompt": "a"})

    assert types(answer) == [(["query", "fal_webhook"], "value_error")]
    assert not Generation.objects.exists()


def test_keys_are_published_and_sealed_and_there_is_one_from_the_first_look_on(db: None) -> None:
    answers = [Client().get(path) for path in ("/fal/.well-known/jwks.json", "/fal/rest/.well-known/jwks.json")]

    row = SigningKey.objects.get()
    assert answers[0].json() == answers[1].json() == {
        "keys": [
            {"kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": str(row.pk), "x": row.public}
        ]
    }  # fmt: skip
    signer = signing_keys.signer(timezone.now())
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM partners_signingkey")
        stored = repr(cursor.fetchall())
    raw = signer.private.private_bytes_raw()
    assert raw.hex() not in stored and repr(raw) not in stored
    assert "max-age" in answers[0].headers["Cache-Control"]


def test_a_new_key_is_published_before_it_signs_and_an_old_one_after(db: None) -> None:
    begun = timezone.now()
    first = signing_keys.signer(begun).id

    def kids(later: timedelta) -> list[str]:
        return [each["kid"] for each in signing_keys.jwks(begun + later)["keys"]]

    signing_keys.rotate(begun + timedelta(days=80))
    assert SigningKey.objects.count() == 1
    due = timedelta(days=89)
    signing_keys.rotate(begun + due)
    signing_keys.rotate(begun + due)
    second = str(SigningKey.objects.exclude(pk=first).get().pk)
    assert kids(due) == [second, first]
    assert signing_keys.signer(begun + due).id == first
    due += signing_keys.PUBLISHED_BEFORE
    assert signing_keys.signer(begun + due).id == second
    assert kids(due + timedelta(days=6)) == [second, first]
    signing_keys.rotate(begun + due + timedelta(days=8))
    assert kids(due + timedelta(days=8)) == [second]
    assert not SigningKey.objects.filter(pk=first).exists()


def test_a_key_that_cannot_be_opened_any_more_gives_way_to_a_new_one(db: None, settings: Settings) -> None:
    first = signing_keys.signer(timezone.now()).id
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another secret key, as long as they have to be, of an operator"
    assert signing_keys.signer(timezone.now()).id == first

    settings.SECRET_KEY_FALLBACKS = []

    assert signing_keys.signer(timezone.now()).id != first
    assert len(signing_keys.jwks(timezone.now())["keys"]) == 2


def test_what_has_not_begun_in_time_is_canceled_and_says_so(fal: Falling, acme: Any) -> None:
    made = fal.post(f"queue/{LARGE}", {"prompt": "a fox"}, **{"X-Fal-Request-Timeout": "30.0"}).json()
    deadlines.sweep()
    assert fal.get(path_of(made["status_url"])).json()["status"] == "IN_QUEUE"

    with time_machine.travel(timezone.now() + timedelta(seconds=31)):
        deadlines.sweep()

    status, result = fal.get(path_of(made["status_url"])).json(), fal.get(path_of(made["response_url"]))
    assert (status["status"], status["error_type"]) == ("COMPLETED", "request_timeout")
    assert (result.status_code, result.headers["X-Fal-Request-Timeout-Type"]) == (504, "user")
    assert wallet_of(acme) == (1000_00, 0)
    assert not Order.objects.exclude(start_by=None).exists()


def test_what_has_begun_in_time_goes_on(fal: Falling) -> None:
    fal.post(f"queue/{LARGE}", {"prompt": "a fox"}, **{"X-Fal-Request-Timeout": "30"})
    Image.objects.get().step(Status.SENDING)

    with time_machine.travel(timezone.now() + timedelta(seconds=31)):
        deadlines.sweep()
        deadlines.sweep()

    assert Image.objects.get().cancel_requested_at is None
    assert not Order.objects.exclude(start_by=None).exists()


@pytest.mark.parametrize("seconds", ["0.1", "soon", "inf", "-3", "100000"])
def test_a_time_that_is_none_is_refused(fal: Falling, seconds: str) -> None:
    answer = fal.post(f"queue/{LARGE}", {"prompt": "a fox"}, **{"X-Fal-Request-Timeout": seconds})

    assert types(answer) == [(["header", "x-fal-request-timeout"], "value_error")]
    assert not Generation.objects.exists()


def test_a_queue_that_is_too_long_takes_nothing(fal: Falling, acme: Any) -> None:
    first = fal.post(f"queue/{LARGE}?fal_max_queue_length=0", {"prompt": "a fox"})
    second = fal.post(f"queue/{LARGE}?fal_max_queue_length=0", {"prompt": "a fox"})

    assert (first.status_code, second.status_code) == (200, 429)
    assert Generation.objects.count() == 1
    assert wallet_of(acme) == (1000_00, 78_00)
    assert types(fal.post(f"queue/{LARGE}?fal_max_queue_length=many", {"prompt": "a"})) == [
        (["query", "fal_max_queue_length"], "value_error")
    ]


@pytest.mark.django_db(transaction=True)
def test_a_request_that_was_deleted_is_told_of_no_more(fal: Falling, shop: Receiver, carry: Run) -> None:
    order(fal, shop.url)
    lifecycle.delete(Generation.objects.get())

    carry()

    assert shop.server.seen == []
    assert {row.outcome for row in Delivery.objects.all()} <= {"dropped"}
