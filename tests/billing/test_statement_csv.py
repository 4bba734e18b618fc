"""The statement as CSV: every movement once, numbers as numbers, and no text that a spreadsheet would run."""

import csv
import io
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing import filters, ledger, statement_csv, takings
from billing.filters import EVERYTHING
from billing.models import Kind

FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1", '=HYPERLINK("http://x","y")']


def read(user: Any, **asked: str) -> list[dict[str, str]]:
    """The whole file as a spreadsheet would read it."""
    wallet, chosen = ledger.wallet(user), filters.read(asked)
    whole, after = statement_csv.chunk(wallet, chosen, None)
    while after:
        part, after = statement_csv.chunk(wallet, chosen, after)
        whole += part
    text = io.StringIO((statement_csv.head() + whole).decode(), newline="")
    return list(csv.DictReader(text))


@pytest.mark.unaudited  # a generation that is not there
def test_a_movement_is_told_with_its_numbers_as_numbers(alice: Any) -> None:
    ledger.hold(alice, 169_00, key="generation:01939e5c-0000-7000-8000-000000000001")
    ledger.capture(
        "generation:01939e5c-0000-7000-8000-000000000001", 169_00, memo="2 images, Krea 2 Large", subject="krea-2-large"
    )

    spent, granted = read(alice)

    assert {name: spent[name] for name in ("Kind", "What", "Image model", "Credits", "Balance after", "Owed")} == {
        "Kind": "Pictures", "What": "2 images, Krea 2 Large", "Image model": "krea-2-large",
        "Credits": "-169.00", "Balance after": "831.00", "Owed": "",
    }  # fmt: skip
    assert spent["Generation"] == "01939e5c-0000-7000-8000-000000000001"
    assert (granted["Credits"], granted["Generation"]) == ("1000.00", "")
    assert b",-169.00,831.00," in statement_csv.chunk(ledger.wallet(alice), EVERYTHING, None)[0]  # without quotes


def test_what_became_debt_moves_no_credits_and_is_told_apart(alice: Any) -> None:
    takings.take(alice, cash=1200_00, bonus=0, kind=Kind.DISPUTE, key="stripe:1", memo="Disputed")

    rows = read(alice, kind="dispute")

    assert [(row["Credits"], row["Balance after"], row["Owed"]) for row in rows] == [
        ("0.00", "", "200.00"),
        ("-1000.00", "0.00", ""),
    ]


@pytest.mark.parametrize("text", FORMULAS)
def test_a_text_that_is_a_formula_becomes_none(alice: Any, text: str) -> None:
    ledger.grant(alice, 1_00, key="evil", memo=text)

    assert read(alice)[0]["What"] == f"'{text}"


@given(st.text())
def test_no_text_begins_as_a_formula_does(text: str) -> None:
    safe = statement_csv.safe(text)

    assert not safe.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    assert safe.removeprefix("'") == text.removeprefix("'") or safe == text


def test_chunks_follow_one_another_without_gap_or_repetition(alice: Any) -> None:
    for number in range(statement_csv.CHUNK):
        ledger.grant(alice, 1 + number, key=f"grant:{number}", memo="One more")

    rows = read(alice)

    assert len(rows) == len({row["Movement"] for row in rows}) == statement_csv.CHUNK + 1
    assert sum(Decimal(row["Credits"]) for row in rows) * 100 == ledger.wallet(alice).balance
    assert rows[0]["Balance after"] == f"{Decimal(ledger.wallet(alice).balance) / 100:.2f}"


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        ({}, "statement.csv"),
        ({"kind": "usage"}, "statement-usage.csv"),
        ({"from": "2026-11-01", "to": "2026-11-30"}, "statement-from-2026-11-01-to-2026-11-30.csv"),
    ],
)
def test_the_file_is_named_for_what_is_in_it(asked: dict[str, str], name: str) -> None:
    assert statement_csv.file_name(filters.read(asked)) == name


def test_who_never_had_a_wallet_has_an_empty_file() -> None:
    assert statement_csv.chunk(None, EVERYTHING, None) == (b"", None)
