"""Mails to partners about what happened without them, in the transaction in which it does."""

from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.urls import reverse

from krea_site import mails
from partners.models import Endpoint, Key
from partners.webhooks.deliveries import FAILING_LASTS


def on_endpoint_disabled(*, endpoint_id: UUID, **_: Any) -> None:
    """Receiver of partners' `endpoint_disabled`. The path of the address is left out: it may hold a secret."""
    row = Endpoint.objects.select_related("user").get(pk=endpoint_id)
    context = {
        "host": urlsplit(row.url).hostname,
        "is_gone": row.disabled_cause == Endpoint.Cause.GONE,
        "days": FAILING_LASTS.days,
        "page": settings.PUBLIC_URL + reverse("webhook", args=[row.pk]),
    }
    mails.send(row.user.email, "webhook_disabled", context)


def on_key_found(*, key_id: UUID, **_: Any) -> None:
    """Receiver of partners' `key_found`."""
    row = Key.objects.select_related("user").get(pk=key_id)
    context = {"name": row.name, "prefix": row.prefix, "page": settings.PUBLIC_URL + reverse("keys")}
    mails.send(row.user.email, "key_found", context, key=f"key-found:{row.pk}")
