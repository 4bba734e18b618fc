"""Write a backup: the database of one moment and every file that it names."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from krea_site.backups import taking
from krea_site.backups.folder import Busy
from krea_site.backups.postgres_tools import ToolFailed
from krea_site.backups.shelving import StoreIsAway

NOT_IN_IT = (
    "SECRET_KEY, SECRET_KEY_FALLBACKS and TRIAL_KEY are not in it. Keep them elsewhere: without them second factors "
    "and webhook secrets cannot be opened."
)


class Command(BaseCommand):
    help = (
        "Copy the database and its files into a folder, beside a working site. Each run is a dated set; files that an "
        "earlier one has are not copied again. Exit status 1 and a list where the store lacks a file."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", metavar="DIR", type=Path)
        parser.add_argument("--keep", type=int, metavar="N", help="delete all but the N newest sets afterwards")

    def handle(self, *, folder: Path, keep: int | None, **_: Any) -> None:
        if keep is not None and keep < 1:
            raise CommandError("--keep: give 1 or more; the newest set is always kept.")
        try:
            done = taking.take(folder, keep=keep, say=self.stdout.write)
        except Busy:
            raise CommandError(f"Another backup or restore is at work in {folder}.") from None
        except ToolFailed as error:
            raise CommandError(f"No backup was made: {error}") from None
        except StoreIsAway as error:
            raise CommandError(f"No backup was made: the store of pictures gives no answer ({error}).") from None
        except OSError as error:
            raise CommandError(f"No backup was made: {error.strerror or error}.") from None
        told = done.manifest
        self.stdout.write(
            f"{done.set}\n  {told.vendor} of {told.made_at}, {sum(told.figures.tables.values()):,} rows\n"
            f"  {told.files:,} files, {told.bytes:,} bytes; {told.copied:,} files were new\n  {NOT_IN_IT}"
        )
        if told.gone:
            self.stdout.write(f"  {told.gone:,} files were deleted while the backup ran")
        for name in done.dropped:
            self.stdout.write(f"  deleted the old set {name}")
        for finding in done.findings:
            self.stderr.write(finding)
        if done.findings:
            raise SystemExit(1)
