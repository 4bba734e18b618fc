"""Webhooks: endpoints, and the log of what they were told."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any, ClassVar, cast
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpResponse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from rest_framework.request import Request

from billing.credits import read, show
from generations.brief import FieldError
from partners.models import Delivery, DeliveryTry, Endpoint, Listener, Scope
from partners.problems import Problem, invalid_input
from partners.webhooks import addresses, endpoints

from . import presented, shapes
from .describe import described, parameter
from .generations import PAGE
from .query import ID, Query
from .view import ApiView, answer

SCOPES: Mapping[str, tuple[str, ...] | None] = dict.fromkeys(
    ("get", "post", "patch", "delete"), (Scope.WEBHOOKS_WRITE,)
)
OUTCOMES = list(Delivery.Outcome.values)
STATUSES = ("waiting", *OUTCOMES)
STATUS = parameter("status", "Only those that stand so.", {"type": "string", "enum": list(STATUSES)})


class WebhookView(ApiView):
    scopes: ClassVar[Mapping[str, tuple[str, ...] | None]] = SCOPES


class Webhooks(WebhookView):
    @described("listWebhooks", "List the webhooks", {200: shapes.Webhooks}, tag="Webhooks")
    def get(self, request: Request) -> HttpResponse:
        """Every webhook of the account, without its secret."""
        rows = Endpoint.objects.of(request.user).order_by("-id")
        return answer(shapes.Webhooks(items=[shown(row) for row in rows], next=None))

    @described(
        "createWebhook",
        "Make a webhook",
        {201: shapes.WebhookWithSecret},
        problems=["invalid_input", "too_many_webhooks"],
        body=shapes.WebhookBody,
        tag="Webhooks",
    )
    def post(self, request: Request) -> HttpResponse:
        """An address that is told of what happens from now on. The secret in the answer is never shown again."""
        return self.once(request, lambda: self._read(request))

    def _read(self, request: Request) -> Callable[[], HttpResponse]:
        body = _Body(request.data, ("url", "events"))
        url, topics = body.url(required=True), body.topics(required=True)
        body.done()
        return partial(_make, request, cast(str, url), cast(list[str], topics))


class OneWebhook(WebhookView):
    @described("getWebhook", "Read a webhook", {200: shapes.Webhook}, problems=["not_found"], tag="Webhooks")
    def get(self, request: Request, id: UUID) -> HttpResponse:
        """The webhook, without its secret."""
        return answer(shown(_mine(request, id)))

    @described(
        "updateWebhook",
        "Change a webhook",
        {200: shapes.Webhook},
        problems=["not_found", "invalid_input"],
        body=shapes.WebhookChange,
        tag="Webhooks",
    )
    def patch(self, request: Request, id: UUID) -> HttpResponse:
        """Change address or events, disable it, or enable it again: then what waits for it is tried at once."""
        row = _mine(request, id)
        body = _Body(request.data, ("url", "events", "enabled"))
        url, topics, enabled = body.url(), body.topics(), body.flag("enabled")
        body.done()
        endpoints.change(row, url=url, topics=topics, enabled=enabled)
        return answer(shown(_mine(request, id)))

    @described("deleteWebhook", "Delete a webhook", {204: None}, problems=["not_found"], tag="Webhooks")
    def delete(self, request: Request, id: UUID) -> HttpResponse:
        """The webhook goes with its log; what it was not told yet it is not told any more."""
        _mine(request, id).delete()
        gone = HttpResponse(status=204)
        del gone["Content-Type"]
        return gone


class Rotate(WebhookView):
    @described(
        "rotateWebhookSecret",
        "Give a webhook a new secret",
        {200: shapes.WebhookWithSecret},
        problems=["not_found"],
        tag="Webhooks",
    )
    def post(self, request: Request, id: UUID) -> HttpResponse:
        """The new secret, shown once. For 24 hours every call is signed with both, so that nothing is lost."""
        row = _mine(request, id)
        return self.once(request, lambda: lambda: answer(_with_secret(row, endpoints.rotate(row))))


class Settings(WebhookView):
    @described("getWebhookSettings", "Read the settings", {200: shapes.WebhookSettings}, tag="Webhooks")
    def get(self, request: Request) -> HttpResponse:
        """What holds for all webhooks of the account."""
        row = Listener.objects.filter(user_id=request.user.pk).first()
        below = row.low_below if row else None
        return answer(shapes.WebhookSettings(low_below=None if below is None else show(below)))

    @described(
        "updateWebhookSettings",
        "Change the settings",
        {200: shapes.WebhookSettings},
        problems=["invalid_input"],
        body=shapes.WebhookSettingsChange,
        tag="Webhooks",
    )
    def patch(self, request: Request) -> HttpResponse:
        """Say below which balance `balance.low` is told. It is told once, until the balance was above again."""
        body = _Body(request.data, ("low_below",))
        below = body.credits("low_below")
        body.done()
        if "low_below" in request.data:
            endpoints.warn_below(request.user.pk, below)
        return self.get(request)


class RotateCallbacks(WebhookView):
    @described(
        "rotateCallbackSecret", "Give the account a new secret for `webhook_url`", {200: shapes.Secret}, tag="Webhooks"
    )
    def post(self, request: Request) -> HttpResponse:
        """The secret that signs what goes to the `webhook_url` of a generation, shown once. For 24 hours calls are
        signed with the old one too."""
        return self.once(request, lambda: partial(_rotate_callbacks, request))


class Test(WebhookView):
    @described("testWebhook", "Send a test", {202: shapes.Delivery}, problems=["not_found"], tag="Webhooks")
    def post(self, request: Request, id: UUID) -> HttpResponse:
        """Tell the webhook a `test`, signed and logged as everything else."""
        row = _mine(request, id)
        return self.once(request, lambda: lambda: answer(told(endpoints.test(row)), status=202))


class RedeliverAll(WebhookView):
    @described(
        "redeliverAll",
        "Tell anew what was missed",
        {202: shapes.Count},
        problems=["not_found", "invalid_input"],
        body=shapes.Again,
        tag="Webhooks",
    )
    def post(self, request: Request, id: UUID) -> HttpResponse:
        """Everything that was given up since a time, or all that ended with another `status`."""
        row = _mine(request, id)
        return self.once(request, lambda: self._read(request, row))

    def _read(self, request: Request, row: Endpoint) -> Callable[[], HttpResponse]:
        body = _Body(request.data, ("since", "status"))
        since, only = body.moment("since"), body.choice("status", OUTCOMES, default=Delivery.Outcome.GIVEN_UP)
        body.done()
        return lambda: answer(shapes.Count(count=endpoints.again(row, cast(datetime, since), only)), status=202)


class Deliveries(WebhookView):
    takes: ClassVar[Mapping[str, tuple[str, ...]]] = {"get": ("status", "cursor", "limit")}

    @described(
        "listDeliveries",
        "List the deliveries",
        {200: shapes.Deliveries},
        problems=["not_found"],
        parameters=[STATUS, *PAGE],
        tag="Webhooks",
    )
    def get(self, request: Request, id: UUID) -> HttpResponse:
        """What the webhook was told in the last thirty days, newest first."""
        row = _mine(request, id)
        query = Query(request)
        return _page(query, Delivery.objects.filter(endpoint=row))


class OneDelivery(WebhookView):
    @described("getDelivery", "Read a delivery", {200: shapes.DeliveryWithLog}, problems=["not_found"], tag="Webhooks")
    def get(self, request: Request, id: UUID, delivery: UUID) -> HttpResponse:
        """The delivery with every try: the request, the answer, and how long it took."""
        return _with_log(_delivery(request, id, delivery))


class Redeliver(WebhookView):
    @described("redeliver", "Tell it anew", {202: shapes.Delivery}, problems=["not_found"], tag="Webhooks")
    def post(self, request: Request, id: UUID, delivery: UUID) -> HttpResponse:
        """Send this delivery again now, with the same `webhook-id`, whatever became of it, and with all its tries."""
        row = _delivery(request, id, delivery)
        return self.once(request, lambda: partial(_again, row))


class Callbacks(WebhookView):
    takes: ClassVar[Mapping[str, tuple[str, ...]]] = {"get": ("generation", "status", "cursor", "limit")}

    @described(
        "listCallbacks",
        "List what went to `webhook_url`",
        {200: shapes.Deliveries},
        parameters=[parameter("generation", "Only those of this generation.", ID), STATUS, *PAGE],
        tag="Webhooks",
    )
    def get(self, request: Request) -> HttpResponse:
        """What the `webhook_url` of orders was told in the last thirty days, newest first."""
        query = Query(request)
        generation = query.id("generation")
        rows = endpoints.callbacks(request.user)
        return _page(query, rows if generation is None else rows.filter(object_id=generation))


class OneCallback(WebhookView):
    @described(
        "getCallback",
        "Read what went to a `webhook_url`",
        {200: shapes.DeliveryWithLog},
        problems=["not_found"],
        tag="Webhooks",
    )
    def get(self, request: Request, delivery: UUID) -> HttpResponse:
        """The delivery with every try: the request, the answer, and how long it took."""
        return _with_log(_callback(request, delivery))


class RedeliverCallback(WebhookView):
    @described(
        "redeliverCallback",
        "Tell a `webhook_url` anew",
        {202: shapes.Delivery},
        problems=["not_found"],
        tag="Webhooks",
    )
    def post(self, request: Request, delivery: UUID) -> HttpResponse:
        """Send this delivery again now, with the same `webhook-id`, whatever became of it, and with all its tries."""
        row = _callback(request, delivery)
        return self.once(request, lambda: partial(_again, row))


def shown(row: Endpoint) -> shapes.Webhook:
    return shapes.Webhook.model_validate(_members(row))


def told(row: Delivery) -> shapes.Delivery:
    return shapes.Delivery.model_validate(
        {
            "id": row.pk,
            "type": row.topic,
            "status": row.status,
            "generation": row.object_id,
            "tries": row.tries,
            "next_try_at": None if row.outcome else presented.utc(row.due_at),
            "created_at": presented.utc(row.created_at),
            "finished_at": presented.utc(row.finished_at) if row.finished_at else None,
        }
    )


class _Body:
    """Each method gives a field's value or None where it is absent; `done` raises for all that were wrong."""

    def __init__(self, raw: object, known: tuple[str, ...]) -> None:
        if not isinstance(raw, Mapping):
            detail = f"The body must be an object with {', '.join(known)}."
            raise invalid_input([FieldError("", "body", detail, list(known), "wrong_type")])
        self._raw: Mapping[str, Any] = raw
        self._errors = [
            FieldError.at(
                (name,), "unknown_field", f"There is no such field; there are {', '.join(known)}.", list(known)
            )
            for name in list(raw)[:20]
            if name not in known
        ]

    def url(self, *, required: bool = False) -> str | None:
        value = self._raw.get("url")
        if value is None and not required:
            return None
        try:
            return addresses.check(value if isinstance(value, str) else "")
        except addresses.BadAddress as bad:
            self._wrong("url", f"url: {bad}", addresses.ALLOWED)
            return None

    def topics(self, *, required: bool = False) -> list[str] | None:
        value = self._raw.get("events")
        if value is None and not required:
            return None
        try:
            is_list = isinstance(value, list) and all(isinstance(each, str) for each in value)
            return endpoints.check_topics(cast(list[str], value) if is_list else [])
        except endpoints.BadTopics as bad:
            self._wrong("events", str(bad), list(endpoints.TOPICS))
            return None

    def flag(self, name: str) -> bool | None:
        value = self._raw.get(name)
        if value is None or isinstance(value, bool):
            return value
        self._wrong(name, f"{name} must be true or false.", [True, False])
        return None

    def choice(self, name: str, allowed: list[str], default: str) -> str | None:
        value = self._raw.get(name, default)
        if value is None or value in allowed:
            return cast(str | None, value)
        self._wrong(name, f"{name} must be one of {', '.join(allowed)}, or null.", allowed)
        return None

    def credits(self, name: str) -> int | None:
        """An amount in 1/100 credit; None for null."""
        value = self._raw.get(name)
        try:
            return None if value is None else read(value if isinstance(value, str) else "")
        except ValueError as error:
            self._wrong(name, f"{name}: {error}", None)
            return None

    def moment(self, name: str) -> datetime | None:
        """A time with its zone, which must be there."""
        value = self._raw.get(name)
        try:
            found = parse_datetime(value) if isinstance(value, str) else None
        except ValueError:
            found = None
        if found is not None and found.tzinfo is not None and abs(found - timezone.now()) < timedelta(days=36500):
            return found
        self._wrong(name, f"{name} must be a time in ISO 8601 with its zone, such as 2026-01-31T08:00:00Z.", None)
        return None

    def done(self) -> None:
        if self._errors:
            raise invalid_input(self._errors)

    def _wrong(self, name: str, detail: str, allowed: object) -> None:
        self._errors.append(FieldError.at((name,), "not_allowed", detail, allowed))


