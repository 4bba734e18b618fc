"""How a drawing ends: what fal's model would have answered, and the bodies of results."""

import base64
from typing import Any

from standins.fal.drawing import Drawing
from standins.fal.faults import Faults
from standins.fal.luck import fraction
from standins.fal.validate import problem, problems

REFUSED_WORD = "forbidden"
FLAGGED_WORD = "nsfw"
CONTENT_MESSAGE = "The content could not be processed because it contained material flagged by a content checker."
RESULT_KEPT_S = 3600.0  # where the caller declined that payloads are kept
LARGE_RESULT_KEPT_S = 360.0  # 10 KB and more, which data URIs always are
SUFFIXES = {"png": "png", "jpeg": "jpg"}
Failure = tuple[int, Any, str]
CANCELED: Failure = (
    499,
    {"detail": "Request was cancelled by the client", "error_type": "client_cancelled"},
    "client_cancelled",
)
TIMED_OUT: Failure = (
    504,
    {"detail": "Request timed out", "error_type": "request_timeout"},
    "request_timeout",
)


def foreseen(drawing: Drawing) -> Failure | None:
    """What is wrong with the input itself, which the model tells before it draws; None when it will draw."""
    if found := problems(drawing.endpoint, drawing.input):
        return 422, {"detail": found}, ""
    if REFUSED_WORD in drawing.prompt.lower():
        refusal = problem(["body", "prompt"], CONTENT_MESSAGE, "content_policy_violation", drawing.prompt)
        return 422, {"detail": [refusal]}, ""
    return None


def unreachable_reference(index: int, address: str) -> Failure:
    """What the model says about a style reference that it cannot have."""
    loc: list[str | int] = ["body", "image_style_references", index, "image_url"]
    told = problem(
        loc,
        "Failed to download the file. Please check if the URL is accessible and try again.",
        "file_download_error",
        address,
    )
    return 422, {"detail": [told]}, ""


def commanded(drawing: Drawing, faults: Faults) -> Failure | None:
    """The failure that /__control asks for on this drawing, if any."""
    rule = faults.take_for("model", drawing)
    if rule is None:
        return None
    status = int(rule.action.get("status", 500))
    body = rule.action.get("body")
    if body is None:
        told = problem(["body"], "Internal server error", "internal_server_error", None)
        body = {"detail": [told]}
    kind = body.get("error_type", "") if isinstance(body, dict) else ""
    return status, body, str(kind)


def seconds_to_draw(drawing: Drawing) -> float:
    """How long the real thing would take: always the same for the same endpoint, prompt and seed."""
    chance = fraction(f"{drawing.endpoint_id}\n{drawing.prompt}\n{drawing.seed}")
    low, high = drawing.endpoint.seconds
    return low + (high - low) * chance


def succeed(drawing: Drawing, micro_usd: int | None = None) -> None:
    """Note the good end on a drawing: status 200, its bill, and whether the safety checker flags it."""
    drawing.code = 200
    drawing.units, drawing.unit_micro_usd, drawing.cost_micro_usd = drawing.endpoint.bill(drawing.input, micro_usd)
    if drawing.endpoint.turbo_output and FLAGGED_WORD in drawing.prompt.lower():
        drawing.flagged = drawing.endpoint.value(drawing.input, "enable_safety_checker")


def fail(drawing: Drawing, failure: Failure) -> None:
    """Note a bad end on a drawing. It is not billed."""
    drawing.code, drawing.error, drawing.error_type = failure


def picture_names(drawing: Drawing) -> list[str]:
    """The names under which its pictures are found on the CDN."""
    suffix = SUFFIXES[drawing.endpoint.format(drawing.input)]
    count = drawing.endpoint.pictures(drawing.input)
    return [f"{drawing.id}.{suffix}", *(f"{drawing.id}-{index}.{suffix}" for index in range(1, count))]


def wants_data_uris(drawing: Drawing) -> bool:
    """Whether the pictures are to stand in the result itself."""
    return "sync_mode" in drawing.endpoint.fields and bool(drawing.endpoint.value(drawing.input, "sync_mode"))


def result_kept_s(drawing: Drawing) -> float | None:
    """Seconds after its end for which a result can be had; None: as long as anybody will ask."""
    if drawing.drawn and wants_data_uris(drawing):
        return LARGE_RESULT_KEPT_S
    return None if drawing.keep_payload else RESULT_KEPT_S


def body(drawing: Drawing, pictures: list[bytes] | None = None) -> Any:
    """The body of its result: the model's output or its error. `pictures` stand in it as data URIs."""
    if drawing.code != 200:
        return drawing.error
    width, height = drawing.endpoint.size(drawing.input)
    kind = f"image/{drawing.endpoint.format(drawing.input)}"
    images: list[dict[str, Any]] = []
    for index, name in enumerate(picture_names(drawing)):
        url = f"{drawing.base}/cdn/files/drawn/{name}"
        if pictures:
            url = f"data:{kind};base64,{base64.b64encode(pictures[index]).decode()}"
        image = {"url": url, "content_type": kind, "file_name": name, "file_size": None}
        images.append({**image, "width": width, "height": height})
    told: dict[str, Any] = {"images": images, "seed": drawing.seed}
    if drawing.endpoint.turbo_output:
        told["timings"] = {"inference": inference_time(drawing)}
        told["has_nsfw_concepts"] = [drawing.flagged] * len(images)
        told["prompt"] = drawing.prompt
    return told


def inference_time(drawing: Drawing) -> float | None:
    """Seconds from start to end, where it had both."""
    if drawing.started_at is None or drawing.ended_at is None:
        return None
    return round(drawing.ended_at - drawing.started_at, 3)
