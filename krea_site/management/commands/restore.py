"""Put a backup back, and prove that all of it is there."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from krea_site.backups import restoring
from krea_site.backups.folder import Busy
from krea_site.backups.manifest import Unreadable
from krea_site.backups.postgres_tools import ToolFailed
from krea_site.backups.proof import Proof
from krea_site.backups.restoring import Checked, Refused, Wishes
from krea_site.backups.shelving import StoreIsAway

SHOWN = 200  # findings


class Command(BaseCommand):
    help = (
        "Restore the newest set of a folder of backups into the database and the store of the settings, and prove it: "
        "books, rows, checksums of every file, sealed secrets. Exit status 1 and a list where anything differs."
    )
    requires_system_checks = ()  # krea_site.E014 says that a restore was broken off

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", metavar="DIR", type=Path)
        parser.add_argument("--set", default="", metavar="NAME", help="a set by its name; else the newest")
        parser.add_argument("--check", action="store_true", help="prove the set alone; nothing is restored")
        parser.add_argument("--replace", default="", metavar="DATABASE", help="the name of a database that may be lost")
        parser.add_argument("--accept-losses", action="store_true", help="go on without what is lost for good")

    def handle(self, *, folder: Path, check: bool, **options: Any) -> None:
        wishes = Wishes(options["set"], options["replace"], options["accept_losses"])
        try:
            if check:
                with restoring.checked(folder, wishes, self.stdout.write) as found:
                    self._end(found.losses)
            else:
                found, proved = restoring.restore(folder, wishes, self.stdout.write)
                self.stdout.write(as_text(found, proved))
                self._end([*found.losses, *proved.differences])
        except Refused as refused:
            self._list(refused.findings)
            raise CommandError(f"Nothing was restored: {refused}.") from None
        except Unreadable as error:
            raise CommandError(f"Nothing was restored: {error}.") from None
        except Busy:
            raise CommandError(f"Another backup or restore is at work in {folder}.") from None
        except (ToolFailed, StoreIsAway, OSError) as error:
            raise CommandError(f"{error} Mend this and say the same again: it begins anew.") from None

    def _end(self, findings: list[str]) -> None:
        self._list(findings)
        if findings:
            raise SystemExit(1)

    def _list(self, findings: list[str]) -> None:
        for finding in findings[:SHOWN]:
            self.stderr.write(f"- {finding}")
        if len(findings) > SHOWN:
            self.stderr.write(f"… and {len(findings) - SHOWN:,} more")


def as_text(found: Checked, proved: Proof) -> str:
    lines = [
        f"Restored {found.set.name}, the site of {found.manifest.made_at}. Proved:",
        f"  rows of {proved.tables:,} tables and the sums of the ledger are those of the manifest",
        f"  {proved.files:,} files were read in the store and have the checksum of their name",
        f"  {proved.mentions:,} mentions of files in the rows agree with them in checksum and length",
        f"  {proved.sealed:,} sealed secrets open",
        f"{len(proved.differences):,} things differ."
        if proved.differences
        else "Nothing differs; the books are right.",
    ]
    if proved.without_file:
        lines.append(f"{proved.without_file:,} mentions are of files that the backup lacked.")
    lines.append("Next: reconcile_stripe --since the day before that moment; docs/operations.md has the other steps.")
    return "\n".join(lines)
