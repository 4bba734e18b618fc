"""Signed addresses of private pictures: whoever holds one may look, for an hour.

Our own addresses are `/pictures/ab/cd/<sha256>.png?expires=…&signature=…`; with object storage they are
the storage's own. Either way the address stays the same for a while, so that a page that is opened again
finds its pictures in the browser's cache: the end of an address is rounded down to a multiple of a sixth
of the asked lifetime, at most ten minutes. An address lives for at most what was asked and at least five
sixths of it: one of an hour for 50 to 60 minutes, and two pages within ten minutes mostly carry the same
one.
"""

import base64
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl, urlencode

from django.conf import settings
from django.core.files.storage import storages
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.http import content_disposition_header

from generations.pictures.store import PictureFiles, checked

LIFETIME_S = 3600
_LONGEST_STEP_S = 600
_SALT = "generations.pictures.links"


@dataclass(frozen=True)
class Link:
    """An address, absolute or from the root of this site, and the moment at which it ends."""

    address: str
    expires_at: datetime


@dataclass(frozen=True)
class Granted:
    """What a valid address allows: until when (Unix seconds), and under which name to save it, if any."""

    expires: int
    filename: str | None


def address(name: str, *, seconds: int = LIFETIME_S, filename: str | None = None) -> str:
    """The address of the picture `name`; with `filename` browsers save it under that name instead of
    showing it."""
    return link(name, seconds=seconds, filename=filename).address


def absolute_address(name: str, *, seconds: int = LIFETIME_S, filename: str | None = None) -> str:
    """As `address`, with the host that the world sees."""
    return link(name, seconds=seconds, filename=filename, absolute=True).address


def own(name: str, *, seconds: int = LIFETIME_S, filename: str | None = None) -> str:
    """As `address`, and one of ours wherever the picture is kept: for doors that hand it out themselves."""
    return _own(checked(name), _end(seconds), filename)


def link(name: str, *, seconds: int = LIFETIME_S, filename: str | None = None, absolute: bool = False) -> Link:
    """The address together with its end, which the API tells its callers."""
    expires = _end(seconds)
    if isinstance(storages["pictures"], PictureFiles):
        root = settings.PUBLIC_URL if absolute else ""
        target = root + _own(checked(name), expires, filename)
    else:
        target = _presigned(checked(name), expires, filename)
    return Link(target, datetime.fromtimestamp(expires, UTC))


def check(name: str, query: str) -> bool:
    """True when `query` carries our signature for this picture and its time is not over."""
    return granted(name, query) is not None


def granted(name: str, query: str) -> Granted | None:
    """What the address allows, or None for one that was altered, has ended, or never was ours."""
    fields = dict(parse_qsl(query, keep_blank_values=True))
    expires, filename = fields.get("expires", ""), fields.get("filename")
    # Compared before the time is looked at, and with every key: the answer tells nothing about a wrong one.
    valid = [
        constant_time_compare(fields.get("signature", ""), signature)
        for signature in _signatures(name, expires, filename)
    ]
    if not any(valid) or int(expires) <= time.time():
        return None
    return Granted(int(expires), filename)


def _end(seconds: int) -> int:
    step = max(1, min(_LONGEST_STEP_S, seconds // 6))
    return (int(time.time()) + seconds) // step * step


def _own(name: str, expires: int, filename: str | None) -> str:
    fields = {"expires": str(expires)} | ({} if filename is None else {"filename": filename})
    signature = next(_signatures(name, str(expires), filename))
    return f"/{name}?{urlencode({**fields, 'signature': signature})}"


def _signatures(name: str, expires: str, filename: str | None) -> Iterator[str]:
    """One for each key that is valid, the present one first."""
    signed = "\n".join([name, expires, "inline" if filename is None else f"attachment {filename}"])
    for secret in [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]:
        digest = salted_hmac(_SALT, signed, secret, algorithm="sha256").digest()
        yield base64.urlsafe_b64encode(digest).decode().rstrip("=")


@lru_cache(maxsize=8192)
def _presigned(name: str, expires: int, filename: str | None) -> str:
    """Kept, since object storage signs with the time of signing: made anew it would differ at every call."""
    storage: Any = storages["pictures"]
    seconds = max(1, expires - int(time.time()))
    wanted = {
        "ResponseCacheControl": f"private, max-age={seconds}, immutable",
        "ResponseContentDisposition": disposition(filename),
    }
    presigned: str = storage.url(name, parameters=wanted, expire=seconds)
    return presigned


def disposition(filename: str | None) -> str:
    """The Content-Disposition of a picture: to be shown, or to be saved under `filename`."""
    seen = "".join(each for each in filename or "" if each.isprintable())  # no line of the head may end in it
    return content_disposition_header(filename is not None, seen) or "inline"
