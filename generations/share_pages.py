"""The owner's pages of sharing: make a link on the page of a picture, change what it shows, revoke it, and the list."""

import re
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from . import shares
from .models import Image, Share
from .presentation import Tile, alt_text
from .visits import Visit, page

ON_A_PAGE = 50
# The page of the list from which a form was sent, and nothing else.
BACK = re.compile(r"\?before=[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")


@page
@require_POST
def make(request: Visit, id: UUID) -> HttpResponse:
    """A new link to one's own picture, and back to its page."""
    rows = Image.objects.select_related("generation")
    image = get_object_or_404(rows, pk=id, user=request.user, generation__deleted_at=None, erased_at=None)
    lifetime = next((each for each in shares.LIFETIMES if each.value == request.POST.get("lifetime")), None)
    if lifetime is None:
        choices = ", ".join(each.label for each in shares.LIFETIMES)
        messages.error(request, f"No link was made. Choose when it ends: {choices}.")
        return _to_panel(image.pk)
    shown = _shown(request)
    try:
        share = shares.make(request.user, image, shares.Wish(lifetime, **shown, id=_uuid(request.POST.get("id", ""))))
    except shares.Refused as refusal:
        messages.error(request, f"No link was made. {refusal}")
        return _to_panel(image.pk)
    messages.success(request, "The link is made. Whoever has it sees the picture.")
    return _to_panel(image.pk, share.pk)


@page
@require_POST
def change(request: Visit, id: UUID) -> HttpResponse:
    """What a link of one's own shows, and back to where the form was."""
    share = _mine(request, id)
    if shares.change(request.user, id, **_shown(request)):
        messages.success(request, "Changed: the link shows this from now on.")
    else:
        messages.error(request, "That link has ended, so nothing was changed.")
    return _back(request, share)


@page
@require_POST
def revoke(request: Visit, id: UUID) -> HttpResponse:
    share = _mine(request, id)
    if shares.revoke(request.user, id):
        messages.success(request, "Revoked. The link shows nothing any more.")
    else:
        messages.success(request, "That link was revoked before.")
    return _back(request, share)


@page
@require_safe
def share_list(request: Visit) -> HttpResponse:
    """All links of one's own, newest first; `?before=` is the id of the last one of the page before."""
    rows = Share.objects.of(request.user).select_related("image__generation").order_by("-id")
    standing = Share.objects.of(request.user).standing().count()
    if before := request.GET.get("before"):
        last = _uuid(before)
        if last is None:
            raise Http404("There is no such page.")
        rows = rows.filter(pk__lt=last)
    found = list(rows[: ON_A_PAGE + 1])
    context = {
        "links": [(share, _tile(share.image)) for share in found[:ON_A_PAGE]],
        "standing": standing,
        "following": found[ON_A_PAGE - 1].pk if len(found) > ON_A_PAGE else None,
        "is_first": not before,
        "back": f"?before={before}" if before else "?",
    }
    return render(request, "shares/list.html", context)


@page
@require_http_methods(["GET", "HEAD", "POST"])
def revoke_all(request: Visit) -> HttpResponse:
    """Ask first (GET), then end every link at once."""
    if request.method != "POST":
        standing = Share.objects.of(request.user).standing().count()
        return render(request, "shares/revoke_all.html", {"standing": standing})
    count = shares.revoke_all(request.user)
    messages.success(request, f"Revoked {count} link{'' if count == 1 else 's'}. None of them shows anything any more.")
    return redirect("shares")


def _mine(request: Visit, id: UUID) -> Share:
    return get_object_or_404(Share, pk=id, user=request.user)


def _shown(request: Visit) -> dict[str, bool]:
    return {name: name in request.POST for name in ("shows_prompt", "shows_settings")}


def _tile(image: Image) -> Tile:
    return Tile(image, image.width or 1, image.height or 1, alt_text(image.generation))


def _to_panel(image_id: Any, share_id: UUID | None = None) -> HttpResponseRedirect:
    anchor = f"share-{share_id}" if share_id else "sharing"
    return redirect(f"{reverse('image', args=[image_id])}#{anchor}")


def _back(request: Visit, share: Share) -> HttpResponseRedirect:
    """To the list where the form was sent from there, else to the picture."""
    back = request.POST.get("back", "")
    if back == "?" or BACK.fullmatch(back):
        return redirect(f"{reverse('shares')}{back.removesuffix('?')}")
    return _to_panel(share.image_id, share.pk)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
