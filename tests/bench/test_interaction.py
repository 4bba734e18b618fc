"""What is made of the milliseconds that a browser tells."""

import pytest

from bench.interaction import inp, summary
from bench.lighthouse import PAGES, chosen
from bench.report import table


def test_one_slow_interaction_in_fifty_is_left_out_as_browsers_do() -> None:
    assert inp([16.0, 240.0, 24.0]) == 240
    assert inp([24.0] * 49 + [240.0]) == 24
    assert inp([24.0] * 98 + [240.0, 232.0]) == 24
    assert inp([24.0] * 97 + [240.0, 232.0, 224.0]) == 224


def test_acts_are_told_a_line_each() -> None:
    acts = {"typing a prompt (phone)": summary([0.0, 24.0, 32.0]), "opening a picture (phone)": summary([0.0])}

    lines = table("interaction", {"passed": True, "interactions": acts}).splitlines()

    assert lines[-2].split() == ["typing", "a", "prompt", "(phone)", "3", "24.0", "32.0", "32.0"]
    assert lines[-1].split() == ["opening", "a", "picture", "(phone)", "1", "-", "-", "-"]


def test_pages_are_chosen_by_name() -> None:
    assert dict(chosen([])) == PAGES
    assert dict(chosen(["studio"])) == {"studio": "/studio/"}
    with pytest.raises(ValueError, match="There is no page attic; there are landing page"):
        chosen(["attic"])
