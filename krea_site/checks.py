"""Numbered checks of the whole site: a half-configured one does not start, and is told what to do.

Errors stop `manage.py run`, the web process, the worker and the follower; warnings are only said. No message repeats a
secret, or an address that may hold one.
"""

import string
from collections.abc import Iterator
from typing import Any
from urllib.parse import SplitResult, urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register

SECRET_KEY_LEAST = 50
MAIL_KINDS = ("smtp", "smtps", "smtp+tls")
MAKE_A_KEY = "python -c 'import secrets; print(secrets.token_urlsafe(50))'"


@register
def environment_is_readable(**_: Any) -> list[CheckMessage]:
    """krea_site.E010 to E013: what the settings say can be understood."""
    return [*_numbers(), *_log_format(), *_speed(), *_public_url()]


@register
def public_site_is_whole(**_: Any) -> list[CheckMessage]:
    """krea_site.E001 to E004, W001, W004: what strangers may reach needs mail, https, a secret and its own name."""
    if not settings.IS_PUBLIC:
        return []
    return [*_mail_is_sent(), *_https(), *_hosts(), *_no_debug(), *_database(), *_payments()]


@register
def restore_is_through(**_: Any) -> list[CheckMessage]:
    """krea_site.E014: what a restore left half done is no site."""
    if not (settings.VAR_DIR / "restore.json").exists():
        return []
    return [
        Error(
            "A restore was broken off: database and pictures are not as they were.",
            hint=f"Say `manage.py restore DIR` again. {settings.VAR_DIR / 'restore.json'} names the set.",
            id="krea_site.E014",
        )
    ]


@register
def secret_key_is_long(**_: Any) -> list[CheckMessage]:
    """krea_site.E005, W002: whoever guesses the key may log in as anybody, and hand tasks to the worker."""
    key = settings.SECRET_KEY
    if len(key) >= SECRET_KEY_LEAST and len(set(key)) >= 10:
        return []
    what, hint = f"SECRET_KEY is too short: it needs {SECRET_KEY_LEAST} characters.", f"Make one with {MAKE_A_KEY}"
    if settings.IS_PUBLIC:
        return [Error(what, hint=f"{hint}.", id="krea_site.E005")]
    return [Warning(what, hint=f"{hint}, or unset it: then one is made and kept.", id="krea_site.W002")]


@register
def services_are_reachable_by_their_addresses(**_: Any) -> list[CheckMessage]:
    """krea_site.E006 to E009, W003: Redis, mail, object storage, proxy."""
    return [*_redis(), *_mail_address(), *_object_storage(), *_proxy()]


def _mail_is_sent() -> Iterator[CheckMessage]:
    if not settings.EMAIL_URL:
        yield Error(
            "A public site without EMAIL_URL: nobody could confirm an address or choose a new password.",
            hint="Set EMAIL_URL to smtp+tls://user:password@host:587, or smtps://… for port 465.",
            id="krea_site.E001",
        )


def _https() -> Iterator[CheckMessage]:
    if not settings.USES_HTTPS:
        yield Error(
            "A public site without https: passwords and keys would cross the network in the clear.",
            hint="Put a proxy with a certificate in front, and set PUBLIC_URL to its https address.",
            id="krea_site.E002",
        )


def _hosts() -> Iterator[CheckMessage]:
    if any(host.startswith("*") for host in settings.ALLOWED_HOSTS):
        yield Error(
            "ALLOWED_HOSTS takes every name: a stranger's name could end up in the links of our mails.",
            hint="Name the hosts, or leave it unset: the host of PUBLIC_URL is allowed by itself.",
            id="krea_site.E003",
        )


def _no_debug() -> Iterator[CheckMessage]:
    if settings.DEBUG:
        yield Error(
            "DEBUG is on for a public site: its error pages show settings and source.",
            hint="Unset DEBUG.",
            id="krea_site.E004",
        )


def _database() -> Iterator[CheckMessage]:
    if not settings.IS_POSTGRES:
        yield Warning(
            "A public site on SQLite: one writer at a time, and one machine.",
            hint="Set DATABASE_URL to postgres://user:password@host/name.",
            id="krea_site.W001",
        )


