"""What the stand-in knows of the four image models: inputs, sizes, times, prices. Its own plain description.

It is written apart from our catalogue on purpose: a mistake there must not be repeated here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

KREA_SIZES = {
    "1:1": (1024, 1024),
    "4:3": (1184, 896),
    "3:2": (1248, 832),
    "16:9": (1376, 768),
    "2.35:1": (1568, 672),
    "4:5": (928, 1152),
    "2:3": (832, 1248),
    "9:16": (768, 1376),
}
PRESETS = {
    "square_hd": (1024, 1024),
    "square": (512, 512),
    "portrait_4_3": (768, 1024),
    "portrait_16_9": (576, 1024),
    "landscape_4_3": (1024, 768),
    "landscape_16_9": (1024, 576),
}


@dataclass(frozen=True)
class Field:
    """One input of an endpoint, in the terms that a pydantic-like check needs.

    `kind` is one of string, integer, number, boolean, enum, size, references, loras.
    """

    kind: str
    required: bool = False
    default: Any = None
    least: float | None = None
    most: float | None = None
    allowed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Endpoint:
    """One endpoint: who it is, what it takes, how long it draws (seconds) and what it costs (micro USD)."""

    id: str
    name: str
    fields: Mapping[str, Field]
    seconds: tuple[float, float]
    unit: str
    micro_usd: int
    micro_usd_with_references: int
    turbo_output: bool

    @property
    def owner_alias(self) -> str:
        """The part of the id that status, result and cancel addresses carry."""
        return "/".join(self.id.split("/")[:2])

    def value(self, given: Mapping[str, Any], name: str) -> Any:
        """A field's value, or its default where it was left out or null."""
        found = given.get(name)
        return self.fields[name].default if found is None else found

    def size(self, given: Mapping[str, Any]) -> tuple[int, int]:
        """Width and height in pixels of the picture that a valid input asks for."""
        if "aspect_ratio" in self.fields:
            return KREA_SIZES[self.value(given, "aspect_ratio")]
        wanted = self.value(given, "image_size")
        if isinstance(wanted, str):
            return PRESETS[wanted]
        return int(wanted.get("width", 512)), int(wanted.get("height", 512))

    def format(self, given: Mapping[str, Any]) -> str:
        """`png` or `jpeg`."""
        return str(self.value(given, "output_format")) if "output_format" in self.fields else "png"

    def pictures(self, given: Mapping[str, Any]) -> int:
        """How many pictures a valid input asks for."""
        return int(self.value(given, "num_images")) if "num_images" in self.fields else 1

    def bill(self, given: Mapping[str, Any], micro_usd: int | None = None) -> tuple[str, int, int]:
        """Billable units as their header says them, and in micro USD the price of one and the cost; `micro_usd` is
        a price that is not the usual one."""
        count, each = self.pictures(given), self.micro_usd if micro_usd is None else micro_usd
        if self.unit == "image":
            each += self.micro_usd_with_references - self.micro_usd if given.get("image_style_references") else 0
            return str(count), each, each * count
        width, height = self.size(given)
        megapixels = width * height * count / 1_000_000
        return f"{megapixels:g}", each, round(each * megapixels)


PROMPT = Field("string", required=True, least=1, most=5000)
SEED = Field("integer", least=0, most=2**63 - 1)
KREA_FIELDS = {
    "prompt": PROMPT,
    "aspect_ratio": Field("enum", default="1:1", allowed=tuple(KREA_SIZES)),
    "creativity": Field("enum", default="medium", allowed=("raw", "low", "medium", "high")),
    "seed": SEED,
    "image_style_references": Field("references", default=(), most=10),
}
OPEN_FIELDS = {
    "prompt": PROMPT,
    "seed": SEED,
    "num_images": Field("integer", default=1, least=1, most=4),
    "enable_safety_checker": Field("boolean", default=True),
    "sync_mode": Field("boolean", default=False),
}

ENDPOINTS = {
    endpoint.id: endpoint
    for endpoint in (
        Endpoint(
            id="krea/v2/medium/text-to-image",
            name="Krea 2 Medium",
            fields=KREA_FIELDS,
            seconds=(5, 15),
            unit="image",
            micro_usd=30_000,
            micro_usd_with_references=35_000,
            turbo_output=False,
        ),
        Endpoint(
            id="krea/v2/large/text-to-image",
            name="Krea 2 Large",
            fields=KREA_FIELDS,
            seconds=(15, 40),
            unit="image",
            micro_usd=60_000,
            micro_usd_with_references=65_000,
            turbo_output=False,
        ),
        Endpoint(
            id="fal-ai/krea-2/turbo/lora",
            name="Krea 2 Turbo + LoRA",
            fields={
                **OPEN_FIELDS,
                "image_size": Field("size", default="square_hd", allowed=tuple(PRESETS)),
                "acceleration": Field("enum", default="none", allowed=("none", "regular")),
                "output_format": Field("enum", default="png", allowed=("jpeg", "png")),
                "loras": Field("loras", default=(), most=3),
            },
            seconds=(2, 5),
            unit="megapixels",
            micro_usd=10_000,
            micro_usd_with_references=10_000,
            turbo_output=True,
        ),
        Endpoint(
            id="fal-ai/flux/krea",
            name="FLUX.1 Krea [dev]",
            fields={
                **OPEN_FIELDS,
                "image_size": Field("size", default="landscape_4_3", allowed=tuple(PRESETS)),
                "num_inference_steps": Field("integer", default=28, least=1, most=50),
                "guidance_scale": Field("number", default=4.5, least=1, most=20),
                "acceleration": Field("enum", default="none", allowed=("none", "regular", "high")),
                "output_format": Field("enum", default="jpeg", allowed=("jpeg", "png")),
            },
            seconds=(3, 8),
            unit="megapixels",
            micro_usd=25_000,
            micro_usd_with_references=25_000,
            turbo_output=True,
        ),
    )
}
