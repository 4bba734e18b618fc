"""Reads the parameters of an address into values, or says everything that is wrong with them at once."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from django.utils.dateparse import parse_date, parse_datetime
from rest_framework.request import Request

from partners.problems import invalid_query, parameter_error

TEXT_MAX = 200
PAGE, PAGE_MAX = 20, 100

# The same in the words of JSON Schema.
TEXT = {"type": "string", "minLength": 1, "maxLength": TEXT_MAX, "pattern": "^[^\\x00]*$"}
ID = {"type": "string", "format": "uuid"}
MOMENT = {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "string", "format": "date"}]}


class Query:
    """Each method gives the parameter's value or None where it is absent; `done` raises for all that were wrong."""

    def __init__(self, request: Request) -> None:
        self._given = request.query_params
        self._errors: list[dict[str, object]] = []

    def text(self, name: str) -> str | None:
        value = self._value(name)
        if value is not None and (not 1 <= len(value) <= TEXT_MAX or "\0" in value):
            detail = f"{name} must be text of 1 to {TEXT_MAX} characters, without NUL."
            self._wrong(name, "not_allowed", detail, {"minLength": 1, "maxLength": TEXT_MAX})
            return None
        return value

    def choice(self, name: str, allowed: Sequence[str]) -> str | None:
        value = self._value(name)
        if value is None or value in allowed:
            return value
        self._wrong(name, "not_allowed", f"{name} must be one of {', '.join(allowed)}.", list(allowed))
        return None

    def flag(self, name: str) -> bool:
        return self.choice(name, ("true", "false")) == "true"

    def whole(self, name: str, least: int, most: int) -> int | None:
        value = self._value(name)
        if value is None:
            return None
        if value.isascii() and value.isdigit() and len(value) <= 18 and least <= int(value) <= most:
            return int(value)
        allowed = {"minimum": least, "maximum": most}
        self._wrong(name, "out_of_range", f"{name} must be a whole number from {least} to {most}.", allowed)
        return None

    def id(self, name: str) -> UUID | None:
        value = self._value(name)
        try:
            return None if value is None else UUID(value)
        except ValueError:
            self._wrong(name, "not_allowed", f"{name} must be an id, such as those in answers.")
            return None

    def moment(self, name: str) -> datetime | None:
        value = self._value(name)
        if value is None:
            return None
        found = _moment(value)
        example = "2026-01-31T08:00:00Z"
        if found is None:
            self._wrong(name, "not_allowed", f"{name} must be a time in ISO 8601, such as {example}.")
        return found

    def page_size(self) -> int:
        return self.whole("limit", 1, PAGE_MAX) or PAGE

    def done(self) -> None:
        if self._errors:
            raise invalid_query(self._errors)

    def _value(self, name: str) -> str | None:
        value: str | None = self._given.get(name)
        return value

    def _wrong(self, name: str, code: str, detail: str, allowed: object = None) -> None:
        self._errors.append(parameter_error(name, code, detail, allowed))


def _moment(text: str) -> datetime | None:
    """A time, or the beginning of a day; in UTC where no zone is named."""
    try:
        found = parse_datetime(text)
        if found is None:
            day = parse_date(text)
            found = datetime(day.year, day.month, day.day, tzinfo=UTC) if day else None
    except ValueError:
        return None
    try:
        return found.astimezone(UTC) if found and found.tzinfo else found and found.replace(tzinfo=UTC)
    except OverflowError:
        return None
