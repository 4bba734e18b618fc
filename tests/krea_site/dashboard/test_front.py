"""The front page: what it shows of one period, to whom, and where each figure leads."""

import re
from collections.abc import Iterable, Iterator
from html import unescape
from typing import Any

import pytest
import time_machine
from django.test import Client

from billing import ledger
from billing.models import Book, Transfer
from krea_site.dashboard import board, counting, drawings, figures, heads, levels, lines, words
from krea_site.dashboard.links import Links
from krea_site.dashboard.periods import Period, Span, around
from krea_site.dashboard.roles import LEVERS, Lever
from krea_site.models import Figures, Role
from tests.krea_site.dashboard import world
from tests.staff import make_staff, staff_client

pytestmark = [pytest.mark.django_db, pytest.mark.unaudited]


@pytest.fixture
def now() -> Iterator[None]:
    with time_machine.travel(world.END, tick=False):
        yield


@pytest.fixture
def business(alice: Any, bob: Any, mallory: Any) -> None:
    """Three days of it, counted as far as it is looked at: in the middle of the last one."""
    world.fill([alice, bob, mallory])
    spans = [around(period, world.END) for period in Period]
    count([*spans, *(span.before for span in spans)])


def count(spans: Iterable[Span]) -> None:
    """As a worker does it, but these alone."""
    for span in spans:
        values, at = counting.count(span), min(world.END, span.end)
        Figures.objects.create(period=span.period, start=span.start, values=values, counted_at=at)


