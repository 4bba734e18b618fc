"""The server is killed at each commit of an order; the partner's retry makes it one generation all the same."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.faults.test_killed_anywhere import own_database as own_database
from tests.standins.launch import ROOT

KINDS = ("before commit", "after commit")
LIVES_WITHIN_S = 300


def test_an_order_that_dies_at_any_commit_is_one_order_after_the_retry(own_database: str, tmp_path: Path) -> None:
    environment = os.environ | {
        "DATABASE_URL": own_database, "VAR_DIR": str(tmp_path / "var"), "LOG_LEVEL": "CRITICAL",
        "DJANGO_SETTINGS_MODULE": "krea_site.settings",
    }  # fmt: skip
    command = [sys.executable, "-m", "tests.partners.dying", *KINDS]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, timeout=LIVES_WITHIN_S)

    assert done.returncode == 0, done.stderr.decode()[-3000:]
    lives = [json.loads(line) for line in done.stdout.splitlines()]
    assert [life for life in lives if life["found"]] == []
    for kind in KINDS:
        ends = [life["died"] for life in lives if life["kind"] == kind]
        # The key's last use, and the order itself: below that, the bomb does not count what it should.
        assert ends == [True] * (len(ends) - 1) + [False] and len(ends) > 2
