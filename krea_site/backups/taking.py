"""`manage.py backup`: one moment of the database, then the files that it names.

What a killed run leaves counts for nothing and is swept away by the next one. A set gets its name last.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from krea_site.backups import copies, figures, lists, manifest, named, shelving
from krea_site.backups.folder import Folder
from krea_site.backups.lists import Line, Names
from krea_site.backups.manifest import Manifest
from krea_site.models import CheckRun

NAMES_AT_ONCE = 2000
FINDINGS_KEPT = 50


@dataclass(frozen=True)
class Taken:
    """A finished backup: where its set is, what it says, what it could not keep, and which old sets went."""

    set: Path
    manifest: Manifest
    findings: list[str]
    dropped: list[str]


def take(root: Path, *, keep: int | None, say: Callable[[str], None]) -> Taken:
    """Write a set beside a working site. `keep`: delete all but so many of the newest sets afterwards. Raises
    `folder.Busy`, `postgres_tools.ToolFailed`, `shelving.StoreIsAway` and OSError."""
    folder = Folder(root)
    root.mkdir(parents=True, exist_ok=True)
    with folder.alone():
        folder.begin()
        begun_at = timezone.now()
        made = folder.unfinished / "set"
        made.mkdir()
        names = Names(folder.unfinished / "names")
        with copies.taken(made) as using:
            moment = datetime.now(UTC)
            told = figures.of(using)
            _collect(names, using)
        say(f"database: {told.tables.get('billing_transfer', 0):,} transfers; {len(names):,} files are named")
        counted, findings = _shelve(folder, names, made, say)
        found = Manifest(
            made_at=moment.isoformat(timespec="seconds"), site=settings.PUBLIC_URL, database=copies.file_name(),
            vendor="postgresql" if settings.IS_POSTGRES else "sqlite", figures=told, keys=manifest.present_keys(),
            **counted,
        )  # fmt: skip
        found.write(made)
        names.close()
        set_ = folder.finish(made, moment.strftime("%Y-%m-%d-%H%M%S-%f"))
        CheckRun.objects.create(
            kind=CheckRun.Kind.BACKUP, begun_at=begun_at, left=found.lacking, findings=findings[:FINDINGS_KEPT]
        )
        dropped = prune(folder, keep) if keep else []
        folder.begin()
        return Taken(set_, found, findings, dropped)


def prune(folder: Folder, keep: int) -> list[str]:
    """Delete all but the newest sets, then what no set names any more; the names of the deleted sets."""
    old = folder.sets()[:-keep]
    for set_ in old:
        folder.drop(set_)
    if old:
        named_still = Names(folder.unfinished / "named-still")
        for set_ in folder.sets():
            named_still.add(lists.read(set_))
        for name in folder.shelved():
            if named_still.get(name) is None:
                folder.shelf(name).unlink()
        named_still.close()
    return [set_.name for set_ in old]


def _collect(names: Names, using: str) -> None:
    mentions = (Line(each.name, each.bytes or 0, lists.KEPT) for each in named.mentions(using))
    while some := list(islice(mentions, NAMES_AT_ONCE)):
        names.add(some)


def _shelve(folder: Folder, names: Names, made: Path, say: Callable[[str], None]) -> tuple[dict[str, int], list[str]]:
    """Copy what is new and write the list of all; the counts for the manifest, and what is wrong in sentences."""
    counts, findings, done, told = dict.fromkeys(("files", "bytes", "copied", "lacking", "gone"), 0), [], 0, 0
    with (made / lists.FILE).open("w") as file:
        for page in names.pages():
            for line, is_new in shelving.at_once(lambda each: shelving.shelve(folder, each), page):
                if line.state in (lists.MISSING, lists.ALTERED) and not named.is_named(line.name):
                    line = Line(line.name, 0, lists.GONE)
                match line.state:
                    case lists.KEPT:
                        counts["files"] += 1
                        counts["bytes"] += line.bytes
                        counts["copied"] += is_new
                    case lists.GONE:
                        counts["gone"] += 1
                    case _:
                        counts["lacking"] += 1
                        findings.append(f"{line.name} is {line.state} in the store")
                file.write(lists.written(line))
            done += len(page)
            if done - told >= 10_000:
                told = done
                say(f"{done:,} files, {counts['copied']:,} of them new")
    return counts, findings
