"""What comes to the webhook: genuine, or refused with the reason."""

import json
import time
from typing import Any

import pytest
import stripe
from django.test import override_settings

from billing import stripe_gateway
from billing.stripe_gateway.events import LARGEST
from billing.stripe_values import Event, ForgedEvent

SECRET = "whsec_of_this_test"
BODY = {
    "id": "evt_1", "object": "event", "type": "invoice.paid", "api_version": stripe_gateway.API_VERSION,
    "created": 1_790_000_000, "livemode": False, "data": {"object": {"id": "in_1", "object": "invoice"}},
    "pending_webhooks": 1, "request": None,
}  # fmt: skip


@pytest.fixture(autouse=True)
def _our_secret() -> Any:
    with override_settings(STRIPE_WEBHOOK_SECRET=SECRET, STRIPE_SECRET_KEY="sk_test_1"):
        yield


def signed(body: str, *, age_s: int = 0, secret: str = SECRET) -> str:
    """As Stripe does it, by the library's own means."""
    return str(stripe.WebhookSignature.generate_signature_header(body, secret, int(time.time()) - age_s))


def read(said: object, **how: Any) -> Event:
    body = said if isinstance(said, str) else json.dumps(said)
    return stripe_gateway.read_event(body.encode(), signed(body, **how))


def test_a_genuine_event_names_its_object() -> None:
    event = read(BODY)

    assert (event.id, event.type, event.object_type, event.object_id) == ("evt_1", "invoice.paid", "invoice", "in_1")
    assert (event.api_version, event.created_at.timestamp(), event.livemode) == (
        "2026-10-28.endive",
        BODY["created"],
        False,
    )


def test_an_event_of_another_version_is_read_and_says_so() -> None:
    assert read({**BODY, "api_version": "2020-08-27"}).api_version == "2020-08-27"
    assert read({**BODY, "api_version": None}).api_version == ""


def test_an_object_without_an_id_is_named_by_its_type_alone() -> None:
    event = read({**BODY, "type": "balance.available", "data": {"object": {"object": "balance"}}})

    assert (event.object_type, event.object_id) == ("balance", "")


@pytest.mark.parametrize("age_s", [299, 0, -290])
def test_a_signature_of_these_minutes_is_good(age_s: int) -> None:
    assert read(BODY, age_s=age_s).id == "evt_1"


@pytest.mark.parametrize(("age_s", "words"), [(310, "tolerance"), (-310, "future"), (-3600, "future")])
def test_a_replayed_event_and_one_from_the_future_are_refused(age_s: int, words: str) -> None:
    with pytest.raises(ForgedEvent, match=words):
        read(BODY, age_s=age_s)


def test_another_secret_is_refused() -> None:
    with pytest.raises(ForgedEvent, match="No signatures found"):
        read(BODY, secret="whsec_of_mallory")


def test_an_altered_body_is_refused() -> None:
    body = json.dumps(BODY)

    with pytest.raises(ForgedEvent, match="No signatures found"):
        stripe_gateway.read_event(body.replace("in_1", "in_2").encode(), signed(body))


@pytest.mark.parametrize(
    "signature", ["", "t=1", "v1=00", "t=,v1=", "t=1e9,v1=00", "t=²,v1=00", "nonsense", "t=1,v0=0"]
)
def test_a_signature_that_says_nothing_is_refused(signature: str) -> None:
    with pytest.raises(ForgedEvent):
        stripe_gateway.read_event(json.dumps(BODY).encode(), signature)


def test_only_the_signed_time_counts() -> None:
    """A second time in the header, behind the one that was signed, does not make an old event new."""
    body = json.dumps(BODY)
    old = signed(body, age_s=3600)

    with pytest.raises(ForgedEvent):
        stripe_gateway.read_event(body.encode(), f"t={int(time.time())},{old}")
    with pytest.raises(ForgedEvent, match="tolerance"):
        stripe_gateway.read_event(body.encode(), f"{old},t={int(time.time())}")


@pytest.mark.parametrize(
    "said",
    ["", "null", "[]", "7", '"event"', "{", "{}", "[" * 5000, '{"id": "evt_1"}', json.dumps({**BODY, "data": {}}),
     json.dumps({**BODY, "data": {"object": []}}), json.dumps({**BODY, "created": "soon"}),
     json.dumps({"id": "evt_1", "object": "v2.core.event", "type": "v1.billing.meter.no_meter_found"})],
)  # fmt: skip
def test_a_signed_body_that_is_no_event_is_refused(said: str) -> None:
    with pytest.raises(ForgedEvent, match="cannot be read"):
        read(said)


def test_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(ForgedEvent, match="cannot be read"):
        stripe_gateway.read_event(b"\xff\xfe", signed("{}"))


def test_a_body_that_is_too_large_is_refused_unread() -> None:
    with pytest.raises(ForgedEvent, match="bytes"):
        read({**BODY, "filler": "x" * LARGEST})


def test_without_a_secret_nothing_is_genuine() -> None:
    body = json.dumps(BODY)

    with override_settings(STRIPE_WEBHOOK_SECRET=""), pytest.raises(ForgedEvent):
        stripe_gateway.read_event(body.encode(), signed(body, secret=""))


@pytest.mark.parametrize(("key", "livemode"), [("sk_test_1", True), ("sk_live_1", False), ("rk_live_1", False)])
def test_an_event_of_the_other_mode_is_refused(key: str, livemode: bool) -> None:
    with override_settings(STRIPE_SECRET_KEY=key), pytest.raises(ForgedEvent, match="mode"):
        read({**BODY, "livemode": livemode})


@pytest.mark.parametrize("key", ["sk_live_1", "rk_live_1"])
def test_an_event_of_live_mode_fits_a_live_key(key: str) -> None:
    with override_settings(STRIPE_SECRET_KEY=key):
        assert read({**BODY, "livemode": True}).livemode
