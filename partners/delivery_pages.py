"""The pages of deliveries: one with every try, and having things told anew; and the log of those that went to the
addresses that orders named."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from generations.visits import Visit, page

from . import delivery_rows
from .models import Delivery
from .webhook_forms import EVERYTHING, AgainForm
from .webhook_pages import mine, one
from .webhooks import endpoints
from .webhooks import messages as told


@page
@require_safe
def delivery(request: Visit, id: UUID, delivery: UUID) -> HttpResponse:
    return _one(request, _of(request, id, delivery))


@page
@require_safe
def callbacks(request: Visit) -> HttpResponse:
    """What the addresses that single orders named were told."""
    rows = endpoints.callbacks(request.user)
    asked = request.GET.get("state", ""), request.GET.get("before", "")
    return render(request, "developers/callback_log.html", {"log": delivery_rows.log(rows, request.path, *asked)})


@page
@require_safe
def callback(request: Visit, delivery: UUID) -> HttpResponse:
    return _one(request, get_object_or_404(endpoints.callbacks(request.user), pk=delivery))


@page
@require_POST
def callback_again(request: Visit, delivery: UUID) -> HttpResponse:
    """Have one delivery to an order's own address told anew, with all its tries."""
    return _again(request, get_object_or_404(endpoints.callbacks(request.user), pk=delivery))


@page
@require_POST
def test(request: Visit, id: UUID) -> HttpResponse:
    """Have a test told, and go to where its answer will be."""
    row = mine(request, id)
    sent = endpoints.test(row)
    said = "The test is on its way." if row.is_enabled else "The test waits until the webhook is enabled."
    messages.success(request, f"{said} Its answer stands here when it is there.")
    return redirect("delivery", row.pk, sent.pk)


@page
@require_POST
def again(request: Visit, id: UUID, delivery: UUID) -> HttpResponse:
    """Have one delivery told anew, with all its tries."""
    return _again(request, _of(request, id, delivery))


def _again(request: Visit, row: Delivery) -> HttpResponse:
    if endpoints.again_all(Delivery.objects.filter(pk=row.pk)):
        messages.success(request, "It is told anew, with the same webhook-id.")
    else:
        messages.warning(request, "It is being tried at this moment. Look again when that is over.")
    return redirect(delivery_rows.Row(row).address)


def _one(request: Visit, row: Delivery) -> HttpResponse:
    context = {
        "webhook": row.endpoint, "row": delivery_rows.Row(row), "delivery": row, "message_id": told.id_of(row),
        "is_tried": row.endpoint is None or row.endpoint.is_enabled, "tries": delivery_rows.tries(row),
    }  # fmt: skip
    return render(request, "developers/delivery.html", context)


@page
@require_POST
def again_since(request: Visit, id: UUID) -> HttpResponse:
    """Have everything since a moment told anew that ended as chosen."""
    row = mine(request, id)
    form = AgainForm(request.POST)
    if not form.is_valid():
        return one(request, row, again=form, status=422)
    only = form.cleaned_data["only"]
    count = endpoints.again(row, form.cleaned_data["since"], None if only == EVERYTHING else only)
    if count:
        messages.success(request, f"{count:,} deliver{'y is' if count == 1 else 'ies are'} told anew.")
    else:
        messages.success(request, "There is nothing of that since then; nothing is told anew.")
    return redirect("webhook", row.pk)


def _of(request: Visit, id: UUID, delivery: UUID) -> Delivery:
    return get_object_or_404(Delivery.objects.select_related("endpoint"), pk=delivery, endpoint=mine(request, id))
