"""Limits that the operator sets at the dashboard. The most particular one holds: that of the customer, then that of
their plan, then the one for everybody, then the setting.

Each app names its own limits as values of `Limit` and asks `of` for them wherever it enforces one. The rows are kept in
the process for KEPT_S seconds, so that asking costs an order nothing: what is set holds within that time everywhere.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from .models import LimitRow, Subscription

KEPT_S: Final = 5.0
HIGHEST: Final = 1_000_000_000
# Those whose period is paid for, or whose payment Stripe still tries to get.
PAYING: Final = (Subscription.Status.TRIALING, Subscription.Status.ACTIVE, Subscription.Status.PAST_DUE)


@dataclass(frozen=True)
class Limit:
    """One kind of limit. `setting` says what holds where nobody set anything; None: no limit at all. `of_customers` is
    False where a limit is one of the site and no customer has their own."""

    name: str
    label: str
    unit: str
    help: str
    setting: Callable[[], int | None]
    named: str = ""  # the setting's name, for the page
    least: int = 0
    most: int = HIGHEST
    of_customers: bool = True


@dataclass(frozen=True)
class Scope:
    """For whom a limit is: one customer, those of a plan, or everybody."""

    user_id: int | None = None
    plan_id: UUID | None = None

    @property
    def subject(self) -> str:
        """As the audit log names it."""
        if self.user_id is not None:
            return f"user:{self.user_id}"
        return f"plan:{self.plan_id}" if self.plan_id is not None else "everybody"


EVERYBODY: Final = Scope()


@dataclass(frozen=True)
class Held:
    """What holds, and why: `by` is user, plan, everybody or setting."""

    value: int | None
    by: str


@dataclass(frozen=True)
class _Rows:
    """All that is set, as it was at one moment."""

    until: float
    values: Mapping[tuple[str, int | None, UUID | None], int]
    plans: Mapping[str, frozenset[UUID]]  # which plans have a limit of a name


class Overtaken(Exception):
    """Somebody else set one of these meanwhile; nothing was changed."""


class OutOfRange(ValueError):
    """A limit that may not be set so; the message is for staff."""


_kept = _Rows(0.0, {}, {})


def of(limit: Limit, user_id: int | None = None) -> int | None:
    """The limit that holds for a customer, or with None for everybody; None where there is no limit. Asks the database
    every few seconds alone, and for the customer's plan only where a plan has such a limit."""
    return why(limit, user_id).value


def amount(limit: Limit, user_id: int | None = None) -> int:
    """As `of`, for a limit whose setting is always a number."""
    value = of(limit, user_id)
    if value is None:
        raise TypeError(f"{limit.name} may be unlimited")
    return value


def why(limit: Limit, user_id: int | None = None) -> Held:
    rows = _rows()
    if user_id is not None and (limit.name, user_id, None) in rows.values:
        return Held(rows.values[limit.name, user_id, None], "user")
    if user_id is not None and (plans := rows.plans.get(limit.name)):
        mine = [rows.values[limit.name, None, plan] for plan in _plans_of(user_id) if plan in plans]
        if mine:
            return Held(max(mine), "plan")
    if (limit.name, None, None) in rows.values:
        return Held(rows.values[limit.name, None, None], "everybody")
    return Held(limit.setting(), "setting")


def set_for(scope: Scope) -> dict[str, int]:
    """What is set for exactly these, by the names of the limits; read anew."""
    rows = _rows_of(scope)
    return dict(rows.values_list("what", "value"))


def check(limit: Limit, value: int | None, scope: Scope) -> None:
    """Raises OutOfRange for a value that this limit cannot have; None takes the row away."""
    if not limit.of_customers and scope != EVERYBODY:
        raise OutOfRange(f"{limit.label} is a limit of the whole site.")
    if value is not None and not limit.least <= value <= limit.most:
        raise OutOfRange(f"{limit.label}: from {limit.least:,} to {limit.most:,}, or empty.")


@transaction.atomic
def put(scope: Scope, wanted: Mapping[str, int | None], *, was: Mapping[str, int | None]) -> dict[str, int | None]:
    """Set or, with None, take away limits by their names; what they were before, without those that are so already.

    `was` is what staff was shown: Overtaken where it is otherwise now. Two at once: the second waits, and finds that.
    """
    rows = _rows_of(scope)
    now = dict(rows.select_for_update().order_by("pk").values_list("what", "value"))
    changed = {what: value for what, value in wanted.items() if now.get(what) != value}
    if any(now.get(what) != was.get(what) for what in changed):
        raise Overtaken
    for what, value in changed.items():
        if value is None:
            rows.filter(what=what).delete()
        elif what in now:
            rows.filter(what=what).update(value=value, set_at=timezone.now())
        elif not _add(what, scope, value):
            raise Overtaken
    forget()
    transaction.on_commit(forget, robust=True)
    return {what: now.get(what) for what in changed}


def erase(user_id: int) -> None:
    """The customer leaves."""
    LimitRow.objects.filter(user_id=user_id).delete()


def forget() -> None:
    """Ask the database anew at the next question."""
    global _kept  # replaced whole, so that a thread reads one moment or another
    _kept = _Rows(0.0, {}, {})


def _add(what: str, scope: Scope, value: int) -> bool:
    """False where somebody else was quicker: the unique rows decide."""
    row = LimitRow(what=what, user_id=scope.user_id, plan_id=scope.plan_id, value=value)
    LimitRow.objects.bulk_create([row], ignore_conflicts=True)
    return _rows_of(scope).filter(what=what, value=value).exists()


def _rows_of(scope: Scope) -> "QuerySet[LimitRow]":
    user = Q(user=None) if scope.user_id is None else Q(user_id=scope.user_id)
    plan = Q(plan=None) if scope.plan_id is None else Q(plan_id=scope.plan_id)
    return LimitRow.objects.filter(user, plan)


def _rows() -> _Rows:
    global _kept
    found = _kept
    if time.monotonic() >= found.until:
        values: dict[tuple[str, int | None, UUID | None], int] = {}
        plans: dict[str, set[Any]] = {}
        for what, user_id, plan_id, value in LimitRow.objects.values_list("what", "user_id", "plan_id", "value"):
            values[what, user_id, plan_id] = value
            if plan_id is not None:
                plans.setdefault(what, set()).add(plan_id)
        until = time.monotonic() + KEPT_S
        _kept = found = _Rows(until, values, {what: frozenset(ids) for what, ids in plans.items()})
    return found


def _plans_of(user_id: int) -> list[UUID]:
    rows = Subscription.objects.filter(user_id=user_id, status__in=PAYING).exclude(plan=None)
    return [plan_id for plan_id in rows.values_list("plan_id", flat=True) if plan_id is not None]
