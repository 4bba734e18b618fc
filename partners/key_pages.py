"""The pages of keys: the list, one of them, and what is done with it. Making and rotating one asks anew who it is; that
is wrapped around in `krea_site.urls`."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe
from uuid_utils.compat import uuid7

from billing.credits import show
from generations.visits import Visit, page

from . import key_rows, keys, shown_once
from .key_forms import SCOPES, USUAL_GRACE, USUAL_SCOPES, ChangeForm, MakeForm, RotateForm
from .models import Key

MOST_ENDED = 20  # shown
FORM = ["GET", "HEAD", "POST"]


@page
@require_safe
def key_list(request: Visit) -> HttpResponse:
    """Those that are good, the newest first, and the last ones that ended."""
    mine = Key.objects.of(request.user).order_by("-created_at")
    valid = key_rows.of(mine.valid())
    ended = mine.exclude(pk__in=[row.key.pk for row in valid])
    context = {
        "rows": valid,
        "ended": key_rows.of(ended[:MOST_ENDED]),
        "ended_count": ended.count(),
        "is_full": len(valid) >= keys.MOST_KEYS,
        "most": keys.MOST_KEYS,
    }
    return render(request, "developers/keys.html", context)


@page
@require_http_methods(FORM)
def make(request: Visit) -> HttpResponse:
    """A new key. Its secret is shown by the page that this leads to."""
    if request.method != "POST":
        form = MakeForm(initial={"id": uuid7(), "scopes": [scope.value for scope in USUAL_SCOPES]})
        return _form(request, form)
    form = MakeForm(request.POST)
    if not form.is_valid():
        return _form(request, form, status=422)
    asked = form.cleaned_data
    try:
        with transaction.atomic():
            made, secret = keys.make(
                request.user, asked["name"], asked["scopes"], asked["monthly_limit"], form.expires_at, id=asked["id"]
            )
            shown_once.keep(request, made.pk, secret)
    except keys.TooMany as over:
        form.add_error(None, str(over))
        return _form(request, form, status=409)
    except keys.MadeBefore:
        if not Key.objects.of(request.user).filter(pk=asked["id"]).exists():
            messages.error(request, "No key was made. Please fill in the form once more.")
            return redirect("key-make")
        shown_once.pressed_again(request, asked["id"])
    return redirect("key", asked["id"])


@never_cache
@page
@require_http_methods(FORM)
def key(request: Visit, id: UUID) -> HttpResponse:
    """One key: its secret where it was made a moment ago, how it stands, and its name and monthly limit to be
    changed."""
    found = _mine(request, id)
    if request.method != "POST":
        limit = found.monthly_limit
        form = ChangeForm(initial={"name": found.name, "monthly_limit": "" if limit is None else show(limit)})
        secret = shown_once.take(request, found.pk) if request.method == "GET" else ""
        return _page(request, found, form, secret=secret)
    form = ChangeForm(request.POST)
    if not form.is_valid():
        return _page(request, found, form, status=422)
    keys.change(found, form.cleaned_data["name"], form.cleaned_data["monthly_limit"])
    messages.success(request, "The key is changed. Programs that use it need nothing new.")
    return redirect("key", found.pk)


@page
@require_http_methods(FORM)
def rotate(request: Visit, id: UUID) -> HttpResponse:
    """A new key in place of this one. Its secret is shown by the page that this leads to."""
    old = _mine(request, id)
    if old.rotated_at is not None:  # also by a form that was sent twice
        return _to_successor(request, old)
    if not key_rows.of([old])[0].is_valid:
        messages.error(request, "This key is not good any more, so there is nothing to replace. Make a new one.")
        return redirect("key", old.pk)
    form = RotateForm(request.POST or None, initial={"grace": USUAL_GRACE})
    if request.method != "POST" or not form.is_valid():
        status = 422 if request.method == "POST" else 200
        return render(request, "developers/key_rotate.html", {"key": old, "form": form}, status=status)
    try:
        with transaction.atomic():
            fresh, secret = keys.rotate(old, form.wanted)
            shown_once.keep(request, fresh.pk, secret)
    except keys.Refused:  # another press was quicker
        return _to_successor(request, old)
    return redirect("key", fresh.pk)


@page
@require_http_methods(FORM)
def revoke(request: Visit, id: UUID) -> HttpResponse:
    """Ask first (GET), then end the key at once."""
    found = _mine(request, id)
    if request.method != "POST":
        return render(request, "developers/key_revoke.html", {"row": key_rows.of([found])[0]})
    if keys.revoke(found):
        messages.success(request, f"“{found.name}” is revoked. The next call with it is refused.")
    else:
        messages.success(request, f"“{found.name}” was revoked before.")
    return redirect("keys")


def _form(request: Visit, form: MakeForm, status: int = 200) -> HttpResponse:
    chosen = form["scopes"].value() or []
    scopes = [(scope, sentence, scope.value in chosen) for scope, sentence in SCOPES]
    return render(request, "developers/key_make.html", {"form": form, "scopes": scopes}, status=status)


def _page(request: Visit, found: Key, form: ChangeForm, *, secret: str = "", status: int = 200) -> HttpResponse:
    siblings = Key.objects.of(request.user).filter(family=found.family).exclude(pk=found.pk).order_by("-created_at")
    context: dict[str, Any] = {
        "row": key_rows.of([found])[0],
        "siblings": key_rows.of(siblings[:MOST_ENDED]),
        "form": form,
        "secret": secret,
        "scopes": [(scope, sentence) for scope, sentence in SCOPES if found.allows(scope)],
        "now": timezone.now(),
    }
    return render(request, "developers/key.html", context, status=status)


def _to_successor(request: Visit, old: Key) -> HttpResponseRedirect:
    """To the newest key that came from this one."""
    newest = Key.objects.of(request.user).filter(family=old.family).latest("created_at")
    shown_once.pressed_again(request, newest.pk)
    return redirect("key", newest.pk)


def _mine(request: Visit, id: UUID) -> Key:
    return get_object_or_404(Key, pk=id, user=request.user)
