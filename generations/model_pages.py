"""The pages of the image models: what each is for, its price, its input and output, code, and a console to try it.

Everything on them is read from the catalogue, the price rows and the schemas; a new image model brings its page along.
"""

from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from . import answer_schema, code_samples, field_tables, price_table, samples
from .catalogue import ImageModel, examples
from .forms import known_model

API = code_samples.NATIVE.path
PLAIN = "text/plain; charset=utf-8"


@require_safe
def models(request: HttpRequest) -> HttpResponse:
    """All image models, side by side."""
    return render(request, "models/list.html", {"compared": compared()})


@require_safe
def model(request: HttpRequest, id: str) -> HttpResponse:
    image_model = _model_or_404(id)
    context = about(image_model) | {
        "sample": samples.of_model(id),
        "languages": [(language, _told(image_model, language)) for language in code_samples.LANGUAGES],
    }
    return render(request, "models/model.html", context)


@require_safe
def model_llms(request: HttpRequest, id: str) -> HttpResponse:
    """One image model for a program that writes code: Markdown, as plain text."""
    image_model = _model_or_404(id)
    told = [each for each in _native(image_model) if each.language.id != "javascript"]
    return render(request, "models/model_llms.txt", about(image_model) | {"samples": told}, content_type=PLAIN)


@require_safe
def llms(request: HttpRequest) -> HttpResponse:
    """The whole site for a program that writes code."""
    context = {"prices": price_table.read(), "public_url": settings.PUBLIC_URL, "api": settings.PUBLIC_URL + API}
    return render(request, "models/llms.txt", context, content_type=PLAIN)


def about(image_model: ImageModel) -> dict[str, Any]:
    """All that is told of one image model, on its page and in its llms.txt."""
    return {
        "image_model": image_model,
        "prices": price_table.read([image_model])[0],
        "rows": field_tables.rows(image_model),
        "order_rows": answer_schema.rows(answer_schema.Order),
        "answer_rows": answer_schema.rows(answer_schema.Generation),
        "minimal": order(image_model, examples.minimal(image_model)),
        "full": order(image_model, examples.full(image_model)),
        "usual": order(image_model, examples.usual(image_model)),
        "public_url": settings.PUBLIC_URL,
        "api": settings.PUBLIC_URL + API,
        "api_path": API,
    }


def order(image_model: ImageModel, input: dict[str, Any]) -> dict[str, Any]:
    """The body of an order of one picture."""
    return {"model": image_model.id, "input": input, "quantity": 1}


def compared() -> list[dict[str, Any]]:
    """Each image model with what sets it apart from the others."""
    return [_compared(prices) for prices in price_table.read()]


def _compared(prices: price_table.ModelPrices) -> dict[str, Any]:
    fields = {field.name: field for field in prices.image_model.fields()}
    by_kind = {field.kind: field for field in fields.values()}
    shape, size = fields.get("aspect_ratio"), by_kind.get("size")
    return {
        "image_model": prices.image_model,
        "prices": prices,
        "sample": samples.of_model(prices.image_model.id),
        "shapes": f"{len(shape.choices)} shapes" if shape else "",
        "own_size": size is not None,
        "references": by_kind["references"].max_items if "references" in by_kind else 0,
        "loras": by_kind["loras"].max_items if "loras" in by_kind else 0,
        "dials": [field.label for field in fields.values() if _is_dial(field.name, field.kind)],
    }


def _is_dial(name: str, kind: str) -> bool:
    """What steers the drawing itself, other than its shape and what it is made from."""
    return name not in ("seed", "aspect_ratio") and kind in ("integer", "number", "choice") and name != "output_format"


def _told(image_model: ImageModel, language: code_samples.Language) -> list[code_samples.Sample]:
    return [each for each in _native(image_model) if each.language == language]


def _native(image_model: ImageModel) -> list[code_samples.Sample]:
    """The other doors are for who has a client already: their code is in the studio and in their own documents."""
    return code_samples.of(image_model, doors=[code_samples.NATIVE])


def _model_or_404(id: str) -> ImageModel:
    image_model = known_model(id)
    if image_model is None:
        raise Http404("There is no such image model.")
    return image_model
