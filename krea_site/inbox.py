"""The local mail inbox: what the site would have sent, on a page for whoever sits at this machine.

Without EMAIL_URL no mail is sent; its row is all there is of it. Mails hold links that log people in, so the page is
there on loopback only: not on a public site, not through a proxy, not for another machine.
"""

from ipaddress import ip_address

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from krea_site.models import Mail

SHOWN = 50
FORWARDED = ("X-Forwarded-For", "X-Forwarded-Host", "X-Real-Ip", "Forwarded", "Via")


@never_cache
@require_safe
def inbox(request: HttpRequest) -> HttpResponse:
    if not is_local(request):
        raise Http404("The inbox is for this machine alone.")
    return render(request, "inbox.html", {"mails": Mail.objects.defer("html").order_by("-id")[:SHOWN]})


def is_local(request: HttpRequest) -> bool:
    """Whether mails stay on this machine, and whoever asks sits at it."""
    if settings.IS_PUBLIC or settings.EMAIL_URL:
        return False
    if any(name in request.headers for name in FORWARDED):
        return False
    try:
        return ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False
