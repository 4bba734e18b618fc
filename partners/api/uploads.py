"""Uploads: style references, sent as files or fetched from an address, verified and kept."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import IO, Any, ClassVar
from uuid import UUID

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse, QueryDict
from rest_framework.exceptions import ParseError
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request

from generations import errands, references, upkeep
from generations.brief import FieldError
from generations.models import Upload
from partners import waiting
from partners.json_only import Json
from partners.models import Scope
from partners.problems import Problem, invalid_input

from . import presented, shapes
from .describe import described
from .generations import PAGE
from .images import BYTES, READ_OR_WRITE, whole
from .query import Query
from .view import ApiView, answer

FILE, URL = "file", "url"
FIELDS = (FILE, URL)
URL_MAX = references.MOST_BYTES * 4 // 3 + 100  # a data URI of the largest file
ALLOWED = f"a JPEG, PNG or WebP of at most {references.MOST_BYTES // 1024**2} MB"
FORM = {
    "type": "object",
    "properties": {FILE: {"type": "string", "format": "binary", "description": f"{ALLOWED[0].upper()}{ALLOWED[1:]}."}},
    "required": [FILE],
}


class Form(MultiPartParser):  # type: ignore[misc]
    def parse(self, stream: IO[bytes], media_type: str | None = None, parser_context: Any = None) -> Any:
        try:
            return super().parse(stream, media_type, parser_context)
        except ParseError as error:
            raise Problem("bad_request", "The body is not multipart/form-data as its Content-Type says.") from error


class Uploads(ApiView):
    parser_classes: ClassVar[tuple[type, ...]] = (Json, Form)
    scopes: ClassVar[Mapping[str, tuple[str, ...] | None]] = {"get": READ_OR_WRITE, "post": (Scope.GENERATIONS_WRITE,)}
    takes: ClassVar[Mapping[str, tuple[str, ...]]] = {"get": ("cursor", "limit")}

    @described("listUploads", "List uploads", {200: shapes.Uploads}, parameters=PAGE, tag="Uploads")
    def get(self, request: Request) -> HttpResponse:
        """The account's style references, newest first: what was uploaded, and what orders and the studio brought."""
        query = Query(request)
        cursor, size = query.id("cursor"), query.page_size()
        query.done()
        rows = Upload.objects.filter(user_id=request.user.pk).order_by("-id")
        found = list((rows.filter(pk__lt=cursor) if cursor else rows)[: size + 1])
        following = str(found[size - 1].pk) if len(found) > size else None
        return answer(shapes.Uploads(items=[presented.upload(row) for row in found[:size]], next=following))

    @described(
        "createUpload",
        "Upload a style reference",
        {201: shapes.Upload},
        problems=["invalid_input", "upload_quota_reached"],
        body=shapes.UploadBody,
        form=FORM,
        tag="Uploads",
    )
    def post(self, request: Request) -> HttpResponse:
        """Send a picture as `file`, or name its address as `url`. It is verified, made upright and at most 2048 pixels
        long, and kept without its metadata. The same picture twice is one upload. Its `id` or `url` may stand as
        `image_url` of a style reference."""
        return self.once(request, lambda: self._read(request))

    def _read(self, request: Request) -> Callable[[], HttpResponse]:
        field, source = _source(request.data)
        kept = references.keep(request.user, [source], request=request).uploads[0]
        if isinstance(kept, errands.Problem):
            raise _refusal(request, field, kept)
        return partial(answer, presented.upload(kept), status=201, headers={"Location": f"/api/v1/uploads/{kept.pk}"})


