"""A sync call whose pictures take longer than its line is held is told under which id they can still be had."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from generations import catalogue
from generations.models import Generation
from tests.conftest import draw_everything, wallet_of
from tests.partners.dialects.test_joined import DOORS
from tests.standins.launch import StandIn

AFTERWARDS = {
    "fal run": "/fal/queue/krea/v2/requests/{id}",
    "civitai recipe": "/v2/consumer/workflows/{id}",
    "oxen generate": "/api/ai/queue/{id}",
}


@pytest.mark.django_db(transaction=True)
def test_the_line_ends_at_the_deadline_and_the_picture_can_still_be_had(
    http: httpx.Client, standin: StandIn, acme: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(vars(catalogue.get("krea-2-large")), "deadline_s", 1)
    doors = {name: DOORS[name] for name in AFTERWARDS}
    with ThreadPoolExecutor(max_workers=len(doors)) as hands:
        held = {name: hands.submit(http.post, door.path, json=door.body("")) for name, door in doors.items()}
        answers = {name: line.result() for name, line in held.items()}
    ids = {name: doors[name].id_in(answer) for name, answer in answers.items()}
    draw_everything()

    assert {name: answer.status_code for name, answer in answers.items()} == dict.fromkeys(doors, 504)
    assert all(ids[name] in answer.text and "do not send it again" in answer.text for name, answer in answers.items())
    assert set(ids.values()) == {str(id) for id in Generation.objects.values_list("pk", flat=True)}
    for name, path in AFTERWARDS.items():
        assert 'url": "http' in http.get(path.format(id=ids[name])).text, name
    assert wallet_of(acme) == (1000_00 - 3 * 78_00, 0)
