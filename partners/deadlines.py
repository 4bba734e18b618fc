"""Orders that want to be begun soon or not at all: what waits longer is canceled, and free."""

from uuid import UUID

from django.db import transaction
from django.utils import timezone

from generations import lifecycle
from generations.models import Image, Status

from .models import Order

AT_ONCE = 100  # orders in one sweep
LATE = "began_late"  # in an order's wire: it was canceled because nothing of it had begun in time


def sweep() -> None:
    """Cancel the orders of which nothing was begun by their `start_by`; the others are done with it."""
    late = Order.objects.filter(start_by__lte=timezone.now()).order_by("start_by")
    for id in list(late.values_list("generation", flat=True)[:AT_ONCE]):
        _end(id)


@transaction.atomic
def _end(id: UUID) -> None:
    images = list(Image.objects.select_for_update().filter(generation_id=id).order_by("id"))
    order = Order.objects.select_related("generation").get(pk=id)
    if all(image.status == Status.QUEUED and image.draws_made == 0 for image in images):
        lifecycle.cancel(order.generation)
        order.wire = {**order.wire, LATE: True}
    order.start_by = None
    order.save(update_fields=["wire", "start_by"])
