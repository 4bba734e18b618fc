"""The door for Stripe's events: what is genuine is written down once and answered, all else is refused, logged and
forgotten."""

import json
import logging
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from django.conf import LazySettings
from django.test import Client
from django_q.models import OrmQ
from stripe import WebhookSignature

from billing import stripe_events, stripe_gateway
from billing.models import StripeEvent
from billing.stripe_hook import LONGEST_BODY
from krea_site.asgi import application
from tests.in_thread import served

pytestmark = pytest.mark.django_db

DOOR = "/webhooks/stripe"
SECRET = "whsec_of_the_tests"
EMAIL = "alice@example.com"


@pytest.fixture(autouse=True)
def _known_secret(settings: LazySettings) -> None:
    settings.STRIPE_SECRET_KEY, settings.STRIPE_WEBHOOK_SECRET = "sk_test_of_the_tests", SECRET


def body_of(id: str | None = "evt_1", **changes: Any) -> str:
    """An event as Stripe sends it, with what must not be in a log."""
    event = {
        "id": id, "object": "event", "api_version": stripe_gateway.API_VERSION, "created": int(time.time()),
        "data": {"object": {"id": "cus_1", "object": "customer", "deleted": True, "email": EMAIL}},
        "livemode": False, "pending_webhooks": 1, "request": {"id": None, "idempotency_key": None},
        "type": "customer.deleted",
    }  # fmt: skip
    return json.dumps(event | changes)


def signed(body: str, *, secret: str = SECRET, age_s: int = 0) -> str:
    return str(WebhookSignature.generate_signature_header(body, secret, int(time.time()) - age_s))


def post(body: str | bytes, signature: str | None) -> int:
    headers = {} if signature is None else {"Stripe-Signature": signature}
    return Client().post(DOOR, body, content_type="application/json", headers=headers).status_code


def refused(caplog: pytest.LogCaptureFixture) -> str:
    """The one line about it; that nothing was written, and that the line gives nothing away."""
    told = [record for record in caplog.records if record.name.startswith("billing")]
    assert [record.levelno for record in told] == [logging.WARNING]
    assert not StripeEvent.objects.exists()
    assert not OrmQ.objects.exists()
    line = told[0].getMessage()
    assert EMAIL not in caplog.text and "cus_1" not in caplog.text and SECRET not in caplog.text
    return line


def test_a_genuine_event_is_written_down_and_a_worker_is_asked() -> None:
    body = body_of()

    assert post(body, signed(body)) == 200

    row = StripeEvent.objects.get()
    assert (row.pk, row.type, row.object_type, row.object_id) == ("evt_1", "customer.deleted", "customer", "cus_1")
    assert (row.api_version, row.handled_at, row.tries) == (stripe_gateway.API_VERSION, None, 0)
    assert [job.task["args"] for job in OrmQ.objects.all()] == [("evt_1",)]


def test_an_event_that_nobody_handles_is_answered_and_forgotten() -> None:
    body = body_of(type="plan.created")

    assert post(body, signed(body)) == 200

    assert not StripeEvent.objects.exists()


@pytest.mark.parametrize("age_s", [299, -299])
def test_five_minutes_of_either_clock_are_forgiven(age_s: int) -> None:
    body = body_of()

    assert post(body, signed(body, age_s=age_s + (1 if age_s < 0 else -1))) == 200


