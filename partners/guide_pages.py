"""The guides, for everybody."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from . import guides


@require_safe
def guide(request: HttpRequest, slug: str) -> HttpResponse:
    if slug not in guides.GUIDES:
        raise Http404("There is no such guide.")
    context = {
        "guide": guides.GUIDES[slug],
        "guides": guides.GUIDES.values(),
        "parts": guides.parts(slug),
        "headings": guides.headings(slug),
    }
    return render(request, "developers/guide.html", context)
