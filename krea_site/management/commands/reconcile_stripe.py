"""Compare Stripe's records with ours, mend what is safe to mend, list the rest."""

from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from billing import reconcile
from billing.agreement import exact
from billing.reconcile import Finding, Outcome
from billing.stripe_values import StripeRefused, StripeUnavailable


class Command(BaseCommand):
    help = (
        "Compare payments, refunds, disputes, subscriptions and events at Stripe with ours. What was never heard of is "
        "mended; exit status 1 where anything else differs."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--since",
            metavar="DATE",
            help="such as 2026-05-01 (UTC); without it, three days before the last run, or thirty days ago",
        )

    def handle(self, *, since: str | None, **_: Any) -> None:
        first = read_since(since) if since else None
        try:
            outcome = reconcile.run(first)
        except StripeUnavailable as error:
            raise CommandError(
                f"Stripe does not answer ({error}). What was mended stays mended; run it again."
            ) from None
        except StripeRefused as error:
            raise CommandError(f"Stripe refuses ({error}). What was mended stays mended.") from None
        self.stdout.write(as_text(outcome))
        if outcome.left:
            raise SystemExit(1)


def read_since(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise CommandError(f"--since: {text[:40]!r} is no date. Give one such as 2026-05-01.") from None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if moment > timezone.now():
        raise CommandError("--since: this is in the future.")
    return moment


def as_text(outcome: Outcome) -> str:
    lines = [f"Stripe and our books since {outcome.since.astimezone(UTC):%Y-%m-%d %H:%M} UTC"]
    if outcome.findings:
        lines += ["", *table(outcome.findings)]
        if more := outcome.mended + outcome.left - len(outcome.findings):
            lines.append(f"… and {more:,} more")
    lines += [
        "",
        f"payments compared     {outcome.compared:,}",
        f"mended                {outcome.mended:,}",
        f"left                  {outcome.left:,}",
        f"net cash at Stripe    {exact(outcome.stripe)}",
        f"book sales, of these  {exact(outcome.book)}",
        f"difference            {exact(outcome.stripe - outcome.book)}",
        f"book sales, in all    {exact(outcome.book_in_all)}",
        "(net of tax, less refunds and disputes; Stripe's own fees are no part of it)",
    ]
    return "\n".join(lines)


def table(findings: list[Finding]) -> list[str]:
    """What is left stands first."""
    rows = [("", "object", "what"), *(
        ("mended" if each.is_mended else "left", each.id, each.words)
        for each in sorted(findings, key=lambda each: each.is_mended)
    )]  # fmt: skip
    width = max(len(row[1]) for row in rows)
    return [f"{state:<6}  {id:<{width}}  {words}" for state, id, words in rows]
