"""What the benchmarks make of their samples."""

from pathlib import Path

from bench import laps
from bench.figures import is_right, quantile
from bench.meter import Seen


def test_a_quantile_is_a_value_that_was_measured() -> None:
    values = [float(each) for each in range(100, 0, -1)]

    assert quantile(values, 0.5) == 50
    assert quantile(values, 0.95) == 95
    assert quantile(values, 1.0) == 100
    assert quantile([7.0], 0.95) == 7
    assert quantile([], 0.95) is None


def test_processor_time_counts_from_the_start_to_the_end_and_for_late_comers_from_nothing() -> None:
    early = Seen("worker", 1, cpu=[(0.0, 5.0), (10.0, 6.0), (20.0, 9.0), (30.0, 20.0)])
    late = Seen("worker", 2, cpu=[(15.0, 0.5), (20.0, 2.0)])

    assert early.cpu_between(10.0, 20.0) == 3.0
    assert late.cpu_between(10.0, 20.0) == 2.0


def test_laps_are_summed_by_kind_and_a_cut_line_is_passed_over(tmp_path: Path) -> None:
    folder = tmp_path / laps.FOLDER
    folder.mkdir()
    lap = '{"kind": "send", "about": "", "ended": %d, "clock": 2, "cpu": 1, "database": 0.5, "queries": 7, "commits": 1'
    whole = lap + ', "steps": {"send": [1, 0.25]}}'
    (folder / "12.jsonl").write_text(f"{whole % 5}\n{whole % 50}\n{whole % 60}\n{lap % 70}")

    found = laps.sums(laps.read(tmp_path), since=10)

    assert list(found) == ["send"]
    assert (found["send"].count, found["send"].queries, found["send"].steps) == (2, 14, {"send": [2.0, 0.5]})


def test_a_run_is_right_only_when_nothing_was_lost_and_nothing_grew_too_large() -> None:
    good = {
        "pictures": 3, "final": {"stored": 3}, "findings": [], "drawn_again": 0,
        "memory_mb": {"worker": {"rss": 120.0, "pss": 60.0}, "postgres": {"rss": 900.0, "pss": 9.0}},
    }  # fmt: skip
    large = {"memory_mb": {"worker": {"rss": 301.0, "pss": 60.0}}}

    assert is_right(good)
    assert not is_right(good | {"final": {"stored": 2, "failed": 1}})
    assert not is_right(good | {"findings": ["the wallet is off"]})
    assert not is_right(good | {"drawn_again": 1})
    assert not is_right(good | large)
