"""How the stories of the catalogue ask for pictures, and what anyone may rightly ask for."""

from typing import Any

from hypothesis import strategies as st

from generations.brief import BadBrief, Brief, FieldError

PICTURE = "https://example.com/brushwork.jpg"
WEIGHTS = "https://example.com/my-style.safetensors"


def accepted(image_model: str, **input: Any) -> Brief:
    return Brief.read(image_model, {"prompt": "a fox"} | input)


def refusals(image_model: str, input: Any, quantity: Any = 1) -> dict[str, FieldError]:
    """What is wrong, by JSON pointer; empty when nothing is."""
    try:
        Brief.read(image_model, input, quantity)
    except BadBrief as bad:
        assert len({error.pointer for error in bad.errors}) == len(bad.errors)
        return {error.pointer: error for error in bad.errors}
    return {}


def refusal(image_model: str, **input: Any) -> FieldError:
    """The one thing that is wrong."""
    [error] = refusals(image_model, {"prompt": "a fox"} | input).values()
    return error


prompts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=40).map(lambda text: f"a fox {text}")
seeds = st.none() | st.integers(0, 2**32 - 1)
sides = st.integers(256, 1950)
sizes = st.sampled_from(
    ["square_hd", "square", "portrait_4_3", "portrait_16_9", "landscape_4_3", "landscape_16_9"]
) | st.fixed_dictionaries({"width": sides, "height": sides})
references = st.lists(
    st.fixed_dictionaries(
        {"image_url": st.sampled_from([PICTURE, "data:image/png;base64,iVBORw0="]) | st.uuids().map(str)},
        optional={"strength": st.floats(-2, 2) | st.integers(-2, 2)},
    ),
    max_size=10,
)
loras = st.lists(
    st.fixed_dictionaries({"path": st.just(WEIGHTS)}, optional={"scale": st.floats(0, 4) | st.integers(0, 4)}),
    max_size=3,
)
KREA_2 = {
    "aspect_ratio": st.sampled_from(["1:1", "4:3", "3:2", "16:9", "2.35:1", "4:5", "2:3", "9:16"]),
    "creativity": st.sampled_from(["raw", "low", "medium", "high"]),
    "image_style_references": references,
}
SIZED = {
    "image_size": sizes,
    "output_format": st.sampled_from(["jpeg", "png"]),
    "enable_safety_checker": st.booleans(),
}
OPTIONAL: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "krea-2-medium": {**KREA_2},
    "krea-2-large": {**KREA_2},
    "krea-2-turbo-lora": {**SIZED, "loras": loras, "acceleration": st.sampled_from(["none", "regular"])},
    "flux-krea-dev": {
        **SIZED,
        "num_inference_steps": st.integers(1, 50),
        "guidance_scale": st.floats(1, 20) | st.integers(1, 20),
        "acceleration": st.sampled_from(["none", "regular", "high"]),
    },
}


@st.composite
def good_inputs(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    """An image model's id, and an input that it takes."""
    image_model = draw(st.sampled_from(sorted(OPTIONAL)))
    optional = OPTIONAL[image_model] | {"seed": seeds}
    return image_model, draw(st.fixed_dictionaries({"prompt": prompts}, optional=optional))
