"""Pictures of one's own to choose style references from: recent ones, favourites, and references used before."""

from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser

from .history import Place
from .models import Image, Status, Upload
from .pictures import links

A_PAGE = 24
KINDS = {"recent": "Recent", "favourites": "Favourites", "used": "Used before"}
EMPTY = {
    "recent": "No pictures yet. Those that you make appear here.",
    "favourites": "No favourites yet. Mark a picture with the heart, and it appears here.",
    "used": "No style references yet. Those that you add are kept here.",
}
ALT_LENGTH = 120


@dataclass(frozen=True)
class Choice:
    """`value` is what the form sends: `image.<id>` or `upload.<id>`; `label` is for who does not see the thumbnail."""

    value: str
    thumbnail: str
    label: str


@dataclass(frozen=True)
class Shelf:
    """Some of one kind. `here` names this page of it; `following` the next one, empty where there is none."""

    kind: str
    here: str
    choices: tuple[Choice, ...]
    following: str

    @property
    def kinds(self) -> list[tuple[str, str]]:
        return list(KINDS.items())

    @property
    def empty(self) -> str:
        return EMPTY[self.kind]


def shelf(user: AbstractBaseUser, asked: str) -> Shelf:
    """`asked`: a kind, or with a dot and the place of the last one before, `recent.<place>`. Nonsense is `recent`."""
    kind, _, cursor = asked.partition(".")
    kind = kind if kind in KINDS else "recent"
    found = _uploads(user, cursor) if kind == "used" else _images(user, kind, cursor)
    following = f"{kind}.{found[A_PAGE - 1][0]}" if len(found) > A_PAGE else ""
    here = f"{kind}.{cursor}" if cursor else kind
    return Shelf(kind, here, tuple(choice for _, choice in found[:A_PAGE]), following)


def _uploads(user: AbstractBaseUser, cursor: str) -> list[tuple[str, Choice]]:
    """The newest first, each with its place; one more than a page."""
    rows = Upload.objects.filter(user_id=user.pk).order_by("-id")
    with suppress(ValueError):
        rows = rows.filter(id__lt=UUID(cursor))
    return [(str(row.pk), _of_upload(row)) for row in rows[: A_PAGE + 1]]


def _images(user: AbstractBaseUser, kind: str, cursor: str) -> list[tuple[str, Choice]]:
    """As `_uploads`, in the order of the gallery."""
    rows = Image.objects.in_gallery(user).filter(status=Status.STORED).exclude(name="")
    if kind == "favourites":
        rows = rows.filter(favourite_at__isnull=False)
    if last := Place.read(cursor):
        rows = rows.after(*last)
    shown = rows.select_related("generation")[: A_PAGE + 1]
    return [(str(Place(row.generation_id, row.index)), _of_image(row)) for row in shown]


def _of_image(row: Image) -> Choice:
    chosen = row.variants.get("320") or {"name": row.name}
    return Choice(f"image.{row.pk}", links.address(chosen["name"]), row.generation.prompt[:ALT_LENGTH])


def _of_upload(row: Upload) -> Choice:
    label = f"Style reference of {row.created_at:%-d %B %Y}, {row.width} \N{MULTIPLICATION SIGN} {row.height} pixels"
    return Choice(f"upload.{row.pk}", links.address(row.name), label)
