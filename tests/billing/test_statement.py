"""The statement: what came, what went, what is left, in words; and only one's own."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from billing import ledger, statement
from billing.models import Account, Book, Kind, Transfer
from billing.templatetags.credits import credits, signed
from generations import lifecycle
from generations.brief import Brief

START = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.fixture
def client(alice: Any) -> Client:
    """alice, logged in."""
    logged_in = Client()
    logged_in.force_login(alice)
    return logged_in


def text_of(response: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode())).replace(" , ", ", ")


def spend(user: Any, amount: int, key: str, memo: str = "1 image, Krea 2 Medium") -> None:
    ledger.hold(user, amount, key=key)
    ledger.capture(key, amount, memo=memo)


def lines(user: Any) -> list[tuple[str, int, int | None]]:
    """(kind, amount, balance after) of the whole statement, newest first."""
    page = statement.page(ledger.wallet(user))
    return [(each.kind, each.amount, each.balance) for each in page.movements]


@pytest.mark.parametrize(
    ("amount", "shown", "with_sign"),
    [
        (0, "0.00", "0.00"),
        (5, "0.05", "+0.05"),
        (23_400, "234.00", "+234.00"),
        (123_456_789, "1,234,567.89", "+1,234,567.89"),
        (-1_234_56, "\N{MINUS SIGN}1,234.56", "\N{MINUS SIGN}1,234.56"),
    ],
)
def test_credits_are_shown_with_two_places_and_their_thousands(amount: int, shown: str, with_sign: str) -> None:
    assert (credits(amount), signed(amount)) == (shown, with_sign)


def test_statement_tells_every_movement_with_the_balance_after_it(alice: Any) -> None:
    spend(alice, 169_00, "order:1", "2 images, Krea 2 Large, style references")
    ledger.purchase(alice, cash=500_00, bonus=50_00, key="stripe:1", memo="A pack")

    assert lines(alice) == [
        ("Credits granted", 50_00, 1381_00),
        ("Purchase", 500_00, 1331_00),
        ("Pictures", -169_00, 831_00),
        ("Credits granted", 1000_00, 1000_00),
    ]


def test_page_says_what_is_available_and_what_is_set_aside(client: Client, alice: Any) -> None:
    spend(alice, 169_00, "order:1", "2 images, Krea 2 Large, style references")
    ledger.hold(alice, 31_00, key="order:2")

    text = text_of(client.get("/billing/"))

    assert "Available 800.00 credits Set aside 31.00 credits" in text
    assert "Pictures 2 images, Krea 2 Large, style references \N{MINUS SIGN}169.00 831.00" in text
    assert "Credits are granted by the operator of this site at present" in text
    assert "Owed" not in text


def test_movement_leads_to_the_generation_that_it_paid_for(
    client: Client, alice: Any, fox: Brief, finish_all: Callable[[], None]
) -> None:
    generation = lifecycle.submit(alice, fox)
    finish_all()

    content = client.get("/billing/").content.decode()

    assert re.findall(r'href="(/studio/generations/[^"]+)"', content) == [f"/studio/generations/{generation.id}/"]


@pytest.mark.parametrize("key", ["generation:no-id", "generation:", "stripe:01939e5c-0000-7000-8000-000000000001"])
def test_movement_of_something_else_leads_to_no_generation(key: str) -> None:
    assert statement.Movement(Transfer(key=key), 1, 1, owed=False).generation is None


def test_debt_is_told_with_what_made_it_and_what_paid_it(client: Client, alice: Any) -> None:
    ledger.take_back(alice, 1200_00, kind=Kind.DISPUTE, key="stripe:dispute", memo="Payment disputed")
    assert "Owed 200.00 credits" in text_of(client.get("/billing/"))
    ledger.grant(alice, 300_00, key="sorry", memo="Sorry")

    assert lines(alice) == [
        ("Debt paid off", -200_00, 100_00),
        ("Credits granted", 300_00, 300_00),
        ("Disputed payment", -200_00, None),
        ("Disputed payment", -1000_00, 0),
        ("Credits granted", 1000_00, 1000_00),
    ]
    text = text_of(client.get("/billing/"))
    assert "not covered by your balance, so it is owed" in text and "Owed" not in text


def test_nothing_of_others_is_on_the_statement(client: Client, mallory: Any) -> None:
    spend(mallory, 11_11, "order:theirs", "Secret of mallory")
    theirs = Transfer.objects.get(key="order:theirs")

    with_their_cursor = text_of(client.get(f"/billing/?cursor={theirs.id}"))

    assert "Secret" not in with_their_cursor
    assert "For the play" in with_their_cursor


def test_wallet_that_never_moved_has_an_empty_statement_and_is_not_made_by_looking(bob: Any) -> None:
    client = Client()
    client.force_login(bob)

    text = text_of(client.get("/billing/"))

    assert "Available 0.00 credits" in text and "Nothing has moved yet." in text
    assert not Account.objects.filter(user=bob).exists()


def test_pages_follow_one_another_without_gap_or_repetition(alice: Any) -> None:
    wallet = ledger.wallet(alice)
    for number in range(12):
        # Four at the same moment: the order of what happened together must not change from page to page.
        with time_machine.travel(START + timedelta(days=number // 4), tick=False):
            spend(alice, 1_00, f"order:{number}")

    seen, cursor = [], ""
    for _ in range(10):
        page = statement.page(wallet, cursor=cursor, size=5)
        seen += [each.transfer.key for each in page.movements]
        if not (cursor := page.following):
            break

    assert len(seen) == len(set(seen)) == 13
    assert seen[1:] == [f"order:{number}" for number in reversed(range(12))]


def test_statement_costs_the_same_however_long_it_is(
    client: Client, alice: Any, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(60):
        spend(alice, 1_00, f"order:{number}")
    client.get("/billing/")

    with django_assert_num_queries(7):  # session, user, wallet for head and page, three sides of a wallet
        response = client.get("/billing/")

    assert response.content.decode().count("<tr>") == 51
    assert "?cursor=" in response.content.decode()


def test_balance_of_the_page_head_is_the_present_one(client: Client, alice: Any) -> None:
    ledger.hold(alice, 31_00, key="order:2")

    assert "969.00 credits" in text_of(client.get("/billing/balance"))
    assert Client().get("/billing/balance").status_code == 204


def test_statement_is_for_its_owner(db: None) -> None:
    assert Client().get("/billing/").headers["Location"] == "/accounts/login/?next=/billing/"


def test_books_have_no_page(alice: Any) -> None:
    assert Account.objects.filter(book=Book.GRANTS, user=None).count() == 1
    assert len(statement.page(None).movements) == 0
