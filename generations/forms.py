"""The studio's form: made from an image model's fields alone, filled from what was typed, read into a brief.

What was typed is flat text by dotted names (`image_style_references.2.strength`), the same names that errors carry, so
that a page without JavaScript, an htmx request and a picture's settings all fill it alike. A file becomes a data URI.
"""

import base64
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest
from django.utils.datastructures import MultiValueDict

from . import catalogue, seeds
from .brief import BadBrief, Brief, FieldError
from .catalogue import ImageModel
from .catalogue.form_fields import Field
from .models import Upload

OWN_SIZE = "own"
ON, OFF = "on", "off"
LISTS = ("references", "loras")
FILE = "file"  # the part of a row that holds a file in place of an address
FILES = "files"  # the part of a list that holds any number of files, each of which becomes a row
FILE_MAX_BYTES = 10 * 1024 * 1024
_INTEGER = re.compile(r"[+-]?\d{1,20}", re.ASCII)
_NUMBER = re.compile(r"[+-]?(\d{1,20}\.?\d{0,20}|\.\d{1,20})(e[+-]?\d{1,3})?", re.ASCII | re.IGNORECASE)

Typed: TypeAlias = Mapping[str, str]
File: TypeAlias = "UploadedFile[bytes]"
Files: TypeAlias = "Mapping[str, File]"


