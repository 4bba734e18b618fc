"""Send one draw to fal: a short task that never waits for the picture and is never repeated blindly."""

import logging

from django.utils import timezone

from . import draws, reach, references, switches
from .fal import client
from .models import Draw

logger = logging.getLogger(__name__)


def send(draw: Draw) -> None:
    """POST the draw's image to fal and write down what came of it. A second caller finds nothing to do."""
    image, generation = draw.image, draw.image.generation
    if draw.sent_at is not None or image.draw_id != draw.pk:
        return
    if switches.off_since(switches.SENDING):
        draws.not_sent(draw)
        return
    try:
        addresses = references.addresses_for_fal(generation, lifetime_s=generation.model.deadline_s + 3600)
    except references.Unreachable as error:  # nothing was sent: fal's storage or ours is away
        draws.refused(draw, reason=f"references: {error}"[:64])
        return
    except references.Gone:
        draws.reference_gone(draw)
        return
    except client.AccountLocked as error:
        draws.account_locked(draw, reason=error.reason)
        return
    body = generation.brief.fal_body(image.seed, addresses)
    if not draws.claim(draw):
        return
    # What fal has not begun when nobody waits for it any more, it is to drop, unbilled.
    left_s = ((image.deadline_at or timezone.now()) - timezone.now()).total_seconds()
    outcome = client.send(draw.endpoint, body, webhook=reach.webhook_address(draw), start_within_s=max(left_s, 2))
    match outcome:
        case client.Accepted():
            logger.info("draw %s is fal's request %s", draw.pk, outcome.request_id)
            draws.accepted(draw, outcome.request_id)
        case client.Refused():
            draws.refused(draw, reason=outcome.reason, retry_after_s=outcome.retry_after_s or None)
        case client.Locked():
            draws.account_locked(draw, reason=outcome.reason)
        case client.Rejected():
            draws.rejected(draw, outcome.verdict)
        case client.Unknown():
            logger.warning("draw %s: the answer to the send was lost (%s)", draw.pk, outcome.reason)
            draws.lost(draw)
