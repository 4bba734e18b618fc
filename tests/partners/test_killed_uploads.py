"""The server is killed at each commit of an upload: no row is without its file, and no file for long without a row."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.faults.test_killed_anywhere import own_database as own_database
from tests.standins.launch import ROOT

KIND = "before commit"  # then the file is written, and its row is not
LIVES_WITHIN_S = 300


def test_an_upload_that_dies_at_any_commit_leaves_nothing_half(own_database: str, tmp_path: Path) -> None:
    environment = os.environ | {
        "DATABASE_URL": own_database, "VAR_DIR": str(tmp_path / "var"), "LOG_LEVEL": "CRITICAL",
        "DJANGO_SETTINGS_MODULE": "krea_site.settings",
    }  # fmt: skip
    command = [sys.executable, "-m", "tests.partners.dying_uploads", KIND]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, timeout=LIVES_WITHIN_S)

    assert done.returncode == 0, done.stderr.decode()[-3000:]
    lives = [json.loads(line) for line in done.stdout.splitlines()]
    assert [life for life in lives if life["found"]] == []
    ends = [life["died"] for life in lives]
    assert ends == [True] * (len(ends) - 1) + [False]
    assert len(ends) > 5  # below that, the bomb does not count what it should
