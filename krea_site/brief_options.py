"""A brief from a command line: one option for each field that any image model takes, read from the catalogue.

A fifth image model brings its options with it. What an option says is checked where every brief is checked; here text
only becomes the kind of value that its field holds, or stays text for that check to refuse.
"""

import base64
import json
import mimetypes
import re
from argparse import ArgumentParser
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from generations import catalogue
from generations.brief import BadBrief, Brief, FieldError
from generations.catalogue.addresses import UUID, is_data_uri
from generations.catalogue.form_fields import Field
from generations.catalogue.image_model import ImageModel

FILE_MOST_BYTES = 10 * 1024 * 1024
LISTS = {"references": "--reference", "loras": "--lora"}
ALIASES = {"output_format": ["--format"]}
ON_OFF = {"on": True, "true": True, "yes": True, "off": False, "false": False, "no": False}
_INTEGER = re.compile(r"[+-]?\d{1,20}")
_NUMBER = r"[+-]?(?:\d{1,20}(?:\.\d{0,20})?|\.\d{1,20})"
_WITH_NUMBER = re.compile(rf"(?P<source>.+):(?P<number>{_NUMBER})", re.DOTALL)
_SIZE = re.compile(r"(\d{1,6})x(\d{1,6})")


def add(parser: ArgumentParser) -> None:
    """The options of a brief, with what each image model takes."""
    names = ", ".join(model.id for model in catalogue.all())
    parser.add_argument("--model", default=catalogue.DEFAULT, metavar="ID", help=f"{names} (default: %(default)s)")
    parser.add_argument("--quantity", default="1", metavar="N", help="how many pictures (default: 1)")
    parser.add_argument("--input", metavar="JSON", help="the whole input as the API takes it; options add to it")
    for field, models in _fields():
        if field.name == "prompt":
            continue
        takers = "" if len(models) == len(catalogue.all()) else f" ({', '.join(models)})"
        if field.kind in LISTS:
            source, number = (part.label.lower() for part in field.parts)
            form = "URL_OR_FILE[:N]" if field.kind == "references" else "URL[:N]"
            told = f"{field.help} Once for each: {source}, and after a colon its {number}{takers}"
            parser.add_argument(LISTS[field.kind], dest=field.name, action="append", metavar=form, help=_plain(told))
        else:
            options = [f"--{field.name.replace('_', '-')}", *ALIASES.get(field.name, [])]
            parser.add_argument(*options, dest=field.name, metavar=_form(field), help=_plain(field.help + takers))


def read(prompt: str, options: Mapping[str, Any]) -> Brief:
    """The brief of a command line. BadBrief with everything that is wrong."""
    chosen = _chosen(options["model"])
    raw = _input(options["input"]) | {"prompt": prompt}
    for field, _ in _fields():
        given = options.get(field.name)
        if given is not None and field.name != "prompt":
            raw[field.name] = _rows(field, given) if field.kind in LISTS else _value(_own(field, chosen), given)
    return Brief.read(options["model"], raw, _integer(options["quantity"]))


def _fields() -> Iterator[tuple[Field, list[str]]]:
    """Each field that some image model takes, once, with every value that some offers, and which ones take it."""
    found: dict[str, tuple[Field, list[str]]] = {}
    for model in catalogue.all():
        for field in model.fields():
            known, takers = found.get(field.name, (field, []))
            values = dict.fromkeys([*known.choices, *field.choices])
            found[field.name] = replace(known, choices=tuple(values)), [*takers, model.id]
    yield from found.values()


def _chosen(id: str) -> ImageModel | None:
    return next((model for model in catalogue.all() if model.id == id), None)


def _own(field: Field, chosen: ImageModel | None) -> Field:
    """The chosen image model's field of that name, which may be of another kind than others'."""
    fields = chosen.fields() if chosen else []
    return next((each for each in fields if each.name == field.name), field)


def _input(text: str | None) -> dict[str, Any]:
    try:
        raw = json.loads(text) if text else {}
    except ValueError:
        raw = None
    if not isinstance(raw, dict):
        raise _refused(("input",), '--input must be a JSON object, such as {"aspect_ratio": "16:9"}.')
    return raw


def _value(field: Field, text: str) -> Any:
    size = _SIZE.fullmatch(text)
    match field.kind:
        case "integer":
            return _integer(text)
        case "number":
            return float(text) if re.fullmatch(_NUMBER, text) else text
        case "boolean":
            return ON_OFF.get(text.lower(), text)
        case "size" if size:
            return {"width": int(size[1]), "height": int(size[2])}
    return text


def _integer(text: str) -> int | str:
    return int(text) if _INTEGER.fullmatch(text) else text


def _rows(field: Field, given: Sequence[str]) -> list[dict[str, Any]]:
    """Each as `address` or `address:number`; a reference may be a file of this machine."""
    source, number = (part.name for part in field.parts)
    rows = []
    for index, text in enumerate(given):
        address, amount = split(text)
        if field.kind == "references":
            place = ("input", field.name, index, source)
            address = _with_file(address, place, f"--reference {index + 1}")
        rows.append({source: address} | ({} if amount is None else {number: amount}))
    return rows


def split(text: str) -> tuple[str, float | None]:
    """`https://host/a.png:0.5` as address and number; an address's port, or a colon in a file's name, is no number."""
    match = _WITH_NUMBER.fullmatch(text)
    if match is None or is_data_uri(text):
        return text, None
    _, is_address, rest = match["source"].partition("://")
    is_whole = "/" not in rest if is_address else _is_file(text)
    return (text, None) if is_whole else (match["source"], float(match["number"]))


def _is_file(text: str) -> bool:
    try:
        return Path(text).exists()
    except OSError:  # longer than a name may be
        return False


def _with_file(address: str, place: tuple[str | int, ...], called: str) -> str:
    """An address as it is; a file of this machine as a data URI."""
    if "://" in address or is_data_uri(address) or UUID.fullmatch(address):
        return address
    path = Path(address).expanduser()
    try:
        data = path.read_bytes() if path.stat().st_size <= FILE_MOST_BYTES else None
    except OSError as error:
        raise _refused(place, f"{called}: {address}: {error.strerror or 'it cannot be read'}.") from None
    if data is None:
        raise _refused(place, f"{called}: {address} is larger than {FILE_MOST_BYTES // 1024**2} MB.")
    kind = mimetypes.guess_type(path.name)[0] or ""
    kind = kind if kind.startswith("image/") else "image/png"  # what it is, its content decides
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


def _refused(place: tuple[str | int, ...], detail: str) -> BadBrief:
    return BadBrief([FieldError.at(place, "not_allowed", detail)])


def _form(field: Field) -> str:
    """What to type behind an option: `1:1|4:3|…`."""
    if field.kind == "size":
        return "|".join([*(choice.value for choice in field.choices), "WIDTHxHEIGHT"])
    if field.choices:
        return "|".join(choice.value for choice in field.choices)
    if field.kind == "boolean":
        return "on|off"
    return "N" if field.kind in ("integer", "number") else "TEXT"


def _plain(text: str) -> str:
    return text.replace("%", "%%")
