"""The one file that imports `stripe`: the client with its deadline, what its errors mean to us, and the names of its
types, which the other files of this folder take from here."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import lru_cache
from typing import Protocol

import stripe
from django.conf import settings
from stripe import (
    BalanceTransaction,
    Charge,
    Dispute,
    Invoice,
    InvoiceLineItem,
    PaymentIntent,
    PaymentMethod,
    Refund,
    SetupIntent,
    SignatureVerificationError,
    StripeClient,
    StripeObject,
    Subscription,
)
from stripe import Event as StripeEvent
from stripe.checkout import Session as CheckoutSession
from stripe.params import EventListParams
from stripe.params import InvoicePaymentListParamsPayment as InvoicePaymentParams
from stripe.params.billing_portal import ConfigurationCreateParams
from stripe.params.billing_portal import (
    ConfigurationCreateParamsFeaturesSubscriptionUpdate as SubscriptionUpdateParams,
)
from stripe.params.checkout import SessionCreateParams

from ..stripe_values import Declined, NotAtStripe, StripeRefused, StripeUnavailable

__all__ = [
    "API_VERSION",
    "MOST_A_PAGE",
    "BalanceTransaction",
    "Charge",
    "CheckoutSession",
    "ConfigurationCreateParams",
    "Dispute",
    "EventListParams",
    "Invoice",
    "InvoiceLineItem",
    "InvoicePaymentParams",
    "PaymentIntent",
    "PaymentMethod",
    "Refund",
    "SessionCreateParams",
    "SetupIntent",
    "SignatureVerificationError",
    "StripeEvent",
    "StripeObject",
    "Subscription",
    "SubscriptionUpdateParams",
    "asking",
    "client",
    "id_of",
    "is_live",
    "moment",
]

API_VERSION = "2026-10-28.endive"  # the one that the shapes in this folder are read by, whatever the library's own is
MOST_A_PAGE = 100
AT_ONCE = max(settings.WEB_THREADS // 2, 1)
PATIENCE_S = 3
LIVE_KEYS = ("sk_live_", "rk_live_")

logger = logging.getLogger(__name__)
stripe.enable_telemetry = False


class HasId(Protocol):
    id: str


def client() -> StripeClient:
    """By the settings as they are now."""
    return _client(
        settings.STRIPE_SECRET_KEY, settings.STRIPE_API_URL, settings.STRIPE_TIMEOUT_S, settings.STRIPE_RETRIES
    )


def is_live() -> bool:
    return str(settings.STRIPE_SECRET_KEY).startswith(LIVE_KEYS)


class _Place(threading.local):
    """Whether this thread is asking Stripe already."""

    is_taken = False


_places = threading.BoundedSemaphore(AT_ONCE)
_place = _Place()


@contextmanager
def asking() -> Iterator[None]:
    """Around every call: what the library raises in here comes out as an error of ours.

    Only so many threads of a process ask at once: while Stripe hangs, the others go on serving pages."""
    if _place.is_taken:
        with _translated():
            yield
        return
    if not _places.acquire(timeout=PATIENCE_S):
        raise StripeUnavailable("Too many calls to Stripe are under way.")
    _place.is_taken = True
    try:
        with _translated():
            yield
    finally:
        _place.is_taken = False
        _places.release()


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except stripe.CardError as error:
        raise _declined(error) from error
    except (stripe.APIConnectionError, stripe.RateLimitError) as error:
        raise StripeUnavailable(_said(error)) from error
    except stripe.APIError as error:
        # 409: another call with this key is under way. No status, or a good one: the answer could not be read.
        status = error.http_status or 0
        if status == 409 or status >= 500 or status < 300:
            raise StripeUnavailable(_said(error)) from error
        raise _refused(error) from error
    except stripe.InvalidRequestError as error:
        if error.code == "resource_missing":
            raise NotAtStripe(
                _said(error), code=error.code, param=error.param or "", status=error.http_status or 0
            ) from error
        raise _refused(error, param=error.param or "") from error
    except stripe.IdempotencyError as error:
        logger.error("An idempotency key of ours was used with other parameters: %s", _said(error))
        raise _refused(error, code="idempotency_error") from error
    except stripe.StripeError as error:
        raise _refused(error) from error
    except UnicodeDecodeError as error:  # the library stumbles over an answer that is no text
        raise StripeUnavailable("Stripe's answer could not be read.") from error


def id_of(thing: str | HasId | None) -> str:
    """Of a field that holds an id, or the object where it was expanded."""
    if thing is None:
        return ""
    return thing if isinstance(thing, str) else thing.id


def moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


@lru_cache(maxsize=8)
def _client(key: str, url: str, timeout_s: int, retries: int) -> StripeClient:
    """One for all calls: it keeps its connections, one for each thread."""
    return StripeClient(
        key,
        stripe_version=API_VERSION,
        base_addresses={"api": url},
        http_client=stripe.RequestsClient(timeout=timeout_s),
        max_network_retries=retries,
    )


def _declined(error: stripe.CardError) -> Declined:
    found = error.error
    code = (found and found.decline_code) or error.code or ""
    intent = found.payment_intent if found and "payment_intent" in found else None
    return Declined(
        _said(error),
        code=code,
        payment=id_of(intent),
        needs_action=error.code == "authentication_required" or code == "authentication_required",
    )


def _refused(error: stripe.StripeError, *, code: str = "", param: str = "") -> StripeRefused:
    return StripeRefused(_said(error), code=code or error.code or "", param=param, status=error.http_status or 0)


def _said(error: stripe.StripeError) -> str:
    """With Stripe's own id of the call, which its support asks for."""
    return str(error)
