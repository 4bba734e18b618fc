"""Blobs, as Civitai's clients fetch, refresh and upload them."""

from collections.abc import Sequence
from typing import IO, Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from rest_framework.authentication import BaseAuthentication
from rest_framework.parsers import BaseParser
from rest_framework.request import Request

from generations import errands, references
from generations.models import Upload
from partners import keys, waiting
from partners.api.images import whole
from partners.api.uploads import Form
from partners.authentication import ByKey
from partners.dialects.view import READ, WRITE, Scopes, answer
from partners.json_only import AlwaysJson
from partners.models import Key
from partners.problems import Problem, too_large

from . import blobs, wire
from .view import TRUE, CivitaiView, nothing

# What `references` says of a file, as a code of ours; all else is bad_request.
NO_PICTURE = {
    "unknown_type": "unsupported_media_type",
    "too_large": "body_too_large",
    "too_many_pixels": "body_too_large",
    "upload_quota": "upload_quota_reached",
}


class Whole(BaseParser):  # type: ignore[misc]
    """A body that is a file."""

    media_type = "*/*"

    def parse(self, stream: IO[bytes], media_type: str | None = None, parser_context: Any = None) -> bytes:
        data = stream.read(references.MOST_BYTES + 1)
        if len(data) > references.MOST_BYTES:
            raise too_large(references.MOST_BYTES)
        return data


class AnyBody(AlwaysJson):
    """Whatever a body calls itself, it is a file, unless it is a form with one."""

    def select_parser(self, request: Request, parsers: Sequence[BaseParser]) -> BaseParser | None:
        return parsers[1] if (request.content_type or "").startswith("multipart/form-data") else parsers[0]


class ByUploadAddress(BaseAuthentication):  # type: ignore[misc]
    """Whoever holds an address that `GET /v2/consumer/blobs/upload` gave, in place of the key that asked for it."""

    def authenticate(self, request: Request) -> tuple[AbstractBaseUser, Key] | None:
        given = request.query_params.dict()
        if "sig" not in given:
            return None
        key = Key.objects.filter(pk=given.get("key")).first() if blobs.is_granted(blobs.ROOT, given) else None
        if key is None or not keys.is_valid(str(key.pk)):
            raise Problem("invalid_key", "This address has ended or was altered, or its key was revoked.")
        return key.user, key


class Blobs(CivitaiView):
    """`POST /v2/consumer/blobs`: a picture as the whole body, or as the file of a form, to be named as a reference. By
    key, or by the address that `GET /v2/consumer/blobs/upload` gave."""

    authentication_classes = (ByUploadAddress, ByKey)
    content_negotiation_class = AnyBody
    parser_classes: ClassVar[tuple[type, ...]] = (Whole, Form)
    scopes: ClassVar[Scopes] = {"post": WRITE}

    def post(self, request: Request) -> HttpResponse:
        kept = references.keep(request.user, [_bytes(request.data)], request=request).uploads[0]
        if isinstance(kept, errands.Problem):
            raise Problem(NO_PICTURE.get(kept.code, "bad_request"), f"This picture cannot be taken: {kept.detail}.")
        return answer(wire.blob(kept, blobs.link), 201)


class UploadAddress(CivitaiView):
    """`GET /v2/consumer/blobs/upload`: an address for a browser that has no key."""

    scopes: ClassVar[Scopes] = {"get": WRITE}

    def get(self, request: Request) -> HttpResponse:
        link = blobs.upload_address(request.auth.pk)
        return answer({"uploadUrl": link.address, "expiresAt": wire.time(link.expires_at)})


class Blob(CivitaiView):
    """`GET /v2/consumer/blobs/{id}` leads to the picture, `HEAD` says that it is there."""

    scopes: ClassVar[Scopes] = {"get": READ, "head": READ}

    def get(self, request: Request, id: str) -> HttpResponse:
        blob = _found(blobs.find(id, request.user.pk))
        # A permanent redirect is what its clients expect; no-store keeps them from keeping an address that ends.
        status = 204 if request.method == "HEAD" else 308
        return nothing(status, Location=blobs.content_address(blob, _file_name(request, blob)))


class SignedBlob(CivitaiView):
    """`GET /v2/consumer/blobs/{id}?exp=…&sig=…`: the bytes, for whoever holds the address."""

    is_counted = False  # the calls are not its owner's
    authentication_classes = ()
    scopes: ClassVar[Scopes] = {"get": None}

    def get(self, request: Request, id: str) -> HttpResponse:
        if not blobs.is_granted(f"{blobs.ROOT}/{id}", request.query_params.dict()):
            raise Problem("invalid_key", "This address has ended or was altered. Read the workflow for a fresh one.")
        blob = _found(blobs.find(id))
        return _hand_out(request, blobs.content_of(blob, _file_name(request, blob)))


_by_key, _by_signature = Blob.as_view(), SignedBlob.as_view()


@csrf_exempt
def one_blob(request: HttpRequest, id: str) -> HttpResponse:
    return (_by_signature if "sig" in request.GET else _by_key)(request, id=id)


class Refresh(CivitaiView):
    """`POST /v2/consumer/blobs/{id}/refresh`: the blob with a fresh address. An upload is kept for 30 more days."""

    scopes: ClassVar[Scopes] = {"post": READ}

    def post(self, request: Request, id: str) -> HttpResponse:
        row = _found(blobs.find(id, request.user.pk)).row
        Upload.objects.filter(pk=row.pk).update(used_at=timezone.now())
        return answer(wire.blob(row, blobs.link))


class Content(CivitaiView):
    """`GET /v2/consumer/blobs/content/{token}`: the bytes, for whoever holds the token."""

    is_counted = False
    authentication_classes = ()
    scopes: ClassVar[Scopes] = {"get": None}

    def get(self, request: Request, token: str) -> HttpResponse:
        granted = blobs.content(token)
        if granted is None:
            raise Problem("invalid_key", "This address has ended or was altered. Ask for the blob again.")
        return _hand_out(request, granted)


def _file_name(request: Request, blob: blobs.Blob) -> str | None:
    """Under which name it is to be saved; None: it is to be shown."""
    query = request.query_params
    if query.get("download", "").lower() not in TRUE:
        return None
    named = query.get("filename", "").replace("\\", "/").rpartition("/")[2][:120]
    return named or f"{blob.id}.{blob.row.name.rpartition('.')[2]}"


def _hand_out(request: Request, granted: str) -> HttpResponse:
    if waiting.has_front(request):
        return HttpResponse(headers={waiting.PICTURE: granted})
    return whole(granted.partition("?")[0])


def _found(blob: blobs.Blob | None) -> blobs.Blob:
    if blob is None:
        raise Problem("not_found", "You have no blob with this id, or its picture is not there yet, or was deleted.")
    return blob


def _bytes(body: object) -> bytes:
    """The picture in a body. Raises Problem."""
    if not body:
        raise Problem("bad_request", "The body is empty: send the bytes of a JPEG, PNG or WebP.")
    if isinstance(body, bytes):
        data = body
    else:
        files = [each for each in body.values() if isinstance(each, UploadedFile)] if isinstance(body, dict) else []
        if len(files) != 1:
            raise Problem("bad_request", "Send the picture as the whole body, or as the one file of a form.")
        if (files[0].size or 0) > references.MOST_BYTES:
            raise too_large(references.MOST_BYTES)
        data = files[0].read()
    return data
