"""The examples of the API's documents. A test holds them against the schema, and sends the requests."""

from typing import Any

from pydantic import BaseModel

from generations import catalogue
from partners.problems import KINDS, type_of

from . import shapes

FOX = {"prompt": "A red fox in fresh snow, early light", "aspect_ratio": "3:2"}
FOX_IN_FULL = {
    "prompt": "A red fox in fresh snow, early light",
    "aspect_ratio": "3:2",
    "creativity": "medium",
    "image_style_references": [],
}
GENERATION_ID = "019ab2c4-1f3e-7c55-8a51-6d1f0b7a9e01"
KEY_ID = "019ab2c4-0c10-7a11-9f3e-5b7d2c8e4a66"
IMAGE_ID = "019ab2c4-1f41-7d02-9c1e-2b8f4e6a7d10"
SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
QUOTE = "WyI1ZjQ2Il0:1tzK3n:xV9c0vQ2"

REQUESTS: dict[str, dict[str, Any]] = {
    "createQuote": {"A fox": {"model": "krea-2-medium", "input": FOX, "quantity": 2}},
    "createGeneration": {
        "The shortest": {"model": "krea-2-medium", "input": {"prompt": "A red fox in fresh snow"}},
        "With words of your own": {
            "model": "krea-2-medium",
            "input": FOX,
            "quantity": 2,
            "reference": "order-1017",
            "metadata": {"customer": "c-204", "campaign": "winter"},
        },
    },
    "createWebhook": {
        "Told when it is done": {"url": "https://shop.example/hooks/krea", "events": ["generation.finished"]}
    },
    "updateWebhookSettings": {"Warn below 500 credits": {"low_below": "500.00"}},
}
# Bodies of calls about something that has to be there first.
MORE_REQUESTS: dict[str, dict[str, Any]] = {
    "updateWebhook": {"Enable it again": {"enabled": True}},
    "createUpload": {"By its address": {"url": "https://shop.example/styles/linocut.png"}},
    "redeliverAll": {"What was missed since Friday": {"since": "2026-11-20T00:00:00Z"}},
}

_IMAGE = {
    "id": IMAGE_ID,
    "index": 0,
    "status": "stored",
    "seed": 1482910533,
    "price": "39.00",
    "url": f"https://studio.example/pictures/9f/86/{SHA256}.png?expires=1795262400&signature=Zm94",
    "url_expires_at": "2026-11-21T12:00:00Z",
    "width": 1248,
    "height": 832,
    "content_type": "image/png",
    "bytes": 1583204,
    "sha256": SHA256,
    "error": None,
}
_GENERATION = {
    "id": GENERATION_ID,
    "status": "succeeded",
    "model": "krea-2-medium",
    "input": FOX_IN_FULL,
    "quantity": 1,
    "quoted": "39.00",
    "cost": {"held": "39.00", "charged": "39.00", "refunded": "0.00", "refunds": []},
    "images": [_IMAGE],
    "error": None,
    "reference": "order-1017",
    "metadata": {"customer": "c-204"},
    "created_at": "2026-11-21T11:02:10.512000Z",
    "started_at": "2026-11-21T11:02:10.840000Z",
    "finished_at": "2026-11-21T11:02:19.204000Z",
    "queue": None,
}
_MOVEMENT = {
    "id": "019ab2c4-4011-7b0f-8f3d-0c5a1e9d7b22",
    "kind": "usage",
    "amount": "-39.00",
    "balance": "961.00",
    "memo": "1 image, Krea 2 Medium",
    "generation": GENERATION_ID,
    "created_at": "2026-11-21T11:02:19.204000Z",
}
_UPLOAD = {
    "id": "019ab2c4-7c32-7f15-a6d8-9e0b3c5f1a42",
    "url": "https://studio.example/api/v1/uploads/019ab2c4-7c32-7f15-a6d8-9e0b3c5f1a42/content",
    "width": 1024,
    "height": 768,
    "content_type": "image/jpeg",
    "bytes": 248113,
    "sha256": SHA256,
    "created_at": "2026-11-21T10:58:03.118000Z",
}
_QUOTE = {
    "quote": QUOTE,
    "expires_at": "2026-11-21T11:12:10Z",
    "model": "krea-2-medium",
    "input": FOX_IN_FULL,
    "quantity": 2,
    "image_price": "39.00",
    "price": "78.00",
}
_WEBHOOK = {
    "id": "019ab2c4-5a10-7c3e-9d42-8e1f6b0c3d77",
    "url": "https://shop.example/hooks/krea",
    "events": ["generation.finished"],
    "enabled": True,
    "disabled_cause": None,
    "failing_since": None,
    "created_at": "2026-11-20T09:15:00.204000Z",
}
_SECRET = "whsec_ZXhhbXBsZSBleGFtcGxlIGV4YW1wbGUgZXhhbXBsZQ=="
_DELIVERY = {
    "id": "019ab2c4-6b21-7e8a-b7c5-4f9d2a1e8c03",
    "type": "generation.finished",
    "status": "delivered",
    "generation": GENERATION_ID,
    "tries": 1,
    "next_try_at": None,
    "created_at": "2026-11-21T11:02:19.500000Z",
    "finished_at": "2026-11-21T11:02:19.822000Z",
}
_TRY = {
    "number": 1,
    "began_at": "2026-11-21T11:02:19.511000Z",
    "seconds": 0.311,
    "url": "https://shop.example/hooks/krea",
    "request_headers": {
        "content-type": "application/json",
        "webhook-id": "msg_019ab2c46b217e8ab7c54f9d2a1e8c03",
        "webhook-timestamp": "1795258939",
        "webhook-signature": "v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=",
    },
    "request_body": '{"type":"generation.finished","timestamp":"2026-11-21T11:02:19.511000Z","data":{}}',
    "status": 200,
    "answer_headers": {"content-type": "text/plain"},
    "answer_body": "ok",
    "error": None,
}


