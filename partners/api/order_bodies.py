"""What an order's body may hold, said exactly in the OpenAPI document: one body for each image model, with its input.

The shapes know the fields; which input goes with which image model only the catalogue knows.
"""

from typing import Any

from generations import catalogue
from generations.catalogue import ImageModel

BODIES = ("QuoteBody", "GenerationBody")
_REF = "#/components/schemas/"


def say(document: dict[str, Any]) -> None:
    """Put the inputs of the catalogue into the bodies of orders, in place."""
    schemas = document["components"]["schemas"]
    models = catalogue.all()
    for model in models:
        schemas[input_name(model)] = model.json_schema()
    for name in BODIES:
        shape = schemas.pop(name)
        for model in models:
            schemas[_body_name(name, model)] = _with_input(shape, model)
        schemas[name] = {
            "description": shape["description"],
            "oneOf": [{"$ref": _REF + _body_name(name, model)} for model in models],
            "discriminator": {
                "propertyName": "model",
                "mapping": {model.id: _REF + _body_name(name, model) for model in models},
            },
        }


def input_name(model: ImageModel) -> str:
    return f"{_words(model)}Input"


def _body_name(body: str, model: ImageModel) -> str:
    return f"{_words(model)}{body}"


def _with_input(shape: dict[str, Any], model: ImageModel) -> dict[str, Any]:
    fields = shape["properties"]
    own = {
        "model": {**fields["model"], "const": model.id},
        "input": {"$ref": _REF + input_name(model)},
        "quantity": {**fields["quantity"], "maximum": model.max_quantity},
    }
    return {**shape, "description": f"{shape['description']} With {model.name}.", "properties": {**fields, **own}}


def _words(model: ImageModel) -> str:
    return "".join(part.capitalize() for part in model.id.split("-"))
