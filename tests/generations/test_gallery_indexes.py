"""A page of the history costs the same in a long account as in a short one: a fixed number of queries, answered from
indexes, on SQLite and on PostgreSQL."""

import json
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from bench import gallery_rows
from generations import history
from generations.models import Image
from tests.conftest import make_user
from tests.generations.pages import logged_in

MANY = 3_000
TABLES = ("generations_image", "generations_generation", "generations_promptwords")
FILTERS = [
    "",
    "model=krea-2-large",
    "status=failed",
    "status=all",
    "favourite=1",
    "favourite=1&model=krea-2-large&status=stored",
    "since=2000-01-01&until=2999-12-31",
    f"q={gallery_rows.EVERYWHERE}",
    f"q={gallery_rows.OFTEN}",
    f"q={gallery_rows.SELDOM}",
    f"q={gallery_rows.NOWHERE}",
    f"q={gallery_rows.OFTEN}&favourite=1",
]

pytestmark = [pytest.mark.postgres, pytest.mark.unaudited]  # pictures that were made from nothing


@pytest.fixture
def browser(db: None) -> Client:
    """Somebody with 3,000 pictures, beside others who have some."""
    gallery_rows.fill(make_user("short@example.com"), 200)
    user = make_user("long@example.com")
    gallery_rows.fill(user, MANY)
    return logged_in(user)


def asked(browser: Client, address: str) -> list[str]:
    """The statements on the tables of pictures that an address makes."""
    with CaptureQueriesContext(connection) as made:
        assert browser.get(address).status_code == 200
    return [query["sql"] for query in made if any(table in query["sql"] for table in TABLES)]


def whole_tables(sql: str) -> list[str]:
    """The steps of the database's plan that read a table from end to end, without an index."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
            steps = [row[3] for row in cursor.fetchall()]
            return [
                step for step in steps if step.startswith("SCAN") and "INDEX" not in step and "CONSTANT" not in step
            ]
        cursor.execute("SET LOCAL enable_seqscan = off")  # of so few rows it would read all, were it not told
        cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}")
        told = cursor.fetchone()[0]
    todo, found = [(json.loads(told) if isinstance(told, str) else told)[0]["Plan"]], []
    while todo:
        node: dict[str, Any] = todo.pop()
        todo += node.get("Plans", [])
        if node["Node Type"] == "Seq Scan" and node["Relation Name"] in TABLES:
            found.append(node["Relation Name"])
    return found


def test_every_page_asks_a_few_queries_and_reads_indexes_alone(browser: Client) -> None:
    rows = Image.objects.filter(user__email="long@example.com").order_by("-generation_id")
    places = [history.Place(row.generation_id, row.index) for row in (rows[60], rows[MANY // 2])]

    for chosen in FILTERS:
        for at in ("", f"cursor={places[0]}", f"cursor={places[1]}", f"before={places[1]}"):
            address = f"/history/?{'&'.join(filter(None, [chosen, at]))}"
            sqls = asked(browser, address)
            # The places and the pictures; with a search, whether they are few; the newest, where no page is newer.
            assert len(sqls) <= 2 + ("q=" in chosen) + ("before=" in at), address
            assert [(sql, scans) for sql in sqls if (scans := whole_tables(sql))] == [], address

    places_of_favourites = asked(browser, "/history/?favourite=1")[0]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":  # so few favourites it may sort as well; asked is whether it must
            cursor.execute("SET LOCAL enable_sort = off")
        cursor.execute(f"EXPLAIN {'QUERY PLAN ' if connection.vendor == 'sqlite' else ''}{places_of_favourites}")
        plan = " ".join(str(cell) for row in cursor.fetchall() for cell in row)
    assert "image_gallery" in plan
    assert "TEMP B-TREE" not in plan and " Sort " not in plan
