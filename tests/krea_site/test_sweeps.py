"""The sweep of what spans the apps: run by the follower, and one part that fails leaves the others alone."""

import logging

import pytest
from asgiref.sync import async_to_sync
from django.db import DatabaseError

from generations.fal import client
from generations.follow import Follower
from krea_site import sweeps


def test_sweep_that_fails_is_said_and_the_others_go_on(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    seen: list[str] = []

    def broken() -> None:
        raise ValueError

    monkeypatch.setattr(sweeps, "SWEEPS", (broken, lambda: seen.append("swept")))

    sweeps.run()

    assert seen == ["swept"]
    assert [record.levelno for record in caplog.records] == [logging.ERROR]


def test_database_that_is_away_ends_the_round(monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> None:
        raise DatabaseError

    monkeypatch.setattr(sweeps, "SWEEPS", (away,))

    with pytest.raises(DatabaseError):
        sweeps.run()


@pytest.mark.django_db(transaction=True)
def test_follower_runs_the_sweeps_that_it_is_given() -> None:
    swept: list[int] = []

    async def tick_twice() -> None:
        follower = Follower(lambda: swept.append(1))
        async with client.open_async() as http:
            await follower.tick(http)
            await follower.tick(http)

    async_to_sync(tick_twice)()

    assert swept == [1]  # every few seconds, not in every round
