"""Backs a site up, or restores it, again and again, and dies a little later each time; then somebody immortal says the
same again.

    python -m tests.krea_site.backups.mortal_backups WORD FOLDER

on the database and the folder that the environment names; WORD is `backup` or `restore`. A life ends at its nth act
on the disk or the database: a file made, renamed or removed, a program started, a transaction ended. Prints one line of
JSON for each life: whether it died, and what was wrong afterwards.
"""

import sys
from io import StringIO
from pathlib import Path
from typing import Any

import django

django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connections  # noqa: E402

from krea_site.backups.folder import Folder  # noqa: E402
from tests.faults.bomb import Bomb  # noqa: E402
from tests.faults.lives import done, lead  # noqa: E402
from tests.krea_site.backups.business import quick_business, wipe  # noqa: E402

ACTS = {"os.rename", "os.mkdir", "os.remove", "os.rmdir", "subprocess.Popen", "sqlite3.connect", "shutil.rmtree"}
MOST_LIVES = 200


class DiskBomb(Bomb):
    def arm(self) -> None:
        if self.kind == "before commit":
            super().arm()
        else:
            sys.addaudithook(self._hear)

    def _hear(self, event: str, _: Any) -> None:
        if event in ACTS:
            self._tick("act on the disk")


def backup(bomb: Bomb, folder: Path) -> None:
    connections.close_all()
    bomb.arm()
    call_command("backup", str(folder), "--keep", "2", stdout=StringIO())


def backups_are_whole(folder: Path) -> list[str]:
    """Whatever stands under `sets` can be restored; the next backup works, and leaves nothing of the dead one."""
    found = _checked(folder)
    backup(Bomb("", 0), folder)
    left = [path.name for path in Folder(folder).unfinished.iterdir()]
    return [*found, *_checked(folder), *(f"left: {name}" for name in left)]


def restore(bomb: Bomb, folder: Path) -> None:
    wipe()
    connections.close_all()
    bomb.arm()
    call_command("restore", str(folder), stdout=StringIO())


def site_is_back(folder: Path) -> list[str]:
    """Saying it again brings everything back, whatever stands there. Where it was through, it is asked for a word."""
    connections.close_all()
    out, err = StringIO(), StringIO()
    try:
        call_command("restore", str(folder), stdout=out, stderr=err)
    except BaseException as error:
        return [] if "is not empty; to replace" in str(error) else [str(error), err.getvalue()]
    return [] if "Nothing differs" in out.getvalue() else [out.getvalue(), err.getvalue()]


def _checked(folder: Path) -> list[str]:
    sets = Folder(folder).sets()
    if not sets:
        return ["no set is left"]
    found = []
    for set_ in sets:
        err = StringIO()
        try:
            call_command("restore", str(folder), "--check", "--set", set_.name, stdout=StringIO(), stderr=err)
        except BaseException as error:
            found.append(f"{set_.name}: {error} {err.getvalue()}")
    return found


def main() -> None:
    word, folder = sys.argv[1], Path(sys.argv[2])
    done(lambda: str(quick_business()))
    done(lambda: backup(Bomb("", 0), folder))
    live, afterwards = {"backup": (backup, backups_are_whole), "restore": (restore, site_is_back)}[word]
    lead(
        ["act on the disk", "before commit"],
        lambda: None,
        lambda bomb, _: live(DiskBomb(bomb.kind, bomb.number), folder),
        lambda _: afterwards(folder),
        most=MOST_LIVES,
    )


if __name__ == "__main__":
    main()
