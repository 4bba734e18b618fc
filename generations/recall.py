"""Use a picture's settings again: what would change in the studio, field by field, and all of it or only some.

Nothing is changed here: the page leads to the studio with `?from=` and a `take=` for each field, which opens filled.
The draft that was there is set aside by the studio (`drafts`) and can be taken back.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from . import drafts, presentation
from .catalogue.form_fields import Field
from .forms import LISTS, OFF, ON, OWN_SIZE, StudioForm, known_model, source_of, typed_from
from .models import Image, Upload
from .parameters import ShownReference, strength_words
from .pictures import links
from .visits import Visit, page

MODEL = "model"
RANDOM = "Random"
NOT_SET = "Not set"


@dataclass(frozen=True)
class Value:
    """One setting in words, or as style references. `text` is empty where there are references."""

    text: str
    references: tuple[ShownReference, ...] = ()


@dataclass(frozen=True)
class Setting:
    """One setting in the studio and in the picture. `only_with` is the image model that it needs, where the one in the
    studio does not take it."""

    name: str
    label: str
    now: Value
    then: Value
    differs: bool
    is_prompt: bool = False
    only_with: str = ""


@page
@require_safe
def recall(request: Visit) -> HttpResponse:
    """What would change in the studio if the settings of `?image=` were taken."""
    image = find(request.user, request.GET.get("image", ""))
    settings = compare(request.user, image)
    context = {
        "image": image,
        "tile": next(each for each in presentation.tiles(image.generation) if each.image.pk == image.pk),
        "changes": [setting for setting in settings if setting.differs],
        "same": [setting for setting in settings if not setting.differs],
        "is_known": known_model(image.generation.image_model) is not None,
    }
    return render(request, "gallery/recall.html", context)


def find(user: Any, id: str) -> Image:
    """One's own picture by the text of its id; Http404 where there is none."""
    try:
        key = UUID(id)
    except ValueError as error:
        raise Http404("There is no such picture.") from error
    mine = Image.objects.filter(user=user, generation__deleted_at=None, erased_at=None)
    image = mine.select_related("generation").prefetch_related("generation__images").filter(pk=key).first()
    if image is None:
        raise Http404("There is no such picture.")
    return image


def compare(user: Any, image: Image) -> list[Setting]:
    """Every setting of the picture beside what stands in the studio now, in the order of the form."""
    now, then = drafts.form_of(drafts.of(user).typed), _form_of(image)
    kept = _uploads(user, [now, then])
    own = {field.name for field in now.fields}

    def told(fields: Iterable[Field]) -> list[Setting]:
        return [_setting(now, then, field, kept, is_taken=field.name in own) for field in fields]

    prompts = [field for field in then.fields if _is_prompt(field)]
    seeds = [field for field in then.fields if field.is_seed]
    others = [field for field in then.fields if field not in (*prompts, *seeds)]
    return [*told(prompts), *_model_setting(now, then, image), *told([*others, *seeds])]


def opened(user: Any, image: Image, names: Collection[str]) -> tuple[StudioForm, str]:
    """The studio's form with these settings of the picture in place of its own, and a word on it."""
    now, then = drafts.form_of(drafts.of(user).typed), _form_of(image)
    labels = {MODEL: "image model"} | {field.name: field.label[:1].lower() + field.label[1:] for field in then.fields}
    taken = [name for name in dict.fromkeys(names) if name in labels and (name != MODEL or _is_known(image))]
    if not taken:
        return now, "Nothing was taken from the picture. Everything is as it was."
    new = {name: value for name, value in then.typed.items() if _root(name) in taken}
    stays = {name: value for name, value in now.typed.items() if _root(name) not in taken or _is_lock(name)}
    form = StudioForm(now.image_model, stays | new).for_model(then.image_model if MODEL in taken else now.image_model)
    return form, _word_on(form, {name: labels[name] for name in taken})


def _word_on(form: StudioForm, taken: Mapping[str, str]) -> str:
    """What was taken, by its labels, and what of it the form's image model has no use for."""
    own = {MODEL, *(field.name for field in form.fields)}
    shown = [label for name, label in taken.items() if name in own]
    carried = [label for name, label in taken.items() if name not in own]
    told = [f"Taken from your picture: {_listed(shown)}."] if shown else []
    if carried:
        kept = "Taken, and kept for an image model that takes it"
        told.append(f"{kept}: {_listed(carried)}. {form.image_model.name} does not.")
    return " ".join([*told, "Everything else is as it was."])


def _form_of(image: Image) -> StudioForm:
    """The picture's settings as a form; with its own seed."""
    kept = image.generation
    typed = typed_from(kept.image_model, {**kept.input, "seed": image.seed}, 1)
    return drafts.form_of(typed)


def _is_known(image: Image) -> bool:
    return known_model(image.generation.image_model) is not None