def _make(request: Request, url: str, topics: list[str]) -> HttpResponse:
    try:
        row, secret = endpoints.make(request.user, url, topics)
    except endpoints.TooMany as over:
        raise Problem("too_many_webhooks", str(over)) from over
    return answer(_with_secret(row, secret), status=201, headers={"Location": f"{request.path}/{row.pk}"})


def _rotate_callbacks(request: Request) -> HttpResponse:
    return answer(shapes.Secret(secret=endpoints.rotate(endpoints.listener(request.user.pk))))


@transaction.atomic
def _again(row: Delivery) -> HttpResponse:
    endpoints.again_all(Delivery.objects.filter(pk=row.pk))
    return answer(told(Delivery.objects.get(pk=row.pk)), status=202)


def _with_secret(row: Endpoint, secret: str) -> shapes.WebhookWithSecret:
    return shapes.WebhookWithSecret.model_validate(_members(row) | {"secret": secret})


def _members(row: Endpoint) -> dict[str, Any]:
    return {
        "id": row.pk,
        "url": row.url,
        "events": row.topics,
        "enabled": row.is_enabled,
        "disabled_cause": row.disabled_cause or None,
        "failing_since": presented.utc(row.failing_since) if row.failing_since else None,
        "created_at": presented.utc(row.created_at),
    }


