"""What the studio's page draws for each field of an image model: one control per field, by the field's kind alone."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser

from . import lifecycle, seeds
from .catalogue import ImageModel, reading
from .catalogue.form_fields import Field
from .forms import FILE, FILE_MAX_BYTES, LISTS, OFF, ON, OWN_SIZE, StudioForm, source_of
from .models import Upload
from .pictures import links

SHAPE_BOX = 28  # pixels: the longest side of a drawn shape
BLANK = "N"  # the number of the row that scripts make new ones from
LONG_TEXT = 200  # from here on a text gets a box of several lines


@dataclass(frozen=True)
class Shape:
    """A picture's size in pixels, and as a small drawing of the same proportions, centred in its box."""

    width: int
    height: int

    @property
    def drawn(self) -> dict[str, int]:
        longest = max(self.width, self.height)
        width, height = (max(6, round(SHAPE_BOX * side / longest)) for side in (self.width, self.height))
        return {"width": width, "height": height, "x": (32 - width) // 2, "y": (32 - height) // 2}


@dataclass(frozen=True)
class Option:
    value: str
    label: str
    help: str
    is_chosen: bool
    shape: Shape | None = None


@dataclass(frozen=True)
class Row:
    """One entry of a list. `upload` is the kept picture where its source is one, with the address of its `thumbnail`;
    `same_as` the place of an earlier row with the same picture; `chosen` the name of a file that was refused."""

    number: int | str
    source: "Control"
    others: tuple["Control", ...]
    upload: Upload | None = None
    thumbnail: str = ""
    same_as: int | None = None
    chosen: str = ""

    @property
    def place(self) -> int | str:
        """As people count."""
        return self.number + 1 if isinstance(self.number, int) else self.number


@dataclass(frozen=True)
class Control:
    """One field as it is drawn. `name` is that of its input, and of its errors."""

    field: Field
    name: str
    value: str
    errors: tuple[str, ...]
    options: tuple[Option, ...] = ()
    parts: tuple["Control", ...] = ()
    rows: tuple[Row, ...] = ()
    blank: Row | None = None
    label: str = ""
    is_own: bool = False
    is_locked: bool = False
    help_id: str = ""

    @property
    def id(self) -> str:
        return id_of(self.name)

    @property
    def template(self) -> str:
        if self.field.is_seed:
            return "studio/controls/seed.html"
        if self.field.kind == "text":
            return f"studio/controls/{'long_text' if (self.field.max_length or 0) > LONG_TEXT else 'text'}.html"
        if self.field.kind in ("choice", "size"):
            return f"studio/controls/{'shapes' if any(each.shape for each in self.options) else 'choice'}.html"
        if self.field.kind in LISTS:
            return "studio/controls/rows.html"
        return f"studio/controls/{'boolean' if self.field.kind == 'boolean' else 'number'}.html"

    @property
    def described_by(self) -> str:
        """The ids of the texts that go with the input."""
        return " ".join(each for each in (self.help_id, f"{self.id}-error" if self.errors else "") if each)

    @property
    def is_on(self) -> bool:
        return self.value == ON

    @property
    def takes_files(self) -> bool:
        return self.field.kind == "references"

    @property
    def most_bytes(self) -> int:
        """Of a file."""
        return FILE_MAX_BYTES

    @property
    def is_full(self) -> bool:
        return self.field.max_items is not None and len(self.rows) >= self.field.max_items

    @property
    def singular(self) -> str:
        """One entry of the list within a sentence: `"style reference"`, `"LoRA"`."""
        word = self.field.label.removesuffix("s")
        return word[:1].lower() + word[1:] if word[1:].islower() else word


@dataclass(frozen=True)
class Controls:
    """The whole form: `prompt` leads, `main` is always seen, with the seed last in it, `advanced` is folded away until
    something in it is set."""

    prompt: Control
    main: tuple[Control, ...]
    advanced: tuple[Control, ...]
    advanced_is_open: bool
    summary: tuple[tuple[str, str], ...]


def of(form: StudioForm, user: AbstractBaseUser, *, empty_rows: bool = False) -> Controls:
    """The form's controls; `empty_rows` adds an empty row to every list that has room, for whoever asked for one."""
    uploads = _uploads(form, user)
    drawn = [control(form, each, uploads, empty_row=empty_rows) for each in form.fields]
    controls = [each for each in drawn if _is_for(user, each)]
    prompt = next(each for each in controls if each.field.kind == "text" and each.field.required)
    rest = [each for each in controls if each is not prompt]
    advanced = tuple(each for each in rest if each.field.advanced and not each.field.is_seed)
    seed = tuple(each for each in rest if each.field.is_seed)
    return Controls(
        prompt=prompt,
        main=(*(each for each in rest if not each.field.advanced and not each.field.is_seed), *seed),
        advanced=advanced,
        advanced_is_open=any(each.errors or _is_set(each) for each in advanced),
        summary=_summary(form),
    )


def one_list(form: StudioForm, user: AbstractBaseUser, name: str, *, empty_row: bool) -> Control:
    """The control of one list of rows; KeyError where the image model has none of that name."""
    found = {each.name: each for each in form.fields if each.kind in LISTS}[name]
    return control(form, found, _uploads(form, user), empty_row=empty_row)


def control(form: StudioForm, field: Field, uploads: Mapping[str, Upload], *, empty_row: bool) -> Control:
    value = form.typed.get(field.name, "")
    if not value and field.default is not None:
        value = {True: ON, False: OFF}[field.default] if field.kind == "boolean" else str(field.default)
    return Control(
        field=field,
        name=field.name,
        label=field.label,
        value=value,
        errors=tuple(form.errors.get(field.name, ())),
        options=_options(form.image_model, field, value),
        parts=_parts(form, field),
        rows=tuple(_rows(form, field, uploads, empty_row)) if field.kind in LISTS else (),
        blank=_row(form, field, BLANK) if field.kind in LISTS else None,
        is_own=value == OWN_SIZE,
        is_locked=field.is_seed and seeds.is_locked(form.typed, field),
        help_id=f"{id_of(field.name)}-help" if field.help else "",
    )


def id_of(name: str) -> str:
    return name.replace(".", "-")


@lru_cache(maxsize=256)
def shapes(image_model: ImageModel, name: str, values: tuple[str, ...]) -> dict[str, Shape]:
    """The size that each value of a field leads to; empty where the field does not move the picture's size."""
    found = {}
    for value in values:
        checked, _ = reading.read(image_model, {"prompt": "a picture", name: value}, ())
        if checked is None:
            return {}
        found[value] = Shape(*image_model.size(checked))
    return found if len(set(found.values())) > 1 else {}


def _options(image_model: ImageModel, field: Field, chosen: str) -> tuple[Option, ...]:
    drawn = shapes(image_model, field.name, tuple(choice.value for choice in field.choices))
    return tuple(
        Option(choice.value, choice.label, choice.help, choice.value == chosen, drawn.get(choice.value))
        for choice in field.choices
    )


def _parts(form: StudioForm, field: Field) -> tuple[Control, ...]:
    if field.kind != "size":
        return ()
    return tuple(_part(form, part, f"{field.name}.{part.name}") for part in field.parts)


def _part(form: StudioForm, part: Field, name: str, label: str = "") -> Control:
    value = form.typed.get(name, "")
    if not value and part.default is not None:
        value = str(part.default).removesuffix(".0")
    errors = tuple(form.errors.get(name, ()))
    help_id = f"{id_of(name.partition('.')[0])}-{part.name}-help" if part.help else ""
    return Control(field=part, name=name, value=value, errors=errors, label=label or part.label, help_id=help_id)


def _rows(form: StudioForm, field: Field, uploads: Mapping[str, Upload], empty_row: bool) -> Iterable[Row]:
    filled = form.rows(field)
    most = field.max_items or filled + 1
    seen: dict[Upload, int] = {}
    for number in range(filled + (1 if empty_row and filled < most else 0)):
        row = _row(form, field, number)
        upload = uploads.get(row.source.value.lower())
        if upload is None:
            yield row
        else:
            same_as = seen.setdefault(upload, number + 1)
            earlier = same_as if same_as <= number else None
            yield replace(row, upload=upload, thumbnail=links.address(upload.name), same_as=earlier)


def _row(form: StudioForm, field: Field, number: int | str) -> Row:
    """A row by what was typed for it; of an upload it has the id alone."""
    name = f"{field.name}.{number}"
    place = number + 1 if isinstance(number, int) else number
    label = f"{field.label.removesuffix('s')} {place}"
    parts = [_part(form, part, f"{name}.{part.name}", f"{label}, {part.label.lower()}") for part in field.parts]
    source = next(part for part in parts if part.field is source_of(field))
    file = form.files.get(f"{name}.{FILE}")
    return Row(
        number=number,
        source=source,
        others=tuple(part for part in parts if part is not source),
        chosen=(file.name or "") if file else "",
    )


def _uploads(form: StudioForm, user: AbstractBaseUser) -> dict[str, Upload]:
    """The user's own uploads among what was typed, by id."""
    ids = []
    for value in form.typed.values():
        try:
            ids.append(UUID(value))
        except ValueError:
            continue
    rows = Upload.objects.filter(user_id=user.pk, pk__in=ids) if ids else ()
    return {str(row.pk): row for row in rows}


def _is_for(user: AbstractBaseUser, control: Control) -> bool:
    """What needs permission is drawn for those who have it, and where it was chosen all the same, so that it can be
    put right."""
    return not control.field.needs_permission or _is_set(control) or lifecycle.has_permission(user)


def _is_set(control: Control) -> bool:
    default = control.field.default
    if control.field.kind == "boolean":
        return control.is_on != bool(default)
    return control.value != ("" if default is None else str(default))


def _summary(form: StudioForm) -> tuple[tuple[str, str], ...]:
    """Every error with the id of the input that it is about."""
    return tuple((id_of(name), text) for name, texts in form.errors.items() for text in texts)
