"""Who calls: a key in the Authorization header, or a browser's session with its CSRF token, for pages of ours.

A key anywhere else, such as in an address, is not read: addresses are written into logs.
"""

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.exceptions import NotAuthenticated
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from . import keys
from .models import Key
from .problems import Problem

SCHEME = "bearer"


class ByKey(BaseAuthentication):  # type: ignore[misc]
    """`request.auth` becomes the Key."""

    schemes: ClassVar[tuple[str, ...]] = (SCHEME,)

    def authenticate(self, request: Request) -> tuple[AbstractBaseUser, Key] | None:
        header = request.headers.get("Authorization")
        if header is None:
            return None
        scheme, _, secret = header.partition(" ")
        if scheme.lower() not in self.schemes:
            raise Problem("missing_key", f"Send your key as Authorization: {self.schemes[0].capitalize()} krea_…")
        try:
            key = keys.identify(self.secret_in(secret.strip()))
        except keys.Refused as refused:
            raise Problem(refused.code) from None
        keys.note_use(key)
        return key.user, key

    def secret_in(self, credentials: str) -> str:
        """The key in what stands behind the scheme."""
        return credentials

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="api"'


class BySession(SessionAuthentication):  # type: ignore[misc]
    """Whoever is logged in, with the CSRF token that every page of ours carries; `request.auth` stays None."""


class HasScope(BasePermission):  # type: ignore[misc]
    """Holds a call against the view's `scopes`: by method, any one of which suffices. None there: open to all."""

    def has_permission(self, request: Request, view: Any) -> bool:
        method = "get" if request.method == "HEAD" else request.method.lower()
        wanted: tuple[str, ...] | None = view.scopes.get(method, ())
        if wanted is None:
            return True
        if not request.user.is_authenticated:
            raise NotAuthenticated
        if wanted and isinstance(request.auth, Key) and not any(request.auth.allows(scope) for scope in wanted):
            detail = f"This call needs a key with the scope {' or '.join(wanted)}."
            raise Problem("missing_scope", detail, allowed=list(wanted))
        return True
