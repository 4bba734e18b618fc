"""Each alert has a page, an anchor in the runbook and words for it."""

import pytest

from krea_site.watch import runbook
from krea_site.watch.kinds import KINDS, anchor


@pytest.mark.parametrize("name", KINDS)
def test_the_runbook_says_what_to_do_and_the_page_is_there(name: str) -> None:
    assert "<li>" in runbook.section(name) or "by hand" in runbook.section(name)
    assert KINDS[name].url.startswith("/admin/")
    assert "_" not in anchor(name)
