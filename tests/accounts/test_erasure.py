"""What this app keeps of a person can be read by them, and is forgotten when they leave."""

from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.test import Client

from accounts import erasure, portrait
from accounts.models import User
from tests.accounts.conftest import logged_in, member, with_app

pytestmark = pytest.mark.django_db


def test_a_portrait_holds_everything_but_secrets(alice: Any, hers: Client) -> None:
    with_app(alice)

    told = portrait.of(alice)

    assert told["addresses"] == [{"email": "alice@example.com", "verified": True, "primary": True}]
    assert {row["type"] for row in told["second_factors"]} == {"totp", "recovery_codes"}
    assert [set(row) for row in told["sessions"]] == [{"ip", "user_agent", "began_at", "last_seen_at"}]
    assert "secret" not in str(told)


def test_who_is_locked_out_is_logged_in_nowhere_any_more(alice: Any, mallory: Any, hers: Client) -> None:
    elsewhere, theirs = logged_in(alice), logged_in(mallory)

    erasure.lock_out(alice.pk)

    assert [browser.get("/accounts/").status_code for browser in (hers, elsewhere, theirs)] == [302, 302, 200]
    assert not UserSession.objects.filter(user=alice).exists()
    assert Session.objects.count() == 1


def test_who_is_forgotten_leaves_an_empty_row_and_a_free_address(alice: Any, mallory: Any) -> None:
    with_app(with_app(alice) and mallory)

    erasure.forget(alice.pk)
    erasure.forget(alice.pk)

    assert list(EmailAddress.objects.values_list("email", flat=True)) == ["mallory@example.com"]
    assert set(Authenticator.objects.values_list("user", flat=True)) == {mallory.pk}
    stub = User.objects.get(pk=alice.pk)
    assert (stub.email, stub.is_active, stub.has_usable_password()) == (f"{stub.pk}@deleted.invalid", False, False)
    assert member("alice@example.com").pk != alice.pk
