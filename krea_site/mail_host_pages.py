"""The staff page of throw-away mail hosts: search, add one or paste many, take away."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_POST, require_safe

from krea_site import mail_hosts
from krea_site.dashboard import acts
from krea_site.dashboard.gate import staff
from krea_site.dashboard.roles import Lever
from krea_site.models import MailHost

ON_A_PAGE = 100
SHOWN_OF_UNREADABLE = 5
TOLD = 100


@staff(Lever.SET_LIMITS)
@require_safe
def host_list(request: HttpRequest) -> HttpResponse:
    """`q` searches for a part of the name; `page` counts from 1."""
    wanted = request.GET.get("q", "").strip().lower()
    rows = MailHost.objects.listed().filter(host__contains=wanted).order_by("host")
    page = Paginator(rows, ON_A_PAGE).get_page(request.GET.get("page"))
    return render(request, "staff/mail_hosts.html", {"page": page, "wanted": wanted})


@staff(Lever.SET_LIMITS)
@require_POST
def add(request: HttpRequest) -> HttpResponse:
    with transaction.atomic():
        added = mail_hosts.add(request.POST.get("hosts", ""))
        if added.new:
            acts.write(request, "mail_hosts.add", "mail hosts", after=_named(added.hosts, added.new))
        else:
            acts.nothing_done(request)
    if added.new or added.known:
        messages.success(request, f"{added.new} added, {added.known} were on the list already.")
    if added.unreadable:
        some = ", ".join(word[:60] for word in added.unreadable[:SHOWN_OF_UNREADABLE])
        messages.error(request, f"{len(added.unreadable)} could not be read as host names, such as: {some}.")
    if added == mail_hosts.Added():
        messages.error(request, "Write one host name on each line.")
    return redirect("staff-mail-hosts")


@staff(Lever.SET_LIMITS)
@require_POST
def remove(request: HttpRequest) -> HttpResponse:
    host = request.POST.get("host", "")
    with transaction.atomic():
        if mail_hosts.remove(host):
            acts.write(request, "mail_hosts.remove", "mail hosts", before=_named([host], 1))
            messages.success(request, f"{host} is off the list.")
        else:
            acts.nothing_done(request)
    wanted = request.POST.get("q", "")
    return redirect(reverse("staff-mail-hosts") + (f"?{urlencode({'q': wanted})}" if wanted else ""))


def _named(hosts: list[str], count: int) -> dict[str, object]:
    """The first of them by name, for the audit log."""
    return {"hosts": hosts[:TOLD], "count": count}
