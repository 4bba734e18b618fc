"""The OpenAPI document of one endpoint, in the form in which fal publishes one for each of its models."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from generations.catalogue import ImageModel
from partners.dialects.view import absolute, answer

from . import wire

IMAGE = {
    "type": "object",
    "required": ["url"],
    "properties": {
        "url": {"type": "string"},
        "content_type": {"type": "string"},
        "file_name": {"type": "string"},
        "file_size": {"type": "integer"},
        "width": {"type": "integer"},
        "height": {"type": "integer"},
    },
}
STATUS = {
    "type": "object",
    "required": ["status", "request_id"],
    "properties": {
        "status": {"type": "string", "enum": ["IN_QUEUE", "IN_PROGRESS", "COMPLETED"]},
        "request_id": {"type": "string"},
        "response_url": {"type": "string"},
        "status_url": {"type": "string"},
        "cancel_url": {"type": "string"},
        "queue_position": {"type": "integer"},
        "logs": {"type": "array", "items": {"type": "object"}},
        "metrics": {"type": "object"},
        "error": {"type": "string"},
        "error_type": {"type": "string"},
    },
}


@require_safe
@cache_control(public=True, max_age=300)
def openapi(request: HttpRequest) -> HttpResponse:
    """`GET /fal/api/openapi/queue/openapi.json?endpoint_id=`"""
    known = wire.image_model(request.GET.get("endpoint_id", ""))
    if known is None:
        said = f"endpoint_id must be one of {', '.join(wire.endpoints())}."
        return answer({"detail": said, "message": said}, 404)
    return answer(document(known))


def document(known: ImageModel) -> dict[str, Any]:
    of_request = f"/{wire.app(known.endpoint)}/requests/{{request_id}}"
    id = {"name": "request_id", "in": "path", "required": True, "schema": {"type": "string", "format": "uuid"}}
    logs = {"name": "logs", "in": "query", "schema": {"type": "integer", "enum": [0, 1]}}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": f"Queue OpenAPI for {known.endpoint}",
            "version": "1.0.0",
            "description": known.summary,
            "x-fal-metadata": {
                "endpointId": known.endpoint,
                "category": "text-to-image",
                "documentationUrl": absolute(f"/models/{known.id}/"),
            },
        },
        "components": {
            "securitySchemes": {"apiKeyAuth": {"type": "apiKey", "in": "header", "name": "Authorization"}},
            "schemas": {"Input": _input(known), "Output": _output(known), "QueueStatus": STATUS},
        },
        "paths": {
            f"/{known.endpoint}": {"post": {"requestBody": _body("Input"), "responses": _answers("QueueStatus")}},
            of_request: {"parameters": [id], "get": {"responses": _answers("Output")}},
            f"{of_request}/status": {"parameters": [id, logs], "get": {"responses": _answers("QueueStatus")}},
            f"{of_request}/cancel": {"parameters": [id], "put": {"responses": {"200": {"description": "Canceled."}}}},
        },
        "servers": [{"url": absolute("/fal/queue")}],
        "security": [{"apiKeyAuth": []}],
    }


def _input(known: ImageModel) -> dict[str, Any]:
    schema = known.json_schema()
    many = {"type": "integer", "minimum": 1, "maximum": wire.NUM_IMAGES_MAX, "default": 1}
    more = {"num_images": many, "sync_mode": {"type": "boolean", "default": False}}
    return {**schema, "properties": {**schema["properties"], **more}}


def _output(known: ImageModel) -> dict[str, Any]:
    told: dict[str, Any] = {"images": {"type": "array", "items": IMAGE}, "seed": {"type": "integer"}}
    if known.id not in wire.OF_KREA:
        told |= {
            "timings": {"type": "object"},
            "has_nsfw_concepts": {"type": "array", "items": {"type": "boolean"}},
            "prompt": {"type": "string"},
        }
    return {"type": "object", "required": list(told), "properties": told}


def _content(name: str) -> dict[str, Any]:
    return {"content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}}}}


def _body(name: str) -> dict[str, Any]:
    return {"required": True, **_content(name)}


def _answers(name: str) -> dict[str, Any]:
    return {"200": {"description": f"{name}.", **_content(name)}}
