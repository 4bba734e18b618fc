"""The first page: what this is, what it costs, and the way in."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from . import offers


@require_safe
def landing(request: HttpRequest) -> HttpResponse:
    return render(request, "landing.html", {"price_tags": offers.price_tags()})