class StudioForm:
    """One image model's form. Building it refuses nothing; `brief` raises BadBrief with all that is wrong."""

    def __init__(self, image_model: ImageModel, typed: Typed | None = None, files: "Files | None" = None) -> None:
        self.image_model = image_model
        self.fields = image_model.fields()
        self.errors: dict[str, list[str]] = {}
        self.typed = dict(typed or {})
        self.files = {name: file for name, file in (files or {}).items() if self._takes_file(name)}
        self.places: dict[str, int] = {}  # where a row stands now, by the name it was sent under (`loras.2`)
        for field in self.fields:
            if field.kind in LISTS:
                self._close_up(field)

    @classmethod
    def posted(cls, request: HttpRequest) -> "StudioForm":
        """The form as a browser sent it; one for an unknown image model is the default's, and refuses its brief."""
        typed = {name: values[-1] for name, values in request.POST.lists() if values}
        files = _numbered(request.FILES, typed)
        image_model = known_model(typed.get("model", "")) or catalogue.get(catalogue.DEFAULT)
        return cls(image_model, seeds.with_locked_filled(typed, image_model.fields()), files)

    @property
    def quantity(self) -> str:
        return self.typed.get("quantity", "1")

    def rows(self, field: Field) -> int:
        """How many rows of a list are filled."""
        return len(_row_numbers(field.name, [*self.typed, *self.files]))

    def brief(self) -> Brief:
        """What was asked for. BadBrief names every field that is wrong."""
        too_large = [FieldError.at(*error) for error in self._too_large()]
        try:
            brief = Brief.read(self.typed.get("model") or self.image_model.id, self._raw(), _integer(self.quantity))
        except BadBrief as bad:
            raise BadBrief([*bad.errors, *too_large]) from bad
        if too_large:
            raise BadBrief(too_large)
        return brief

    def priced_brief(self) -> Brief:
        """The brief as far as its price goes: where the prompt is not there yet, any prompt will do."""
        try:
            return self.brief()
        except BadBrief:
            return Brief.read(self.image_model.id, self._raw() | self._any_words(), _integer(self.quantity))

    def sources(self, field: Field) -> list[str]:
        """What each row of a list names: an address, an id, or a data URI for a file that is not too large; "" for one
        that is."""
        return [self._source(field, number) for number in range(self.rows(field))]

    def put(self, field: Field, number: int, upload: Upload) -> None:
        """Put a kept upload in place of what a row names."""
        self.typed[f"{field.name}.{number}.{source_of(field).name}"] = str(upload.id)
        self.files.pop(f"{field.name}.{number}.{FILE}", None)

    def keep(self, uploads: Sequence[Upload | None]) -> None:
        """Put kept uploads in place of what the rows name; one for each row of `brief`, None for what was refused."""
        for field in self.fields:
            if field.kind == "references":
                for number, upload in enumerate(uploads):
                    if upload is not None:
                        self.put(field, number, upload)

    def refuse(self, errors: Iterable[FieldError]) -> None:
        """Show these errors beside their fields."""
        for error in errors:
            told = self.errors.setdefault(error.field, [])
            if error.in_form not in told:
                told.append(error.in_form)

    def refuse_row(self, field: Field, number: int, detail: str) -> None:
        """Show beside a row why what it names cannot be had."""
        text = f"{field.label.removesuffix('s')} {number + 1}: {detail}"
        self.errors.setdefault(f"{field.name}.{number}.{source_of(field).name}", []).append(text)

    def wrong_in(self, field: Field) -> list[FieldError]:
        """What is wrong with the rows of a list by their text and size alone."""
        try:
            self.brief()
        except BadBrief as bad:
            return [error for error in bad.errors if error.field.partition(".")[0] == field.name]
        return []

    def rolled(self, name: str) -> "StudioForm":
        """The form with a new random number in the seed of this name."""
        return StudioForm(self.image_model, seeds.rolled(self.typed, self.fields, name), self.files)

    def after_an_order(self) -> "StudioForm":
        """The form for the next order: a seed that is not locked was for this one alone."""
        return StudioForm(self.image_model, seeds.after_an_order(self.typed, self.fields), self.files)

    def without_row(self, name: str, number: int) -> "StudioForm":
        """The form with one row of a list taken out."""
        gone = f"{name}.{number}."
        typed = {key: value for key, value in self.typed.items() if not key.startswith(gone)}
        files = {key: file for key, file in self.files.items() if not key.startswith(gone)}
        return StudioForm(self.image_model, typed, files)

    def with_row(self, field: Field, **parts: str) -> "StudioForm":
        """The form with one more row in a list."""
        prefix = f"{field.name}.{self.rows(field)}."
        row = {prefix + part: value for part, value in parts.items()}
        return StudioForm(self.image_model, self.typed | row, self.files)

    def for_model(self, image_model: ImageModel) -> "StudioForm":
        """The same wishes to another image model. What it does not take is kept in the form for the way back; a
        choice that it does not offer becomes its own default, and the quantity its most."""
        typed = self.typed | {"model": image_model.id}
        for field in image_model.fields():
            offered = [choice.value for choice in field.choices]
            if field.kind == "choice" and typed.get(field.name) not in offered:
                typed.pop(field.name, None)
        quantity = _integer(self.quantity)
        if isinstance(quantity, int) and quantity > image_model.max_quantity:
            typed["quantity"] = str(image_model.max_quantity)
        return StudioForm(image_model, typed, self.files)

    def carried(self) -> dict[str, str]:
        """What was typed for fields that this image model does not take, and another does."""
        own = {field.name for field in self.fields}
        others = {name for image_model in catalogue.all() for name in image_model.field_names} - own
        return {name: value for name, value in self.typed.items() if name.partition(".")[0] in others and value}

    def _raw(self) -> dict[str, Any]:
        raw = {field.name: self._read(field, field.name) for field in self.fields}
        return {name: value for name, value in raw.items() if value is not None}

    def _read(self, field: Field, name: str) -> Any:
        """A field's value as JSON, or as the text that was typed where it is none; None: not typed at all."""
        typed = self.typed.get(name, "")
        match field.kind:
            case "references" | "loras":
                return [self._read_row(field, number) for number in range(self.rows(field))]
            case "size" if typed == OWN_SIZE:
                parts = {part.name: self._read(part, f"{name}.{part.name}") for part in field.parts}
                return {part: value for part, value in parts.items() if value is not None}
            case "text" if field.required:
                return typed
            case _ if not typed.strip():
                return None
            case "integer":
                return _integer(typed)
            case "number":
                return _number(typed)
            case "boolean":
                return {ON: True, OFF: False}.get(typed, typed)
        return typed

    def _read_row(self, field: Field, number: int) -> dict[str, Any]:
        prefix = f"{field.name}.{number}"
        row = {part.name: self._read(part, f"{prefix}.{part.name}") for part in field.parts}
        file = self.files.get(f"{prefix}.{FILE}")
        if file is not None:
            row[source_of(field).name] = _data_uri(file)
        return {name: value for name, value in row.items() if value is not None}

    def _any_words(self) -> dict[str, str]:
        """Something for every text that must not be empty."""
        asked = [field for field in self.fields if field.required and field.kind == "text"]
        return {field.name: str(field.example or "a picture") for field in asked}

    def _takes_file(self, name: str) -> bool:
        lists = [field.name for field in self.fields if field.kind == "references"]
        return any(re.fullmatch(rf"{re.escape(list)}\.\d{{1,2}}\.{FILE}", name) for list in lists)

    def _source(self, field: Field, number: int) -> str:
        file = self.files.get(f"{field.name}.{number}.{FILE}")
        if file is not None:
            return "" if _is_too_large(file) else _data_uri(file)
        return self.typed.get(f"{field.name}.{number}.{source_of(field).name}", "")

    def _too_large(self) -> Iterable[tuple[Any, ...]]:
        for name, file in self.files.items():
            if _is_too_large(file):
                field, number, _ = name.split(".")
                place = ("input", field, int(number), source_of(self._field(field)).name)
                most = f"must be a file of at most {FILE_MAX_BYTES // 1024**2} MB"
                row = f"{self._field(field).label.removesuffix('s')} {int(number) + 1}"
                yield place, "too_large", f"{field}[{number}] {most}.", {"maxBytes": FILE_MAX_BYTES}, f"{row} {most}."

    def _field(self, name: str) -> Field:
        return next(field for field in self.fields if field.name == name)

    def _close_up(self, field: Field) -> None:
        """Number the filled rows of a list from 0, and forget the empty ones."""
        old_typed, old_files = self.typed, self.files
        prefix = f"{field.name}."
        self.typed = {name: value for name, value in old_typed.items() if not name.startswith(prefix)}
        self.files = {name: file for name, file in old_files.items() if not name.startswith(prefix)}
        filled = [
            number
            for number in _row_numbers(field.name, [*old_typed, *old_files])
            if old_typed.get(f"{prefix}{number}.{source_of(field).name}", "").strip()
            or f"{prefix}{number}.{FILE}" in old_files
        ]
        for new, old in enumerate(filled):
            self.places[f"{prefix}{old}"] = new
            for part in field.parts:
                if (value := old_typed.get(f"{prefix}{old}.{part.name}")) is not None:
                    self.typed[f"{prefix}{new}.{part.name}"] = value
            if field.kind == "references" and f"{prefix}{old}.{FILE}" in old_files:
                self.files[f"{prefix}{new}.{FILE}"] = old_files[f"{prefix}{old}.{FILE}"]


