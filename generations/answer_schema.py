"""What the native API is sent and what it answers, as schemas: the tables of the model pages are made from them, and a
test holds them against real answers."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field


class Order(BaseModel):
    """The body of an order."""

    model: Annotated[str, Field(description="The id of the image model.")]
    input: Annotated[dict[str, Any], Field(description="What to draw: see Input.")]
    quantity: Annotated[int, Field(description="How many pictures. Each has a seed and a price of its own.")] = 1
    quote: Annotated[
        str | None,
        Field(description="The token of a quote. It binds the price for ten minutes; if prices fell, the lower holds."),
    ] = None
    reference: Annotated[str | None, Field(description="A name of your own for the order, to find it by.")] = None
    webhook_url: Annotated[str | None, Field(description="An address that is told when it is finished.")] = None
    metadata: Annotated[
        dict[str, Any] | None,
        Field(description="Words of your own that come back with every answer: at most 50 entries, 4,096 bytes."),
    ] = None


class Problem(BaseModel):
    """What went wrong."""

    code: Annotated[str, Field(description="Stable, for programs.")]
    message: Annotated[str, Field(description="The same for people.")]
    retryable: Annotated[bool, Field(description="Whether the same order can succeed later.")]


class Refund(BaseModel):
    """What was given back for one picture."""

    image: Annotated[str, Field(description="The id of the picture.")]
    amount: Annotated[str, Field(description="In credits.")]
    code: Annotated[str, Field(description="Why, for programs: that of its error, or canceled.")]
    message: Annotated[str, Field(description="The same for people.")]


class Cost(BaseModel):
    """Credits of one order, as decimal strings with two places."""

    held: Annotated[str, Field(description="Set aside when it was ordered.")]
    charged: Annotated[str, Field(description="Taken for the pictures that were delivered.")]
    refunded: Annotated[str, Field(description="Of what was held, given back, at the end or later.")]
    refunds: Annotated[list[Refund], Field(description="Its parts, one for each picture that is not charged.")]


class Queue(BaseModel):
    """Where an order stands while it waits."""

    position: Annotated[int, Field(description="How many pictures are drawn before its next one; 0 means it is next.")]


class Image(BaseModel):
    """One picture."""

    id: Annotated[str, Field(description="Its id; its bytes are at /images/{id}/content.")]
    index: Annotated[int, Field(description="Its place in the batch, from 0.")]
    status: Annotated[
        Literal["queued", "running", "stored", "failed", "blocked", "canceled"],
        Field(description="The last four are final. Only a stored picture is charged."),
    ]
    seed: Annotated[int, Field(description="The seed that it was drawn with.")]
    price: Annotated[str, Field(description="What it costs when it is stored, in credits.")]
    url: Annotated[str | None, Field(description="A signed address of the file; null until it is stored.")]
    url_expires_at: Annotated[str | None, Field(description="When that address ends. Ask again for a fresh one.")]
    width: Annotated[int | None, Field(description="In pixels, read from the file.")]
    height: Annotated[int | None, Field(description="In pixels, read from the file.")]
    content_type: Annotated[str | None, Field(description="Such as image/png.")]
    bytes: Annotated[int | None, Field(description="The length of the file.")]
    sha256: Annotated[str | None, Field(description="Of the bytes that are served.")]
    error: Annotated[Problem | None, Field(description="Why there is no picture; null where nothing went wrong.")]


class Generation(BaseModel):
    """One order on its way."""

    id: Annotated[str, Field(description="A UUID that sorts by time.")]
    status: Annotated[
        Literal["queued", "running", "succeeded", "partial", "failed", "blocked", "canceled"],
        Field(description="All but the first two are final."),
    ]
    model: Annotated[str, Field(description="The id of the image model.")]
    input: Annotated[dict[str, Any], Field(description="The input as it was checked, defaults filled in.")]
    quantity: Annotated[int, Field(description="How many pictures were ordered.")]
    quoted: Annotated[str, Field(description="The whole price, in credits. It is never charged more.")]
    cost: Annotated[Cost, Field(description="What became of the price, in credits.")]
    images: Annotated[list[Image], Field(description="Every picture, in order.")]
    error: Annotated[Problem | None, Field(description="The most frequent cause where no picture came; else null.")]
    reference: Annotated[str | None, Field(description="The name that you gave it.")]
    metadata: Annotated[dict[str, Any], Field(description="What you sent with it.")]
    created_at: Annotated[str, Field(description="ISO 8601, UTC; so are the other times.")]
    started_at: Annotated[str | None, Field(description="When the first picture was sent to be drawn.")]
    finished_at: Annotated[str | None, Field(description="When the last picture became final.")]
    queue: Annotated[Queue | None, Field(description="Its place in the queue; null when nothing of it waits.")]


@dataclass(frozen=True)
class Row:
    """One field: `name` is the way to it (`images[].url`), `default` JSON, None where it must be there or always is."""

    name: str
    type: str
    default: str | None
    allowed: tuple[str, ...]
    meaning: str
    depth: int


def rows(schema: type[BaseModel]) -> list[Row]:
    """Every field of an order or an answer, parts after their whole."""
    raw = schema.model_json_schema()
    return list(_rows(raw, raw.get("$defs", {}), "", 0))


def _rows(node: dict[str, Any], definitions: dict[str, Any], prefix: str, depth: int) -> Iterator[Row]:
    for name, told in node["properties"].items():
        inner, nullable = _without_null(told)
        is_list = inner.get("type") == "array"
        target = _resolved(inner["items"] if is_list else inner, definitions)
        yield Row(
            name=prefix + name,
            type=_type(target, is_list) + (" or null" if nullable and "default" not in told else ""),
            default=None if "default" not in told else str(told["default"]).replace("None", "none"),
            allowed=tuple(target.get("enum", ())),
            meaning=told.get("description", ""),
            depth=depth,
        )
        if "properties" in target:
            yield from _rows(target, definitions, f"{prefix}{name}{'[]' if is_list else ''}.", depth + 1)


def _without_null(node: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    branches = node.get("anyOf", ())
    given = [branch for branch in branches if branch.get("type") != "null"]
    return (given[0], True) if len(given) < len(branches) else (node, False)


def _resolved(node: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    name = node.get("$ref", "").removeprefix("#/$defs/")
    return dict(definitions[name]) if name else node


def _type(node: dict[str, Any], is_list: bool) -> str:
    return f"list of {node['type']}s" if is_list else str(node["type"])
