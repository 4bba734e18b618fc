"""A migrated SQLite database for processes of a test's own. Every one of them would take seconds to make it anew."""

import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

from tests.standins.launch import ROOT


def lay(database: Path) -> None:
    """Put one at `database`, where nothing is yet."""
    if not database.exists():
        database.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(_made(), database)


@cache
def _made() -> Path:
    """Once in each process of the tests, in the folder that goes with it (tests/environment.py)."""
    folder = Path(os.environ["VAR_DIR"]) / "migrated"
    folder.mkdir()
    made = folder / "db.sqlite3"
    env = {**os.environ, "VAR_DIR": str(folder), "DATABASE_URL": f"sqlite:///{made}"}
    subprocess.run([sys.executable, "manage.py", "migrate", "--verbosity", "0"], cwd=ROOT, env=env, check=True)
    return made
