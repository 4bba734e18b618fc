"""A backup or a restore that is killed at any act: what was there before is whole, saying it again does the rest."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import migrated
from tests.standins.launch import ROOT

WITHIN_S = 900


@pytest.mark.parametrize("word", ["backup", "restore"])
def test_killed_at_any_act(word: str, tmp_path: Path) -> None:
    migrated.lay(tmp_path / "var" / "db.sqlite3")
    env = {
        **os.environ, "DJANGO_SETTINGS_MODULE": "krea_site.settings", "VAR_DIR": str(tmp_path / "var"),
        "DATABASE_URL": f"sqlite:///{tmp_path}/var/db.sqlite3", "LOG_LEVEL": "ERROR",
    }  # fmt: skip
    command = [sys.executable, "-m", "tests.krea_site.backups.mortal_backups", word, str(tmp_path / "backups")]

    told = subprocess.run(command, cwd=ROOT, env=env, check=True, capture_output=True, text=True, timeout=WITHIN_S)

    lives = [json.loads(line) for line in told.stdout.splitlines()]
    assert [life for life in lives if life["found"]] == []
    assert {life["kind"] for life in lives if life["died"]} == {"act on the disk", "before commit"}
    assert not lives[-1]["died"]
