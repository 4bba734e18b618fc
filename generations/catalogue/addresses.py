"""Addresses of things to draw with: style references and LoRA weights. Judged by their text alone here.

Whether anything answers there, and whether it may be touched at all, is for `generations.safe_fetch`.
"""

import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, ConfigDict, Field

from generations.catalogue.strict import Strict, refused

ADDRESS_MAX = 4096  # signed addresses of object storage pass 2,048 characters
DATA_URI_MAX = 14_000_000  # a picture of 10 MB in base64, and its heading
LORA_FILE = ".safetensors"

UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
DATA_URI = re.compile(r"data:image/[a-z0-9.+-]+(?:;[a-z0-9=._-]+)*;base64,(?=.)", re.IGNORECASE)

REFERENCE = "an http or https address, a data URI of an image in base64, or the id of an upload"
REFERENCE_ALLOWED = {"schemes": ["https", "http", "data"], "or": "the id of an upload"}
LORA = f"the https address of a {LORA_FILE} file"
LORA_ALLOWED = {"schemes": ["https"], "ending": LORA_FILE}


def is_data_uri(address: str) -> bool:
    return address[:5].lower() == "data:"


def _is_web_address(value: str, *schemes: str) -> bool:
    if not value.isprintable() or " " in value or "\\" in value:
        return False
    try:
        parts = urlsplit(value)
        well_formed = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    return well_formed and parts.scheme in schemes and "@" not in parts.netloc


def _check_reference(value: str) -> str:
    if UUID.fullmatch(value):
        return value.lower()
    if is_data_uri(value):
        if value.isascii() and DATA_URI.match(value):
            return value
    elif len(value) > ADDRESS_MAX:
        raise refused("too_long", f"must be an address of at most {ADDRESS_MAX} characters", {"maxLength": ADDRESS_MAX})
    elif _is_web_address(value, "http", "https"):
        return value
    raise refused("bad_address", f"must be {REFERENCE}")


def _check_lora(value: str) -> str:
    if _is_web_address(value, "https") and urlsplit(value).path.lower().endswith(LORA_FILE):
        return value
    raise refused("bad_address", f"must be {LORA}")


def _no_negative_zero(value: float) -> float:
    return value + 0.0  # -0.0 is 0.0 to every reader, and must have the same digest


class StyleReference(Strict):
    """A picture whose style is to be followed, and how strongly."""

    model_config = ConfigDict(title="Style reference")

    image_url: Annotated[
        str,
        Field(
            title="Picture",
            description="A public http(s) address, a data URI, or the id of an upload.",
            examples=["https://example.com/brushwork.jpg"],
            min_length=1,
            max_length=DATA_URI_MAX,
            json_schema_extra={"x-fits": REFERENCE, "x-allowed": REFERENCE_ALLOWED},
        ),
        AfterValidator(_check_reference),
    ]
    strength: Annotated[
        float,
        Field(
            title="Strength",
            description="1 follows the style, 2 follows it hard, 0 leaves it out, below 0 pushes away.",
            ge=-2,
            le=2,
        ),
        AfterValidator(_no_negative_zero),
    ] = 1.0


class Lora(Strict):
    """Weights that teach the image model a subject or a style of your own, and how much of them to use."""

    model_config = ConfigDict(title="LoRA")

    path: Annotated[
        str,
        Field(
            title="Address of the weights",
            description="A public https address that ends in .safetensors.",
            examples=["https://example.com/my-style.safetensors"],
            min_length=1,
            max_length=ADDRESS_MAX,
            json_schema_extra={"x-fits": LORA, "x-allowed": LORA_ALLOWED},
        ),
        AfterValidator(_check_lora),
    ]
    scale: Annotated[
        float,
        Field(title="Scale", description="1 is as trained; 0 leaves it out; 4 is the most.", ge=0, le=4),
        AfterValidator(_no_negative_zero),
    ] = 1.0
