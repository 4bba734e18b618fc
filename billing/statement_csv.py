"""The statement as CSV, in chunks of which each begins where the last one ended: its memory does not grow with it.

Every text is quoted, and one that a spreadsheet could take for a formula is preceded by an apostrophe; numbers stay
numbers. Sources: RFC 4180, and OWASP on CSV injection for the characters.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import UTC
from decimal import Decimal

from . import statement
from .credits import show
from .filters import Filter
from .models import Account
from .statement import Movement, Place

CHUNK = 200  # movements
HEADS = ("Time (UTC)", "Kind", "What", "Image model", "Credits", "Balance after", "Owed", "Generation", "Movement")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def file_name(chosen: Filter) -> str:
    """`"statement-usage-from-2026-11-01-to-2026-11-30.csv"`"""
    parts = ["statement", chosen.kind]
    parts += [f"from-{chosen.first}"] if chosen.first else []
    parts += [f"to-{chosen.last}"] if chosen.last else []
    return "-".join(filter(None, parts)) + ".csv"


def head() -> bytes:
    return _lines([HEADS])


def chunk(wallet: Account | None, chosen: Filter, after: Place | None) -> tuple[bytes, Place | None]:
    """The lines of the movements after a place, newest first, and the place to go on from; None at the end."""
    if wallet is None:
        return b"", None
    found = statement.older(wallet, chosen, after, CHUNK)
    following = statement.place(found[-1].transfer) if len(found) == CHUNK else None
    return _lines(map(_cells, found)), following


def safe(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) else text


def _cells(movement: Movement) -> tuple[str | Decimal, ...]:
    row = movement.transfer
    moved, owed = (0, -movement.amount) if movement.owed else (movement.amount, 0)
    return (
        row.created_at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S"),
        safe(movement.kind),
        safe(row.memo),
        safe(row.subject),
        Decimal(show(moved)),
        "" if movement.balance is None else Decimal(show(movement.balance)),
        Decimal(show(owed)) if owed else "",
        str(movement.generation or ""),
        str(row.pk),
    )


def _lines(rows: Iterable[Sequence[str | Decimal]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_NONNUMERIC).writerows(rows)
    return text.getvalue().encode()
