"""Where fal calls us: each draw has its own secret address. Verified, written down, answered; the work is a task's."""

import logging
import time

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from . import draws, fal_state, trace
from .fal import webhook
from .models import Draw
from .nudge import LOOK, nudge

logger = logging.getLogger(__name__)


@csrf_exempt
@require_POST
def fal(request: HttpRequest, token: str) -> HttpResponse:
    """200 for whatever is genuine, also when it changes nothing any more; 403 for what is not; 503 while fal's keys
    cannot be had, so that fal calls again."""
    draw = Draw.objects.select_related("image__generation").filter(token=token).first()
    if draw is None:
        return _said("no such draw", 404)
    # Part of the road that began in a browser: the lines carry that request, whatever the answer to fal says.
    with trace.about(**trace.of_draw(draw)):
        return _answer(request, draw)


def _answer(request: HttpRequest, draw: Draw) -> HttpResponse:
    try:
        hook = webhook.verify(request.headers, request.body, now=time.time())
    except webhook.Forged as error:
        logger.warning("draw %s: a webhook was refused (%s)", draw.pk, error)
        return _said("not verified", 403)
    except webhook.KeysUnavailable:
        return _said("fal's keys cannot be had right now", 503)
    if not fal_state.is_our_account(hook.user_id):
        logger.warning("draw %s: a webhook of another account", draw.pk)
        return _said("not verified", 403)
    if draw.request_id not in (None, hook.request_id):
        logger.warning("draw %s: a webhook for another request", draw.pk)
        return _said("another request", 409)
    _take(draw, hook)
    return _said("thank you", 200)


def _take(draw: Draw, hook: webhook.Hook) -> None:
    if hook.needs_fetch:  # it says that something is wrong but not what: ask
        with transaction.atomic():
            draws.accepted(draw, hook.request_id)
            nudge(LOOK, str(draw.pk))
        return
    status = 200 if hook.ok else hook.error_status or 500
    draws.answered(draw, status, hook.payload, request_id=hook.request_id)


def _said(text: str, status: int) -> HttpResponse:
    return HttpResponse(f"{text}\n", status=status, content_type="text/plain; charset=utf-8")
