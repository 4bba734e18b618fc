"""The play's people as staff has to do with them: somebody suspended, credits that wait for a second word, and a member
of staff who looks at the site in a customer's place."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth import get_user_model
from django.utils import timezone

from accounts import suspensions
from billing import ledger
from krea_site import impersonation
from krea_site.dashboard import acts
from krea_site.dashboard.people import credit_requests
from krea_site.models import Impersonation, Role
from partners.models import Key
from tests.staff import make_staff, staff_client


def seat(alice: Any, operator: Any) -> dict[str, str]:
    """Before the clock is put right: what happened some time ago."""
    support = make_staff(Role.SUPPORT, "sam@example.com")
    lost = get_user_model().objects.create_user("lena@example.com", "a long password 7")
    ledger.grant(lost, 240_00, key="play:lena", memo="Trial credits")
    suspensions.suspend(lost.pk, reason="Three chargebacks within a week", by=operator.pk)
    acts.of(operator, "people.suspend", f"user:{lost.pk}", why="Three chargebacks within a week")
    acts.of(support, "people.end_sessions", f"user:{alice.pk}", why="Left herself logged in at a library")
    return {"person": str(alice.pk), "suspended": str(lost.pk)}


def open_counter(alice: Any, bob: Any) -> tuple[dict[str, str], str]:
    """What is going on now; the places, and the cookie of who looks in bob's place."""
    support = get_user_model().objects.get(email="sam@example.com")
    waiting = credit_requests.ask(
        alice, takes=False, amount=25_000_00, reason="A week without Krea 2 Large", actor=support, id=uuid4()
    )
    now = timezone.now()
    row = Impersonation.objects.create(
        staff=support, user=bob, began_at=now, ends_at=now + timedelta(days=1), why="Cannot find a picture"
    )
    client = staff_client(support)
    session = client.session
    session[impersonation.IN_SESSION] = str(row.pk)
    session.save()
    their_session = UserSession.objects.filter(user=alice).latest("pk")
    places = {
        "credit_request": str(waiting.pk), "their_session": str(their_session.pk),
        "their_key": str(Key.objects.filter(user=alice, revoked_at=None).latest("created_at").pk),
    }  # fmt: skip
    return places, str(client.cookies[settings.SESSION_COOKIE_NAME].value)
