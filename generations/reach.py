"""Whether fal can reach us, and at which addresses: the same rule for webhooks and for style references."""

from ipaddress import ip_address
from urllib.parse import urlsplit

from django.conf import settings

from .models import Draw

LOCAL_NAMES = frozenset({"localhost"})


def is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    if host in LOCAL_NAMES or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def is_public(url: str) -> bool:
    """Whether the world can reach an address, as far as its name tells."""
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_global
    except ValueError:
        return "." in host and not host.endswith((".localhost", ".local", ".internal", ".test"))


def fal_reaches_us() -> bool:
    """`FAL_WEBHOOKS`: on, off, or auto: when our address is public, or fal's is on this machine too."""
    if settings.FAL_WEBHOOKS in ("on", "off"):
        return bool(settings.FAL_WEBHOOKS == "on")
    return is_public(settings.PUBLIC_URL) or is_loopback(settings.FAL_QUEUE_URL)


def webhook_address(draw: Draw) -> str | None:
    """The draw's own secret address, or None where fal cannot call it."""
    return f"{settings.PUBLIC_URL}/webhooks/fal/{draw.token}" if fal_reaches_us() else None
