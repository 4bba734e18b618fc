"""What a picture depends on, and nothing else: equal sketches give equal pictures, byte for byte."""

from dataclasses import dataclass
from typing import Any

from standins.fal.drawing import Drawing


@dataclass(frozen=True)
class Sketch:
    """A picture to be painted. Sizes in pixels; a tint is red, green, blue (0 to 255) and strength (-2 to 2).

    `style` is the image model's endpoint id; `loras` are paths with scales; a flagged picture is `black`.
    """

    style: str
    name: str
    prompt: str
    seed: int
    width: int
    height: int
    creativity: str = "medium"
    steps: int = 28
    guidance: float = 4.5
    tints: tuple[tuple[float, ...], ...] = ()
    loras: tuple[tuple[str, float], ...] = ()
    black: bool = False


def sketch_of(drawing: Drawing, index: int = 0) -> Sketch:
    """The sketch of a finished drawing's nth picture."""
    endpoint, given = drawing.endpoint, drawing.input
    width, height = endpoint.size(given)
    return Sketch(
        style=endpoint.id,
        name=endpoint.name,
        prompt=drawing.prompt,
        seed=drawing.seed + index,
        width=width,
        height=height,
        creativity=optional(drawing, "creativity", "medium"),
        steps=optional(drawing, "num_inference_steps", 28),
        guidance=optional(drawing, "guidance_scale", 4.5),
        tints=tuple(tuple(tint) for tint in drawing.tints),
        loras=tuple((lora["path"], lora_scale(lora)) for lora in given.get("loras") or ()),
        black=drawing.flagged,
    )


def optional(drawing: Drawing, name: str, otherwise: Any) -> Any:
    return drawing.endpoint.value(drawing.input, name) if name in drawing.endpoint.fields else otherwise


def lora_scale(lora: dict[str, Any]) -> float:
    scale = lora.get("scale")
    return 1.0 if scale is None else float(scale)
