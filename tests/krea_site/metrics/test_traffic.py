"""Counts of requests outlive the process that counted them, and are added up over all processes of the machine."""

from pathlib import Path

import pytest
from pytest_django import Settings

from krea_site import groups, traffic
from krea_site.traffic import Counts

KEY = ("studio", "GET", "2xx")


@pytest.fixture(autouse=True)
def folder(settings: Settings, tmp_path: Path) -> Path:
    settings.VAR_DIR = tmp_path
    return tmp_path


def process() -> Counts:
    counts = Counts()
    counts.take_place()
    return counts


def die(counts: Counts) -> None:
    assert counts._place is not None
    counts._place.close()


def test_two_processes_are_added_up_whichever_is_asked() -> None:
    first, second = process(), process()
    for _ in range(3):
        first.add(KEY, 0.02)
    second.add(KEY, 4.0)

    second.keep()
    assert first.of_all()[KEY].calls == second.of_all()[KEY].calls == 4
    assert first.of_all()[KEY].buckets == [0, 3, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0]
    assert first.of_all()[KEY].seconds == pytest.approx(4.06)


def test_the_next_process_goes_on_counting() -> None:
    first, second = process(), process()
    first.add(KEY, 0.02)
    before = first.of_all()[KEY].calls
    die(first)

    third = process()
    third.add(KEY, 0.02)

    assert third._file == first._file != second._file
    assert third.of_all()[KEY].calls == before + 1


def test_a_file_that_is_broken_or_of_another_version_counts_nothing(folder: Path) -> None:
    first = process()
    first.add(KEY, 0.02)
    for text in ("", "{", "[1]", '[["studio", "GET", "2xx", 4, 1.0, [4]]]', '{"a": 1}'):
        (folder / "metrics" / "web-9.json").write_text(text)
        assert first.of_all()[KEY].calls == 1


def test_a_folder_that_cannot_be_written_costs_no_request(folder: Path) -> None:
    (folder / "metrics").write_text("a file")
    counts = process()

    counts.add(KEY, 0.02)
    counts.keep()

    assert counts.of_all()[KEY].calls == 1


def test_strange_methods_share_one_name() -> None:
    call = traffic.Call("BREW", "/coffee")

    assert (call.method, call.route) == ("other", "unmatched")


def test_what_processes_take_is_noted_and_read() -> None:
    groups.note("web")

    taken = groups.read()["web"]

    assert taken["processes"] >= 1 and taken["resident_bytes"] > 10_000_000 and taken["threads"] >= 1
