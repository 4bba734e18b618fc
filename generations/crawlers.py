"""What is told to search engines: where they may look, and which pages there are."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from . import catalogue

PUBLIC = ("landing", "models", "terms", "privacy", "refunds", "imprint", "status")
# Addresses that are secrets, and what only programs call. Pages of members are not among them: a search engine is sent
# on to the log-in page, which says noindex, and it has to be let in to read that.
CLOSED = ("api", "live", "pictures", "webhooks")


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    lines = ["User-agent: *", *(f"Disallow: /{folder}/" for folder in CLOSED), ""]
    lines += [f"Sitemap: {settings.PUBLIC_URL}{reverse('sitemap')}", ""]
    return HttpResponse("\n".join(lines), content_type="text/plain; charset=utf-8")


@require_safe
def sitemap(request: HttpRequest) -> HttpResponse:
    models = [reverse("model", args=[image_model.id]) for image_model in catalogue.all()]
    addresses = [settings.PUBLIC_URL + path for path in [*map(reverse, PUBLIC), *models]]
    return render(request, "sitemap.xml", {"addresses": addresses}, content_type="application/xml")
