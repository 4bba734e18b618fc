"""Requests for credits that need a second member of the staff: asked for, then confirmed, refused, or expired."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import User
from billing.credits import show
from krea_site.dashboard.people import giving, levers
from krea_site.models import CreditRequest

LASTS = timedelta(days=7)
State = CreditRequest.State


class NotNow(Exception):
    """It is decided already, expired, or not for this member of staff to decide; the words say which."""


def ask(person: User, *, takes: bool, amount: int, reason: str, actor: Any, id: UUID) -> CreditRequest:
    now = timezone.now()
    return CreditRequest.objects.create(
        id=id, user=person, takes=takes, amount=amount, reason=reason, asked_by=actor, asked_at=now,
        expires_at=now + LASTS,
    )  # fmt: skip


def waiting() -> "QuerySet[CreditRequest]":
    return CreditRequest.objects.filter(state=State.WAITING, expires_at__gt=timezone.now())


@transaction.atomic
def confirm(id: UUID, *, actor: Any, answer: str) -> tuple[int, int]:
    """Move the credits; the balance before and after. Of two who decide at once, one does. Raises NotNow, and then
    nothing is changed."""
    row = CreditRequest.objects.get(pk=id)
    person = User.objects.select_for_update(no_key=True).get(pk=row.user_id)
    _decide(row, State.CONFIRMED, actor=actor, answer=answer)
    if words := levers.hindrance(actor, person):
        raise NotNow(words)
    try:
        return giving.move(
            person, row.amount, takes=row.takes, key=f"credit-request:{row.pk}", memo=row.reason, actor=actor
        )
    except ValueError as error:
        raise NotNow(str(error)) from error


@transaction.atomic
def refuse(id: UUID, *, actor: Any, answer: str) -> None:
    """Raises NotNow."""
    _decide(CreditRequest.objects.get(pk=id), State.REFUSED, actor=actor, answer=answer)


def sweep() -> None:
    """What nobody decided within its time is over."""
    now = timezone.now()
    CreditRequest.objects.filter(state=State.WAITING, expires_at__lte=now).update(state=State.EXPIRED, decided_at=now)


def in_words(row: CreditRequest) -> dict[str, Any]:
    """For the audit log."""
    return {"request": str(row.pk), "takes": row.takes, "credits": show(row.amount), "asked_by": row.asked_by_id}


def _decide(row: CreditRequest, state: State, *, actor: Any, answer: str) -> None:
    if row.asked_by_id == actor.pk:
        raise NotNow("You asked for this yourself: somebody else has to decide.")
    mine = waiting().filter(pk=row.pk).exclude(asked_by=actor.pk)
    if not mine.update(state=state, decided_by=actor.pk, decided_at=timezone.now(), answer=answer):
        row.refresh_from_db()
        if row.state == State.WAITING:
            raise NotNow("It has expired. It can be asked for anew.")
        raise NotNow(f"It was {row.state} already.")
