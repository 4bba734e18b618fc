"""The door of the dashboard: log-in first, nothing for others, a second factor for staff, and roles that end."""

from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from krea_site.dashboard.pages import PAGES
from krea_site.dashboard.roles import LEVERS, Lever
from krea_site.models import Role
from tests.staff import enlist, make_staff, show_factor, staff_client

STAFF_PAGES = [page.url_name for page in PAGES]


@pytest.fixture
def staff(db: None) -> Client:
    return staff_client(make_staff())


@pytest.mark.parametrize("name", STAFF_PAGES)
def test_nobody_is_sent_to_the_log_in_page_and_comes_back(name: str, db: None) -> None:
    answer = Client().get(reverse(name) + "?a=1")

    assert answer.status_code == 302
    assert answer.headers["Location"] == f"/accounts/login/?next={reverse(name)}%3Fa%3D1"


@pytest.mark.parametrize("name", STAFF_PAGES)
def test_who_is_not_staff_finds_nothing(name: str, mallory: Any) -> None:
    client = Client()
    client.force_login(mallory)

    assert client.get(reverse(name)).status_code == 404
    assert client.post(reverse(name)).status_code == 404


@pytest.mark.parametrize("name", STAFF_PAGES)
def test_staff_finds_the_page_and_the_way_to_every_other(name: str, staff: Client) -> None:
    answer = staff.get(reverse(name))

    page = answer.content.decode()
    assert answer.status_code == 200
    assert "no-store" in answer.headers["Cache-Control"]
    assert [each.label for each in PAGES if f'href="{reverse(each.url_name)}"' not in page] == []


def test_a_nul_which_no_database_keeps_is_refused(staff: Client, alice: Any) -> None:
    assert staff.get(f"{reverse('staff-people')}?q=a%00b").status_code == 400
    assert staff.post(reverse("staff-person-suspend", args=[alice.pk]), {"why": "a\0b"}).status_code == 400


def test_staff_without_a_second_factor_is_told_to_set_one_up(alice: Any) -> None:
    alice.is_staff = True
    alice.save()
    client = Client()
    client.force_login(alice)

    answer = client.get("/admin/")

    assert answer.status_code == 403
    assert "/accounts/2fa/totp/activate/" in answer.content.decode()


def test_who_logged_in_without_the_second_factor_shows_it_and_comes_back(alice: Any) -> None:
    client = Client()
    client.force_login(enlist(alice))

    answer = client.get("/admin/purchases/?q=a")

    assert answer.status_code == 302
    assert answer.headers["Location"] == "/accounts/2fa/reauthenticate/?next=%2Fadmin%2Fpurchases%2F%3Fq%3Da"


def test_a_second_factor_that_was_shown_yesterday_is_shown_again(alice: Any) -> None:
    client = staff_client(enlist(alice))
    assert client.get("/admin/").status_code == 200

    show_factor(client, alice, ago_s=13 * 3600)

    assert client.get("/admin/").status_code == 302


def test_staff_without_a_role_sees_that_it_has_none(db: None) -> None:
    answer = staff_client(make_staff(role=None)).get("/admin/")

    assert answer.status_code == 403
    assert "You have no role yet" in answer.content.decode()


def test_who_was_made_with_createsuperuser_is_an_owner(alice: Any) -> None:
    alice.is_superuser = True

    assert staff_client(enlist(alice, role=None)).get("/admin/texts/").status_code == 200


def test_who_was_made_with_createsuperuser_comes_in_before_the_site_sends_mails(
    client: Client, db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", "a long password 7")
    call_command("createsuperuser", interactive=False, email="first@example.com")

    client.post("/accounts/login/", {"login": "first@example.com", "password": "a long password 7"})

    assert "second factor" in client.get("/admin/").content.decode()


@pytest.mark.parametrize("role", Role)
def test_the_navigation_shows_what_the_role_may_open_and_nothing_else(role: Role, db: None) -> None:
    page = staff_client(make_staff(role)).get("/admin/").content.decode().partition("</nav>")[0]

    shown = {each.url_name for each in PAGES if f'href="{reverse(each.url_name)}"' in page}
    assert shown == {each.url_name for each in PAGES if each.lever in LEVERS[role]}


def test_an_owner_may_do_everything_and_nobody_else_sets_roles(db: None) -> None:
    assert LEVERS[Role.OWNER] == frozenset(Lever)
    assert [role for role in Role if Lever.SET_ROLES in LEVERS[role]] == [Role.OWNER]
