"""What the pages of generations have in common: who is asking, whether by htmx, and whose page it was that asks."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.crypto import salted_hmac
from django_htmx.middleware import HtmxDetails

P = ParamSpec("P")
# What a form carries for one sending alone; everything else of it can be sent again.
OF_ONE_SENDING = frozenset(
    [
        "csrfmiddlewaretoken", "nonce", "quote", "do", "switch", "add_row", "remove_row", "check_rows", "pick",
        "picking", "use", "use_lora", "save_lora", "keep", "dice",
    ]
)  # fmt: skip


class Visit(HttpRequest):
    """A page that somebody who is logged in asks for."""

    user: Any
    htmx: HtmxDetails


def page(view: Callable[Concatenate[Visit, P], HttpResponse]) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """For pages of one's own: a visitor who is not logged in is sent to log in, and a part of a page that htmx asks for
    is answered with a notice instead, so that what was typed stays where it is; a form that was typed comes back in a
    page that can send it again. What the page of one account sends is never taken for another. Parts are kept in no
    cache."""
    for_members = login_required(cast(Callable[..., HttpResponse], view))

    @wraps(view)
    def wrapped(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        is_part = bool(getattr(request, "htmx", False))
        if is_part and not request.user.is_authenticated:
            answer = render(request, "studio/logged_out.html", status=401)
            answer["HX-Retarget"], answer["HX-Reswap"] = "#notices", "innerHTML"
        elif is_typed(request) and not request.user.is_authenticated:
            answer = send_again(request, 401)
        elif is_typed(request) and not is_of(request.user, request.POST["member"]):
            answer = _of_another(request, is_part=is_part)
        else:
            answer = for_members(request, *args, **kwargs)
        patch_vary_headers(answer, ["HX-Request"])
        if is_part:
            answer["Cache-Control"] = "no-store"
        return answer

    return cast(Callable[Concatenate[HttpRequest, P], HttpResponse], wrapped)


def member(user: Any, *, secret: str | None = None) -> str:
    """Whose page it is: a name for an account that tells nothing about it."""
    return salted_hmac("generations.member", str(user.pk), secret=secret).hexdigest()[:24]


def is_of(user: Any, name: str) -> bool:
    """Whether a page that carries this name is the user's; also one from before the secret key was changed."""
    return any(member(user, secret=key) == name for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS))


def is_typed(request: HttpRequest) -> bool:
    """Whether it is the studio's form that was sent, with what somebody typed."""
    return request.method == "POST" and "member" in request.POST


def send_again(request: HttpRequest, status: int) -> HttpResponse:
    """A page that carries what was typed and can send it once more: its sender is logged out, or was when the page was
    opened."""
    typed = [(name, values[-1]) for name, values in request.POST.lists() if name not in OF_ONE_SENDING]
    context = {"typed": typed, "prompt": request.POST.get("prompt", ""), "had_files": bool(request.FILES)}
    return render(request, "studio/logged_out_page.html", context, status=status)


def _of_another(request: HttpRequest, *, is_part: bool) -> HttpResponse:
    if is_part:
        return HttpResponse(status=409, headers={"HX-Redirect": reverse("studio")})
    return render(request, "studio/logged_out_another.html", status=409)
