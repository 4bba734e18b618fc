"""What fal delivered: a tolerant reader of a result's body. Only an address is insisted on; fal's own
examples leave out the seed, the sizes, and the safety checker's word."""

import re
from dataclasses import dataclass
from typing import Final

_DIGITS: Final = re.compile("[0-9]{1,19}")


@dataclass(frozen=True)
class Delivered:
    """The one picture of a result. `url` may be a data URI; `nsfw` is None where no safety checker spoke."""

    url: str
    content_type: str | None = None
    width: int | None = None
    height: int | None = None
    seed: int | None = None
    nsfw: bool | None = None


def delivered(body: object) -> Delivered | None:
    """The first picture in a result's body that has an address; None where there is none."""
    if not isinstance(body, dict):
        return None
    images = body.get("images")
    listed = images if isinstance(images, list) else [body.get("image")]
    for place, image in enumerate(listed):
        fields = {"url": image} if isinstance(image, str) else image
        if isinstance(fields, dict) and (url := _text(fields.get("url"))):
            return Delivered(
                url=url,
                content_type=_text(fields.get("content_type")),
                width=_size(fields.get("width")),
                height=_size(fields.get("height")),
                seed=whole(body.get("seed")),
                nsfw=_flag(body.get("has_nsfw_concepts"), place),
            )
    return None


def whole(value: object) -> int | None:
    """An integer of 64 bits, also when JSON wrote it as 7.0 or "7"; None for anything else."""
    number: int | None = None
    if isinstance(value, int) and not isinstance(value, bool):
        number = value
    elif (isinstance(value, float) and value.is_integer()) or (isinstance(value, str) and _DIGITS.fullmatch(value)):
        number = int(value)
    return number if number is not None and abs(number) < 2**63 else None


def _size(value: object) -> int | None:
    pixels = whole(value)
    return pixels if pixels and pixels > 0 else None


def _text(value: object) -> str | None:
    return value.strip() or None if isinstance(value, str) else None


def _flag(flags: object, place: int) -> bool | None:
    if isinstance(flags, list) and place < len(flags) and isinstance(flags[place], bool | int):
        return bool(flags[place])
    return None
