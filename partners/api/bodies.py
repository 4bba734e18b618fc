"""From the body of an order to a checked value, or to everything that is wrong with it at once."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

from generations.brief import BadBrief, Brief, FieldError
from partners.problems import invalid_input
from partners.webhooks import addresses

QUOTED_FIELDS = ("model", "input", "quantity")
ORDER_FIELDS = (*QUOTED_FIELDS, "quote", "reference", "webhook_url", "metadata")
QUOTE_MAX = 1000
REFERENCE_MAX = 200
METADATA_ENTRIES_MAX, METADATA_NAME_MAX, METADATA_TEXT_MAX, METADATA_BYTES_MAX = 50, 64, 500, 4096
METADATA_FITS = (
    f"an object of at most {METADATA_ENTRIES_MAX} entries and {METADATA_BYTES_MAX} bytes, with names of 1 to "
    f"{METADATA_NAME_MAX} characters and values that are text of at most {METADATA_TEXT_MAX} characters, numbers, "
    "true, false or null"
)
METADATA_ALLOWED = {
    "maxProperties": METADATA_ENTRIES_MAX,
    "maxBytes": METADATA_BYTES_MAX,
    "propertyNames": {"minLength": 1, "maxLength": METADATA_NAME_MAX},
    "additionalProperties": {"type": ["string", "number", "boolean", "null"], "maxLength": METADATA_TEXT_MAX},
}


@dataclass(frozen=True)
class OrderBody:
    """What a partner ordered; the brief is what is drawn, the rest is about it."""

    brief: Brief
    quote: str | None = field(default=None, repr=False)
    reference: str | None = None
    webhook_url: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict, repr=False)


def read(raw: object, fields: tuple[str, ...] = ORDER_FIELDS) -> OrderBody:
    """The order in a body of these fields. Raises Problem with every error there is."""
    if not isinstance(raw, Mapping):
        detail = f"The body must be an object with {', '.join(fields)}."
        raise invalid_input([FieldError("", "body", detail, list(fields), "wrong_type")])
    errors = [_unknown(name, fields) for name in list(raw)[:50] if name not in fields]
    quote = _text(raw, "quote", QUOTE_MAX, errors)
    reference = _text(raw, "reference", REFERENCE_MAX, errors)
    webhook_url = _text(raw, "webhook_url", addresses.LONGEST, errors)
    if webhook_url is not None:
        try:
            addresses.check(webhook_url)
        except addresses.BadAddress as bad:
            errors.append(FieldError.at(("webhook_url",), "not_allowed", f"webhook_url: {bad}", addresses.ALLOWED))
    metadata = raw.get("metadata")
    if metadata is not None and not _is_metadata(metadata):
        detail = f"metadata must be {METADATA_FITS}."
        errors.append(FieldError.at(("metadata",), "not_allowed", detail, METADATA_ALLOWED))
    try:
        brief = Brief.read(raw.get("model"), raw.get("input"), raw.get("quantity", 1))
    except BadBrief as bad:
        raise invalid_input([*bad.errors, *errors]) from bad
    if errors:
        raise invalid_input(errors)
    return OrderBody(brief, quote, reference, webhook_url, metadata or {})


def _unknown(name: str, fields: tuple[str, ...]) -> FieldError:
    place = FieldError.at((name,), "unknown_field", "").field
    detail = f"There is no field {place}; there are {', '.join(fields)}."
    if name in ("prompt", "seed"):
        detail = f"{name} stands in input, not beside it."
    return FieldError.at((name,), "unknown_field", detail, list(fields))


def _text(raw: Mapping[str, Any], name: str, most: int, errors: list[FieldError]) -> str | None:
    value = raw.get(name)
    if value is None or (isinstance(value, str) and 1 <= len(value) <= most and _is_storable(value)):
        return value
    detail = f"{name} must be text of 1 to {most} characters."
    errors.append(FieldError.at((name,), "not_allowed", detail, {"minLength": 1, "maxLength": most}))
    return None


def _is_metadata(value: object) -> bool:
    if not isinstance(value, dict) or len(value) > METADATA_ENTRIES_MAX:
        return False
    fits = all(
        1 <= len(name) <= METADATA_NAME_MAX and _is_storable(name) and _is_plain(each) for name, each in value.items()
    )
    return fits and len(json.dumps(value, ensure_ascii=False).encode()) <= METADATA_BYTES_MAX


def _is_plain(value: object) -> bool:
    match value:
        case str():
            return len(value) <= METADATA_TEXT_MAX and _is_storable(value)
        case float():
            return isfinite(value)
        case bool() | None:
            return True
        case int():
            return abs(value) < 10**18
    return False


def _is_storable(text: str) -> bool:
    """Whether a database takes it: no NUL, no half of a surrogate pair."""
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)
