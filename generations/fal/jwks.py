"""The keys that fal signs its webhooks with: fetched seldom, kept for a day at most, shared through Django's cache.

Anyone may send us forged calls, so nothing that a caller does may make us fetch more than once a minute.
"""

import base64
import binascii
import hashlib
import logging
import math
import threading
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.conf import settings
from django.core.cache import cache

from generations.fal.wire import Call, NoAnswer, exchange

STALE_AFTER_S: Final = 12 * 3600  # from then on we try for new ones
KEEP_S: Final = 24 * 3600  # fal's limit
REFETCH_S: Final = 60  # for a signature that no key fits
LOOK_S: Final = 1  # between two looks into the shared cache, which may be a table
RETRY_S: Final = 10  # after a fetch that failed
SILENT_S: Final = 5.0  # a web thread waits for it
MAX_KEYS: Final = 16
MAX_BYTES: Final = 256 * 1024
_log = logging.getLogger(__name__)


class KeysUnavailable(Exception):
    """fal's keys cannot be had just now. Answer 503: fal calls again."""


@dataclass(frozen=True)
class KeySet:
    """Raw public keys of 32 bytes, and the moment (seconds since 1970) of their fetch."""

    fetched_at: float
    keys: tuple[bytes, ...]


class _Held:
    """What this process knows of one JWKS address."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.keys: KeySet | None = None
        self.failed_at, self.refetched_at, self.looked_at = -math.inf, 0.0, 0.0

    def has(self, than_s: float, now: float) -> bool:
        """Whether there are keys younger than that. A clock put back makes them old, not young."""
        return self.keys is not None and -REFETCH_S < now - self.keys.fetched_at < than_s


_held: dict[str, _Held] = {}


def current_keys(now: float) -> KeySet:
    """The keys to try. KeysUnavailable when there are none of the last 24 hours and none can be fetched."""
    held = _of_address()
    # Those who still have keys do not wait for the one that looks for newer ones.
    if not held.has(STALE_AFTER_S, now) and held.lock.acquire(blocking=not held.has(KEEP_S, now)):
        try:
            _adopt_shared(held)
            if not held.has(STALE_AFTER_S, now):
                _fetch(held, now)
        finally:
            held.lock.release()
    if held.keys is None or not held.has(KEEP_S, now):
        raise KeysUnavailable("no keys of fal")
    return held.keys


def newer_keys(than: KeySet, now: float) -> KeySet | None:
    """Keys newer than those that did not fit: another process's, or fetched now, at most once in a minute. None
    where there are none; KeysUnavailable when the fetch fails."""
    held = _of_address()
    with held.lock:
        if abs(now - held.looked_at) >= LOOK_S:
            held.looked_at = now
            _adopt_shared(held)
        if held.keys is not None and held.keys.fetched_at > than.fetched_at:
            return held.keys
        if abs(now - held.refetched_at) >= REFETCH_S:
            held.refetched_at = now
            if _first_in_this_minute(now) and _fetch(held, now):
                return held.keys
        if held.failed_at >= held.refetched_at:
            raise KeysUnavailable("no new keys of fal")
    return None


def _of_address() -> _Held:
    return _held.setdefault(settings.FAL_JWKS_URL, _Held())


def _fetch(held: _Held, now: float) -> bool:
    """Whether new keys came; after a failure the next try waits a little."""
    if abs(now - held.failed_at) < RETRY_S:
        return False
    try:
        answer = exchange(Call("GET", settings.FAL_JWKS_URL, silent_s=SILENT_S), max_bytes=MAX_BYTES, body_s=SILENT_S)
        keys = _read(answer.body()) if answer.ok else ()
    except NoAnswer:
        keys = ()
    if not keys:
        _log.warning("fal's webhook keys could not be fetched")
        held.failed_at = now
        return False
    held.keys = KeySet(now, keys)
    _share(held.keys)
    return True


def _read(body: object) -> tuple[bytes, ...]:
    """The usable keys of a JWKS; entries of other kinds and broken ones are passed over."""
    entries = body.get("keys") if isinstance(body, dict) else None
    found = [_read_key(entry) for entry in entries[:MAX_KEYS]] if isinstance(entries, list) else []
    return tuple(key for key in found if key)


def _read_key(entry: object) -> bytes | None:
    if not isinstance(entry, dict) or (entry.get("kty"), entry.get("crv")) != ("OKP", "Ed25519"):
        return None
    x = str(entry.get("x")).rstrip("=")
    try:
        raw = base64.b64decode(x + "=" * (-len(x) % 4), altchars=b"-_", validate=True)
        Ed25519PublicKey.from_public_bytes(raw)
    except (binascii.Error, ValueError):
        return None
    return raw


def _cache_key(name: str) -> str:
    return f"fal-{name}-{hashlib.sha256(settings.FAL_JWKS_URL.encode()).hexdigest()[:16]}"


def _adopt_shared(held: _Held) -> None:
    try:
        shared = cache.get(_cache_key("jwks"))
    except Exception:  # whatever the cache's backend raises: it only saves a fetch
        _log.warning("the cache is down; fal's keys come from memory", exc_info=True)
        return
    if shared and (held.keys is None or shared[0] > held.keys.fetched_at):
        held.keys = KeySet(*shared)


def _share(keys: KeySet) -> None:
    try:
        cache.set(_cache_key("jwks"), (keys.fetched_at, keys.keys), KEEP_S)
    except Exception:  # as above
        _log.warning("the cache is down; fal's keys stay in memory", exc_info=True)


def _first_in_this_minute(now: float) -> bool:
    try:
        return cache.add(_cache_key(f"jwks-refetch-{int(now // REFETCH_S)}"), True, 2 * REFETCH_S)
    except Exception:  # as above; each process then keeps its own minute
        return True
