"""The demo customer: made once, kept, and mended where a part of it was lost."""

import json
from dataclasses import asdict
from pathlib import Path

import pytest
from allauth.account.models import EmailAddress
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from krea_site import demo
from krea_site.dashboard import roles
from krea_site.models import Role
from partners import keys
from partners.models import Key
from tests.conftest import wallet_of


@pytest.fixture(autouse=True)
def folder(settings: Settings, tmp_path: Path) -> Path:
    settings.VAR_DIR = tmp_path
    return tmp_path


@pytest.fixture
def guest(db: None) -> User:
    demo.seed()
    return User.objects.get(email="demo@example.com")


def test_demo_can_log_in_pay_and_call(db: None, client: Client) -> None:
    made = demo.seed()

    answer = client.post("/accounts/login/", {"login": made.email, "password": made.password})

    assert (answer.status_code, answer.headers["Location"]) == (302, "/studio/")
    user = User.objects.get(email="demo@example.com")
    assert wallet_of(user) == (1000_00, 0)
    found = keys.find(made.api_key)
    assert found is not None and found.user == user
    assert EmailAddress.objects.get(user=user).verified


def test_second_seed_changes_nothing(guest: User, folder: Path) -> None:
    first = json.loads((folder / "demo.json").read_text())

    again = demo.seed()

    assert asdict(again) == first
    assert wallet_of(guest) == (1000_00, 0)
    assert Key.objects.count() == 1


def test_its_password_is_for_the_owner_of_the_file_alone(guest: User, folder: Path) -> None:
    assert (folder / "demo.json").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("left", [None, "", "{}", '{"email": "demo@example.com"'])
def test_lost_or_broken_file_gets_a_new_password_and_no_new_credits(
    guest: User, folder: Path, left: str | None
) -> None:
    file = folder / "demo.json"
    file.unlink() if left is None else file.write_text(left)

    made = demo.seed()

    guest.refresh_from_db()
    assert guest.check_password(made.password)
    assert keys.find(made.api_key) is not None
    assert wallet_of(guest) == (1000_00, 0)


def test_lost_database_gets_the_demo_again(guest: User, folder: Path) -> None:
    Key.objects.all().delete()
    User.objects.filter(pk=guest.pk).update(email="somebody@else.example")
    EmailAddress.objects.all().delete()

    made = demo.seed()

    fresh = User.objects.get(email="demo@example.com")
    assert fresh.check_password(made.password)
    assert wallet_of(fresh) == (1000_00, 0)


def test_revoked_key_is_replaced(guest: User) -> None:
    Key.objects.update(revoked_at=timezone.now())

    made = demo.seed()

    assert keys.find(made.api_key) is not None


def test_the_operator_owns_the_site_and_sets_up_a_factor_first(db: None, client: Client) -> None:
    made = demo.seed()

    answer = client.post("/accounts/login/", {"login": made.operator, "password": made.operator_password})

    assert answer.headers["Location"] == "/studio/"
    assert roles.of(User.objects.get(email="operator@example.com")) is Role.OWNER
    assert "A second factor first" in client.get("/admin/").content.decode()


def test_a_file_from_before_there_was_an_operator_keeps_what_it_has(guest: User, folder: Path) -> None:
    file = folder / "demo.json"
    before = json.loads(file.read_text())
    file.write_text(json.dumps({name: before[name] for name in ("email", "password", "api_key")}))

    made = demo.seed()

    assert (made.password, made.api_key) == (before["password"], before["api_key"])
    assert User.objects.get(email="operator@example.com").check_password(made.operator_password)


def test_whose_role_was_taken_away_does_not_get_it_back(guest: User) -> None:
    operator = User.objects.get(email="operator@example.com")
    roles.give(operator, None)

    demo.seed()

    assert roles.of(User.objects.get(pk=operator.pk)) is None
