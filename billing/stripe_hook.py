"""Where Stripe calls us: verified, written down, answered at once; the work is a task's."""

import logging

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from . import stripe_events, stripe_gateway
from .stripe_values import ForgedEvent

logger = logging.getLogger(__name__)

LONGEST_BODY = 512 * 1024  # Stripe's own events stay far below


@csrf_exempt
@require_POST
def stripe(request: HttpRequest) -> HttpResponse:
    """200 for whatever is genuine, also the hundredth time; 400 for what is not, 413 for what is too long."""
    length = request.headers.get("Content-Length", "")
    if not length.isdecimal() or int(length) > LONGEST_BODY:
        logger.warning("stripe: a body of %s bytes was refused", length[:20] or "untold")
        return _said("too long", 413)
    try:
        event = stripe_gateway.read_event(request.body, request.headers.get("Stripe-Signature", ""))
    except ForgedEvent as error:
        logger.warning("stripe: an event was refused (%s)", error)
        return _said("not verified", 400)
    stripe_events.receive(event)
    return _said("thank you", 200)


def _said(text: str, status: int) -> HttpResponse:
    return HttpResponse(f"{text}\n", status=status, content_type="text/plain; charset=utf-8")
