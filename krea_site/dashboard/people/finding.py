"""Finding a person by whatever a mail to support may name."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from accounts.models import User
from billing.models import Account, Purchase, StripeCustomer, Subscription
from generations.models import Generation, Image
from partners import keys
from partners.models import Key

LONGEST = 254
MOST = 50
MOST_DIGITS = 18  # of a number that a database can hold


@dataclass(frozen=True)
class Match:
    """`by` says what of the person it was."""

    user: User
    by: str


def matches(wanted: str) -> list[Match]:
    """At most MOST people, each once: by part of the address, by an id of theirs (user, wallet, generation, picture,
    purchase, key), by the beginning of a key, or by Stripe's name for them."""
    found: dict[int, Match] = {}
    for by, ids in _ways(wanted.strip()[:LONGEST]):
        for user in User.objects.filter(pk__in=ids).order_by("-pk")[: MOST - len(found)]:
            found.setdefault(user.pk, Match(user, by))
    return list(found.values())


def _ways(wanted: str) -> Iterator[tuple[str, "QuerySet[Any, Any]"]]:
    if not wanted:
        return
    if wanted.isascii() and wanted.isdigit() and len(wanted) <= MOST_DIGITS:
        yield "user id", _ids(User.objects.filter(pk=int(wanted)), "pk")
        yield "wallet id", _ids(Account.objects.filter(pk=int(wanted), user__isnull=False))
    if wanted.startswith(keys.HEAD):
        yield "API key", _ids(Key.objects.filter(prefix__startswith=wanted[: keys.SHOWN_CHARACTERS]))
    if wanted.startswith(("cus_", "sub_", "pi_", "cs_", "in_")):
        yield "Stripe customer", _ids(StripeCustomer.objects.filter(stripe_id=wanted))
        yield "subscription", _ids(Subscription.objects.filter(stripe_id=wanted))
        for name in ("payment", "session", "invoice"):
            yield name, _ids(Purchase.objects.filter(**{name: wanted}))
    if (id := _uuid(wanted)) is not None:
        yield "generation", _ids(Generation.objects.filter(pk=id))
        yield "picture", _ids(Image.objects.filter(pk=id))
        yield "purchase", _ids(Purchase.objects.filter(pk=id))
        yield "API key", _ids(Key.objects.filter(pk=id))
    yield "e-mail", _ids(User.objects.filter(email__icontains=wanted), "pk")


def _ids(rows: "QuerySet[Any]", name: str = "user") -> "QuerySet[Any, Any]":
    return rows.order_by().values_list(name, flat=True)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
