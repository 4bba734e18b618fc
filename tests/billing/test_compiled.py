"""Statements that are compiled once: what they say is what the queryset says, with other values each time."""

from datetime import date
from threading import Thread
from typing import Any

import pytest
from django.conf import settings
from django.db import NotSupportedError, connection, transaction
from django.db.models import F, QuerySet

from billing import ledger
from billing.compiled import Change, insert, insert_once, select, update
from billing.models import Account, Allowance, Hold, Kind, Period, Transfer
from tests.conftest import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.unaudited]  # rows that no hold explains
MARCH, APRIL = date(2026, 3, 1), date(2026, 4, 1)


@select
def wallets_from(least: int) -> "QuerySet[Any, Account]":
    return Account.objects.select_related("user").filter(user__isnull=False, balance__gte=least).order_by("balance")


@select
def used_since(since: date) -> "QuerySet[Any, tuple[str, int]]":
    return Allowance.objects.filter(since=since, period=Period.MONTH).order_by("name").values_list("name", "used")


@select
def kinds(memo: str) -> "QuerySet[Any, str]":
    return Transfer.objects.filter(memo=memo).values_list("kind", flat=True)


@update("used", "limit")
def use(name: str, amount: int, limit: int | None) -> Change:
    return Change(Allowance.objects.filter(name=name), {"used": F("used") + amount, "limit": limit})


def month(name: str, since: date, used: int = 0) -> Allowance:
    return Allowance(name=name, period=Period.MONTH, since=since, used=used)


def test_whole_rows_come_with_what_stands_beside_them(alice: Any) -> None:
    rich = make_user("rich@example.com", 9_000_00)
    small, large = wallets_from(1), wallets_from(5_000_00)

    assert [each.user for each in small] == [alice, rich]
    assert [each.user_id for each in large] == [rich.pk]
    assert wallets_from(2**60) == []
    assert small[0] == ledger.wallet(alice)
    small[0].save()  # an update, since the row is there


def test_values_are_written_and_read_as_the_column_has_them(alice: Any) -> None:
    insert(month("a", MARCH, 1), month("b", MARCH, 2), month("a", APRIL, 3))

    assert used_since(MARCH) == [("a", 1), ("b", 2)]
    assert used_since(APRIL) == [("a", 3)]
    assert kinds("100% of 'it'") == []
    ledger.grant(alice, 1, key="gift", memo="100% of 'it'")
    assert kinds("100% of 'it'") == [Kind.GRANT]


def test_what_is_assigned_may_be_none_and_what_is_named_may_stand_anywhere() -> None:
    insert(month("a", MARCH, 1))

    assert use("a", 5, 10) == [(6, 10)]
    assert use(limit=None, amount=1, name="a") == [(7, None)]
    assert use("nobody", 1, None) == []


def test_new_rows_have_their_ids() -> None:
    rows = [month("a", MARCH), month("b", MARCH)]

    insert(*rows)

    assert {row.pk for row in rows} == set(Allowance.objects.values_list("pk", flat=True))
    rows[0].used = 3
    rows[0].save()
    assert Allowance.objects.get(name="a").used == 3
    insert()  # nothing


def test_a_row_that_is_there_already_is_left_alone_and_so_is_the_transaction(alice: Any) -> None:
    wallet = ledger.wallet(alice)
    ledger.hold(alice, 5_00, key="one")
    held = Hold.objects.get(key="one")
    again, two = (Hold(wallet=wallet, amount=7_00, key=key, created_at=held.created_at) for key in ("one", "two"))

    with transaction.atomic():
        assert not insert_once(again)
        assert insert_once(two)

    assert {each.key: each.amount for each in Hold.objects.all()} == {"one": 5_00, "two": 7_00}
    assert Hold.objects.get(pk=two.pk).created_at == held.created_at
    two.delete()


@pytest.mark.skipif(not settings.IS_POSTGRES, reason="SQLite prepares nothing")
@pytest.mark.django_db(transaction=True)
def test_a_connection_ends_whose_statements_a_migration_overtook() -> None:
    insert(month("a", MARCH, 1))
    for _ in range(8):
        used_since(MARCH)

    try:
        _name_of(101)
        with pytest.raises(NotSupportedError):
            used_since(MARCH)
        connection.close_if_unusable_or_obsolete()

        assert used_since(MARCH) == [("a", 1)]
    finally:
        _name_of(100)
        connection.close()


def _name_of(length: int) -> None:
    """From another connection: one that sees the change itself forgets what it has prepared."""

    def alter() -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE billing_allowance ALTER COLUMN name TYPE varchar({length})")
        connection.close()

    thread = Thread(target=alter)
    thread.start()
    thread.join()


@pytest.mark.django_db(transaction=True)
def test_each_connection_has_its_own() -> None:
    insert(month("a", MARCH, 1))
    found: list[Any] = []

    def elsewhere() -> None:
        found.extend(used_since(MARCH))
        connection.close()

    for _ in range(2):
        thread = Thread(target=elsewhere)
        thread.start()
        thread.join()
    connection.close()

    assert found == used_since(MARCH) * 2 == [("a", 1)] * 2
