"""The shapes of the API's answers: what is sent, and what the OpenAPI document says, from one place.

Money is credits as decimal strings with two places, times are UTC with Z, ids are UUIDs.
"""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, RootModel

from billing.models import Kind

Credits = Annotated[str, Field(pattern=r"^-?\d+\.\d\d$", description="Credits, with two decimal places.")]
GenerationStatus = Literal["queued", "running", "succeeded", "partial", "failed", "blocked", "canceled"]
ImageStatus = Literal["queued", "running", "stored", "failed", "blocked", "canceled"]
PRINTED = r"^[^\x00]*$"
MetadataText = Annotated[str, Field(max_length=500, pattern=PRINTED)]
MetadataNumber = Annotated[float, Field(gt=-(10**18), lt=10**18)]
WEB_ADDRESS = "^[Hh][Tt][Tt][Pp][Ss]?://"
MovementKind = Annotated[str, Field(json_schema_extra={"enum": list(Kind.values)})]


class Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Failure(Shape):
    """Why something was not drawn."""

    code: str = Field(description="A stable word for the reason.")
    message: str = Field(description="A sentence for people; it says that nothing was charged.")
    retryable: bool = Field(description="Whether the same input may do better later.")


class Image(Shape):
    """One picture of a generation."""

    id: UUID
    index: int = Field(description="Its place in the generation, from 0.")
    status: ImageStatus
    seed: int = Field(description="The same seed with the same input draws it again.")
    price: Credits = Field(description="What it costs when it is stored; nothing otherwise.")
    url: str | None = Field(description="A signed address, fresh at every read; null until stored, and when deleted.")
    url_expires_at: datetime | None = Field(description="When `url` ends. `/images/{id}/content` does not end.")
    width: int | None
    height: int | None
    content_type: str | None
    bytes: int | None
    sha256: str | None = Field(description="Of the very bytes that are served, in hexadecimal.")
    error: Failure | None


class Refund(Shape):
    """What was given back for one image, and why."""

    image: UUID
    amount: Credits
    code: str = Field(
        description="The code of the image's `error`; `canceled` for one that you canceled, `refunded` for one that "
        "was delivered and whose price support gave back."
    )
    message: str = Field(description="A sentence for people.")


class Cost(Shape):
    """What a generation costs: `held` stays as it was; once finished, `charged` and `refunded` add up to it. What
    support gives back later moves from the one to the other."""

    held: Credits = Field(description="Set aside at the start.")
    charged: Credits = Field(description="Taken for the images that were stored; 0.00 until finished.")
    refunded: Credits = Field(description="Given back of what was held; 0.00 until finished.")
    refunds: list[Refund] = Field(description="The parts of `refunded`, one for each image that is not charged.")


class QueuePlace(Shape):
    """Where a generation stands among all that wait."""

    position: int = Field(
        description="How many images are drawn before the next one of this generation; 0: it is next."
    )


class Generation(Shape):
    """One order of one or more images, on its way or finished."""

    id: UUID
    status: GenerationStatus
    model: str
    input: dict[str, Any] = Field(description="The input with every default filled in.")
    quantity: int
    quoted: Credits = Field(description="The most that it can cost.")
    cost: Cost
    images: list[Image]
    error: Failure | None = Field(description="The most frequent reason why images are missing.")
    reference: str | None
    metadata: dict[str, Any]
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    queue: QueuePlace | None = Field(description="null once nothing of it waits any more.")


class Generations(Shape):
    """A page of generations, newest first."""

    items: list[Generation]
    next: str | None = Field(description="The `cursor` of the next page; null on the last one.")


class PriceLine(Shape):
    """One line of an image model's price list."""

    item: str
    unit: Literal["image", "megapixel"]
    price: Credits = Field(description="For one unit. The first line is the base, the others come on top of it.")


class Seconds(Shape):
    """From when to when a picture is typically ready."""

    minimum: int
    maximum: int


class ImageModel(Shape):
    """One image model of the catalogue."""

    id: str
    name: str
    summary: str
    not_for: str
    licence: str
    max_quantity: int
    typical_seconds: Seconds
    prices: list[PriceLine] = Field(description="What holds now; empty while the image model is not for sale.")
    available: bool = Field(description="false: switched off for a while; orders and quotes are refused.")
    notice: str | None = Field(description="While it is not available: why, in a sentence for people.")
    input_schema: dict[str, Any] = Field(description="JSON Schema (2020-12) of `input`.")


class Maintenance(Shape):
    """A notice of the operator's that every page of the site shows now."""

    text: str
    starts_at: datetime
    ends_at: datetime


class ImageModels(Shape):
    """Every image model of the catalogue."""

    items: list[ImageModel]
    next: None = Field(description="The catalogue is one page.")
    maintenance: Maintenance | None = Field(description="A notice to everybody that is shown now.")


