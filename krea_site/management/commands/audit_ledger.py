"""Prove the books: recompute every balance, and hold every generation against its hold."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from billing import audit
from billing.models import Account, Hold, Transfer
from generations import audit as road_audit
from generations.models import Generation
from krea_site import check_runs
from krea_site.models import CheckRun


class Command(BaseCommand):
    help = "Recompute every balance from the transfers. Exit status 1 and a list where anything differs."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="one JSON object: ok, findings, counted")

    def handle(self, *, json: bool, **_: Any) -> None:
        begun_at = timezone.now()
        with audit.one_moment():
            findings = [*audit.findings(), *road_audit.findings()]
            counted = {
                "accounts": Account.objects.count(),
                "transfers": Transfer.objects.count(),
                "holds": Hold.objects.count(),
                "generations": Generation.objects.count(),
            }
        check_runs.write_down(CheckRun.Kind.AUDIT, begun_at, findings)
        self.stdout.write(as_json(findings, counted) if json else as_text(findings, counted))
        if findings:
            raise SystemExit(1)


def as_json(findings: list[str], counted: dict[str, int]) -> str:
    return json.dumps({"ok": not findings, "findings": findings, "counted": counted})


def as_text(findings: list[str], counted: dict[str, int]) -> str:
    looked_at = ", ".join(f"{number} {name}" for name, number in counted.items())
    if not findings:
        return f"The books are right: {looked_at}."
    lines = "\n".join(f"- {finding}" for finding in findings)
    return f"{lines}\n{len(findings)} things differ; looked at {looked_at}."