def _model_setting(now: StudioForm, then: StudioForm, image: Image) -> Iterable[Setting]:
    """None where the picture's image model is no longer offered."""
    if _is_known(image):
        names = Value(now.image_model.name), Value(then.image_model.name)
        yield Setting(MODEL, "Image model", *names, differs=now.image_model.id != then.image_model.id)


def _setting(now: StudioForm, then: StudioForm, field: Field, kept: Mapping[str, Upload], *, is_taken: bool) -> Setting:
    return Setting(
        name=field.name,
        label=field.label,
        now=_shown(now, field, kept) if is_taken or _is_carried(now, field) else Value(NOT_SET),
        then=_shown(then, field, kept),
        differs=_plain(now, field) != _plain(then, field),
        is_prompt=_is_prompt(field),
        only_with="" if is_taken else then.image_model.name,
    )


def _is_carried(form: StudioForm, field: Field) -> bool:
    """Whether something is kept in it for another image model."""
    return any(value for name, value in form.typed.items() if _root(name) == field.name)


def _is_prompt(field: Field) -> bool:
    return field.kind == "text" and field.required


def _plain(form: StudioForm, field: Field) -> list[str]:
    """What stands in a field, with its defaults, so that equal settings are equal however they were typed."""
    if field.kind in LISTS:
        names = [f"{field.name}.{number}.{part.name}" for number in range(form.rows(field)) for part in field.parts]
        return [_read(form, part, name) for name, part in zip(names, _repeated(field, len(names)), strict=True)]
    value = _read(form, field, field.name)
    own = [f"{field.name}.{part.name}" for part in field.parts] if value == OWN_SIZE else []
    return [value, *(form.typed.get(name, "").strip() for name in own)]


def _repeated(field: Field, count: int) -> list[Field]:
    return [field.parts[at % len(field.parts)] for at in range(count)]


def _read(form: StudioForm, field: Field, name: str) -> str:
    typed = form.typed.get(name, "").replace("\r\n", "\n").strip()
    if not typed and field.default is not None:
        typed = {True: ON, False: OFF}[field.default] if field.kind == "boolean" else str(field.default)
    if field.kind in ("integer", "number"):
        try:
            return f"{float(typed):g}" if field.kind == "number" else str(int(typed))
        except ValueError:
            return typed
    return typed


def _shown(form: StudioForm, field: Field, kept: Mapping[str, Upload]) -> Value:
    match field.kind:
        case "references":
            rows = tuple(_reference(form, field, number, kept) for number in range(form.rows(field)))
            return Value("" if rows else "None", rows)
        case "loras":
            return Value("; ".join(_lora(form, field, number) for number in range(form.rows(field))) or "None")
    value = _read(form, field, field.name)
    if value == OWN_SIZE:
        sides = (form.typed.get(f"{field.name}.{part.name}", "").strip() or "?" for part in field.parts)
        return Value(f"{' x '.join(sides)} pixels")
    label = next((choice.label for choice in field.choices if choice.value == value), value)
    empty = RANDOM if field.is_seed else "Empty" if field.kind == "text" else NOT_SET
    return Value({ON: "On", OFF: "Off"}.get(value, value) if field.kind == "boolean" else label or empty)


def _reference(form: StudioForm, field: Field, number: int, kept: Mapping[str, Upload]) -> ShownReference:
    prefix = f"{field.name}.{number}"
    source, *others = sorted(field.parts, key=lambda part: part is not source_of(field))
    upload = kept.get(form.typed.get(f"{prefix}.{source.name}", "").lower())
    strength = " ".join(_read(form, part, f"{prefix}.{part.name}") for part in others)
    return ShownReference(links.address(upload.name) if upload else "", strength_words(strength))


def _lora(form: StudioForm, field: Field, number: int) -> str:
    path, *others = [_read(form, part, f"{field.name}.{number}.{part.name}") for part in field.parts]
    return " at ".join([path, *others])


def _uploads(user: Any, forms: Sequence[StudioForm]) -> dict[str, Upload]:
    """The user's own style references among what stands in the forms, also for another image model, by id."""
    ids = set()
    for form in forms:
        for field in (field for each in forms for field in each.fields):
            names = (
                [f"{field.name}.{number}" for number in range(form.rows(field))] if field.kind == "references" else []
            )
            ids |= {form.typed.get(f"{name}.{source_of(field).name}", "") for name in names}
    keys = [key for key in map(_uuid, ids) if key]
    return {str(row.pk): row for row in Upload.objects.filter(user_id=user.pk, pk__in=keys)} if keys else {}


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _root(name: str) -> str:
    return name.partition(".")[0]


def _is_lock(name: str) -> bool:
    """Whether it is the box beside a seed: a locked seed stays locked, with the new number."""
    return name.endswith(".lock")


def _listed(words: list[str]) -> str:
    """`"prompt, seed and size"`"""
    *most, last = words
    return f"{', '.join(most)} and {last}" if most else last