class QuoteBody(Shape):
    """What is to be priced."""

    model: str = Field(description="Id of an image model.")
    input: dict[str, Any] = Field(description="As the image model's `input_schema` says.")
    quantity: int = Field(default=1, ge=1, description="How many images.")


class GenerationBody(QuoteBody):
    """What is to be drawn."""

    quote: str | None = Field(
        default=None, min_length=1, max_length=1000, description="Binds the price that was quoted."
    )
    reference: str | None = Field(
        default=None, min_length=1, max_length=200, pattern=PRINTED, description="A name of your own."
    )
    webhook_url: str | None = Field(
        default=None,
        max_length=2048,
        pattern=WEB_ADDRESS,
        description="Told `generation.finished`, signed with the account's own secret.",
    )
    metadata: dict[str, MetadataText | MetadataNumber | bool | None] | None = Field(
        default=None,
        max_length=50,
        json_schema_extra={"propertyNames": {"minLength": 1, "maxLength": 64, "pattern": PRINTED}},
        description="Words of your own, given back as they are: at most 50 entries, 4096 bytes.",
    )


class Quote(Shape):
    """The exact price of a generation, and the token that binds it."""

    quote: str = Field(description="Send it with the generation: it then costs this price, or less.")
    expires_at: datetime
    model: str
    input: dict[str, Any] = Field(description="The input with every default filled in.")
    quantity: int
    image_price: Credits
    price: Credits = Field(description="For all images.")


class GenerationOrQuote(RootModel[Generation | Quote]):
    """The finished generation; with `dry_run`, the quote."""


class StreamEvent(Shape):
    """One event of the stream: what its `data` holds."""

    seq: int = Field(description="Its number in the account, without gaps; also the `id` of the message.")
    type: Literal["generation.updated", "image.updated", "generation.finished", "balance.updated"]
    created_at: datetime
    data: dict[str, Any] = Field(description="Ids and the new status; read the object for the rest.")


class UploadBody(Shape):
    """A picture by its address."""

    url: str = Field(min_length=1, description="An http or https address open to everybody, or a data URI.")


class Upload(Shape):
    """A style reference that is kept: as long as a generation uses it, else thirty days."""

    id: UUID
    url: str = Field(description="Where its bytes are, for a key. This or `id` may stand as `image_url`.")
    width: int
    height: int
    content_type: str
    bytes: int
    sha256: str = Field(description="Of the very bytes that are kept, in hexadecimal.")
    created_at: datetime


class Uploads(Shape):
    """A page of uploads, newest first."""

    items: list[Upload]
    next: str | None = Field(description="The `cursor` of the next page; null on the last one.")


class Balance(Shape):
    """What the account has."""

    available: Credits = Field(description="What can be spent now.")
    held: Credits = Field(description="Set aside for generations under way.")
    debt: Credits = Field(description="Owed after a refund or dispute; nothing can be spent while it is above 0.00.")


class Movement(Shape):
    """One row of the ledger."""

    id: UUID
    kind: MovementKind
    amount: Credits = Field(description="Signed as the account sees it.")
    balance: Credits | None = Field(description="After this row; null for a row that moved the debt instead.")
    memo: str
    generation: UUID | None
    created_at: datetime


class Movements(Shape):
    """A page of ledger rows, newest first."""

    items: list[Movement]
    next: str | None = Field(description="The `cursor` of the next page; null on the last one.")


class UsageRow(Shape):
    """What was delivered of one image model on one day by one key."""

    day: date = Field(description="In UTC: the day on which the generations were settled.")
    model: str
    key: UUID | None = Field(description="null: ordered on the website, or with a key that is gone.")
    images: int
    credits: Credits
    refunded: Credits = Field(description="Of `credits`, what support has given back since, on whatever day.")


class UsageRows(Shape):
    """Usage, the newest day first."""

    items: list[UsageRow]
    next: None = Field(description="It is one page.")


Topic = Literal["generation.finished", "generation.updated", "balance.low"]


class WebhookBody(Shape):
    """Where to be told of what."""

    url: str = Field(max_length=2048, pattern=WEB_ADDRESS, description="Open to the world; https is wise.")
    events: list[Topic] = Field(min_length=1)


class WebhookChange(Shape):
    """What is to be changed; what is left out stays."""

    url: str | None = Field(default=None, max_length=2048, pattern=WEB_ADDRESS)
    events: list[Topic] | None = Field(default=None, min_length=1)
    enabled: bool | None = Field(default=None, description="true: what waits is tried at once.")


class Webhook(Shape):
    """An address that is told of events."""

    id: UUID
    url: str
    events: list[Topic]
    enabled: bool
    disabled_cause: Literal["owner", "failing", "gone"] | None = Field(
        description="failing: no success in three days. gone: it answered 410."
    )
    failing_since: datetime | None = Field(description="The first failure since the last success.")
    created_at: datetime


