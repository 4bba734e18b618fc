"""One error about one field: where it points, and what it says may stand there."""

from typing import Any

import pytest

from generations.catalogue.field_errors import FieldError, allowed_in, what_fits


@pytest.mark.parametrize(
    ("node", "sentence", "allowed"),
    [
        ({"type": "integer"}, "a whole number", None),
        ({"type": "number", "minimum": 0.5}, "a number of at least 0.5", {"minimum": 0.5}),
        ({"type": "number", "maximum": 2.0}, "a number of at most 2", {"maximum": 2.0}),
        (
            {"type": ["integer", "null"], "minimum": 0, "maximum": 9},
            "a whole number from 0 to 9",
            {"minimum": 0, "maximum": 9},
        ),
        ({"type": "boolean"}, "true or false", [True, False]),
        ({"type": "string"}, "text", None),
        ({"type": "string", "maxLength": 9}, "text of 0 to 9 characters", {"maxLength": 9}),
        ({"type": "array"}, "a list", None),
        ({"type": "array", "maxItems": 3}, "a list of at most 3 entries", {"maxItems": 3}),
        ({"type": "string", "enum": ["a", "b"]}, "one of a, b", ["a", "b"]),
    ],
)
def test_what_may_stand_in_a_field_is_said_in_words_and_in_values(
    node: dict[str, Any], sentence: str, allowed: object
) -> None:
    assert what_fits(node) == sentence
    assert allowed_in(node) == allowed


def test_error_points_at_its_place_for_programs_and_for_forms() -> None:
    error = FieldError.at(("input", "loras", 0, "path"), "unreachable", "LoRA 1 cannot be reached.")

    assert (error.pointer, error.field) == ("/input/loras/0/path", "loras.0.path")
    assert (error.code, error.allowed) == ("unreachable", None)
    assert error.in_form == error.detail == "LoRA 1 cannot be reached."


def test_pointer_escapes_what_json_pointers_escape() -> None:
    assert FieldError.at(("input", "a/b~c"), "unknown_field", "").pointer == "/input/a~1b~0c"
