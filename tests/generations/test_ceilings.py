"""One's own ceiling at the doors of studio and command line: refused in words, nothing lost and nothing charged."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine
from django.core.management import CommandError, call_command

from billing import ledger
from billing.models import Period
from generations.models import Generation
from tests.conftest import wallet_of
from tests.generations.pages import GENERATE, HTMX, logged_in, open_form, read, send


@pytest.fixture(autouse=True)
def _noon() -> Iterator[None]:
    with time_machine.travel(datetime(2026, 11, 21, 12, tzinfo=UTC), tick=True):
        yield


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_studio_says_which_ceiling_is_reached_and_leads_to_it(alice: Any, headers: dict[str, str]) -> None:
    ledger.set_ceiling(alice, Period.DAY, 50_00)
    ledger.hold(alice, 20_00, key="order:1")
    client = logged_in(alice)
    typed = open_form(client) | {"prompt": "a fox in the snow"}
    fields = dict(read(send(client, typed)).fields) | GENERATE

    answer = client.post("/studio/", fields, headers=headers)

    page = read(answer)
    assert answer.status_code == 402
    assert "Your daily ceiling leaves too little. This costs 39.00, and 30.00 of 50.00 are left" in page.text
    assert "until 22 November, 00:00 UTC. Nothing was charged. Change the ceiling" in page.text
    assert 'href="/billing/#ceilings"' in answer.content.decode()
    assert page.fields["prompt"] == "a fox in the snow"
    assert not Generation.objects.exists()
    assert wallet_of(alice) == (1000_00, 20_00)


def test_command_line_says_the_same_with_the_whole_address(alice: Any, settings: Any) -> None:
    ledger.set_ceiling(alice, Period.MONTH, 0)

    with pytest.raises(
        CommandError, match=rf"0.00 of your own monthly ceiling of 0.00 .*{settings.PUBLIC_URL}/billing/"
    ):
        call_command("generate", alice.email, "a fox")

    assert not Generation.objects.exists()
