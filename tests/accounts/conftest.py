"""People at the door: alice with a confirmed address and a password, her browser, and what her app shows."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from django.core import mail
from django.test import Client
from django.utils import timezone

from tests.conftest import make_user

PASSWORD = "a long password 7"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
LOGIN = "/accounts/login/"


@pytest.fixture
def alice(db: None) -> Any:
    return member("alice@example.com")


@pytest.fixture
def mallory(db: None) -> Any:
    return member("mallory@example.com")


@pytest.fixture
def hers(alice: Any) -> Client:
    """alice's browser, logged in by password."""
    return logged_in(alice)


@pytest.fixture
def _clock_stands_still() -> Iterator[None]:
    """However slow the machine is, a minute does not pass."""
    with time_machine.travel(timezone.now(), tick=False):
        yield


def member(email: str) -> Any:
    """Somebody with a password and a confirmed address."""
    user = make_user(email)
    EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
    return user


def logged_in(user: Any, password: str = PASSWORD) -> Client:
    client = Client()
    answer = client.post(LOGIN, {"login": user.email, "password": password})
    assert answer.headers["Location"] == "/studio/", answer.content
    return client


def confirmed(client: Client, password: str = PASSWORD) -> Client:
    """The same browser after its person confirmed that it is they, by password."""
    answer = client.post("/accounts/reauthenticate/", {"password": password, "next": "/accounts/"})
    assert answer.headers["Location"] == "/accounts/"
    return client


def with_app(user: Any, secret: str = SECRET) -> Any:
    """The person with an authenticator app and recovery codes."""
    TOTP.activate(user, secret)
    RecoveryCodes.activate(user)
    return user


def code(secret: str = SECRET, steps: int = 0) -> str:
    """What the app shows now, or so many half minutes later."""
    counter = int(timezone.now().timestamp()) // 30 + steps
    return str(format_hotp_value(hotp_value(secret, counter)))


def recovery_codes(user: Any) -> list[str]:
    codes: list[str] = Authenticator.objects.get(user=user, type="recovery_codes").wrap().get_unused_codes()
    return codes


def letters(to: str) -> list[str]:
    """The subjects of the mails to an address, the oldest first."""
    return [str(message.subject) for message in mail.outbox if message.to == [to]]


def link(pattern: str = r"/accounts/\S+") -> str:
    """The path of the link in the newest mail."""
    found = re.search(r"http://localhost:8000(" + pattern + ")", str(mail.outbox[-1].body))
    assert found, mail.outbox[-1].body
    return found[1]


def text(answer: Any) -> str:
    """A page without what differs from one request to the next."""
    page = str(answer.content.decode())
    return re.sub(r'name="csrfmiddlewaretoken" value="[^"]+"', "", page)
