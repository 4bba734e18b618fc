"""The pages of webhooks: the list with what is the account's own, and one of them. Whatever shows a secret asks anew
who it is; that is wrapped around in `krea_site.urls`."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.crypto import constant_time_compare, salted_hmac
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST
from uuid_utils.compat import uuid7

from billing.credits import show
from generations.visits import Visit, page

from . import delivery_rows, shown_once
from .models import Delivery, Endpoint, Listener, Topic
from .webhook_forms import TOPICS, AgainForm, EndpointForm, LowBalanceForm, MakeForm, a_day_ago
from .webhooks import endpoints

FORM = ["GET", "HEAD", "POST"]
CALLBACKS = "callbacks"  # under this name the account's own secret is shown


@never_cache
@page
@require_http_methods(FORM)
def webhooks(request: Visit) -> HttpResponse:
    """Every webhook, and what holds for all: below which balance one is told (POST changes it), and the secret of
    orders that name an address of their own."""
    if request.method != "POST":
        row = Listener.objects.filter(user=request.user).first()
        below = row.low_below if row else None
        form = LowBalanceForm(initial={"low_below": "" if below is None else show(below)})
        return _list(request, form)
    form = LowBalanceForm(request.POST)
    if not form.is_valid():
        return _list(request, form, status=422)
    below = form.cleaned_data["low_below"]
    endpoints.warn_below(request.user.pk, below)
    said = "balance.low is never told." if below is None else f"balance.low is told below {show(below)} credits."
    messages.success(request, said)
    return redirect(f"{reverse('webhooks')}#account")


@page
@require_http_methods(FORM)
def make(request: Visit) -> HttpResponse:
    """A new webhook. Its secret is shown by the page that this leads to."""
    if request.method != "POST":
        return _form(request, MakeForm(initial={"id": uuid7(), "topics": [Topic.GENERATION_FINISHED.value]}))
    form = MakeForm(request.POST)
    if not form.is_valid():
        return _form(request, form, status=422)
    asked = form.cleaned_data
    try:
        with transaction.atomic():
            made, secret = endpoints.make(request.user, asked["url"], asked["topics"], id=asked["id"])
            shown_once.keep(request, made.pk, secret)
    except endpoints.TooMany as over:
        form.add_error(None, str(over))
        return _form(request, form, status=409)
    except endpoints.MadeBefore:
        if not Endpoint.objects.of(request.user).filter(pk=asked["id"]).exists():
            messages.error(request, "No webhook was made. Please fill in the form once more.")
            return redirect("webhook-make")
        shown_once.pressed_again(request, asked["id"])
    return redirect("webhook", asked["id"])


@never_cache
@page
@require_http_methods(FORM)
def webhook(request: Visit, id: UUID) -> HttpResponse:
    """One webhook: its secret where that was made a moment ago, its state, its log, and its address and events to be
    changed."""
    row = mine(request, id)
    if request.method != "POST":
        secret = shown_once.take(request, row.pk) if request.method == "GET" else ""
        return one(request, row, secret=secret)
    form = EndpointForm(request.POST)
    if not form.is_valid():
        return one(request, row, form=form, status=422)
    endpoints.change(row, url=form.cleaned_data["url"], topics=form.cleaned_data["topics"], enabled=None)
    messages.success(request, "The webhook is changed. What waits for it goes to the address that it has now.")
    return redirect("webhook", row.pk)


@page
@require_POST
def switch(request: Visit, id: UUID) -> HttpResponse:
    """Enable (`to=on`) or disable it."""
    row = mine(request, id)
    is_on = request.POST.get("to") == "on"
    endpoints.change(row, url=None, topics=None, enabled=is_on)
    said = "Enabled. What waited is tried at once." if is_on else "Disabled. It is told nothing until you enable it."
    messages.success(request, said)
    return redirect("webhook", row.pk)


@page
@require_http_methods(FORM)
def rotate(request: Visit, id: UUID) -> HttpResponse:
    """Say what a new secret means (GET), then make it."""
    row = mine(request, id)
    if request.method != "POST":
        return render(request, "developers/webhook_rotate.html", {"webhook": row, "mark": _mark(row)})
    _rotate(request, row, row.pk)
    return redirect("webhook", row.pk)


@page
@require_http_methods(FORM)
def callbacks(request: Visit) -> HttpResponse:
    """The account's secret, which signs what goes to the `webhook_url` of an order: a new one, shown once."""
    row = endpoints.listener(request.user.pk)
    if request.method == "POST":
        _rotate(request, row, CALLBACKS)
        return redirect("webhook-callbacks")
    secret = shown_once.take(request, CALLBACKS) if request.method == "GET" else ""
    return render(request, "developers/callbacks.html", {"mark": _mark(row), "secret": secret})


@page
@require_http_methods(FORM)
def delete(request: Visit, id: UUID) -> HttpResponse:
    """Ask first (GET), then delete it with its log."""
    row = mine(request, id)
    if request.method != "POST":
        return render(request, "developers/webhook_delete.html", {"webhook": row})
    row.delete()
    messages.success(request, "The webhook is deleted, with its log.")
    return redirect("webhooks")


def mine(request: Visit, id: UUID) -> Endpoint:
    return get_object_or_404(Endpoint, pk=id, user=request.user)


def one(
    request: Visit,
    row: Endpoint,
    *,
    form: EndpointForm | None = None,
    again: AgainForm | None = None,
    secret: str = "",
    status: int = 200,
) -> HttpResponse:
    """The page of a webhook, with forms as they were typed."""
    changing = form or EndpointForm(initial={"url": row.url, "topics": row.topics})
    told = Delivery.objects.filter(endpoint=row)
    address = reverse("webhook", args=[row.pk])
    log = delivery_rows.log(told, address, request.GET.get("state", ""), request.GET.get("before", ""))
    context: dict[str, Any] = {
        "webhook": row,
        "form": changing,
        "topics": _topics(changing),
        "again": again or AgainForm(initial={"since": a_day_ago()}),
        "log": log,
        "secret": secret,
    }
    return render(request, "developers/webhook.html", context, status=status)


def _rotate(request: Visit, row: Endpoint | Listener, shown_as: UUID | str) -> None:
    """A new secret, to be shown once; nothing where it was changed since the form was made. Two presses at once would
    else end the secret that receivers know."""
    manager: Any = type(row)._default_manager
    with transaction.atomic():
        fresh = manager.select_for_update().get(pk=row.pk)
        if constant_time_compare(request.POST.get("mark", ""), _mark(fresh)):
            shown_once.keep(request, shown_as, endpoints.rotate(fresh))
        else:
            shown_once.pressed_again(request, shown_as)


def _mark(row: Endpoint | Listener) -> str:
    """Of the present secret; tells nothing about it."""
    return salted_hmac("partners.webhook_pages", row.secret).hexdigest()[:24]


def _list(request: Visit, form: LowBalanceForm, status: int = 200) -> HttpResponse:
    rows = list(Endpoint.objects.of(request.user).order_by("-id"))
    context = {"webhooks": rows, "form": form, "is_full": len(rows) >= endpoints.MOST, "most": endpoints.MOST}
    return render(request, "developers/webhooks.html", context, status=status)


def _form(request: Visit, form: MakeForm, status: int = 200) -> HttpResponse:
    context = {"form": form, "topics": _topics(form)}
    return render(request, "developers/webhook_make.html", context, status=status)


def _topics(form: EndpointForm) -> list[tuple[Topic, str, bool]]:
    """Each with its sentence, and whether it is chosen."""
    chosen = form["topics"].value() or []
    return [(topic, sentence, topic.value in chosen) for topic, sentence in TOPICS]
