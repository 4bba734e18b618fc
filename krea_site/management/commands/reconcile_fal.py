"""Compare fal's usage and requests with our draws, mend what is safe to mend, list the rest."""

import json
from datetime import date, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from generations.dollars import of_microusd
from generations.models import FalDay
from krea_site import check_orders, check_runs
from krea_site.models import CheckOrder, CheckRun


class Command(BaseCommand):
    help = (
        "Compare what fal drew and charged with our draws, by endpoint and day (UTC). A cost that was not known is "
        "written down, a lost send is found; exit status 1 where anything else differs."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--since",
            metavar="DATE",
            help="such as 2026-05-01 (UTC), at most 90 days ago; without it, three days before the last run, or thirty "
            "days ago",
        )
        parser.add_argument("--json", action="store_true", help="one JSON object: ok, left, findings, days")

    def handle(self, *, since: str | None, json: bool, **_: Any) -> None:
        now = timezone.now()
        first = read_since(since, now) if since else check_orders.begin(now)
        if not check_orders.ask_from(first):
            raise CommandError("A comparison with fal is running. Look at /admin/fal/, or try again in a few minutes.")
        if check_orders.go_on(CheckOrder.Kind.FAL) is None:
            raise CommandError(reason())
        run = check_runs.newest(CheckRun.Kind.FAL)
        days = list(FalDay.objects.filter(day__gte=first).order_by("day", "endpoint"))
        if run is None:
            raise CommandError("The comparison was not written down.")
        self.stdout.write(as_json(run, days) if json else as_text(run, days))
        if run.left:
            raise SystemExit(1)


def read_since(text: str, now: datetime) -> date:
    try:
        day = datetime.fromisoformat(text).date()
    except ValueError:
        raise CommandError(f"--since: {text[:40]!r} is no date. Give one such as 2026-05-01.") from None
    if day > now.date():
        raise CommandError("--since: this is in the future.")
    if day < check_orders.earliest(now):
        raise CommandError(f"--since: fal's lists go back to {check_orders.earliest(now)} at most.")
    return day


def reason() -> str:
    row = CheckOrder.objects.filter(kind=CheckOrder.Kind.FAL).first()
    if row is None or not row.error:
        return "Another process has taken the comparison over. Look at /admin/fal/."
    return f"fal does not answer ({row.error}). What was mended stays mended, and a worker goes on by itself."


def as_json(run: CheckRun, days: list[FalDay]) -> str:
    """Dollars are integers of 1/1,000,000 dollar; null where fal does not tell."""
    fields = ("fal_requests", "fal_units_millionths", "fal_microusd", "our_draws", "our_microusd", "mended", "left")
    told = [
        {"day": str(row.day), "endpoint": row.endpoint, **{name: getattr(row, name) for name in fields}}
        | {"remainder_microusd": row.remainder_microusd, "explained": row.is_explained}
        for row in days
    ]
    return json.dumps({"ok": not run.left, "left": run.left, "findings": run.findings, "days": told})


def as_text(run: CheckRun, days: list[FalDay]) -> str:
    rows = [("day", "endpoint", "requests", "units", "fal", "draws", "ours", "remainder")]
    for row in days:
        units = "?" if row.fal_units_millionths is None else f"{row.fal_units_millionths / 1_000_000:.2f}"
        rows.append(
            (
                str(row.day), row.endpoint, f"{row.fal_requests or 0:,}", units, money(row.fal_microusd),
                f"{row.our_draws:,}", money(row.our_microusd), money(row.remainder_microusd),
            )
        )  # fmt: skip
    remainders = [row.remainder_microusd for row in days]
    total = None if None in remainders else sum(each or 0 for each in remainders)
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) if place < 2 else cell.rjust(width) for place, (cell, width) in
             enumerate(zip(row, widths, strict=True))) for row in rows]  # fmt: skip
    found = [f"- {words}" for words in run.findings]
    mended = [
        f"mended: {row.day} {row.endpoint}: {each['words']} ({each['id']})"
        for row in days
        for each in row.findings
        if each["is_mended"]
    ]
    summary = [f"mended {sum(row.mended for row in days):,}, left {run.left:,}, unexplained in all: {money(total)}"]
    return "\n".join([*lines, *mended, *found, *summary])


def money(amount: int | None) -> str:
    return "not told" if amount is None else of_microusd(amount)
