"""What every page may show."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from krea_site.inbox import is_local
from krea_site.staff_area import PAGES


def site(request: HttpRequest) -> dict[str, Any]:
    return {
        "site_name": settings.SITE_NAME,
        "uses_standin": settings.USES_STANDIN,
        "canonical": settings.PUBLIC_URL + request.path,
        "staff_pages": PAGES,
        "has_inbox": is_local(request),
    }
