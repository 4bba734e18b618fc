"""Journeys with the real processes: web, worker, follower and stand-in, killed while they work."""

import os
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests import live_site
from tests.live_site import LiveSite

pytestmark = pytest.mark.journey


@pytest.fixture(params=["sqlite", "postgres and redis"])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[LiveSite]:
    if request.param == "sqlite":
        with live_site.running_site(tmp_path / "var") as running:
            yield running
        return
    if not live_site.postgres_is_reachable():
        pytest.skip("no PostgreSQL is reachable")
    if not live_site.redis_is_reachable():
        pytest.skip("no Redis is reachable")
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    with (
        live_site.postgres_database(f"krea_journey_{worker}") as database,
        live_site.running_site(
            tmp_path / "var", DATABASE_URL=database, REDIS_URL=live_site.REDIS, QUEUE_NAME=f"journey-{worker}"
        ) as running,
    ):
        yield running


def assert_all_is_well(site: LiveSite, state: dict[str, object], images: int) -> None:
    assert state["images"] == ["stored"] * images, (state["troubles"], site.log.read_text()[-3000:])
    assert set(state["outcomes"]) == {"succeeded"}  # type: ignore[call-overload]
    assert (state["spent"], state["held"], state["findings"]) == (images * 39_00, 0, [])
    assert state["marked"]
    assert state["events_without_a_gap"]


def billed(site: LiveSite) -> int:
    told = httpx.get(f"http://127.0.0.1:{site.port + 1}/__log", params={"limit": 0}).json()
    return int(told["summary"]["billed_draws"])


def test_pictures_are_drawn_whatever_is_killed_while_they_are(site: LiveSite) -> None:
    site.actor("order", "4", "3")
    assert site.kill("qcluster") > 0
    assert site.kill("follow") > 0
    site.actor("order", "2", "2")
    assert site.kill("krea_site.serve") > 0
    site.kill("qcluster")

    state = site.actor("wait", "150")

    assert_all_is_well(site, state, 16)
    assert billed(site) == 16  # none was drawn twice
    assert site.manage("audit_ledger").returncode == 0


def test_pictures_arrive_without_any_webhook(tmp_path: Path) -> None:
    with live_site.running_site(tmp_path / "var", FAL_WEBHOOKS="off") as site:
        site.actor("order", "2", "3")

        state = site.actor("wait", "60")

        assert_all_is_well(site, state, 6)
        assert billed(site) == 6
