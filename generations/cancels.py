"""Ask fal to take an image back that its owner wants canceled. fal's word decides: see DESIGN "Cancel is a wish"."""

from datetime import timedelta
from uuid import UUID

from django.db.models import Q
from django.utils import timezone

from . import draws, trace
from .fal import client
from .models import Draw, Image, Status
from .nudge import LOOK, nudge

ASK_AGAIN_AFTER_S = 30


def ask(image_id: UUID) -> None:
    """One call, at most every half minute for a draw. Before fal gave an id there is nothing to ask about; the
    sweep comes back to it."""
    image = Image.objects.select_related("draw", "generation").filter(pk=image_id, status=Status.DRAWING).first()
    if image is None or image.draw is None or image.draw.request_id is None or not image.cancel_requested_at:
        return
    draw = image.draw
    lately = timezone.now() - timedelta(seconds=ASK_AGAIN_AFTER_S)
    unasked = Draw.objects.filter(Q(cancel_asked_at=None) | Q(cancel_asked_at__lt=lately), pk=draw.pk)
    if not unasked.update(cancel_asked_at=timezone.now()):
        return
    with trace.about(**trace.of(image.generation), image=str(image.pk), draw=str(draw.pk)):
        if withdraw(draw) == "agreed":
            draws.cancel_agreed(draw)
        else:
            nudge(LOOK, str(draw.pk))


def withdraw(draw: Draw) -> str:
    """fal's answer in one word (`client.cancel`), or "unreachable"; asking twice does no harm."""
    try:
        return str(client.cancel(draw.endpoint, draw.request_id or ""))
    except (client.Unavailable, client.AccountLocked):
        return "unreachable"
