"""Helping somebody in: second factor, sessions, password mail, keys; for staff by an owner alone."""

import re
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP
from allauth.usersessions.models import UserSession
from django.test import Client
from pytest_django import Settings

from krea_site.models import Mail, Role
from partners import keys
from tests.accounts.conftest import logged_in
from tests.krea_site.dashboard.pulling import desk, form, pull, told
from tests.staff import SECRET, make_staff

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _mails(settings: Settings) -> None:
    settings.EMAIL_BACKEND = "krea_site.mails.backend.Rows"


@pytest.fixture
def support() -> Client:
    return desk(Role.SUPPORT)[1]


@pytest.fixture
def member(alice: Any) -> Any:
    """alice with a confirmed address, so that she can log in."""
    EmailAddress.objects.create(user=alice, email=alice.email, verified=True, primary=True)
    return alice


def test_a_lost_second_factor_is_deleted_and_the_person_told(member: Any, support: Client) -> None:
    hers = logged_in(member)
    TOTP.activate(member, SECRET)

    answer = pull(support, "factor", member, why="Showed an invoice")

    assert answer.status_code == 302
    assert not Authenticator.objects.filter(user=member).exists()
    assert hers.get("/studio/").status_code == 302
    assert logged_in(member).get("/studio/").status_code == 200
    assert [mail.subject for mail in Mail.objects.filter(to=member.email)] == ["Your second factor was removed"]
    assert told(member) == [("people.reset_factor", "Showed an invoice")]


def test_who_has_none_needs_no_reset(alice: Any, support: Client) -> None:
    answer = pull(support, "factor", alice)

    assert (answer.status_code, told(alice)) == (409, [])
    assert "They have no second factor" in answer.content.decode()


@pytest.mark.parametrize("what", ["factor", "sessions", "password", "give"])
def test_staff_is_helped_by_an_owner_alone(what: str, support: Client) -> None:
    finance = make_staff(Role.FINANCE, "money@example.com")
    address = f"/admin/people/{finance.pk}/{what}/"

    page = support.get(address)
    answer = support.post(address, {"why": "x", "amount": "5", "token": "01a200d6-5b96-7232-bba0-4c6b5a1e4a92"})

    assert "only an owner" in page.content.decode()
    assert (answer.status_code, told(finance)) == (409, [])
    assert Authenticator.objects.filter(user=finance).exists()


def test_an_owner_resets_the_factor_of_staff_and_not_their_own() -> None:
    owner, client = desk(Role.OWNER)
    finance = make_staff(Role.FINANCE, "money@example.com")

    assert pull(client, "factor", finance).status_code == 302
    assert not Authenticator.objects.filter(user=finance).exists()
    assert "your own account" in client.get(f"/admin/people/{owner.pk}/factor/").content.decode()


def test_one_session_is_ended_or_all(member: Any, mallory: Any, support: Client) -> None:
    here, there = logged_in(member), logged_in(member)
    EmailAddress.objects.create(user=mallory, email=mallory.email, verified=True, primary=True)
    others = logged_in(mallory)
    first = UserSession.objects.get(session_key=here.session.session_key)
    strange = UserSession.objects.get(session_key=others.session.session_key)

    assert pull(support, "session", member, first.pk).status_code == 302
    assert (here.get("/studio/").status_code, there.get("/studio/").status_code) == (302, 200)
    assert pull(support, "session", member, strange.pk).status_code == 409
    assert pull(support, "sessions", member).status_code == 302
    assert (there.get("/studio/").status_code, others.get("/studio/").status_code) == (302, 200)
    assert [verb for verb, _ in told(member)] == ["people.end_session", "people.end_sessions"]


def test_a_password_mail_goes_out_once_for_each_form(member: Any, support: Client) -> None:
    address = f"/admin/people/{member.pk}/password/"
    typed = form(support, address)
    for _ in range(2):
        assert support.post(address, typed).status_code == 302

    mail = Mail.objects.get(to=member.email)
    link = re.search(r"(/accounts/password/reset/key/\S+)", mail.text)
    assert link is not None
    assert link[1] not in support.get(f"/admin/people/{member.pk}/", follow=True).content.decode()
    assert Client().get(link[1], follow=True).status_code == 200


def test_one_key_is_revoked(alice: Any, mallory: Any, support: Client) -> None:
    first, secret = keys.make(alice, "Shop")
    _, other = keys.make(alice, "Second")
    strange, hers = keys.make(mallory, "Hers")

    assert pull(support, "key", alice, first.pk, why="Seen in a forum").status_code == 302
    assert (keys.find(secret), keys.find(other) is not None) == (None, True)
    assert pull(support, "key", alice, strange.pk).status_code == 409
    assert keys.find(hers) is not None
    assert told(alice) == [("people.revoke_key", "Seen in a forum")]


@pytest.mark.parametrize("role", [Role.FINANCE, Role.MODERATOR])
@pytest.mark.parametrize("what", ["factor", "sessions", "password", "visit"])
def test_other_roles_do_not(role: Role, what: str, alice: Any) -> None:
    _, client = desk(role)

    assert client.get(f"/admin/people/{alice.pk}/{what}/").status_code == 403
    assert client.post(f"/admin/people/{alice.pk}/{what}/", {"why": "x"}).status_code == 403