def _image_model() -> dict[str, Any]:
    model = catalogue.get(catalogue.DEFAULT)
    return {
        "id": model.id,
        "name": model.name,
        "summary": model.summary,
        "not_for": model.not_for,
        "licence": model.licence,
        "max_quantity": model.max_quantity,
        "typical_seconds": {"minimum": model.typical_s[0], "maximum": model.typical_s[1]},
        "available": True,
        "notice": None,
        "prices": [
            {"item": "krea-2-medium", "unit": "image", "price": "39.00"},
            {"item": "krea-2-medium.style_references", "unit": "image", "price": "6.50"},
        ],
        "input_schema": {"type": "object", "required": ["prompt"], "properties": {"prompt": {"type": "string"}}},
    }


_SHAPES: dict[type[BaseModel], Any] = {
    shapes.Generation: _GENERATION,
    shapes.Generations: {"items": [_GENERATION], "next": None},
    shapes.Image: _IMAGE,
    shapes.ImageModel: _image_model(),
    shapes.ImageModels: {"items": [_image_model()], "next": None, "maintenance": None},
    shapes.Quote: _QUOTE,
    shapes.GenerationOrQuote: _GENERATION,
    shapes.Upload: _UPLOAD,
    shapes.Uploads: {"items": [_UPLOAD], "next": None},
    shapes.Balance: {"available": "922.00", "held": "39.00", "debt": "0.00"},
    shapes.Movement: _MOVEMENT,
    shapes.Movements: {"items": [_MOVEMENT], "next": None},
    shapes.UsageRows: {
        "items": [
            {
                "day": "2026-11-21",
                "model": "krea-2-medium",
                "key": KEY_ID,
                "images": 12,
                "credits": "468.00",
                "refunded": "39.00",
            },
            {
                "day": "2026-11-21",
                "model": "krea-2-large",
                "key": None,
                "images": 1,
                "credits": "78.00",
                "refunded": "0.00",
            },
        ],
        "next": None,
    },
    shapes.Webhook: _WEBHOOK,
    shapes.WebhookWithSecret: {**_WEBHOOK, "secret": _SECRET},
    shapes.Webhooks: {"items": [_WEBHOOK], "next": None},
    shapes.WebhookSettings: {"low_below": "500.00"},
    shapes.Secret: {"secret": _SECRET},
    shapes.Delivery: _DELIVERY,
    shapes.DeliveryWithLog: {**_DELIVERY, "log": [_TRY]},
    shapes.Deliveries: {"items": [_DELIVERY], "next": None},
    shapes.Count: {"count": 12},
}
_MORE: dict[str, dict[str, Any]] = {
    "insufficient_credits": {"price": "78.00", "available": "12.00", "missing": "66.00"},
    "limit_reached": {
        "price": "78.00",
        "limit": "500.00",
        "left": "20.00",
        "period": "month",
        "renews": "2026-12-01",
    },
    "events_gone": {"resume_after": 1840},
    "too_many_streams": {"streams_limit": 200},
    "too_many_unfinished": {"unfinished": 998, "unfinished_limit": 1000},
    "upload_quota_reached": {
        "files": 1000,
        "files_allowed": 1000,
        "bytes": 611_238_912,
        "bytes_allowed": 1_048_576_000,
    },
    "upload_in_use": {"generations": 2},
    "missing_scope": {"allowed": ["generations:write"]},
    "method_not_allowed": {"allowed": ["GET"]},
    "invalid_input": {
        "errors": [
            {
                "pointer": "/input/creativity",
                "parameter": None,
                "code": "not_allowed",
                "detail": "creativity must be one of raw, low, medium, high.",
                "allowed": ["raw", "low", "medium", "high"],
            }
        ]
    },
    "invalid_query": {
        "errors": [
            {
                "pointer": None,
                "parameter": "limit",
                "code": "out_of_range",
                "detail": "limit must be a whole number from 1 to 100.",
                "allowed": {"minimum": 1, "maximum": 100},
            }
        ]
    },
}


def of(shape: type[BaseModel]) -> Any:
    """An answer of this shape."""
    return _SHAPES[shape]


def problem(code: str) -> dict[str, Any]:
    """A problem of this code, as it is answered."""
    kind = KINDS[code]
    told = {"type": type_of(code), "title": kind.title, "status": kind.status, "detail": kind.title, "code": code}
    return told | _MORE.get(code, {})
