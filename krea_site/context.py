"""What every page may show."""

from typing import Any

from django.conf import settings
from django.contrib.admin import site as site_of_staff
from django.http import HttpRequest

from generations import switches, trace
from krea_site.dashboard import pages
from krea_site.inbox import is_local


def site(request: HttpRequest) -> dict[str, Any]:
    known = {
        "site_name": settings.SITE_NAME,
        "uses_standin": settings.USES_STANDIN,
        "canonical": settings.PUBLIC_URL + request.path,
        "has_inbox": is_local(request),
        "request_id": trace.request(),
        "announcement": switches.now().announcement(),
    }
    if request.path.startswith("/admin/") and request.user.is_staff:  # its own pages, in the frame of Django's admin
        known |= site_of_staff.each_context(request) | {"is_house": True, "staff_pages": pages.of(request.user)}
    return known
