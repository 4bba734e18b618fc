"""Finding a person and reading their page: each role sees its part, and nobody a secret or a prompt."""

from typing import Any

import pytest
from allauth.usersessions.models import UserSession
from django.test import Client
from django.utils import timezone

from billing.models import Account, StripeCustomer
from generations import lifecycle
from generations.brief import Brief
from krea_site.dashboard.people import finding
from krea_site.models import Report, Role
from partners import keys
from tests.conftest import make_user, wallet_of
from tests.krea_site.dashboard.pulling import desk

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner() -> Client:
    return desk()[1]


def found(client: Client, wanted: Any) -> Any:
    return client.get("/admin/people/", {"q": str(wanted)})


def test_one_match_leads_straight_to_the_page(alice: Any, mallory: Any, fox: Brief, owner: Client) -> None:
    generation = lifecycle.submit(alice, fox)
    key, secret = keys.make(alice, "Shop")
    StripeCustomer.objects.create(user=alice, stripe_id="cus_alice", created_at=timezone.now())

    for wanted in (
        "ALICE@exa", alice.pk, secret[:11], key.pk, "cus_alice", generation.pk, generation.images.get().pk,
    ):  # fmt: skip
        answer = found(owner, wanted)
        assert (answer.status_code, answer.headers["Location"]) == (302, f"/admin/people/{alice.pk}/"), wanted


def test_an_address_that_looks_like_an_id_is_found(owner: Client) -> None:
    user = make_user("35189f91e64d4c4fac012a5e4f871b8e@example.com")

    assert found(owner, "35189f91e64d4c4fac012a5e4f871b8e").headers["Location"] == f"/admin/people/{user.pk}/"


def test_a_whole_key_that_was_pasted_is_read_no_further_than_its_beginning(alice: Any, owner: Client) -> None:
    _, secret = keys.make(alice, "Shop")

    assert found(owner, secret).headers["Location"] == f"/admin/people/{alice.pk}/"


def test_a_number_may_be_of_a_person_and_of_a_wallet(alice: Any, mallory: Any, owner: Client) -> None:
    mine = Account.objects.get(user=mallory)
    answer = found(owner, mine.pk)

    if mine.pk == mallory.pk:
        assert answer.status_code == 302
    else:
        assert "mallory@example.com" in str(answer.content) or answer.headers["Location"].endswith(f"/{mallory.pk}/")


def test_several_matches_are_a_list_and_none_is_said(alice: Any, mallory: Any, owner: Client) -> None:
    page = found(owner, "@example.com").content.decode()
    assert "alice@example.com" in page and "mallory@example.com" in page

    for nobody in ("nobody@nowhere", "0", "9" * 30, "krea_zzzzzz", "cus_none", "%", "é" * 300):
        assert "Nobody is found" in found(owner, nobody).content.decode(), nobody


def test_the_list_goes_on_page_by_page(owner: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding, "MOST", 2)
    people = [make_user(f"p{number}@example.com") for number in range(4)]

    first = owner.get("/admin/people/").content.decode()
    assert "p3@example.com" in first and "p1@example.com" not in first
    assert "p1@example.com" in owner.get(f"/admin/people/?before={people[2].pk}").content.decode()
    assert owner.get("/admin/people/?before=x").status_code == 404


def test_the_page_tells_everything_and_no_secret(alice: Any, fox: Brief, owner: Client) -> None:
    generation = lifecycle.submit(alice, fox)
    key, secret = keys.make(alice, "Shop", monthly_limit=50_00)
    Report.objects.create(picture="it", image_id=generation.images.get().pk, reason="other")

    page = owner.get(f"/admin/people/{alice.pk}/").content.decode()

    for shown in (
        "alice@example.com", "1,000.00", str(generation.pk), key.prefix, "50 credits a month", "Something else",
        "generation.updated", "For the play",
    ):  # fmt: skip
        assert shown in page, shown
    for hidden in (secret, key.digest, alice.password, "a red fox"):
        assert hidden not in page


@pytest.mark.parametrize(
    ("role", "sees"),
    [
        (Role.SUPPORT, {"Wallet", "Purchases", "Generations", "API keys", "Sessions", "Events"}),
        (Role.FINANCE, {"Wallet", "Purchases"}),
        (Role.MODERATOR, {"Generations", "Reports about their pictures", "Events"}),
        (
            Role.OWNER,
            {"Wallet", "Purchases", "Generations", "API keys", "Sessions", "Events", "Reports about their pictures"},
        ),
    ],
)
def test_each_role_sees_its_part(role: Role, sees: set[str], alice: Any) -> None:
    page = desk(role)[1].get(f"/admin/people/{alice.pk}/").content.decode()

    every = {"Wallet", "Purchases", "Generations", "API keys", "Sessions", "Events", "Reports about their pictures"}
    assert {part for part in every if f"<h2>{part}</h2>" in page} == sees


def test_the_statement_is_read_page_by_page_and_nothing_is_written(alice: Any) -> None:
    support = desk(Role.SUPPORT)[1]
    before = wallet_of(alice)

    page = support.get(f"/admin/people/{alice.pk}/statement/")

    assert "For the play" in page.content.decode()
    assert support.post(f"/admin/people/{alice.pk}/statement/").status_code == 405
    assert wallet_of(alice) == before
    assert desk(Role.MODERATOR)[1].get(f"/admin/people/{alice.pk}/statement/").status_code == 403


def test_nobody_is_no_page(owner: Client) -> None:
    assert owner.get("/admin/people/999999/").status_code == 404
    assert owner.get("/admin/people/999999/suspend/").status_code == 404


@pytest.mark.parametrize("table", ["accounts/user", "partners/key", "usersessions/usersession"])
def test_the_tables_hide_what_opens_anything(table: str, alice: Any, owner: Client) -> None:
    key, _ = keys.make(alice, "Shop")
    session = UserSession.objects.create(user=alice, session_key="s3cret", ip="127.0.0.1", user_agent="x")
    pk = {"accounts/user": alice.pk, "partners/key": key.pk, "usersessions/usersession": session.pk}[table]

    pages = [owner.get(f"/admin/{table}/"), owner.get(f"/admin/{table}/{pk}/change/")]

    assert [page.status_code for page in pages] == [200, 200]
    text = "".join(page.content.decode() for page in pages)
    assert not [secret for secret in (alice.password, key.digest, "s3cret") if secret in text]
