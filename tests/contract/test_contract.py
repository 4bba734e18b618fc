"""The API held against its own description, in short: the examples, and a call or two of each operation beside them."""

import json
from pathlib import Path

import pytest

from tests.contract.world import run, world

pytestmark = pytest.mark.journey
EXAMPLES = 1


def test_every_operation_answers_as_it_is_described(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    with world(tmp_path / "var") as there:
        done = run(there, report, EXAMPLES, "--phases", "examples,fuzzing")

    found = json.loads(report.read_text())
    assert (done.returncode, found["failures"], found["errors"]) == (0, [], [])
    assert found["operations"]["tested"] == found["operations"]["total"]
