"""Two to four pictures side by side, with the settings in which they differ marked.

The address says which: `/compare/?image=…&image=…`, in this order. With fewer, the page offers more to choose from;
what is wrong with the address is said on the page, with a link to the comparison that is possible.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from billing.credits import show

from . import memo, parameters, presentation
from .models import Generation, Image, Status
from .parameters import ShownReference
from .presentation import Tile
from .visits import Visit, page

FEWEST, MOST = 2, 4
LETTERS = "ABCD"
OFFERED = 12  # pictures to choose one more from
NOTHING = "\N{EN DASH}"
PROMPT = "Prompt"
TOOK = "Took"  # no setting: it always differs
LAST = ("Seed", "Pixels", "Price", TOOK)


@dataclass(frozen=True)
class Compared:
    """One picture of the comparison. `without` is the comparison that leaves it out."""

    letter: str
    tile: Tile
    without: str


@dataclass(frozen=True)
class Value:
    """What one picture has of a setting: words, or style references. Equal keys are equal settings."""

    key: str
    references: tuple[ShownReference, ...] = ()


@dataclass(frozen=True)
class Cell:
    letter: str
    value: Value


@dataclass(frozen=True)
class Row:
    """One setting of all pictures, in their order."""

    label: str
    cells: list[Cell]
    differs: bool
    is_prompt: bool = False


@dataclass(frozen=True)
class Choice:
    """A picture that can be added, and the comparison that has it."""

    tile: Tile
    address: str


@dataclass(frozen=True)
class Asked:
    """What the address asks for. `problem` says what is wrong with it, `status` is that of the answer."""

    images: list[Image]
    problem: str = ""
    status: int = 200


@page
@require_safe
def compare(request: Visit) -> HttpResponse:
    asked = read(request.user, request.GET.getlist("image"))
    shown = asked.images if asked.status == 200 else []
    tiles = [presentation.tile(image) for image in shown]
    rows = _rows(shown)
    context = {
        "problem": asked.problem,
        "possible": address(image.pk for image in asked.images[:MOST]) if asked.problem and asked.images else "",
        "pictures": [_compared(tiles, number) for number in range(len(tiles))],
        "rows": rows,
        "differences": sum(row.differs for row in rows),
        "choices": _choices(request.user, shown) if asked.status == 200 and len(shown) < MOST else [],
        "is_comparison": len(shown) >= FEWEST,
        "most": MOST,
    }
    return render(request, "gallery/compare.html", context, status=asked.status)


def address(ids: Iterable[Any]) -> str:
    """The address of a comparison."""
    return f"{reverse('compare')}?{urlencode([('image', id) for id in ids])}"


def with_siblings(image: Image, tiles: Iterable[Tile]) -> str:
    """The comparison of a picture with those that were made together with it, as many as there is room for; with none
    of them ready, the page on which others are chosen. Empty where the picture itself cannot be compared."""
    others = [tile.image.pk for tile in tiles if tile.is_ready and tile.image.pk != image.pk]
    return address([image.pk, *others[: MOST - 1]]) if image.is_there else ""


def read(user: Any, asked: Sequence[str]) -> Asked:
    """The pictures of an address, each once, in its order."""
    ids, strange = _ids(asked)
    found = _mine(user, ids[: 2 * MOST])
    images = [found[id] for id in ids if id in found]
    if strange:
        return Asked(images, f"image must be the id of a picture; {strange[0][:60]!r} is none.", 400)
    if len(ids) > MOST:
        return Asked(images, f"These are {len(ids)} pictures. {FEWEST} to {MOST} can be seen side by side.", 400)
    if missing := len(ids) - len(images):
        are = "One of these pictures is" if missing == 1 else f"{missing} of these pictures are"
        return Asked(images, f"{are} not there: deleted, in the bin, or never yours.", 404)
    return Asked(images)


def _ids(asked: Sequence[str]) -> tuple[list[UUID], list[str]]:
    """The ids, each once, and what is none."""
    ids: dict[UUID, None] = {}
    strange = []
    for text in asked:
        try:
            ids[UUID(text)] = None
        except ValueError:
            strange.append(text)
    return list(ids), strange


def _mine(user: Any, ids: Sequence[UUID]) -> dict[UUID, Image]:
    rows = Image.objects.in_gallery(user).filter(pk__in=ids).select_related("generation", "draw")
    return {image.pk: image for image in rows}


def _compared(tiles: list[Tile], number: int) -> Compared:
    others = [tile.image.pk for tile in tiles if tile is not tiles[number]]
    return Compared(LETTERS[number], tiles[number], address(others))


def _choices(user: Any, shown: list[Image]) -> list[Choice]:
    """What can be added: first what was made together with the pictures shown, then the newest."""
    ready = Image.objects.in_gallery(user).filter(status=Status.STORED).exclude(pk__in=[image.pk for image in shown])
    ready = ready.exclude(name="").select_related("generation")
    together = list(ready.filter(generation__in=[image.generation_id for image in shown])[:OFFERED]) if shown else []
    newest = ready.exclude(pk__in=[image.pk for image in together])[: OFFERED - len(together)]
    taken = [image.pk for image in shown]
    return [Choice(presentation.tile(image), address([*taken, image.pk])) for image in [*together, *newest]]


def _rows(images: list[Image]) -> list[Row]:
    """Every setting that one of the pictures has, then what became of them."""
    told = [_told(image) for image in images]
    settings = dict.fromkeys(label for each in told for label in each if label not in LAST)
    labels = [*settings, *LAST] if images else []
    return [_row(label, [each.get(label, Value(NOTHING)) for each in told]) for label in labels]


def _row(label: str, values: list[Value]) -> Row:
    cells = [Cell(letter, value) for letter, value in zip(LETTERS, values, strict=False)]
    differs = label != TOOK and len({value.key for value in values}) > 1
    return Row(label, cells, differs, label == PROMPT)


def _told(image: Image) -> dict[str, Value]:
    """One picture's settings, and what became of it, by their labels."""
    generation = image.generation
    told = {PROMPT: generation.prompt, "Image model": memo.model_name(generation.image_model)}
    told |= {parameter.label: parameter.value for parameter in parameters.of(generation)}
    values = {label: Value(text) for label, text in told.items()}
    if generation.references:
        values["Style references"] = _references(generation)
    price = f"{show(image.price)} credits" if image.is_charged else "Not charged"
    pixels = f"{image.width} \N{MULTIPLICATION SIGN} {image.height}" if image.width else NOTHING
    last = (str(image.seed), pixels, price, parameters.took(image) or NOTHING)
    return values | {label: Value(text) for label, text in zip(LAST, last, strict=True)}


def _references(generation: Generation) -> Value:
    shown = tuple(parameters.references(generation))
    strengths = [reference.strength for reference in shown]
    # Their files' addresses are signed anew; which files they are, the ids tell.
    return Value(repr([*zip(generation.references, strengths, strict=False)]), shown)