def _try(row: DeliveryTry) -> shapes.DeliveryTry:
    return shapes.DeliveryTry(
        number=row.number,
        began_at=presented.utc(row.began_at),
        seconds=round(row.took.total_seconds(), 3) if row.took is not None else None,
        url=row.url,
        request_headers=row.request_headers,
        request_body=row.request_body,
        status=row.status,
        answer_headers=row.answer_headers,
        answer_body=row.answer_body,
        error=row.error or None,
    )


def _mine(request: Request, id: UUID) -> Endpoint:
    row = Endpoint.objects.of(request.user).filter(pk=id).first()
    if row is None:
        raise Problem("not_found", "You have no webhook with this id.")
    return row


def _page(query: Query, rows: "QuerySet[Delivery]") -> HttpResponse:
    """Those of a log that the address asks for, newest first."""
    status, cursor, size = query.choice("status", STATUSES), query.id("cursor"), query.page_size()
    query.done()
    if status is not None:
        rows = rows.filter(outcome="" if status == "waiting" else status)
    if cursor is not None:
        rows = rows.filter(pk__lt=cursor)
    found = list(rows.order_by("-id")[: size + 1])
    following = str(found[size - 1].pk) if len(found) > size else None
    return answer(shapes.Deliveries(items=[told(each) for each in found[:size]], next=following))


def _with_log(row: Delivery) -> HttpResponse:
    log = [_try(each) for each in row.log.all()]
    return answer(shapes.DeliveryWithLog(**told(row).model_dump(), log=log))


def _callback(request: Request, delivery: UUID) -> Delivery:
    row = endpoints.callbacks(request.user).filter(pk=delivery).first()
    if row is None:
        raise Problem("not_found", "No order of yours has a delivery with this id.")
    return row


def _delivery(request: Request, id: UUID, delivery: UUID) -> Delivery:
    row = Delivery.objects.filter(pk=delivery, endpoint=_mine(request, id)).first()
    if row is None:
        raise Problem("not_found", "This webhook has no delivery with this id.")
    return row
