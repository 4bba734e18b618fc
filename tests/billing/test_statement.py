"""The statement: what came, what went, what is left, in words; and only one's own."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from billing import filters, ledger, statement, takings
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
    assert "Buy credits Purchases and invoices 1,000 credits are 1 US dollar and do not expire." in text
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
    takings.take(alice, cash=1200_00, bonus=0, kind=Kind.DISPUTE, key="stripe:dispute", memo="Payment disputed")
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

    # Session, user, wallet for head and page, ceilings, chart, totals, three sides of a wallet; the plan, what is under
    # way and the customer at Stripe; auto top-up, what it spent and its last try.
    with django_assert_num_queries(16):
        response = client.get("/billing/")

    assert response.content.decode().count('<td class="when">') == 50
    assert "?cursor=" in response.content.decode()


@pytest.fixture
def story(alice: Any) -> Any:
    """Three days of November: a purchase and an order on the 2nd, two orders on the 3rd, a refund on the 4th."""
    for day, work in (
        (1, partial(ledger.purchase, alice, cash=500_00, bonus=0, key="stripe:1", memo="A pack")),
        (1, partial(spend, alice, 10_00, "order:1", "First")),
        (2, partial(spend, alice, 20_00, "order:2", "Second")),
        (2, partial(spend, alice, 30_00, "order:3", "Third")),
        (3, partial(takings.take, alice, cash=100_00, bonus=0, kind=Kind.REFUND, key="stripe:2", memo="Back")),
    ):
        clock = START + timedelta(days=day, seconds=len(Transfer.objects.all()))
        with time_machine.travel(clock, tick=False):
            work()
    return alice


def keys(user: Any, **asked: str) -> list[str]:
    page = statement.page(ledger.wallet(user), filters.read(asked))
    return [each.transfer.key for each in page.movements]


def test_statement_is_filtered_by_kind_and_by_day(story: Any) -> None:
    assert keys(story, kind="usage") == ["order:3", "order:2", "order:1"]
    assert keys(story, kind="refund") == ["stripe:2"]
    assert keys(story, **{"from": "2026-11-03", "to": "2026-11-04"}) == ["stripe:2", "order:3", "order:2"]
    assert keys(story, kind="usage", to="2026-11-02") == ["order:1"]
    assert keys(story, kind="debt") == []


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_has_its_words_and_its_sides(kind: Kind) -> None:
    assert statement.KINDS[kind]
    assert statement.SIDES[kind]


def test_debt_is_found_under_the_kind_that_made_it(alice: Any) -> None:
    takings.take(alice, cash=1200_00, bonus=0, kind=Kind.DISPUTE, key="stripe:dispute", memo="Payment disputed")

    assert keys(alice, kind="dispute") == ["stripe:dispute:debt", "stripe:dispute"]


def test_totals_add_up_from_the_balance_before_to_the_balance_after(story: Any) -> None:
    wallet = ledger.wallet(story)

    days = statement.totals(wallet, filters.read({"from": "2026-11-03", "to": "2026-11-04"}))
    kind = statement.totals(wallet, filters.read({"kind": "usage"}))

    assert (days.movements, days.received, days.given, days.owed) == (3, 0, 150_00, 0)
    assert (days.opening, days.closing) == (1490_00, 1340_00)
    assert (kind.movements, kind.given, kind.opening, kind.closing) == (3, 60_00, None, None)


def test_page_keeps_its_filter_from_page_to_page_and_offers_to_clear_it(client: Client, alice: Any) -> None:
    for number in range(60):
        spend(alice, 1_00, f"order:{number}")
    today = f"{timezone.now():%Y-%m-%d}"

    content = client.get("/billing/", {"kind": "usage", "to": "2999-01-01"}).content.decode()

    assert re.search(r'rel="next" href="\?kind=usage&amp;to=2999-01-01&amp;cursor=[0-9a-f-]{36}#statement"', content)
    assert 'href="/billing/?kind=usage#statement"' in content and 'href="/billing/?to=2999-01-01#statement"' in content
    assert 'href="/billing/statement.csv?kind=usage&amp;to=2999-01-01"' in content
    assert f"to={today}#statement" in content  # the dates that are offered


@pytest.mark.parametrize(
    "asked", [{"from": "yesterday"}, {"kind": "nothing"}, {"from": "2026-11-02", "to": "2026-11-01"}]
)
def test_filter_that_cannot_be_understood_lists_nothing_and_says_why(
    client: Client, alice: Any, asked: dict[str, str]
) -> None:
    answer = client.get("/billing/", asked)

    assert answer.status_code == 400
    assert "Nothing is listed." in text_of(answer) and "For the play" not in text_of(answer)
    assert f'value="{asked.get("from", "")}"' in answer.content.decode()


def test_filter_without_a_movement_says_so(client: Client, alice: Any) -> None:
    assert "No movement of this kind in these days." in text_of(client.get("/billing/?kind=debt"))


def test_pages_lead_back_as_they_led_on(alice: Any) -> None:
    wallet = ledger.wallet(alice)
    for number in range(12):
        with time_machine.travel(START + timedelta(days=number // 4), tick=False):
            spend(alice, 1_00, f"order:{number}")
    first = statement.page(wallet, size=4)
    second = statement.page(wallet, cursor=first.following, size=4)
    third = statement.page(wallet, cursor=second.following, size=4)
    last = statement.page(wallet, cursor=third.following, size=4)

    assert (first.preceding, last.following) == ("", "")
    assert statement.page(wallet, before=last.preceding, size=4).movements == third.movements
    assert statement.page(wallet, before=third.preceding, size=4).movements == second.movements
    # As few as are left, so they are shown as the newest page, which has no newer one.
    back = statement.page(wallet, before=second.preceding, size=4)
    assert (back.movements, back.preceding) == (first.movements, "")


def test_what_is_set_aside_is_told_with_its_generation(client: Client, alice: Any, fox: Brief) -> None:
    generation = lifecycle.submit(alice, fox)
    ledger.hold(alice, 5_00, key="order:other", memo="Something else")

    answer = client.get("/billing/")

    assert f'<a href="/studio/generations/{generation.id}/">1 image, Krea 2 Medium</a>' in answer.content.decode()
    assert "Something else" in text_of(answer)


def test_many_holds_are_counted_rather_than_listed(client: Client, alice: Any) -> None:
    for number in range(14):
        ledger.hold(alice, 1_00, key=f"order:{number}", memo="Held")

    text = text_of(client.get("/billing/"))

    assert text.count("Held ") == 10 and "And 4 more." in text


def test_chart_says_in_a_table_what_it_draws_and_needs_no_style(client: Client, alice: Any) -> None:
    ledger.hold(alice, 10_00, key="order:1")
    ledger.capture("order:1", 10_00, memo="1 image", subject="krea-2-large")
    spend(alice, 3_00, "order:2")

    content = client.get("/billing/").content.decode()
    chart = content[content.index("<figure") : content.index("</figure>")]

    assert re.findall(r'<th scope="col" class="number">([^<]+)</th>', chart) == [
        "Image model not recorded", "Krea 2 Large", "Together",
    ]  # fmt: skip
    assert re.findall(r'<td class="number">([^<]+)</td>', chart) == ["3.00", "10.00", "13.00"] * 2
    assert len(re.findall(r'<path class="part-[12]" d="M[^"]+"', chart)) == 2 and "style=" not in content


def test_balance_of_the_page_head_is_the_present_one(client: Client, alice: Any) -> None:
    ledger.hold(alice, 31_00, key="order:2")

    assert "969.00 credits" in text_of(client.get("/billing/balance"))
    assert Client().get("/billing/balance").status_code == 204


def test_statement_is_for_its_owner(db: None) -> None:
    assert Client().get("/billing/").headers["Location"] == "/accounts/login/?next=/billing/"


def test_books_have_no_page(alice: Any) -> None:
    assert Account.objects.filter(book=Book.GRANTS, user=None).count() == 1
    assert len(statement.page(None).movements) == 0