@pytest.mark.parametrize(("age_s", "said"), [(302, "Timestamp outside"), (3600, "Timestamp outside"), (-302, "future")])
def test_a_replayed_event_or_one_from_the_future_is_refused(
    age_s: int, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    body = body_of()

    assert post(body, signed(body, age_s=age_s)) == 400

    assert said in refused(caplog)


def test_a_new_time_on_an_old_signature_is_refused(caplog: pytest.LogCaptureFixture) -> None:
    body = body_of()
    _, signature = signed(body, age_s=3600).split(",")

    assert post(body, f"t={int(time.time())},{signature}") == 400

    assert "No signatures found matching" in refused(caplog)


def test_an_altered_body_is_refused(caplog: pytest.LogCaptureFixture) -> None:
    body = body_of()

    assert post(body.replace("cus_1", "cus_2"), signed(body)) == 400

    assert "No signatures found matching" in refused(caplog)


def test_another_secret_is_refused(caplog: pytest.LogCaptureFixture) -> None:
    body = body_of()

    assert post(body, signed(body, secret="whsec_of_mallory")) == 400

    assert "No signatures found matching" in refused(caplog)


@pytest.mark.parametrize("secret", ["", " "])
def test_where_no_secret_is_known_nothing_is_genuine(
    secret: str, settings: LazySettings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.STRIPE_WEBHOOK_SECRET = secret
    body = body_of()

    assert post(body, signed(body, secret=secret)) == 400

    assert "No webhook secret" in refused(caplog)


FORGED = (
    None, "", "t=", "t=1", "v1=ab", "t=now,v1=ab", f"t={'9' * 400},v1=ab", "t=1,v0=ab", "t=1=2,v1=\x7f", "t=-5,v1=ab",
    "t=1,v1=" + "a" * 5000,
)  # fmt: skip


@pytest.mark.parametrize("signature", FORGED)
def test_no_signature_and_a_strange_one_are_refused(signature: str | None, caplog: pytest.LogCaptureFixture) -> None:
    assert post(body_of(), signature) == 400

    assert len(refused(caplog)) < 300


STRANGE = (
    " ", "alice@example.com", "[]", "null", "7", '"event"', "{", "{}", '{"object": "event"}', "[" * 5000,
    body_of(data=None), body_of(data={}), body_of(data={"object": None}), body_of(data={"object": []}),
    body_of(created="now"), body_of(type=None), body_of(id=None), body_of(object="charge"), body_of(livemode=None),
)  # fmt: skip


@pytest.mark.parametrize("body", STRANGE)
def test_a_body_that_is_no_event_is_refused_though_it_is_signed(body: str, caplog: pytest.LogCaptureFixture) -> None:
    assert post(body, signed(body)) == 400

    assert len(refused(caplog)) < 300


def test_bytes_that_are_no_text_are_refused(caplog: pytest.LogCaptureFixture) -> None:
    assert post(b"\xff\xfe\x00", signed("{}")) == 400

    refused(caplog)


def test_an_event_of_live_mode_is_refused_where_the_key_is_a_test_key(caplog: pytest.LogCaptureFixture) -> None:
    body = body_of(livemode=True)

    assert post(body, signed(body)) == 400

    assert "live mode" in refused(caplog)


def test_an_event_of_test_mode_is_refused_where_the_key_is_live(
    settings: LazySettings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.STRIPE_SECRET_KEY = "sk_live_of_the_tests"
    body = body_of()

    assert post(body, signed(body)) == 400

    assert "test mode" in refused(caplog)


def test_an_event_of_another_api_version_is_taken_and_the_operator_told(caplog: pytest.LogCaptureFixture) -> None:
    """It only names an object, which is read anew in our own version; but somebody set the endpoint up wrongly."""
    body = body_of(api_version="2020-08-27")

    assert post(body, signed(body)) == 200

    assert StripeEvent.objects.get().api_version == "2020-08-27"
    assert [(record.levelno, record.args) for record in caplog.records if record.name.startswith("billing")] == [
        (logging.ERROR, ("evt_1", "2020-08-27"))
    ]


def test_an_oversized_body_is_refused(caplog: pytest.LogCaptureFixture) -> None:
    body = body_of(padding="x" * LONGEST_BODY)

    assert post(body, signed(body)) == 413

    assert "bytes was refused" in refused(caplog)


def test_only_a_post_is_answered() -> None:
    for method in ("get", "put", "delete", "patch"):
        assert getattr(Client(), method)(DOOR).status_code == 405


def test_no_form_of_ours_is_wanted_from_stripe() -> None:
    """It has no cookie of ours: the signature is its proof."""
    body = body_of()
    client = Client(enforce_csrf_checks=True)

    answer = client.post(DOOR, body, content_type="application/json", headers={"Stripe-Signature": signed(body)})

    assert answer.status_code == 200


def test_a_refusal_tells_the_caller_nothing() -> None:
    body = body_of()

    answer = Client().post(DOOR, body, content_type="application/json", headers={"Stripe-Signature": "t=1,v1=ab"})

    assert (answer.content, answer["Content-Type"]) == (b"not verified\n", "text/plain; charset=utf-8")


def test_the_same_event_again_is_one_row_and_one_handling(monkeypatch: pytest.MonkeyPatch) -> None:
    handled: list[str] = []
    monkeypatch.setitem(stripe_events.HANDLERS, "customer.deleted", handled.append)
    body = body_of()

    for _ in range(5):
        assert post(body, signed(body)) == 200
        stripe_events.handle("evt_1")

    assert (StripeEvent.objects.count(), handled) == (1, ["cus_1"])


# In the web process as it runs -------------------------------------------------------------------


@pytest.fixture
def site(transactional_db: None) -> Iterator[str]:
    with served(application) as port:
        yield f"http://127.0.0.1:{port}{DOOR}"


def headers_for(body: str, **more: str) -> dict[str, str]:
    return {"Host": "localhost", "Content-Type": "application/json", "Stripe-Signature": signed(body), **more}


@pytest.mark.django_db(transaction=True)
def test_50_of_the_same_event_in_parallel_are_one_row_and_one_job(site: str) -> None:
    body = body_of()
    headers = headers_for(body)

    def send(_: int) -> int:
        return httpx.post(site, content=body, headers=headers, timeout=60).status_code

    with ThreadPoolExecutor(25) as pool:
        answers = list(pool.map(send, range(50)))

    assert answers == [200] * 50
    assert (StripeEvent.objects.count(), OrmQ.objects.count()) == (1, 1)


@pytest.mark.django_db(transaction=True)
def test_a_body_of_untold_length_counts_as_long_as_it_is(site: str) -> None:
    """Chunked, without Content-Length."""

    def chunks(text: str) -> Iterator[bytes]:
        for start in range(0, len(text), 100_000):
            yield text[start : start + 100_000].encode()

    short, long = body_of("evt_short"), body_of("evt_long", padding="x" * LONGEST_BODY)

    answers = [httpx.post(site, content=chunks(body), headers=headers_for(body)) for body in (short, long)]

    assert [answer.status_code for answer in answers] == [200, 413]
    assert list(StripeEvent.objects.values_list("pk", flat=True)) == ["evt_short"]
