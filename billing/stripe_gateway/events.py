"""What comes to /webhooks/stripe: verified, or refused with the reason."""

import re
import time

from django.conf import settings

from ..stripe_values import Event, ForgedEvent
from .library import SignatureVerificationError, StripeEvent, client, is_live, moment

LARGEST = 512 * 1024  # bytes; theirs are of some kB
TOLERANCE_S = 300  # how old an event may be, and how far ahead of our clock


def read_event(body: bytes, signature: str) -> Event:
    """Verify what came to /webhooks/stripe. Raises ForgedEvent with the reason."""
    if len(body) > LARGEST:
        raise ForgedEvent(f"The body has {len(body)} bytes, and may have {LARGEST}.")
    signed = re.match(r"t=(\d{1,12}),", signature, re.ASCII)
    if not signed:
        raise ForgedEvent("There is no signature that can be read.")
    try:
        event = client().construct_event(body, signature, settings.STRIPE_WEBHOOK_SECRET, TOLERANCE_S)
        told = event.to_dict()
        if told.get("object") != "event" or not all(isinstance(told.get(name), str) for name in ("id", "type")):
            raise ValueError("no event")
        found = value_of(event)
    except SignatureVerificationError as error:
        raise ForgedEvent(str(error.user_message)) from error
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        raise ForgedEvent(f"The body cannot be read as an event: {type(error).__name__}.") from error
    if int(signed[1]) > time.time() + TOLERANCE_S:  # the library looks at the past alone
        raise ForgedEvent("The signature is from the future.")
    if found.livemode != is_live():
        raise ForgedEvent(f"An event of {'live' if found.livemode else 'test'} mode, and our key is of the other.")
    return found


def value_of(event: StripeEvent) -> Event:
    about = event.data.object
    return Event(
        id=event.id,
        type=event.type,
        object_type=str(about["object"]),
        object_id=str(about["id"]) if "id" in about else "",
        api_version=event.api_version or "",
        created_at=moment(event.created),
        livemode=event.livemode,
    )
