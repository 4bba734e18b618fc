"""What a stranger sees who has a link: one picture, marked as AI-made.

A link that never was, has ended, was revoked, or whose picture or owner is gone: all get the same page and 404. A
deleted account leaves nothing behind by which "no more" could be told from "never was", and nobody shall learn more.
"""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, cast

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from . import shares
from .pictures import links
from .share_door import UNLISTED

P = ParamSpec("P")
LIFETIME_S = 300  # of the addresses of the picture's files: a revoked link is dead for them too before long


def unlisted(
    view: Callable[Concatenate[HttpRequest, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """Kept by no cache, so that it dies with its link, and by no search engine."""

    @wraps(view)
    def wrapped(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        answer = view(request, *args, **kwargs)
        name, value = (part.decode() for part in UNLISTED)
        answer[name] = value
        return answer

    return cast(Callable[Concatenate[HttpRequest, P], HttpResponse], never_cache(wrapped))


@unlisted
@require_safe
def shared(request: HttpRequest, token: str) -> HttpResponse:
    shown = shares.find(token)
    if shown is None:
        return _gone(request)
    address = shown.share.address
    context = {
        "shown": shown,
        "image": shown.image,
        "is_own": request.user.pk == shown.share.user_id,
        "src": _address(shown.card["name"] if shown.card else shown.image.name),
        "srcset": _srcset(shown),
        "address": address,
        "card_address": f"{address}picture",
    }
    return render(request, "shares/shared.html", context)


@unlisted
@require_safe
def download(request: HttpRequest, token: str) -> HttpResponse:
    """The stored file, by an address that ends soon; this one looks at the link each time."""
    shown = shares.find(token)
    if shown is None:
        return _gone(request)
    return redirect(links.address(shown.image.name, seconds=LIFETIME_S, filename=shown.file_name))


def _gone(request: HttpRequest) -> HttpResponse:
    return render(request, "shares/gone.html", status=404)


def _srcset(shown: shares.Shown) -> str:
    """Each size once, the stored original among them."""
    sizes = {each["width"]: each["name"] for each in shown.image.variants.values()}
    sizes |= {shown.image.width: shown.image.name}
    return ", ".join(f"{_address(name)} {width}w" for width, name in sorted(sizes.items()))


def _address(name: str) -> str:
    return links.address(name, seconds=LIFETIME_S)
