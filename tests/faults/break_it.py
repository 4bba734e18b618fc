"""Shown able to fail: takes one guard at a time out of a copy of the tree, runs the fault tests on it, and prints which
of them noticed. By hand, when a guard or one of these tests has changed:

    python -m tests.faults.break_it [WORD …]

A WORD picks the mutants whose description has it. Races are tried on the PostgreSQL of DATABASE_URL; without one they
are left out, and the table says so. Exit status 1 where something was noticed by nobody. Takes half an hour.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.faults.mutants import MUTANTS, Mutant

ROOT = Path(__file__).resolve().parents[2]
LEFT_BEHIND = shutil.ignore_patterns(
    ".git", ".venv", "var", "__pycache__", ".mypy_cache", ".ruff_cache", ".hypothesis", ".pytest_cache", "node_modules"
)
ON_POSTGRES = frozenset({"tests/faults/test_races_of_money.py", "tests/faults/test_races_of_pictures.py"})
LASTS_AT_MOST_S = 900


def main(words: list[str]) -> int:
    chosen = [mutant for mutant in MUTANTS if all(word in mutant.name for word in words)]
    missed = 0
    with tempfile.TemporaryDirectory(prefix="break-it-") as folder:
        tree = Path(folder) / "tree"
        shutil.copytree(ROOT, tree, ignore=LEFT_BEHIND)
        for mutant in chosen:
            began = time.monotonic()
            noticed = try_out(mutant, tree)
            missed += not noticed
            took_s = time.monotonic() - began
            print(f"{'caught' if noticed else 'MISSED':7} {took_s:4.0f} s  {mutant.name:64} {noticed}", flush=True)
    return 1 if missed else 0


def try_out(mutant: Mutant, tree: Path) -> str:
    """The first test that fails without the guard; "" where none does."""
    file = tree / mutant.file
    whole = file.read_text()
    assert whole.count(mutant.old) == 1, f"{mutant.name}: {whole.count(mutant.old)} places fit in {mutant.file}"
    file.write_text(whole.replace(mutant.old, mutant.new))
    try:
        for tests in mutant.tests:
            if noticed := run(tests, tree):
                return noticed
    finally:
        file.write_text(whole)
    return ""


def run(tests: str, tree: Path) -> str:
    """The name of the first test of a file that fails; "" where all pass."""
    path, _, _ = tests.partition("::")
    postgres = os.environ.get("DATABASE_URL", "")
    if path in ON_POSTGRES and not postgres.startswith("postgres"):
        return "(left out: no PostgreSQL)"
    environment = os.environ | {
        "HYPOTHESIS_PROFILE": "unshrunk",
        "DATABASE_URL": postgres if path in ON_POSTGRES else "",
        "PYTHONDONTWRITEBYTECODE": "1",  # a restored file may look as old as its mutant's bytecode
    }
    if not environment["DATABASE_URL"]:
        del environment["DATABASE_URL"]
    command = [sys.executable, "-m", "pytest", tests, "-x", "-q", "-p", "no:cacheprovider", "--no-header"]
    try:
        done = subprocess.run(command, cwd=tree, env=environment, capture_output=True, timeout=LASTS_AT_MOST_S)
    except subprocess.TimeoutExpired:
        return f"{path} (never ended)"
    found = re.search(r"^(?:FAILED|ERROR) (?:tests/)?(\S+)", done.stdout.decode(errors="replace"), re.MULTILINE)
    if done.returncode == 1 and found:
        return found[1]
    if done.returncode != 0:
        raise RuntimeError(done.stdout.decode(errors="replace")[-2000:])
    return ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
