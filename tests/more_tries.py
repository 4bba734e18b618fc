"""A pytest plugin for `python -m tests`: what waits for other processes by the clock has more tries (decision 0019).

The summary counts and names what needed it: a name that comes back is a fault, of the test or of the product.
"""

from pathlib import Path

import pytest

MORE = 2
# Each has a browser, a stand-in or a server of its own behind it, and a deadline before it.
WAITS_FOR = frozenset({"_standin_process", "_stripe_process", "serve", "receiver", "site", "live_site", "live_server"})
MARKED = ("browser", "journey")
# A race or a lost row that is seen once is there: what plays with chance or death has one try.
ONCE = ("tests/faults", "tests/stories")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        if _waits(item) and not _plays_with_chance(item, config.rootpath):
            item.add_marker(pytest.mark.flaky(reruns=MORE))


def _waits(item: pytest.Item) -> bool:
    marked = any(item.get_closest_marker(name) for name in MARKED)
    return marked or bool(WAITS_FOR & set(getattr(item, "fixturenames", ())))


def _plays_with_chance(item: pytest.Item, root: Path) -> bool:
    return item.path.relative_to(root).as_posix().startswith(ONCE)
