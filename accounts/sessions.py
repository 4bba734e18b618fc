"""Where somebody is logged in: the sessions of a person, when each was last seen, and their end."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login import AUTHENTICATION_METHODS_SESSION_KEY
from allauth.usersessions.models import UserSession as UserSession
from django.contrib.sessions.models import Session
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from . import devices
from .models import User

SEEN_EVERY_S = 600
REMEMBERED = 10_000
_noted: dict[str, float] = {}  # session key: when this process wrote down that it was seen


@dataclass(frozen=True)
class Place:
    """One session, as its owner knows it."""

    pk: int
    device: str
    ip: str
    began_at: datetime
    seen_at: datetime
    is_this_one: bool


def places(request: HttpRequest) -> list[Place]:
    """Every place where the person is logged in: this one first, then by when they were last seen there."""
    return _places(UserSession.objects.purge_and_list(request.user), request.session.session_key)


def places_of(user: User) -> list[Place]:
    """The same of another person, as staff sees it; nothing is written."""
    living = Session.objects.filter(expire_date__gt=timezone.now()).values("session_key")
    return _places(UserSession.objects.filter(user=user, session_key__in=living), None)


def _places(sessions: Iterable[UserSession], here: str | None) -> list[Place]:
    known = [
        Place(
            pk=session.pk,
            device=devices.in_words(session.user_agent),
            ip=session.ip,
            began_at=session.created_at,
            seen_at=session.last_seen_at,
            is_this_one=session.session_key == here,
        )
        for session in sessions
    ]
    return sorted(known, key=lambda place: (place.is_this_one, place.seen_at), reverse=True)


def end(user: User, pk: int) -> bool:
    """Log the person out of one place; False when they are not logged in there, or it is somebody else's."""
    session = UserSession.objects.filter(user=user, pk=pk).first()
    if session is not None:
        session.end()
    return session is not None


def end_others(request: HttpRequest) -> int:
    """Log the person out everywhere but here; of how many places."""
    others = UserSession.objects.filter(user=request.user).exclude(session_key=request.session.session_key)
    ended = [session.end() for session in others]
    return len(ended)


def end_all(user_id: int) -> int:
    """Log a person out everywhere, in the caller's transaction; of how many places."""
    rows = UserSession.objects.filter(user=user_id)
    keys = list(rows.values_list("session_key", flat=True))
    Session.objects.filter(session_key__in=keys).delete()
    rows.delete()
    return len(keys)


def forget_ended() -> int:
    """Delete what is known of sessions that are over; how many."""
    over = UserSession.objects.exclude(session_key__in=Session.objects.values("session_key"))
    deleted: int = over.delete()[0]
    return deleted


def note_visits(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: write down when and from where a session was seen, at most every ten minutes in each process."""

    def answer(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        key = request.session.session_key
        # Pages that did not ask who reads them stay without a look into the database.
        if key and request.session.accessed and AUTHENTICATION_METHODS_SESSION_KEY in request.session:
            _note(request, key)
        return response

    return answer


def _note(request: HttpRequest, key: str) -> None:
    moment = time.time()
    if key in _noted and moment - _noted[key] < SEEN_EVERY_S:
        return
    if len(_noted) >= REMEMBERED:
        _noted.clear()
    _noted[key] = moment
    seen = {"last_seen_at": timezone.now(), "ip": get_adapter(request).get_client_ip(request)}
    UserSession.objects.filter(session_key=key).update(**seen)
