"""Killed at any line: a process dies at its nth commit and its nth HTTP call, before it and after it, for every n; each
time the customer gets the picture once, pays for it once, and fal bills it once.

On a database of its own, of the kind that the suite runs on. HYPOTHESIS_PROFILE=thorough orders three pictures.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings as django_settings

from tests import migrated
from tests.faults.bomb import KINDS
from tests.standins.launch import ROOT, start_standin

QUANTITY = 3 if os.environ.get("HYPOTHESIS_PROFILE") == "thorough" else 1
LIVES_WITHIN_S = 900
# What one picture takes at the least: below, the bomb does not count what it should.
LEAST_DEATHS = {"before commit": 10, "after commit": 10, "before call": 3, "after call": 3}


@pytest.fixture
def own_database(tmp_path: Path) -> Iterator[str]:
    """The address of a migrated, empty database that nobody else uses."""
    if not django_settings.IS_POSTGRES:
        migrated.lay(tmp_path / "db.sqlite3")
        yield f"sqlite:///{tmp_path}/db.sqlite3"
        return
    stem, _, _ = django_settings.DATABASE_URL.rpartition("/")
    name = f"mortal_{os.getpid()}"
    migrated.clone(django_settings.DATABASE_URL, name)
    yield f"{stem}/{name}"
    migrated.drop(django_settings.DATABASE_URL, name)


@pytest.mark.parametrize("road", ["webhook", "polling"])
def test_a_process_that_dies_anywhere_loses_nothing_and_pays_once(road: str, own_database: str, tmp_path: Path) -> None:
    with start_standin(tmp_path) as standin:
        environment = os.environ | {
            "DATABASE_URL": own_database, "VAR_DIR": str(tmp_path / "var"), "STANDIN_FAL_PORT": str(standin.port),
            "DJANGO_SETTINGS_MODULE": "krea_site.settings", "LOG_LEVEL": "CRITICAL",
        }  # fmt: skip
        command = [sys.executable, "-m", "tests.faults.mortal", road, str(QUANTITY), *KINDS]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, timeout=LIVES_WITHIN_S)

    assert done.returncode == 0, done.stderr.decode()[-3000:]
    lives = [json.loads(line) for line in done.stdout.splitlines()]
    assert [life for life in lives if life["found"]] == []
    for kind in KINDS:
        ends = [life["died"] for life in lives if life["kind"] == kind]
        assert ends == [True] * (len(ends) - 1) + [False]
        assert len(ends) > LEAST_DEATHS[kind]
