"""Who is staff: an owner gives roles, never takes the last owner's, nor changes their own."""

from io import StringIO
from typing import Any

import pytest
from allauth.usersessions.models import UserSession
from django.core.management import CommandError, call_command
from django.db import transaction
from django.test import Client

from krea_site.dashboard import roles
from krea_site.dashboard.people import members
from krea_site.models import Role, StaffAct, StaffMember
from tests.faults.together import ON_POSTGRES, together
from tests.krea_site.dashboard.pulling import desk, form, told
from tests.staff import make_staff, staff_client

pytestmark = pytest.mark.django_db
PAGE = "/admin/members/"


def give(client: Client, email: str, role: str, **typed: str) -> Any:
    return client.post(PAGE + "give", form(client, PAGE, email=email, role=role, **typed))


def role_of(user: Any) -> Role | None:
    return roles.of(type(user).objects.get(pk=user.pk))


def test_a_role_is_given_changed_and_taken_away(alice: Any) -> None:
    _, owner = desk(Role.OWNER)

    give(owner, "ALICE@example.com", "support", why="New colleague")
    assert role_of(alice) is Role.SUPPORT
    page = owner.get(PAGE).content.decode()
    assert "alice@example.com" in page and "none yet" in page
    give(owner, alice.email, "finance")
    assert role_of(alice) is Role.FINANCE
    give(owner, alice.email, "none")

    alice.refresh_from_db()
    assert (role_of(alice), alice.is_staff, StaffMember.objects.filter(user=alice).exists()) == (None, False, False)
    acts = StaffAct.objects.filter(subject=f"user:{alice.pk}").order_by("pk")
    assert [(act.before["role"], act.after["role"]) for act in acts] == [
        (None, "support"), ("support", "finance"), ("finance", None),
    ]  # fmt: skip


def test_who_loses_a_role_is_logged_out(alice: Any) -> None:
    _, owner = desk(Role.OWNER)
    finance = make_staff(Role.FINANCE, "money@example.com")
    client = staff_client(finance)
    UserSession.objects.create(user=finance, session_key=client.session.session_key, ip="127.0.0.1", user_agent="x")
    assert client.get("/admin/purchases/").status_code == 200

    give(owner, finance.email, "none")

    assert client.get("/admin/purchases/").status_code == 302


def test_neither_oneself_nor_the_last_owner() -> None:
    me, owner = desk(Role.OWNER)

    mine = give(owner, me.email, "support")

    assert (mine.status_code, role_of(me)) == (409, Role.OWNER)
    assert "This is yourself" in mine.content.decode()
    with pytest.raises(members.NotGiven, match="last owner"):
        call_command_in_transaction(me)


def call_command_in_transaction(person: Any) -> None:
    with transaction.atomic():
        members.set_role(person.pk, None)


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"email": "nobody@example.com", "role": "support"}, "no account with this address"),
        ({"email": "alice@example.com", "role": "king"}, "Choose one of"),
        ({"email": "alice@example.com", "role": "support", "why": ""}, "Say why"),
    ],
)
def test_what_cannot_be_read_is_said(typed: dict[str, str], words: str, alice: Any) -> None:
    answer = give(desk(Role.OWNER)[1], **typed)

    assert (answer.status_code, role_of(alice)) == (422, None)
    assert words in answer.content.decode()


def test_a_form_sent_twice_is_one_act(alice: Any) -> None:
    _, owner = desk(Role.OWNER)
    typed = form(owner, PAGE, email=alice.email, role="support")

    answers = [owner.post(PAGE + "give", typed).status_code for _ in range(2)]

    assert (answers, len(told(alice))) == ([302, 302], 1)


@pytest.mark.parametrize("role", [Role.SUPPORT, Role.FINANCE, Role.MODERATOR])
def test_only_owners_see_and_give_roles(role: Role, alice: Any) -> None:
    _, client = desk(role)

    assert client.get(PAGE).status_code == 403
    assert client.post(PAGE + "give", {"email": alice.email, "role": "owner", "why": "x"}).status_code == 403
    assert role_of(alice) is None


def test_the_first_owner_comes_from_the_command(alice: Any) -> None:
    out = StringIO()

    call_command("set_staff", "Alice@Example.com", role="owner", stdout=out)
    call_command("set_staff", alice.email, role="owner", stdout=out)

    assert role_of(alice) is Role.OWNER
    assert "was no staff and is owner" in out.getvalue()
    assert "is that already" in out.getvalue()
    act = StaffAct.objects.get()
    assert (act.actor, act.role, act.verb, act.after) == (alice, "command", "staff.role", {"role": "owner"})
    with pytest.raises(CommandError, match="last owner"):
        call_command("set_staff", alice.email, role="none", stdout=out)
    with pytest.raises(CommandError, match="There is no account"):
        call_command("set_staff", "nobody@example.com", role="owner", stdout=out)


class TestRaces:
    pytestmark = ON_POSTGRES

    def test_two_owners_who_depose_each_other_leave_one(self) -> None:
        one, two = (make_staff(Role.OWNER, f"{name}@example.com") for name in ("one", "two"))

        def depose(person: Any) -> Any:
            with transaction.atomic():
                return members.set_role(person.pk, None)

        results = together([lambda: depose(one), lambda: depose(two)])

        assert sum(isinstance(result, members.NotGiven) for result in results) == 1
        assert sum(role_of(each) is Role.OWNER for each in (one, two)) == 1
