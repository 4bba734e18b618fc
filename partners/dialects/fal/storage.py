"""fal's storage: files of any kind up to 20 MB, kept for a day, by the calls that fal's clients make.

JavaScript asks for a place and sends the bytes there, without a key: the address is the secret. Python asks for a token
and sends the bytes with it. Files that come in parts are larger than what is taken here.
"""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import ClassVar

from django.contrib.auth.models import AbstractBaseUser
from django.core import signing
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.views.decorators.http import require_safe
from rest_framework.request import Request

from generations import errands, kept_files, upkeep
from partners.authentication import ByKey
from partners.dialects.view import WRITE, Scopes, absolute, answer
from partners.models import Key
from partners.problems import Problem

from . import wire
from .view import FalView, refused

REST = "/fal/rest"
TOKEN_LASTS = timedelta(hours=1)
SALT = "partners.fal.storage"
# None may be one that clients send again for ever, as they do with 408, 409 and 429.
STATUSES = {"too_large": 413, "upload_quota": 403, "already_sent": 400, "not_kept": 404, "taken_down": 403}
TOO_LARGE = f"A file may have at most {kept_files.MOST_BYTES // 1024**2} MB here; files that come in parts are larger."


class TooLarge(Exception):
    """More bytes were sent than one file may have."""


class Initiate(FalView):
    """`POST …/storage/upload/initiate`: a place for one file. A retry gets another, and the first one ends."""

    scopes: ClassVar[Scopes] = {"post": WRITE}

    def post(self, request: Request) -> HttpResponse:
        given = request.data if isinstance(request.data, dict) else {}
        try:
            row = kept_files.promise(request.user, str(given.get("file_name") or ""), lifetime(request.headers))
        except upkeep.QuotaReached as reached:
            return _refused("upload_quota", str(reached))
        return answer({"upload_url": absolute(f"{REST}/put/{row.secret}"), "file_url": kept_files.address(row)})


class InParts(FalView):
    """`POST …/storage/upload/initiate-multipart`, and what follows it: refused before a byte is sent."""

    scopes: ClassVar[Scopes] = {"post": WRITE}

    def post(self, request: Request) -> HttpResponse:
        return _refused("too_large", TOO_LARGE)


class Token(FalView):
    """`POST …/storage/auth/token`: what the Python client sends its files with."""

    scopes: ClassVar[Scopes] = {"post": WRITE}

    def post(self, request: Request) -> HttpResponse:
        key = str(request.auth.pk) if isinstance(request.auth, Key) else ""
        token = signing.dumps(key, salt=SALT)
        ends_at = (timezone.now() + TOKEN_LASTS / 2).isoformat()  # asked for anew well before it ends
        return answer({"token": token, "token_type": "Bearer", "base_url": absolute(REST), "expires_at": ends_at})


class ByToken(ByKey):
    """The token stands for the key that it was given to, for as long as both are good."""

    def authenticate(self, request: Request) -> tuple[AbstractBaseUser, Key] | None:
        _, _, token = request.headers.get("Authorization", "").partition(" ")
        try:
            id = signing.loads(token.strip(), salt=SALT, max_age=TOKEN_LASTS)
        except signing.BadSignature:
            raise Problem("invalid_key", "This token is not ours, or has ended.") from None
        key = Key.objects.valid().select_related("user").filter(pk=id).first() if id else None
        if key is None:
            raise Problem("revoked_key")
        return key.user, key


class Bytes(FalView):
    """A call whose body is a file."""

    parser_classes: ClassVar[tuple[type, ...]] = ()

    def data(self) -> bytes:
        """Raises TooLarge."""
        if int(self.request.META.get("CONTENT_LENGTH") or 0) > kept_files.MOST_BYTES:
            raise TooLarge
        read: bytes = self.request._request.body
        return read

    def handle_exception(self, error: Exception) -> HttpResponse:
        return _refused("too_large", TOO_LARGE) if isinstance(error, TooLarge) else super().handle_exception(error)


class Put(Bytes):
    """`PUT` to the address of an initiate."""

    authentication_classes: ClassVar[tuple[type, ...]] = ()
    is_counted: ClassVar[bool] = False
    scopes: ClassVar[Scopes] = {"put": None}

    def put(self, request: Request, secret: str) -> HttpResponse:
        found = kept_files.find(secret)
        if found is None:
            return _refused("not_kept", "The address has ended; ask for a new one.")
        problem = kept_files.fill(request, found, self.data())
        return _refused(problem.code, problem.detail) if problem else answer({"file_url": kept_files.address(found)})


class Upload(Bytes):
    """`POST …/files/upload`: the file and its name at once."""

    authentication_classes: ClassVar[tuple[type, ...]] = (ByToken,)
    scopes: ClassVar[Scopes] = {"post": WRITE}

    def post(self, request: Request) -> HttpResponse:
        name = request.headers.get("X-Fal-File-Name", "")
        kept = kept_files.keep(request, request.user, name, self.data(), lifetime(request.headers))
        if isinstance(kept, errands.Problem):
            return _refused(kept.code, kept.detail)
        return answer({"access_url": kept_files.address(kept)})


@require_safe
def read(request: HttpRequest, secret: str, name: str) -> HttpResponse:
    """`GET` of a file, by whoever knows its address: leads to its bytes."""
    found = kept_files.find(secret)
    if found is None or not found.name:
        return refused(wire.platform(404, "", "There is no file at this address, or not any more."))
    return HttpResponseRedirect(kept_files.link(found), headers={"Cache-Control": "no-store"})


def lifetime(headers: Mapping[str, str]) -> timedelta:
    """How long a file is wanted, as far as that is granted."""
    told = headers.get("X-Fal-Object-Lifecycle") or headers.get("X-Fal-Object-Lifecycle-Preference") or "{}"
    try:
        seconds = json.loads(told)["expiration_duration_seconds"]
        return timedelta(seconds=max(60, min(int(seconds), int(kept_files.LONGEST.total_seconds()))))
    except (ValueError, TypeError, KeyError, OverflowError):
        return kept_files.LONGEST


def _refused(code: str, detail: str) -> HttpResponse:
    return refused(wire.platform(STATUSES[code], "", detail))