def shown(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, address
    return answer.content.decode()


@pytest.mark.parametrize("period", Period)
def test_the_figures_of_each_period_stand_on_the_page(period: Period, business: None, now: None) -> None:
    page = shown(staff_client(make_staff()), f"/admin/?by={period}")

    counts = figures.now(period)
    assert counts is not None and (counts.stored or period == Period.HOUR)
    for head in heads.heads(board.of(around(period, world.END), Links(LEVERS[Role.OWNER])), levels.levels()):
        assert f"<dt>{head.label}</dt>" in page.replace("&#x27;", "'")
        assert f">{head.value}<" in page
    assert page.count("<figure") == 6
    assert "not counted yet" not in page


def test_another_day_is_looked_at_and_led_back_from(business: None, now: None) -> None:
    client = staff_client(make_staff())

    page = shown(client, "/admin/?by=day&at=2026-06-01")

    assert "<h1>1 June 2026</h1>" in page
    assert '<a class="button small" rel="prev" href="?by=day&amp;at=2026-05-31">' in page
    assert '<a class="button small" rel="next" href="?by=day&amp;at=2026-06-02">' in page
    assert '<a href="?by=month&amp;at=2026-06">Months</a>' in page


@pytest.mark.parametrize(
    ("asked", "said"),
    [("by=year", "by is one of hour, day, month."), ("at=yesterday", "at is a moment that was"),
     ("by=day&at=2026-13-40", "at is a moment that was"), ("by=day&at=2026-07-01", "at is a moment that was")],
)  # fmt: skip
def test_nonsense_is_refused_in_words(asked: str, said: str, now: None) -> None:
    answer = staff_client(make_staff()).get(f"/admin/?{asked}")

    assert answer.status_code == 422
    assert said in answer.content.decode()


def test_what_was_not_counted_yet_is_said(business: None, now: None) -> None:
    Figures.objects.update(counted_at=None)

    page = shown(staff_client(make_staff()), "/admin/?by=hour")

    assert "This period was not counted yet" in page


@pytest.mark.parametrize("role", Role)
def test_money_is_for_those_who_may_see_it_and_links_for_those_who_may_follow(
    role: Role, business: None, now: None
) -> None:
    client = staff_client(make_staff(role))

    page = shown(client, "/admin/?by=day")

    assert ("fal&#x27;s cost" in page) == (Lever.SEE_MONEY in LEVERS[role])
    content = page.partition('id="staff-content"')[2]
    for address in {unescape(each) for each in re.findall(r'href="(/admin/[^"]*)"', content)}:
        assert client.get(address).status_code == 200, address


def test_each_number_of_rows_leads_to_so_many_rows(business: None, now: None) -> None:
    client = staff_client(make_staff())
    shown_board = board.of(around(Period.DAY, world.END), Links(LEVERS[Role.OWNER]))
    told = [*lines.statuses(shown_board), *lines.outcomes(shown_board), *lines.causes(shown_board)]
    told += [*lines.doubts(shown_board), *lines.told(shown_board)]
    checked = 0

    for line in told:
        value, url, _ = line.figures[0]
        assert rows_of(client, url) == int(value.replace(",", "")), (line.name, url)
        checked += 1

    assert checked > 15
    for line in lines.waits(shown_board):
        assert rows_of(client, line.figures[2].url) == int(line.figures[2].value), line.name
    (chart,) = (each for each in drawings.drawn(shown_board) if each.title == "Pictures")
    for column in chart.columns:
        for cell in column.cells:
            assert cell.value is None or rows_of(client, cell.url) == cell.value, cell.url


def test_no_number_is_without_its_rows(business: None, now: None) -> None:
    shown_board = board.of(around(Period.DAY, world.END), Links(LEVERS[Role.OWNER]))
    level = levels.levels()

    large = [*heads.heads(shown_board, level), *heads.road(shown_board, level)]
    assert [head.label for head in large if not head.url and not all(url for _, url in head.parts or [("", "")])] == []
    told = [*lines.models(shown_board), *lines.money(shown_board), *lines.statuses(shown_board)]
    told += [*lines.outcomes(shown_board), *lines.waits(shown_board), *lines.causes(shown_board)]
    told += [*lines.doubts(shown_board), *lines.told(shown_board)]
    assert [
        (line.name, each) for line in told for each in line.figures if not each.url and each.value != board.NOT_KNOWN
    ] == []
    cells = [cell for chart in drawings.drawn(shown_board) for column in chart.columns for cell in column.cells]
    assert [cell for cell in cells if cell.value is not None and not cell.url] == []


def test_beside_the_margin_stands_what_credits_brought_on_average(
    alice: Any, bob: Any, mallory: Any, now: None
) -> None:
    world.fill([alice, bob, mallory])
    ledger.purchase(alice, cash=10_000_00, bonus=0, key="more", memo="Pack")
    count(around(Period.DAY, world.END).back(3))
    moved = Transfer.objects.filter(created_at__lte=world.END).select_related("source", "target")
    cash, granted = (
        sum(row.amount * ((row.source.book == book) - (row.target.book == book)) for row in moved)
        for book in (Book.SALES, Book.GRANTS)
    )
    counts = figures.now(Period.DAY)
    assert counts is not None and granted > 0

    share = figures.paid_share()

    assert share == cash * 1000 // (cash + granted) > 0
    assert counts.margin_at(share) == counts.spent * 10 * share // 1000 - counts.cost < counts.margin
    page = shown(staff_client(make_staff()), "/admin/?by=day")
    assert f"this margin is {words.dollars(counts.margin_at(share))}." in page


def test_the_fees_of_stripe_are_those_of_the_rows_they_lead_to(business: None, now: None) -> None:
    span = around(Period.MONTH, world.END)
    counts, here = figures.of(span).counts, Links(LEVERS[Role.OWNER], span)
    client = staff_client(make_staff())
    assert counts is not None

    paid = client.get(here.purchases(status="paid")).context["purchases"]
    disputes = client.get(here.reversals(what="dispute")).context["cl"].queryset

    fees = [each.purchase.fee_cents for each in paid]
    assert counts.fees == 10_000 * (sum(fee or 0 for fee in fees) + sum(row.fee_cents for row in disputes)) != 0
    assert counts.fees_unknown == fees.count(None) > 0
    page = shown(client, "/admin/?by=month&at=2026-06")
    assert f"of {counts.fees_unknown} payment" in page and "not told yet" in page


def rows_of(client: Client, url: str) -> int:
    """How many rows a list has, told by the list itself."""
    answer = client.get(url)
    assert answer.status_code == 200, url
    context: Any = answer.context
    if "cl" in context:
        return int(context["cl"].result_count)
    return len(context["events"] if "events" in context else context["generations"])


def test_transfers_behind_a_sum_make_the_sum(business: None, now: None) -> None:
    client = staff_client(make_staff())
    span = around(Period.MONTH, world.END)
    counts, here = figures.of(span).counts, Links(LEVERS[Role.OWNER], span)
    assert counts is not None

    def total(url: str, book: str) -> int:
        rows = client.get(url).context["cl"].queryset.select_related("source", "target")
        return sum(row.amount * ((row.source.book == book) - (row.target.book == book)) for row in rows)

    assert total(here.transfers(book="sales"), "sales") == counts.cash != 0
    assert total(here.transfers(source="sales", kind="purchase"), "sales") == counts.sold != 0
    assert total(here.transfers(book="usage"), "usage") == -counts.spent != 0
    assert total(here.transfers(book="grants"), "grants") == counts.granted != 0
    for model, sums in counts.models.items():
        assert total(here.transfers(book="usage", subject=model), "usage") == -sums.spent
