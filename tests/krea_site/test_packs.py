"""The staff pages of packs and plans: what a change means is shown first, and it never reaches who bought before."""

import re
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from billing.models import AutoTopUp, Pack, Plan, Purchase, Subscription
from tests.conftest import User

pytestmark = pytest.mark.django_db
PACKS = "/admin/packs/"
SAVE = {"confirmed": "1"}


@pytest.fixture
def client(db: None) -> Client:
    """Somebody of the staff."""
    client = Client()
    client.force_login(User.objects.create_user("operator@example.com", "a long password 7", is_staff=True))
    return client


def text_of(response: Any) -> str:
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode())))


def pack() -> Pack:
    return Pack.objects.get(cents=1_000)


def plan() -> Plan:
    return Plan.objects.get(cents=1_000)


def offered(model: type[Pack] | type[Plan]) -> list[tuple[int, int]]:
    rows = model._default_manager.filter(is_offered=True).order_by("cents")
    return [(row.cents, row.credits // 100) for row in rows]


def test_the_list_has_all_that_is_sold(client: Client) -> None:
    text = text_of(client.get(PACKS))

    assert "$25.00 on offer Stop offering $25.00 26,000 0" in text
    assert "Monthly 11,000 on offer Stop offering $10.00 $10.00 11,000 0" in text


def test_a_change_of_a_pack_is_shown_before_it_is_done(client: Client, bob: Any) -> None:
    AutoTopUp.objects.create(
        user=bob,
        is_on=True,
        pack=pack(),
        threshold=1_00,
        cents=1_000,
        credits=10_000_00,
        month_ceiling_cents=5_000,
        agreed_at=timezone.now(),
    )
    address, typed = f"{PACKS}{pack().pk}/", {"dollars": "12", "credits": "12,500"}

    text = text_of(client.post(address, typed))

    assert "The price was $10.00 and will be $12.00." in text
    assert "The credits were 10,000 and will be 12,500." in text
    assert "$12.00 bring 12,500 credits, 500 of them a bonus." in text
    assert "What was agreed stays for 0 purchases under way." in text
    assert "The auto top-up of 1 customer is switched off, since they agreed to something else." in text
    assert pack().credits == 10_000_00
    assert "Saved. The price was $10.00" in text_of(client.post(address, typed | SAVE, follow=True))
    assert (1_200, 12_500) in offered(Pack)


def test_one_may_go_back_to_the_form_with_what_was_typed(client: Client) -> None:
    typed = {"dollars": "12", "credits": "12500", "edit": "1"}

    assert 'value="12500"' in client.post(f"{PACKS}{pack().pk}/", typed).content.decode()
    assert pack().credits == 10_000_00


def test_a_plans_new_price_is_another_plan_and_subscribers_keep_theirs(client: Client, bob: Any) -> None:
    old = plan()
    Plan.objects.filter(pk=old.pk).update(stripe_price="price_1")
    held = Subscription.objects.create(
        user=bob, stripe_id="sub_1", plan=old, status="active", read_at=timezone.now(), renews_at=timezone.now()
    )
    address, typed = f"{PACKS}{old.pk}/", {"name": old.name, "dollars": "12", "credits": "13000"}

    assert "The old price and credits stay for 1 subscriber." in text_of(client.post(address, typed))
    client.post(address, typed | SAVE)

    old.refresh_from_db()
    held.refresh_from_db()
    assert (old.cents, old.credits, old.is_offered, held.plan) == (1_000, 11_000_00, False, old)
    assert offered(Plan) == [(1_200, 13_000), (3_000, 35_000)]
    assert Plan.objects.get(cents=1_200).stripe_price is None


def test_a_plans_name_changes_where_it_stands(client: Client) -> None:
    old = plan()
    typed = {"name": "Small", "dollars": "10.00", "credits": "11,000"}

    client.post(f"{PACKS}{old.pk}/", typed | SAVE)

    old.refresh_from_db()
    assert (old.name, old.is_offered, Plan.objects.count()) == ("Small", True, 2)


def test_nothing_changed_is_nothing_done(client: Client) -> None:
    text = text_of(client.post(f"{PACKS}{pack().pk}/", {"dollars": "10", "credits": "10000"} | SAVE))

    assert "Nothing: it is so already." in text


@pytest.mark.parametrize(("what", "model"), [("pack", Pack), ("plan", Plan)])
def test_adding(client: Client, what: str, model: type[Pack] | type[Plan]) -> None:
    typed = {"name": "Large", "dollars": "$200.00", "credits": "230000"}
    address = f"{PACKS}add/{what}/"

    assert "It is on offer from then on." in text_of(client.post(address, typed))
    client.post(address, typed | SAVE)

    assert (20_000, 230_000) in offered(model)


@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        ({"dollars": "ten", "credits": "10000"}, "'ten' is not an amount of US dollars"),
        ({"dollars": "10", "credits": "many"}, "'many' is not an amount of credits"),
        ({"dollars": "0.10", "credits": "100"}, "From $0.50 to $10,000.00."),
        ({"dollars": "10", "credits": "9999"}, "$10.00 stand for 10,000 at least."),
        ({"dollars": "25", "credits": "26000", **SAVE}, "There is one at this price on offer already."),
    ],
)
def test_what_cannot_be_sold_is_refused_beside_its_field(client: Client, typed: dict[str, str], problem: str) -> None:
    answer = client.post(f"{PACKS}{pack().pk}/", typed)

    assert answer.status_code == 422
    assert "Nothing was changed." in text_of(answer) and problem in text_of(answer)
    assert (1_000, 10_000) in offered(Pack)


def test_a_plan_needs_a_name(client: Client) -> None:
    assert client.post(f"{PACKS}add/plan/", {"dollars": "20", "credits": "23000"}).status_code == 422


def test_off_the_shelf_and_on_again(client: Client, bob: Any) -> None:
    address = f"{PACKS}{pack().pk}/offer"

    client.post(address, {"is_offered": "0"})
    assert (1_000, 10_000) not in offered(Pack)
    client.post(address, {"is_offered": "1"})
    assert (1_000, 10_000) in offered(Pack)


def test_two_at_one_price_are_never_on_offer(client: Client) -> None:
    old = Pack.objects.create(cents=1_000, credits=10_500_00, is_offered=False)

    text = text_of(client.post(f"{PACKS}{old.pk}/offer", {"is_offered": "1"}, follow=True))

    assert "There is one at this price on offer already." in text
    assert (1_000, 10_500) not in offered(Pack)


def test_a_changed_pack_leaves_what_was_bought(client: Client, bob: Any) -> None:
    bought = Purchase.objects.create(
        user=bob, what="pack", pack=pack(), cents=1_000, credits=10_000_00, created_at=timezone.now()
    )

    client.post(f"{PACKS}{pack().pk}/", {"dollars": "12", "credits": "12500"} | SAVE)

    bought.refresh_from_db()
    assert (bought.cents, bought.credits) == (1_000, 10_000_00)
    client.force_login(bob)
    assert "Pack of 10,000 credits" in text_of(client.get(f"/billing/purchases/{bought.pk}/"))


def test_it_is_for_staff_alone(bob: Any) -> None:
    client = Client()
    client.force_login(bob)

    assert client.get(PACKS).status_code == client.post(f"{PACKS}{pack().pk}/offer").status_code == 404
