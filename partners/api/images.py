"""Images: one picture of a generation, and its bytes."""

from collections.abc import Mapping
from typing import ClassVar
from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.utils import OpenApiResponse
from rest_framework.request import Request

from generations.models import Image, Status
from generations.pictures import store
from partners import waiting
from partners.models import Scope
from partners.problems import Problem

from . import presented, shapes
from .describe import described, parameter
from .query import Query
from .view import ApiView, answer

READ_OR_WRITE = (Scope.GENERATIONS_READ, Scope.GENERATIONS_WRITE)
VARIANTS = ("320", "640", "1280")
BYTES = OpenApiResponse({"type": "string", "format": "binary"}, description="The bytes of the picture.")


class OneImage(ApiView):
    scopes: ClassVar[Mapping[str, tuple[str, ...] | None]] = {"get": READ_OR_WRITE}

    @described("getImage", "Read an image", {200: shapes.Image}, problems=["not_found"], tag="Images")
    def get(self, request: Request, id: UUID) -> HttpResponse:
        """The image with a fresh signed address, which works without a key for about an hour."""
        return answer(presented.image(_mine(request, id)))


class Content(ApiView):
    scopes: ClassVar[Mapping[str, tuple[str, ...] | None]] = {"get": READ_OR_WRITE}
    takes: ClassVar[Mapping[str, tuple[str, ...]]] = {"get": ("variant",)}

    @described(
        "getImageContent",
        "Fetch the bytes of an image",
        {},
        other={(200, kind): BYTES for kind in store.ENDINGS},
        problems=["not_found", "image_not_stored", "taken_down"],
        parameters=[
            parameter(
                "variant",
                "A WebP thumbnail with this longest side, in pixels, in place of the stored picture.",
                {"type": "string", "enum": list(VARIANTS)},
            )
        ],
        tag="Images",
    )
    def get(self, request: Request, id: UUID) -> HttpResponse:
        """The stored picture, or a thumbnail. This address does not end, so it is the one to keep; it needs a key."""
        query = Query(request)
        variant = query.choice("variant", VARIANTS)
        query.done()
        row = _mine(request, id)
        if row.is_taken_down:
            raise Problem("taken_down", row.error_message)
        if row.status == Status.STORED and not row.is_there:
            raise Problem("not_found", "This image was deleted. Its owner can take it back for seven days.")
        if row.status != Status.STORED:
            raise Problem("image_not_stored", f"This image is {row.public_status}.", image_status=row.public_status)
        name: str = row.variants[variant]["name"] if variant in row.variants else row.name
        if waiting.has_front(request):
            return HttpResponse(headers={waiting.PICTURE: name})
        return whole(name)


def _mine(request: Request, id: UUID) -> Image:
    mine = Image.objects.filter(user_id=request.user.pk, generation__deleted_at=None)
    row = mine.filter(pk=id).first()
    if row is None:
        raise Problem("not_found", "You have no image with this id.")
    return row


def whole(name: str) -> HttpResponse:
    """A stored file in one piece, where there is no front to hand it out."""
    reader = store.open_range(name)
    try:
        data = reader.read(store.size(name))
    finally:
        reader.close()
    return HttpResponse(data, content_type=store.CONTENT_TYPES[name.rpartition(".")[2]])
