"""Secrets on their way to the page that shows them, once: from the press that made one to the page that it leads to.

Meanwhile one lies sealed in the shared cache, for two minutes and for the session in which it was made. So a form that
was sent twice still shows its one secret, and neither a reload nor the back button shows it again. A second press
breaks off the page that the first one led to, which may have taken the secret already: for moments it can be had back.
"""

from hashlib import sha256
from uuid import UUID

from django.core.cache import cache
from django.http import HttpRequest

from . import sealed

LASTS_S = 120
SECOND_PRESS_S = 5


def keep(request: HttpRequest, of: UUID | str, secret: str) -> None:
    """For the page of what has this id."""
    cache.delete(f"{_name(request, of)}:taken")  # of an older one
    cache.set(_name(request, of), sealed.seal(secret.encode()).decode(), LASTS_S)


def take(request: HttpRequest, of: UUID | str) -> str:
    """The secret, for the first that asks; empty for everybody else, and when it is too late."""
    name = _name(request, of)
    found = cache.get(name)
    if not isinstance(found, str) or not cache.delete(name):
        cache.delete(f"{name}:taken")  # a reload: whoever took it saw it
        return ""
    cache.set(f"{name}:taken", found, SECOND_PRESS_S)
    return sealed.unseal(found.encode()).decode()


def pressed_again(request: HttpRequest, of: UUID | str) -> None:
    """The form was sent a second time: who took the secret a moment ago was a page that nobody saw to its end."""
    name = _name(request, of)
    taken = cache.get(f"{name}:taken")
    if isinstance(taken, str) and cache.delete(f"{name}:taken"):
        cache.set(name, taken, LASTS_S)


def _name(request: HttpRequest, of: UUID | str) -> str:
    session = sha256((request.session.session_key or "").encode()).hexdigest()[:32]
    return f"shown-once:{session}:{of}"
