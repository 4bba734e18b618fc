"""Partners' servers that are told by webhook, the courier that calls them, and the log as the partner reads it."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from pytest_django import Settings

from generations import events
from generations.models import Generation
from partners.webhooks.courier import Courier
from tests.generations.strangers import Stranger, Visit
from tests.krea_site.belongings import drawn
from tests.partners.caller import Caller

ME = "127.0.0.1"


class Receiver:
    """A partner's server: answers with the statuses that it was told to, the last one for ever."""

    def __init__(self) -> None:
        self.answers: list[Callable[[Visit], None]] = []
        self.server = Stranger(self._answer, ME, 0, None)

    @property
    def url(self) -> str:
        return f"http://{ME}:{self.server.port}/hook"

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [json.loads(visit.body) for visit in self.server.seen]

    def then(self, *answers: int | Callable[[Visit], None]) -> None:
        self.answers = [_status(each) if isinstance(each, int) else each for each in answers]

    def _answer(self, visit: Visit) -> None:
        if not self.answers:
            return visit.give(204)
        (self.answers.pop(0) if len(self.answers) > 1 else self.answers[0])(visit)


def _status(status: int) -> Callable[[Visit], None]:
    return lambda visit: visit.give(status, b"so it is")


@pytest.fixture
def open_receiver(settings: Settings) -> Iterator[Callable[[], Receiver]]:
    made: list[Receiver] = []

    def make() -> Receiver:
        made.append(Receiver())
        settings.SAFE_FETCH_ALLOW = settings.SAFE_FETCH_ALLOW | {f"{ME}:{made[-1].server.port}"}
        return made[-1]

    yield make
    for each in made:
        each.server.leave()


@pytest.fixture
def shop(open_receiver: Callable[[], Receiver]) -> Receiver:
    return open_receiver()


@pytest.fixture
def carry(transactional_db: None) -> Callable[[], None]:
    """Let the courier work until nothing is due."""
    return lambda: async_to_sync(Courier().until_idle)()


def listen(api: Caller, url: str, *topics: str) -> dict[str, Any]:
    answer = api.post("/webhooks", {"url": url, "events": list(topics or ["generation.finished"])})
    assert answer.status_code == 201, answer.content
    made: dict[str, Any] = answer.json()
    return made


def finished(user: Any) -> Generation:
    """A generation that is finished, and the event that says so."""
    made = drawn(user, 40)
    events.write(user.pk, events.GENERATION_FINISHED, made.pk, status="succeeded")
    return made


def log(api: Caller, webhook: dict[str, Any]) -> list[dict[str, Any]]:
    """Every try of its newest delivery, as the partner reads it."""
    newest = api.get(f"/webhooks/{webhook['id']}/deliveries").json()["items"][0]
    found: list[dict[str, Any]] = api.get(f"/webhooks/{webhook['id']}/deliveries/{newest['id']}").json()["log"]
    return found