class OneUpload(ApiView):
    scopes: ClassVar[Mapping[str, tuple[str, ...] | None]] = {
        "get": READ_OR_WRITE,
        "delete": (Scope.GENERATIONS_WRITE,),
    }

    @described("getUpload", "Read an upload", {200: shapes.Upload}, problems=["not_found"], tag="Uploads")
    def get(self, request: Request, id: UUID) -> HttpResponse:
        """The upload."""
        return answer(presented.upload(_mine(request, id)))

    @described("deleteUpload", "Delete an upload", {204: None}, problems=["not_found", "upload_in_use"], tag="Uploads")
    def delete(self, request: Request, id: UUID) -> HttpResponse:
        """Delete an upload that no generation was ordered with; its file goes some minutes later."""
        try:
            upkeep.delete(_mine(request, id))
        except upkeep.InUse as error:
            raise Problem("upload_in_use", str(error), generations=error.generations) from error
        gone = HttpResponse(status=204)
        del gone["Content-Type"]
        return gone


class Content(ApiView):
    scopes: ClassVar[Mapping[str, tuple[str, ...] | None]] = {"get": READ_OR_WRITE}

    @described(
        "getUploadContent",
        "Fetch the bytes of an upload",
        {},
        other={(200, kind): BYTES for kind in ("image/jpeg", "image/png")},
        problems=["not_found"],
        tag="Uploads",
    )
    def get(self, request: Request, id: UUID) -> HttpResponse:
        """The picture as it is kept. This is the upload's `url`; it does not end, and needs a key."""
        name = _mine(request, id).name
        return HttpResponse(headers={waiting.PICTURE: name}) if waiting.has_front(request) else whole(name)


def _source(body: object) -> tuple[str, str | bytes]:
    """Which field says it, and what: an address, or the bytes of a file. Raises Problem."""
    if isinstance(body, QueryDict):
        given: dict[str, object] = {name: body.getlist(name) for name in body}
        given = {name: each[0] if isinstance(each, list) and len(each) == 1 else each for name, each in given.items()}
    elif isinstance(body, Mapping):
        given = dict(body)
    else:
        detail = f"The body must be an object with {URL}, or a form with {FILE}."
        raise invalid_input([FieldError("", "body", detail, list(FIELDS), "wrong_type")])
    unknown = [name for name in list(given)[:50] if name not in FIELDS]
    errors = [
        FieldError.at((name,), "unknown_field", f"There is no field {name[:60]}; there are {FILE} and {URL}.", FIELDS)
        for name in unknown
    ]
    if not errors and len(given) != 1:
        wrong = "missing" if not given else "not_allowed"
        errors = [FieldError.at((FILE,), wrong, f"Send either {FILE}, in a form, or {URL}.", list(FIELDS))]
    if errors:
        raise invalid_input(errors)
    [(field, value)] = given.items()
    return field, _file(value) if field == FILE else _url(value)


def _file(value: object) -> bytes:
    if not isinstance(value, UploadedFile):
        detail = f"{FILE} must be one file in a body of multipart/form-data: {ALLOWED}."
        raise invalid_input([FieldError.at((FILE,), "wrong_type", detail, ALLOWED)])
    if (value.size or 0) > references.MOST_BYTES:
        detail = f"{FILE}: {value.size:,} bytes are too many. Allowed: {ALLOWED}."
        raise invalid_input([FieldError.at((FILE,), "too_large", detail, {"maxBytes": references.MOST_BYTES})])
    data: bytes = value.read()
    return data


def _url(value: object) -> str:
    if isinstance(value, str) and 1 <= len(value) <= URL_MAX:
        return value
    detail = f"{URL} must be the http or https address, or the data URI, of {ALLOWED}."
    raise invalid_input([FieldError.at((URL,), "wrong_type", detail, {"minLength": 1})])


def _refusal(request: Request, field: str, problem: errands.Problem) -> Problem:
    if problem.code != "upload_quota":
        return invalid_input([FieldError.at((field,), problem.code, f"{field}: {problem.detail}", ALLOWED)])
    room = upkeep.room(request.user.pk)
    return Problem(
        "upload_quota_reached",
        problem.detail,
        files=room.files,
        files_allowed=room.files_allowed,
        bytes=room.bytes,
        bytes_allowed=room.bytes_allowed,
    )


def _mine(request: Request, id: UUID) -> Upload:
    row = Upload.objects.filter(user_id=request.user.pk, pk=id).first()
    if row is None:
        raise Problem("not_found", "You have no upload with this id.")
    return row
