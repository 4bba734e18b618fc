"""A statement costs the same however long it is: what a page asks PostgreSQL is answered from indexes alone."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from bench import movements
from billing import filters, ledger, statement, statement_csv
from billing.filters import Filter
from billing.models import Account, Kind, Transfer
from tests.conftest import make_user

MANY = 40_000
TABLES = ("billing_transfer", "billing_tally", "billing_hold", "billing_allowance")
A_PAGE = 4 * 51  # rows of transfers that one query may look at for a page of 50
A_CHUNK = 2 * statement_csv.CHUNK

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.unaudited,  # movements that were made from nothing
    pytest.mark.skipif(
        not django_settings.IS_POSTGRES, reason="asks PostgreSQL's planner: set DATABASE_URL=postgres://…"
    ),
]


@pytest.fixture
def wallet(db: None) -> Account:
    """A wallet of 40,000 movements, nearly all of them pictures."""
    make_user("short@example.com", 5_00)
    purse = ledger.wallet(make_user("long@example.com"))
    with connection.cursor() as cursor:
        movements.fill(cursor, wallet_id=purse.pk, count=MANY)
    return purse


def kinds_and_dates() -> Iterator[Filter]:
    today = timezone.now().date()
    yield filters.EVERYTHING
    for kind in ("", *Kind.values):
        yield Filter(kind)
        yield Filter(kind, today - timedelta(days=300), today - timedelta(days=200))


def plans(work: Callable[[], Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every query on money's tables that the work makes, with each node of the plan that PostgreSQL has for it."""
    with CaptureQueriesContext(connection) as made:
        work()
    for query in [each["sql"] for each in made if any(table in each["sql"] for table in TABLES)]:
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {query}")
            found = cursor.fetchone()[0]
        (plan,) = json.loads(found) if isinstance(found, str) else found
        todo = [plan["Plan"]]
        while todo:
            node = todo.pop()
            todo += node.get("Plans", [])
            yield query, node


def read(node: dict[str, Any]) -> int:
    """Rows that a node looked at: those that it gave, and those that it looked at in vain."""
    return int((node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"])


def too_much(work: Callable[[], Any], most: int) -> list[tuple[str, dict[str, Any]]]:
    """What is read without an index, or further than it has to be."""
    return [
        (query, node)
        for query, node in plans(work)
        if "billing_transfer" in query and (node["Node Type"] == "Seq Scan" or read(node) > most)
    ]


def test_every_page_is_read_from_an_index_and_no_further_than_it_goes(wallet: Account) -> None:
    middle = str(Transfer.objects.filter(source=wallet).order_by("created_at")[MANY // 3].pk)

    for chosen in kinds_and_dates():
        for cursor, before in (("", ""), (middle, ""), ("", middle)):
            work = partial(statement.page, wallet, chosen, cursor=cursor, before=before)
            assert too_much(work, A_PAGE) == [], (chosen, cursor, before)


def test_every_chunk_of_the_file_is_read_from_an_index(wallet: Account) -> None:
    middle = Transfer.objects.filter(source=wallet).order_by("created_at")[MANY // 3]

    for chosen in kinds_and_dates():
        for after in (None, statement.place(middle)):
            assert too_much(partial(statement_csv.chunk, wallet, chosen, after), A_CHUNK) == [], (chosen, after)


def test_the_whole_page_asks_little(wallet: Account) -> None:
    client = Client()
    client.force_login(wallet.user)  # type: ignore[arg-type]
    today = timezone.now().date()
    address = f"/billing/?from={today - timedelta(days=90)}&to={today}"
    client.get(address)

    with CaptureQueriesContext(connection) as made:
        client.get(address)

    # The wallet for head and page, its ceilings, chart, totals, three sides, two of them for each of two balances; the
    # plan, purchases under way, the customer at Stripe, the packs for a debt, auto top-up and its last attempts.
    assert len([query for query in made if "billing_" in query["sql"]]) == 18
    assert too_much(partial(client.get, address), A_PAGE) == []
