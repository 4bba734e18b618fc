"""Every table has its line in the runbook, and what a line says prunes it exists."""

import re
from pathlib import Path

from django.apps import apps

from krea_site import schedule

RUNBOOK = Path(__file__).parents[2] / "docs" / "operations.md"
KINDS = {"told", "theirs", "time"}
CACHE = "cache"  # the one table of ours without a model


def lines() -> list[list[str]]:
    """The cells of each row of the table."""
    part = RUNBOOK.read_text().partition("## What bounds each table")[2].partition("\n## ")[0]
    rows = [line.strip("| ").split(" | ") for line in part.splitlines() if line.startswith("| `")]
    assert rows
    return rows


def named() -> list[str]:
    return [name for cells in lines() for name in re.findall(r"`([\w.]+)`", cells[0])]


def test_every_table_has_its_line_and_no_line_is_of_a_table_that_is_gone() -> None:
    tables = {
        model._meta.label
        for model in apps.get_models(include_auto_created=True)
        if model._meta.managed and not model._meta.proxy and model._meta.app_label != "bench"
    }

    assert sorted(named()) == sorted(tables | {CACHE})


def test_every_line_says_of_which_kind_it_is_what_bounds_and_what_prunes() -> None:
    assert [cells for cells in lines() if len(cells) != 4 or cells[1] not in KINDS or not all(cells)] == []


def test_what_prunes_by_the_clock_is_in_the_schedule_and_named_there() -> None:
    said = {name for cells in lines() for name in re.findall(r"`((?:prune|rotate)_\w+)`", cells[3])}
    done = {name.rpartition(".")[2] for name in schedule.NIGHTLY}

    assert said - done == set()
    assert {name for name in done if name.startswith("prune_")} - said == set()
