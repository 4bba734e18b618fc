"""Rows of style references and LoRAs: added, checked, removed, and chosen from what is one's own.

Without scripts every act is a button of the studio's form, which comes back changed. With them each row is asked for
alone, checked, and put into the page (`static/js/references.js`), so that nothing else of the form is touched.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.http import HttpResponse, HttpResponseBadRequest
from django.shortcuts import render
from django.views.decorators.http import require_POST, require_safe

from . import controls, errands, own_pictures, references, saved_loras
from .catalogue.form_fields import Field
from .errands import Problem
from .forms import FILE, LISTS, StudioForm, source_of
from .models import Image, SavedLora, Upload
from .saved_loras import NotSaved
from .visits import Visit, page

ACTS = ("add_row", "remove_row", "check_rows", "pick", "use", "use_lora", "save_lora")
PICKING = "picking"  # where the pictures to choose from are open, in a form without scripts


@dataclass(frozen=True)
class Saving:
    """How it went with the LoRA of row `number` that was to be saved: `said` or `error`."""

    number: int
    name: str
    said: str = ""
    error: str = ""


@dataclass
class Changed:
    """The form after an act, and what its page is told besides."""

    form: StudioForm
    beside: dict[str, Any] = field(default_factory=dict)


def is_asked(posted: Mapping[str, str]) -> bool:
    return any(act in posted for act in ACTS)


def changed(request: Visit, form: StudioForm) -> Changed:
    """The form as the pressed button wants it, with what is at hand kept and what is wrong said."""
    posted = request.POST
    removed = posted.get("remove_row", "")
    if removed in form.places:
        form = form.without_row(removed.partition(".")[0], form.places[removed])
    form = _with_chosen(request, form)
    loras = _of_kind(form, "loras")
    wholly = loras.name if loras and ("use_lora" in posted or "save_lora" in posted) else ""
    wholly = posted.get("check_rows", wholly)
    check(request, form, wholly=wholly)
    told: dict[str, Any] = {"checked": wholly}
    if loras and "save_lora" in posted:
        told["saving"] = _saved(request, form, loras)
    return Changed(form, told)


def beside(request: Visit, form: StudioForm) -> dict[str, Any]:
    """What the page of a form shows beside its rows: the saved LoRAs, and pictures to choose from while they are
    open."""
    told: dict[str, Any] = {}
    if _of_kind(form, "loras"):
        told["saved_loras"] = saved_loras.of(request.user)
    open_at = request.POST.get("pick", request.POST.get(PICKING, ""))
    if _of_kind(form, "references") and open_at:
        told["shelf"] = own_pictures.shelf(request.user, open_at)
    return told


def check(request: Visit, form: StudioForm, *, wholly: str = "") -> None:
    """Keep what is at hand (files, pictures of one's own), and of the list named `wholly` every address; say beside
    its row what cannot be had."""
    sought: list[tuple[Field, int, str]] = []
    for each in form.fields:
        if each.kind in LISTS and form.rows(each):
            sought += _sought(form, each, is_whole=each.name == wholly)
    of_kind = {kind: [(each, row, source) for each, row, source in sought if each.kind == kind] for kind in LISTS}
    pictures, weights = ([source for _, _, source in of_kind[kind]] for kind in LISTS)
    found = references.keep(request.user, pictures, weights, request=request)
    for (each, row, _), answer in zip(
        [*of_kind["references"], *of_kind["loras"]], [*found.uploads, *found.loras], strict=True
    ):
        if isinstance(answer, Upload):
            form.put(each, row, answer)
        elif isinstance(answer, Problem):
            form.refuse_row(each, row, answer.detail)


def lora_parts(loras: Field) -> tuple[Field, Field]:
    """Which parts of a LoRA's row hold its address and its scale."""
    source = source_of(loras)
    return source, next(part for part in loras.parts if part is not source)


def lora_of(form: StudioForm, loras: Field, number: int) -> tuple[str, float]:
    """Address and scale of a row that nothing is wrong with."""
    source, scale = lora_parts(loras)
    prefix = f"{loras.name}.{number}."
    return form.typed[prefix + source.name], float(form.typed.get(prefix + scale.name, "").strip() or scale.default)


@page
@require_POST
@errands.door
def row(request: Visit) -> HttpResponse:
    """One row of a list, checked and kept, numbered 0; a part of the page. 422: with the reason why not."""
    form = _with_chosen(request, StudioForm.posted(request))
    asked = request.POST.get("list", "")
    found = next((each for each in form.fields if each.kind in LISTS and each.name == asked), None)
    if found is None or form.rows(found) != 1:
        return HttpResponseBadRequest("One row of a list of this image model, please.")
    check(request, form, wholly=found.name)
    control = controls.one_list(form, request.user, found.name, empty_row=False)
    context = {"control": control, "row": control.rows[0], "checked": found.name, **beside(request, form)}
    return render(request, "studio/controls/row.html", context, status=422 if form.errors else 200)


@page
@require_safe
def pictures(request: Visit) -> HttpResponse:
    """Pictures of one's own to choose from, `?show=recent`, `favourites` or `used`, with a cursor behind a dot; a part
    of the page."""
    shelf = own_pictures.shelf(request.user, request.GET.get("show", ""))
    return render(request, "studio/references/shelf.html", {"shelf": shelf})


def _sought(form: StudioForm, of: Field, *, is_whole: bool) -> list[tuple[Field, int, str]]:
    """The rows of a list to be looked into now; what is wrong by its text alone is said at once."""
    wrong = form.wrong_in(of)
    told = [error for error in wrong if is_whole or _row_file(error.field) in form.files]
    form.refuse(told)
    names = {error.field for error in wrong}
    sought = []
    for number, source in enumerate(form.sources(of)):
        name = f"{of.name}.{number}.{source_of(of).name}"
        at_hand = _row_file(name) in form.files or references.is_own_picture(source)
        if (is_whole or at_hand) and name not in names and source:
            sought.append((of, number, source))
    return sought


def _row_file(name: str) -> str:
    """The name of the file in the row of a field: `list.2.file` for `list.2.image_url`."""
    return f"{name.rpartition('.')[0]}.{FILE}"


def _with_chosen(request: Visit, form: StudioForm) -> StudioForm:
    """The form with the picture or the saved LoRA that was pressed as one more row, where there is one and room."""
    styles, loras = _of_kind(form, "references"), _of_kind(form, "loras")
    if styles and "use" in request.POST and _has_room(form, styles):
        source = _source_of_choice(request, request.POST["use"])
        return form.with_row(styles, **{source_of(styles).name: source}) if source else form
    if loras and "use_lora" in request.POST and _has_room(form, loras):
        id = _uuid(request.POST["use_lora"])
        saved = saved_loras.of(request.user).filter(pk=id).first() if id else None
        return form.with_row(loras, **_parts_of(loras, saved)) if saved else form
    return form


def _source_of_choice(request: Visit, choice: str) -> str:
    """The source behind `image.<id>` or `upload.<id>`; empty for anything else."""
    kind, _, text = choice.partition(".")
    id = _uuid(text)
    if id is None:
        return ""
    return {"image": references.address_of(Image(pk=id)), "upload": str(id)}.get(kind, "")


def _parts_of(loras: Field, saved: SavedLora) -> dict[str, str]:
    source, scale = lora_parts(loras)
    return {source.name: saved.path, scale.name: f"{saved.scale:g}"}


def _saved(request: Visit, form: StudioForm, loras: Field) -> Saving:
    """Save the LoRA of a row in its owner's set, once it was reached."""
    row = request.POST["save_lora"]
    number = form.places.get(row, 0)
    prefix = f"{loras.name}.{number}."
    name = request.POST.get(f"{row}.save_as", "")
    if not form.rows(loras) or any(place.startswith(prefix) for place in form.errors):
        return Saving(number, name, error="Not saved yet: the LoRA itself has to be right first.")
    try:
        saved = saved_loras.save(request.user, name, *lora_of(form, loras, number))
    except NotSaved as error:
        return Saving(number, name, error=error.reason)
    return Saving(number, saved.name, said=f"Saved as {saved.name}.")


def _has_room(form: StudioForm, of: Field) -> bool:
    return of.max_items is None or form.rows(of) < of.max_items


def _of_kind(form: StudioForm, kind: str) -> Field | None:
    return next((each for each in form.fields if each.kind == kind), None)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
