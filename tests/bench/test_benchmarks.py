"""The benchmarks run, with few pictures: every process starts, figures come out, and nothing is left behind."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FEW = ["--pictures", "12", "--each", "4", "--latency", "0.3", "--rate", "3", "--seconds", "2", "--within", "60"]


@pytest.mark.journey
def test_the_benchmarks_store_every_picture_and_say_what_it_cost(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "bench", "burst", "steady", "polling", "--database", "sqlite", *FEW]

    said = subprocess.run([*command, "--results", str(tmp_path)], cwd=ROOT, capture_output=True, text=True, timeout=240)

    assert list(tmp_path.glob("*.json")), said.stderr
    found = json.loads(next(tmp_path.glob("*.json")).read_text())
    assert found["burst"]["final"] == {"stored": 12}
    assert found["steady"]["final"] == found["polling"]["final"] == {"stored": 6}
    assert found["burst"]["findings"] == found["steady"]["findings"] == []
    assert found["burst"]["calls_at_fal"]["submit"] == found["burst"]["calls_at_fal"]["cdn"] == 12
    assert found["burst"]["costs"]["tasks"]["collect"]["steps"]["develop"][1] > 0
    assert found["steady"]["costs"]["tasks"]["webhook"]["count"] == 6
    assert "webhook" not in found["polling"]["costs"]["tasks"]
    assert 0 < found["steady"]["wait_p50_s"] <= found["steady"]["wait_max_s"] < 60
    assert "fal's completion to available" in said.stdout
