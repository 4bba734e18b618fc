"""A pytest plugin for `python -m tests`: what is left out for want of a service is named, and refused where required.

TEST_REQUIRE=postgres,redis,browser,node   nothing may be left out for want of these
TEST_RUN=postgres                          what touches the database and starts no processes: a run on PostgreSQL,
                                           without what no database changes (ON_NO_DATABASE)
TEST_RUN=rest                              all but what only PostgreSQL can show, when that run has been
"""

import os
from collections import Counter

import pytest

# What a test that is skipped says it wants, and the name for it in TEST_REQUIRE.
WANTS = {"postgresql": "postgres", "redis": "redis", "chromium": "browser", "node": "node"}

# What these show is words, markup, files, or another's client library before calls that other tests make on each
# database. The rule (docs/decisions/0013): no file that says anything about rows, their order, sums, searches, locks or
# races stands here; a file that is not named runs on both.
ON_NO_DATABASE = frozenset(
    {
        "tests/generations/test_code_tab.py",
        "tests/generations/test_forms.py",
        "tests/generations/test_model_pages.py",
        "tests/generations/test_page_safety.py",
        "tests/krea_site/backups/test_killed_backups.py",  # on a SQLite file of its own, whatever the run is on
        "tests/krea_site/test_assets.py",
        "tests/krea_site/test_error_pages.py",
        "tests/krea_site/test_frame.py",
        "tests/krea_site/test_texts.py",
        "tests/partners/dialects/test_civitai_client.py",
        "tests/partners/dialects/test_civitai_page.py",
        "tests/partners/dialects/test_fal_clients.py",
        "tests/partners/dialects/test_fal_pages.py",
        "tests/partners/test_documents.py",
        "tests/partners/test_guides.py",
    }
)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    match os.environ.get("TEST_RUN"):
        case "postgres":
            chosen = [item for item in items if _differs_by_database(item) and not _starts_processes(item)]
        case "rest":
            chosen = [item for item in items if item.get_closest_marker("postgres") is None]
        case _:
            return
    config.hook.pytest_deselected(items=list(set(items) - set(chosen)))
    items[:] = chosen


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    required = set(os.environ.get("TEST_REQUIRE", "").split(","))
    if required & set(left_out(session.config)) and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    required = os.environ.get("TEST_REQUIRE", "").split(",")
    found = left_out(config)
    note = os.environ.get("TEST_LEFT_OUT", "")
    if not found and not note:
        return
    terminalreporter.section("left out")
    if note:
        terminalreporter.write_line(note)
    for want, count in found.items():
        verdict = " (REQUIRED: this run fails)" if want in required else ""
        terminalreporter.write_line(f"{count} tests for want of {want}{verdict}")


def left_out(config: pytest.Config) -> Counter[str]:
    """How many tests were skipped, by what they wanted."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    skipped = reporter.stats.get("skipped", []) if reporter else []
    return Counter(_want(str(report.longrepr)) for report in skipped)


def _want(reason: str) -> str:
    """The service that a reason names. Tests say "no PostgreSQL is reachable"; paths may hold any word."""
    said = reason.rpartition("Skipped: ")[2].lower()
    return next((name for word, name in WANTS.items() if word in said), "something else")


def _differs_by_database(item: pytest.Item) -> bool:
    return _touches_the_database(item) and item.nodeid.partition("::")[0] not in ON_NO_DATABASE


def _touches_the_database(item: pytest.Item) -> bool:
    names = getattr(item, "fixturenames", ())
    return item.get_closest_marker("django_db") is not None or "db" in names or "transactional_db" in names


def _starts_processes(item: pytest.Item) -> bool:
    return any(item.get_closest_marker(name) for name in ("journey", "browser"))
