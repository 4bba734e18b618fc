"""The ground all input schemas stand on: exact JSON types, no unknown fields, refusals in plain words."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict
from pydantic_core import PydanticCustomError

REFUSED = "refused"


class Strict(BaseModel):
    """A frozen value read from JSON: text is no number, true is no 1, and no field may be unknown."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


@dataclass(frozen=True)
class Choice:
    """One value of a field with a fixed set of values, and how it is shown to people."""

    value: str
    label: str
    help: str = ""


def choices(offered: Sequence[Choice], **more: Any) -> dict[str, Any]:
    """What to add to the JSON Schema of a field so that a form can name its values."""
    return {"x-choices": [asdict(choice) for choice in offered], **more}


def refused(code: str, because: str, allowed: object = None) -> PydanticCustomError:
    """The error a validator raises; `because` goes on after the field's name ("must be an https address").

    `allowed` None: what the field's schema allows.
    """
    return PydanticCustomError(REFUSED, "{because}", {"because": because, "code": code, "allowed": allowed})