class WebhookWithSecret(Webhook):
    """A webhook with the secret that signs its calls, which is never shown again."""

    secret: str = Field(description="As Standard Webhooks libraries take it.")


class Webhooks(Shape):
    """Every webhook of the account, newest first."""

    items: list[Webhook]
    next: None = Field(description="They are one page.")


class WebhookSettings(Shape):
    """What holds for all webhooks of the account."""

    low_below: Credits | None = Field(
        description="`balance.low` is told when less than this is available; null: never."
    )


class WebhookSettingsChange(Shape):
    """What is to hold for all webhooks of the account; what is left out stays."""

    low_below: Annotated[str, Field(pattern=r"^[0-9]{1,13}(\.[0-9]{1,2})?$")] | None = Field(
        default=None, description="Credits below which `balance.low` is told; null: never."
    )


class Secret(Shape):
    """A secret, which is never shown again."""

    secret: str = Field(description="As Standard Webhooks libraries take it.")


class Delivery(Shape):
    """One telling of one event to one address."""

    id: UUID
    type: Literal["generation.finished", "generation.updated", "balance.low", "test"]
    status: Literal["waiting", "delivered", "given_up", "dropped"] = Field(
        description="waiting: for its first or next try. dropped: what it was about was deleted meanwhile."
    )
    generation: UUID | None
    tries: int
    next_try_at: datetime | None = Field(description="null once it is decided.")
    created_at: datetime
    finished_at: datetime | None


class DeliveryTry(Shape):
    """One request, and what was answered."""

    number: int
    began_at: datetime
    seconds: float | None = Field(description="How long it took; null while it is under way, or where the sender died.")
    url: str
    request_headers: dict[str, str]
    request_body: str
    status: int | None = Field(description="null where there was no answer.")
    answer_headers: dict[str, str]
    answer_body: str = Field(description="Its first 4096 bytes.")
    error: str | None = Field(description="Why it does not count as delivered.")


class DeliveryWithLog(Delivery):
    """A delivery with every try."""

    log: list[DeliveryTry]


class Deliveries(Shape):
    """A page of deliveries, newest first."""

    items: list[Delivery]
    next: str | None = Field(description="The `cursor` of the next page; null on the last one.")


class Again(Shape):
    """What is to be told anew."""

    since: datetime = Field(description="Deliveries made at or after this time; the log goes back thirty days.")
    status: Literal["delivered", "given_up", "dropped"] | None = Field(
        default="given_up", description="Only those that ended so; null: all that ended."
    )


class Count(Shape):
    """How many."""

    count: int


class FieldProblem(Shape):
    """What is wrong with one field of the body, or one parameter of the address."""

    pointer: str | None = Field(description="JSON pointer into the body; null for a parameter.")
    parameter: str | None = Field(description="Name of the parameter; null for a field of the body.")
    code: str
    detail: str
    allowed: Any = Field(description="A fixed set, or bounds in the words of JSON Schema; null where no list helps.")


class ProblemDetails(BaseModel):
    """RFC 9457 problem details. Programs branch on `code`."""

    model_config = ConfigDict(extra="allow", title="Problem")

    type: str = Field(description="The address where this code is explained.")
    title: str
    status: int
    detail: str
    code: str
    request_id: str | None = Field(default=None, description="What to tell us if you write to us about it.")
    errors: list[FieldProblem] = Field(default=[], description="Every field that is wrong; absent where none is.")
    price: Credits | None = Field(default=None, description="With insufficient_credits and limit_reached.")
    available: Credits | None = Field(default=None, description="With insufficient_credits.")
    missing: Credits | None = Field(default=None, description="With insufficient_credits: what has to come in first.")
    limit: Credits | None = Field(default=None, description="With limit_reached.")
    left: Credits | None = Field(default=None, description="With limit_reached.")
    period: Literal["day", "month"] | None = Field(default=None, description="With limit_reached.")
    unfinished: int | None = Field(default=None, description="With too_many_unfinished.")
    unfinished_limit: int | None = Field(default=None, description="With too_many_unfinished.")
    streams_limit: int | None = Field(default=None, description="With too_many_streams.")
    resume_after: int | None = Field(default=None, description="With events_gone: the `since` to go on with.")
    files: int | None = Field(default=None, description="With upload_quota_reached: how many are kept unused.")
    files_allowed: int | None = Field(default=None, description="With upload_quota_reached.")
    bytes: int | None = Field(default=None, description="With upload_quota_reached: how large they are together.")
    bytes_allowed: int | None = Field(default=None, description="With upload_quota_reached.")
    generations: int | None = Field(default=None, description="With upload_in_use: how many use it.")
    renews: date | None = Field(default=None, description="With limit_reached: the day it counts from nothing again.")
    allowed: list[str] | None = Field(default=None, description="With missing_scope, method_not_allowed, not_found.")
