"""The safety checker: off for those alone whom a moderator allows it, in the studio and in the API."""

from typing import Any

import pytest
from django.test import Client

from generations import lifecycle
from generations.brief import BadBrief, Brief
from krea_site.models import Role
from partners import keys
from tests.generations import pages
from tests.krea_site.dashboard.pulling import desk, pull, told

pytestmark = pytest.mark.django_db
FIELD = "enable_safety_checker"
UNCHECKED = {"model": "flux-krea-dev", "input": {"prompt": "a fox", FIELD: False}}


def test_allowed_with_a_reason_it_is_in_the_studio_and_in_the_api(alice: Any) -> None:
    _, moderator = desk(Role.MODERATOR)
    hers, api = Client(), Client(headers={"Authorization": f"Bearer {keys.make(alice, 'Shop')[1]}"})
    hers.force_login(alice)
    assert FIELD not in pages.read(hers.get("/studio/?model=flux-krea-dev")).fields
    refused = api.post("/api/v1/generations", UNCHECKED, content_type="application/json")
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == f"/input/{FIELD}"

    assert pull(moderator, "unchecked", alice, why="A museum, contract seen").status_code == 302

    assert pages.read(hers.get("/studio/?model=flux-krea-dev")).fields[FIELD] == "on"
    ordered = api.post("/api/v1/generations", UNCHECKED, content_type="application/json")
    assert ordered.status_code == 202, ordered.content
    assert told(alice) == [("people.allow_unchecked", "A museum, contract seen")]


def test_taken_away_orders_are_refused_again(alice: Any) -> None:
    _, moderator = desk(Role.MODERATOR)
    pull(moderator, "unchecked", alice)
    assert pull(moderator, "unchecked", alice).status_code == 409

    assert pull(moderator, "checked", alice).status_code == 302
    assert pull(moderator, "checked", alice).status_code == 409

    with pytest.raises(BadBrief, match=FIELD):
        lifecycle.submit(alice, Brief.read(UNCHECKED["model"], UNCHECKED["input"]))


@pytest.mark.parametrize("role", [Role.SUPPORT, Role.FINANCE])
def test_other_roles_do_not_allow_it(role: Role, alice: Any) -> None:
    assert desk(role)[1].post(f"/admin/people/{alice.pk}/unchecked/", {"why": "x"}).status_code == 403
