"""What a customer is told: our stable codes, what each means for the image, and its plain sentence.

A sentence never repeats what fal wrote, since fal's texts may echo the prompt.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Kind(StrEnum):
    """What an answer of fal means for the image."""

    DELIVERED = "delivered"
    BLOCKED = "blocked"  # the content was declined; final
    FAILED = "failed"  # final
    AGAIN = "again"  # nothing was billed; the image is ours to draw again
    CANCELED = "canceled"
    BUSY = "busy"  # asked too early: fal is still at it
    GONE = "gone"  # fal no longer has the result; the history may
    LOCKED = "locked"  # our account, not this image


@dataclass(frozen=True)
class Code:
    """`retryable`: the same input may do better later. `{part}` in `message` is the reference or LoRA meant."""

    kind: Kind
    retryable: bool
    message: str


@dataclass(frozen=True)
class Verdict:
    """What one answer of fal means. `message` is for the customer, `raw_type` (fal's word) for the log.

    `loc_index`: the style reference or LoRA at fault, from 0. `billed_maybe`: fal may charge us for it.
    """

    kind: Kind
    code: str
    message: str
    retryable: bool
    loc_index: int | None = None
    billed_maybe: bool = False
    raw_type: str = ""


def _about_a_file(reason: str, advice: str, retryable: bool) -> Code:
    return Code(Kind.FAILED, retryable, f"{reason} You were not charged. {advice}")


CODES: Final[dict[str, Code]] = {
    "delivered": Code(Kind.DELIVERED, False, ""),
    "content_blocked": Code(
        Kind.BLOCKED,
        False,
        "The content check declined this picture. You were not charged. "
        "Please change the prompt or the references; the same input would be declined again.",
    ),
    "no_media": Code(
        Kind.FAILED,
        False,
        "The image service finished without a picture. You were not charged. Please change the prompt a little.",
    ),
    "bad_input": Code(
        Kind.FAILED,
        False,
        "The image service did not accept one of the settings. You were not charged. "
        "Please change them and start again.",
    ),
    "not_supported": Code(
        Kind.FAILED,
        False,
        "This image model cannot do what was asked. You were not charged. Please try another image model.",
    ),
    "unreachable": _about_a_file(
        "The image service could not fetch {part}.", "Please try again, or use another file.", True
    ),
    "unreadable": _about_a_file("The image service could not read {part}.", "Please use another file.", False),
    "format": _about_a_file(
        "The image service does not know the format of {part}.", "Please use a PNG or JPEG.", False
    ),
    "too_large": _about_a_file("The file of {part} is too large.", "Please use a smaller one.", False),
    "size": _about_a_file(
        "The width or height of {part} does not suit this image model.", "Please use another picture.", False
    ),
    "model_unavailable": Code(
        Kind.FAILED,
        True,
        "This image model is not available just now. You were not charged. Please try another one, or come back later.",
    ),
    "fal_rejected": Code(
        Kind.FAILED,
        False,
        "The image service declined this picture without giving a reason. You were not charged. "
        "Please change the input and start again.",
    ),
    "fal_error": Code(
        Kind.AGAIN,
        True,
        "The image service had a fault while it drew this picture. You were not charged. Please try again.",
    ),
    "timed_out": Code(
        Kind.AGAIN, True, "The image service did not finish in time. You were not charged. Please try again."
    ),
    "fal_busy": Code(
        Kind.AGAIN,
        True,
        "The image service has too much to do just now. You were not charged. Please try again later.",
    ),
    "canceled": Code(Kind.CANCELED, True, "This picture was canceled. You were not charged."),
    "in_progress": Code(Kind.BUSY, True, "This picture is still being drawn."),
    "result_expired": Code(
        Kind.GONE,
        True,
        "The picture was lost before we could fetch it. You were not charged. Please try again.",
    ),
    "account_locked": Code(
        Kind.LOCKED,
        True,
        "The image service does not take our orders just now. You were not charged. Please try again later.",
    ),
    "bad_key": Code(
        Kind.LOCKED,
        True,
        "The image service does not take our orders just now. You were not charged. Please try again later.",
    ),
}
FILE_CODES: Final = frozenset({"unreachable", "unreadable", "format", "too_large", "size"})


def verdict(
    code: str,
    *,
    part: str = "reference",
    loc_index: int | None = None,
    billed_maybe: bool = False,
    raw_type: str = "",
) -> Verdict:
    """The verdict for one of our codes. What is about a file is named for it: `reference_…` or `lora_…`."""
    known = CODES[code]
    noun = "LoRA" if part == "lora" else "style reference"
    named = f"{noun} {loc_index + 1}" if loc_index is not None else f"a {noun}"
    return Verdict(
        kind=known.kind,
        code=f"{part}_{code}" if code in FILE_CODES else code,
        message=known.message.replace("{part}", named),
        retryable=known.retryable,
        loc_index=loc_index,
        billed_maybe=billed_maybe,
        raw_type=raw_type,
    )


FLAGGED: Final = verdict("content_blocked", billed_maybe=True, raw_type="has_nsfw_concepts")  # but drawn
NO_MEDIA: Final = verdict("no_media", billed_maybe=True)
