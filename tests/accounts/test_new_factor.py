"""A new second factor: whoever sets one up has shown it with that, and goes on to where they came from."""

from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client

from krea_site.dashboard import roles
from krea_site.models import Role
from tests.accounts.conftest import code, confirmed, logged_in

pytestmark = pytest.mark.django_db
ACTIVATE = "/accounts/2fa/totp/activate/"


def secret_in(client: Client, address: str) -> str:
    page = client.get(address).content.decode()
    return page.partition('<code class="secret">')[2].partition("<")[0]


@pytest.mark.django_db(transaction=True)
def test_new_staff_sets_up_an_app_and_the_dashboard_is_open(alice: Any) -> None:
    roles.give(alice, Role.SUPPORT)
    client = confirmed(logged_in(alice))
    closed = client.get("/admin/people/?q=zzz").content.decode()
    way = f"{ACTIVATE}?next=/admin/people/%3Fq%3Dzzz"
    assert f'href="{way}"' in closed

    answer = client.post(ACTIVATE, {"code": code(secret_in(client, way)), "next": "/admin/people/?q=zzz"})

    assert answer.status_code == 302
    codes = client.get(answer.headers["Location"]).content.decode()
    assert "Recovery codes" in codes
    assert 'href="/admin/people/?q=zzz"' in codes
    assert client.get("/admin/people/?q=zzz").status_code == 200
    assert Authenticator.objects.filter(user=alice).count() == 2


def test_the_way_on_leads_to_no_strange_place(alice: Any) -> None:
    client = confirmed(logged_in(alice))
    way = f"{ACTIVATE}?next=https://evil.example/"

    answer = client.post(ACTIVATE, {"code": code(secret_in(client, way)), "next": "https://evil.example/"})

    assert "evil.example" not in client.get(way).content.decode()
    assert answer.headers["Location"] == "/accounts/2fa/recovery-codes/"
    assert "evil.example" not in client.get("/accounts/2fa/recovery-codes/?next=https://evil.example/").content.decode()