def known_model(id: str) -> ImageModel | None:
    return next((image_model for image_model in catalogue.all() if image_model.id == id), None)


def source_of(field: Field) -> Field:
    """The part of a list's row that says where its file is."""
    return next(part for part in field.parts if part.required)


def typed_from(image_model_id: str, values: Mapping[str, Any], quantity: int) -> dict[str, str]:
    """A brief's input as somebody would have typed it."""
    typed = {"model": image_model_id, "quantity": str(quantity)}
    for name, value in values.items():
        typed |= _flat(name, value)
    return typed


def _flat(name: str, value: Any) -> dict[str, str]:
    if isinstance(value, bool):
        return {name: ON if value else OFF}
    if isinstance(value, dict):
        return {name: OWN_SIZE} | _merged(_flat(f"{name}.{part}", inner) for part, inner in value.items())
    if isinstance(value, list):
        rows = (
            _flat(f"{name}.{number}.{part}", inner) for number, row in enumerate(value) for part, inner in row.items()
        )
        return _merged(rows)
    text = str(value).removesuffix(".0") if isinstance(value, float) else str(value)
    return {} if value is None else {name: text}


def _merged(parts: Iterable[dict[str, str]]) -> dict[str, str]:
    return {name: value for part in parts for name, value in part.items()}


def _numbered(posted: "MultiValueDict[str, File]", typed: Typed) -> dict[str, File]:
    """Every file under the name of its row; those chosen for a list as a whole become rows behind the others."""
    files = {name: file for name, file in posted.items() if isinstance(file, UploadedFile)}
    for name, chosen in posted.lists():
        field, _, part = name.partition(".")
        if part == FILES:
            del files[name]
            first = max(_row_numbers(field, [*typed, *files]), default=-1) + 1
            files |= {f"{field}.{number}.{FILE}": file for number, file in enumerate(chosen, first)}
    return files


def _row_numbers(name: str, names: Iterable[str]) -> list[int]:
    pattern = re.compile(rf"{re.escape(name)}\.(\d{{1,2}})\.")
    return sorted({int(found[1]) for each in names if (found := pattern.match(each))})


def _integer(typed: str) -> int | str:
    return int(typed) if _INTEGER.fullmatch(typed.strip()) else typed


def _number(typed: str) -> float | str:
    return float(typed) if _NUMBER.fullmatch(typed.strip()) else typed


def _is_too_large(file: "File") -> bool:
    return (file.size or 0) > FILE_MAX_BYTES


def _data_uri(file: "File") -> str:
    """The file as text. A type that is no image's is said to be one: the bytes decide later, in better words. Of a
    file that is too large only the start is read: it is refused for its size."""
    declared = (file.content_type or "").lower()
    kind = declared if re.fullmatch(r"image/[a-z0-9.+-]+", declared) else "image/png"
    file.seek(0)
    data = file.read(64 if _is_too_large(file) else FILE_MAX_BYTES)
    return f"data:{kind};base64,{base64.b64encode(data or b'0').decode()}"