def _payments() -> Iterator[CheckMessage]:
    if not settings.STRIPE_SECRET_KEY:
        yield Warning(
            "A public site without STRIPE_SECRET_KEY: nobody can buy credits; the stand-in is for this machine alone.",
            hint="Set STRIPE_SECRET_KEY and STRIPE_WEBHOOK_SECRET.",
            id="krea_site.W004",
        )


def _redis() -> Iterator[CheckMessage]:
    parts = _split(settings.REDIS_URL)
    is_host = parts and parts.scheme in ("redis", "rediss") and parts.hostname
    is_socket = parts and parts.scheme == "unix" and parts.path
    if settings.REDIS_URL and not (is_host or is_socket):
        yield Error(
            "REDIS_URL cannot be read.",
            hint="Set it to redis://[:password@]host:6379/0, or rediss://…; unset, the database does its work.",
            id="krea_site.E006",
        )


def _mail_address() -> Iterator[CheckMessage]:
    parts = _split(settings.EMAIL_URL)
    if settings.EMAIL_URL and not (parts and parts.scheme in MAIL_KINDS and parts.hostname):
        yield Error(
            f"EMAIL_URL cannot be read; it begins with one of: {', '.join(MAIL_KINDS)}.",
            hint="Set it to smtp+tls://user:password@host:587; write characters such as @ in the password as %40.",
            id="krea_site.E007",
        )


def _object_storage() -> Iterator[CheckMessage]:
    keys = (settings.S3_ACCESS_KEY_ID, settings.S3_SECRET_ACCESS_KEY)
    if settings.S3_BUCKET and (any(keys) != all(keys) or (settings.S3_ENDPOINT_URL and not all(keys))):
        yield Error(
            "S3_BUCKET is set without its keys: no picture could be stored.",
            hint="Set both S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY.",
            id="krea_site.E008",
        )
    elif settings.S3_BUCKET and not any(keys):
        yield Warning(
            "S3_BUCKET is set without keys: the machine's own role has to allow reading and writing.",
            hint="Set S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY, or give the machine such a role at Amazon.",
            id="krea_site.W003",
        )
    elif not settings.S3_BUCKET and (any(keys) or settings.S3_ENDPOINT_URL):
        yield Error(
            "S3_… is set without S3_BUCKET: pictures would be kept on this machine instead.",
            hint="Set S3_BUCKET, or unset the others.",
            id="krea_site.E008",
        )


def _proxy() -> Iterator[CheckMessage]:
    parts = _split(settings.EGRESS_PROXY)
    kinds = ("http", "https", "socks5", "socks5h")
    if settings.EGRESS_PROXY and not (parts and parts.scheme in kinds and parts.hostname):
        yield Error(
            f"EGRESS_PROXY cannot be read; it begins with one of: {', '.join(kinds)}.",
            hint="Set it to http://host:4750, or unset it.",
            id="krea_site.E009",
        )


def _numbers() -> Iterator[CheckMessage]:
    for sentence in settings.UNREADABLE:
        yield Error(sentence, hint="docs/settings.md lists every setting with its default.", id="krea_site.E010")


def _log_format() -> Iterator[CheckMessage]:
    if settings.LOG_FORMAT not in ("text", "json"):
        yield Error(f"LOG_FORMAT is {settings.LOG_FORMAT[:40]!r}.", hint="Set it to text or json.", id="krea_site.E011")


def _speed() -> Iterator[CheckMessage]:
    text = settings.STANDIN_SPEED
    digits = text.replace(".", "", 1)
    if not (digits and all(digit in string.digits for digit in digits) and float(text) > 0):
        yield Error(
            f"STANDIN_SPEED is {text[:40]!r}.",
            hint="Set it to a number above 0: 1 is as slow as fal, 0.05 is twenty times as quick.",
            id="krea_site.E012",
        )


def _public_url() -> Iterator[CheckMessage]:
    parts = _split(settings.PUBLIC_URL)
    if not (parts and parts.scheme in ("http", "https") and parts.hostname) or parts.path or parts.query:
        yield Error(
            f"PUBLIC_URL is {settings.PUBLIC_URL[:100]!r}, which is not the address of a site.",
            hint="Set it to scheme and host alone, such as https://shop.example.",
            id="krea_site.E013",
        )


def _split(address: str) -> SplitResult | None:
    """None for what cannot be taken apart."""
    try:
        parts = urlsplit(address)
        return parts if parts.port != 0 else None
    except ValueError:
        return None
