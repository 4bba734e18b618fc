"""What a schema cannot say of a body or an address, for schemathesis: whatever it made to be accepted is made so.

Only calls that are meant to be accepted are touched; what is meant to be refused goes out as it was made.
"""

import json
import os
import unicodedata
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import schemathesis
from django.utils.dateparse import parse_date, parse_datetime

STRANGER = os.environ["CONTRACT_STRANGER"]  # has pictures, and takes webhooks
FILE = Path("static/samples/hills-320.webp")
YEAR = timedelta(days=366)
PIXELS_MAX = 4_000_000
METADATA_BYTES_MAX = 4096


@schemathesis.hook
def before_call(context: schemathesis.HookContext, case: schemathesis.Case[Any], kwargs: dict[str, Any]) -> None:
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    path = context.operation.path if context.operation else ""
    if case.headers and "Idempotency-Key" in case.headers:
        case.headers["Idempotency-Key"] = str(uuid4())  # the same one with another body is refused
    if case.media_type == "multipart/form-data":
        kwargs["files"] = {"file": FILE.read_bytes()}  # in place of bytes that are no picture
    elif isinstance(case.body, dict):
        _mend(case.body)
    if path.endswith("/events"):
        _mend_place(case)
    if path.endswith("/usage") and case.query:
        _mend_span(case.query)


def _mend(body: dict[str, Any]) -> None:
    for name in ("url", "webhook_url"):
        if body.get(name):
            body[name] = f"{STRANGER}/{uuid4()}"
    if body.get("quote"):
        body["quote"] = None  # one is for one order, and ends after ten minutes
    if isinstance(body.get("since"), str) and abs(_moment(body["since"]) - datetime.now(UTC)) > 90 * YEAR:
        body["since"] = "2026-01-31T08:00:00Z"
    metadata = body.get("metadata") or {}
    while len(json.dumps(metadata, ensure_ascii=False).encode()) > METADATA_BYTES_MAX:
        metadata.popitem()
    if isinstance(body.get("input"), dict):
        _mend_input(body["input"])


def _mend_input(given: dict[str, Any]) -> None:
    legible = "".join(each for each in given["prompt"] if unicodedata.category(each) not in ("Cc", "Cs"))
    given["prompt"] = f"fox {legible}"[:5000]
    given.pop("loras", None)  # their server has to be there, with https
    given.pop("enable_safety_checker", None)  # only some accounts may switch it off
    for reference in given.get("image_style_references") or ():
        reference["image_url"] = f"{STRANGER}/picture"
    size = given.get("image_size")
    if isinstance(size, dict):
        size["height"] = min(size["height"], PIXELS_MAX // int(size["width"]))


def _mend_place(case: schemathesis.Case[Any]) -> None:
    """A stream cannot begin after the last event; one that begins early has something to tell at once."""
    if case.headers and case.headers.get("Last-Event-ID"):
        case.headers["Last-Event-ID"] = "1"
    if not (case.query and str(case.query.get("since", "")).endswith("m")):
        case.query = {"since": "0"}


def _mend_span(query: dict[str, Any]) -> None:
    """The last day must not come before the first one, nor more than a year after it."""
    until = _moment(query["until"]) if "until" in query else datetime.now(UTC)
    since = _moment(query["since"]) if "since" in query else until
    if not timedelta() <= until - since < YEAR:
        query.update(since="2026-11-01", until="2026-12-01T00:00:00Z")


def _moment(text: str) -> datetime:
    found = parse_datetime(text)
    if found is None:
        day = parse_date(text)
        assert day is not None, text
        found = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return found if found.tzinfo else found.replace(tzinfo=UTC)
