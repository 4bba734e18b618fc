"""The page of one's saved LoRAs: add one, rename it, give it another scale, delete it."""

import re
from dataclasses import dataclass
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from . import catalogue, errands, reference_rows, saved_loras
from .catalogue.form_fields import Field
from .forms import StudioForm
from .models import SavedLora
from .saved_loras import NotSaved
from .visits import Visit, page

_PLACE = re.compile(r"^LoRA 1[:,] ")  # how errors begin where there may be several; here there is one


@dataclass(frozen=True)
class Entry:
    """One LoRA as it stands in its form, and what is wrong with it; `saved` None: a new one."""

    name: str
    path: str
    scale: str
    saved: SavedLora | None
    errors: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        return f"lora-{self.saved.pk if self.saved else 'new'}"


@page
@require_http_methods(["GET", "HEAD", "POST"])
@errands.door
def loras(request: Visit) -> HttpResponse:
    """The set, with a form for each and one for another."""
    if request.method != "POST":
        return _show(request)
    saved = _mine_or_404(request)
    if saved and request.POST.get("do") == "delete":
        saved.delete()
        messages.success(request, f"{saved.name} is no longer in your set.")
        return redirect("loras")
    entry = _save(request, saved)
    if entry.errors:
        return _show(request, entry)
    messages.success(request, f"{entry.name} is saved.")
    return redirect("loras")


def _save(request: Visit, saved: SavedLora | None) -> Entry:
    """Save what was typed, and say how it went. An address is asked after once, when it is new."""
    field = _field()
    source, scale = reference_rows.lora_parts(field)
    name = request.POST.get("name", "")
    path = saved.path if saved else request.POST.get("path", "").strip()
    typed = {f"{field.name}.0.{source.name}": path, f"{field.name}.0.{scale.name}": request.POST.get("scale", "")}
    form = StudioForm(_image_model(), typed)
    if saved:
        form.refuse(form.wrong_in(field))
    else:
        reference_rows.check(request, form, wholly=field.name)
    errors = [_PLACE.sub("", text) for texts in form.errors.values() for text in texts]
    if not path:
        errors.append("Give the https address of the .safetensors file.")
    if not errors:
        try:
            _, wanted = reference_rows.lora_of(form, field, 0)
            kept = (
                saved_loras.change(saved, name, wanted) if saved else saved_loras.add(request.user, name, path, wanted)
            )
            return Entry(kept.name, path, f"{wanted:g}", kept)
        except NotSaved as error:
            errors = [error.reason]
    shown = tuple(text[:1].upper() + text[1:] for text in errors)
    return Entry(name, path, request.POST.get("scale", ""), saved, shown)


def _show(request: Visit, refused: Entry | None = None) -> HttpResponse:
    """The page; with an entry that was refused, as it was typed."""
    mine = [Entry(each.name, each.path, f"{each.scale:g}", each) for each in saved_loras.of(request.user)]
    new = Entry("", "", "1", None)
    entries = [refused if refused and refused.id == entry.id else entry for entry in [*mine, new]]
    source, scale = reference_rows.lora_parts(_field())
    context = {
        "entries": entries[:-1], "new": entries[-1], "refused": refused, "source": source, "scale": scale,
        "image_model": _image_model(), "is_full": len(mine) >= saved_loras.MOST, "most": saved_loras.MOST,
    }  # fmt: skip
    return render(request, "studio/loras.html", context, status=422 if refused else 200)


def _mine_or_404(request: Visit) -> SavedLora | None:
    """The one that was pressed; None for a new one."""
    text = request.POST.get("id", "")
    if not text:
        return None
    try:
        id = UUID(text)
    except ValueError as error:
        raise Http404("There is no such LoRA.") from error
    return get_object_or_404(SavedLora, pk=id, user=request.user)


def _image_model() -> catalogue.ImageModel:
    """The one whose LoRAs these are: the first that takes any."""
    return next(each for each in catalogue.all() if any(field.kind == "loras" for field in each.fields()))


def _field() -> Field:
    return next(field for field in _image_model().fields() if field.kind == "loras")
