"""The rows of the ledger as a table: those of a book are found on both sides, to the last that the table shows."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from billing.models import Account, Book, Kind, Transfer
from krea_site.dashboard import site
from krea_site.dashboard.tables import money
from krea_site.models import Role
from tests.conftest import make_user
from tests.staff import make_staff, staff_client

pytestmark = [pytest.mark.django_db, pytest.mark.unaudited]  # the rows alone, without their balances
SHOWN, ROWS = 6, 30


@pytest.fixture
def finance(db: None) -> Client:
    return staff_client(make_staff(Role.FINANCE))


@pytest.fixture
def moved(db: None, monkeypatch: pytest.MonkeyPatch) -> list[Transfer]:
    """Of usage it is given now and then, received mostly; sales lie between. The newest last."""
    for module in (site, money):
        monkeypatch.setattr(module, "COUNTED", SHOWN)
    wallet = Account.objects.create(user=make_user("alice@example.com"))
    usage, sales = (Account.objects.get_or_create(book=book)[0] for book in (Book.USAGE, Book.SALES))
    now = timezone.now()

    def of(number: int) -> dict[str, Any]:
        if number % 5 == 0:
            return {"source": sales, "target": wallet, "kind": Kind.PURCHASE}
        if number % 7 == 0:
            return {"source": usage, "target": wallet, "kind": Kind.CORRECTION}
        return {"source": wallet, "target": usage, "kind": Kind.USAGE}

    return [
        Transfer.objects.create(
            amount=1, key=f"{number}", created_at=now - timedelta(hours=ROWS - number), **of(number)
        )
        for number in range(ROWS)
    ]


@pytest.mark.parametrize("more", ["", "&kind=correction", "&target=usage", "&until={until}", "&q=3"])
def test_the_newest_of_a_book_are_those_of_both_sides(more: str, moved: list[Transfer], finance: Client) -> None:
    until = moved[15].created_at.isoformat().replace("+00:00", "Z")

    page = finance.get(f"/admin/billing/transfer/?book=usage{more.format(until=until)}")

    kept = [row for row in reversed(moved) if Book.USAGE in (row.source.book, row.target.book)]
    if "kind" in more:
        kept = [row for row in kept if row.kind == Kind.CORRECTION]
    if "target" in more:
        kept = [row for row in kept if row.target.book == Book.USAGE]
    if "until" in more:
        kept = [row for row in kept if row.created_at < moved[15].created_at]
    if "q=" in more:
        kept = [moved[3]]
    assert [row.pk for row in page.context["cl"].result_list][:SHOWN] == [row.pk for row in kept][:SHOWN]
    assert len(kept) in (1, 4) or len(kept) > SHOWN


def test_a_book_that_is_none_has_no_rows(moved: list[Transfer], finance: Client) -> None:
    assert list(finance.get("/admin/billing/transfer/?book=nonsense").context["cl"].result_list) == []
