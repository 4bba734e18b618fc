"""Endpoints: made, changed, disabled and enabled again; and what an account that listens has of its own."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from uuid_utils.compat import uuid7

from generations import events
from partners.models import Delivery, DeliveryTry, Endpoint, Listener, Topic
from partners.signals import endpoint_disabled

from . import addresses, signing

MOST_TRIES = 10  # of a delivery, until it is given up
LEASE = timedelta(seconds=60)  # longer than any try takes
MOST = 20  # endpoints of an account
OLD_SECRET_LASTS = timedelta(hours=24)
TOPICS = [Topic.GENERATION_FINISHED, Topic.GENERATION_UPDATED, Topic.BALANCE_LOW]


class BadTopics(ValueError):
    """The message lists those that there are."""


class TooMany(ValueError):
    """The account has as many endpoints as it may have."""

    def __init__(self) -> None:
        super().__init__(f"An account has at most {MOST} endpoints; delete one first.")


class MadeBefore(Exception):
    """The endpoint of this id is there: its form was sent twice."""


@transaction.atomic
def make(user: AbstractBaseUser, url: str, topics: Iterable[str], *, id: UUID | None = None) -> tuple[Endpoint, str]:
    """A new endpoint and its secret, which is never shown again. It is told of what happens from now on. `id` is what
    whoever asks calls it, so that asking twice makes one.

    Raises BadAddress, BadTopics, TooMany, MadeBefore."""
    addresses.check(url)
    wanted = check_topics(topics)
    _lock(user)
    if id is not None and Endpoint.objects.filter(pk=id).exists():
        raise MadeBefore
    if Endpoint.objects.of(user).count() >= MOST:
        raise TooMany
    secret = signing.new_secret()
    sealed = signing.seal(secret)
    return Endpoint.objects.create(id=id or uuid7(), user_id=user.pk, url=url, topics=wanted, secret=sealed), secret


@transaction.atomic
def change(endpoint: Endpoint, *, url: str | None, topics: Iterable[str] | None, enabled: bool | None) -> None:
    """Change what is not None. Raises BadAddress, BadTopics."""
    changed: dict[str, object] = {}
    if url is not None:
        changed["url"] = addresses.check(url)
        if url != endpoint.url:
            changed["failing_since"] = None  # another receiver has three days of its own
    if topics is not None:
        changed["topics"] = check_topics(topics)
    if changed:
        Endpoint.objects.filter(pk=endpoint.pk).update(**changed)
    if enabled is True:
        enable(endpoint)
    if enabled is False:
        disable(endpoint, Endpoint.Cause.OWNER)


def enable(endpoint: Endpoint) -> None:
    """Begin anew: what waits for it is tried at once, and its failures count from nothing."""
    rows = Endpoint.objects.filter(pk=endpoint.pk).exclude(disabled_at=None)
    with transaction.atomic():
        if rows.update(disabled_at=None, disabled_cause="", failing_since=None):
            Delivery.objects.filter(endpoint=endpoint, outcome="").update(due_at=timezone.now())


def disable(endpoint: Endpoint, cause: Endpoint.Cause) -> bool:
    """Stop calling it; what waits goes on waiting. False when it was disabled already."""
    now = timezone.now()
    with transaction.atomic():
        rows = Endpoint.objects.filter(pk=endpoint.pk, disabled_at=None)
        if not rows.update(disabled_at=now, disabled_cause=cause):
            return False
        if cause != Endpoint.Cause.OWNER:
            endpoint_disabled.send(sender=Endpoint, endpoint_id=endpoint.pk)
    return True


@transaction.atomic
def rotate(row: Endpoint | Listener) -> str:
    """A new secret, shown once. For 24 hours each call has a signature by the old one too."""
    secret = signing.new_secret()
    manager: Any = type(row)._default_manager
    fresh = manager.select_for_update().get(pk=row.pk)
    old = fresh.secret if signing.is_readable(fresh.secret) else ""  # lost: nothing can be signed with it any more
    fresh.old_secret, fresh.old_secret_ends_at = old, timezone.now() + OLD_SECRET_LASTS if old else None
    fresh.secret = signing.seal(secret)
    fresh.save(update_fields=["secret", "old_secret", "old_secret_ends_at"])
    return secret


def secrets(row: Endpoint | Listener, now: datetime) -> list[str]:
    """The sealed secrets that sign a call now, the newest first."""
    ends_at = row.old_secret_ends_at
    return [row.secret, *([row.old_secret] if ends_at and ends_at > now else [])]


def listener(user_id: int) -> Listener:
    """The account's row; a new one is told of what happens from now on."""
    found = Listener.objects.filter(user_id=user_id).first()
    if found is not None:
        return found
    fresh = {"fanned_seq": events.latest(user_id), "secret": signing.seal(signing.new_secret())}
    return Listener.objects.get_or_create(user_id=user_id, defaults=fresh)[0]


def warn_below(user_id: int, amount: int | None) -> None:
    """Tell balance.low when less than `amount` (1/100 credit) is left; None: never. It is told once, until the balance
    was above again."""
    Listener.objects.filter(pk=listener(user_id).pk).update(low_below=amount, is_low=False)


def check_topics(topics: Iterable[str]) -> list[str]:
    """The topics, each once, in their order. Raises BadTopics."""
    wanted = set(topics)
    if not wanted or not wanted <= set(TOPICS):
        raise BadTopics(f"events must be one or more of {', '.join(TOPICS)}.")
    return [topic for topic in TOPICS if topic in wanted]


def test(endpoint: Endpoint) -> Delivery:
    """Have a test told to it, as any other delivery; one that is disabled is told once it is enabled."""
    return Delivery.objects.create(
        user_id=endpoint.user_id, endpoint=endpoint, receiver=str(endpoint.pk), topic=Topic.TEST
    )


def callbacks(user: AbstractBaseUser) -> "QuerySet[Delivery]":
    """What went to the addresses that single orders of an account named."""
    return Delivery.objects.filter(user_id=user.pk, endpoint=None)


def again(endpoint: Endpoint, since: datetime, only: str | None) -> int:
    """Have everything since then told anew, or only what has that outcome; how many."""
    ended = Q(outcome=only) if only else ~Q(outcome="")
    return again_all(Delivery.objects.filter(ended, endpoint=endpoint, created_at__gte=since))


def again_all(rows: "QuerySet[Delivery]") -> int:
    """Tell these anew, with all their tries; how many. What is being tried at this moment is left alone."""
    now = timezone.now()
    under_way = DeliveryTry.objects.filter(ended_at=None, began_at__gt=now - LEASE)
    idle = rows.exclude(pk__in=under_way.values("delivery"))
    return idle.update(outcome="", finished_at=None, due_at=now, tries_left=MOST_TRIES)


def _lock(user: AbstractBaseUser) -> None:
    """One at a time for each account: two at once could both be the last that there is room for."""
    Listener.objects.select_for_update().get(pk=listener(user.pk).pk)
