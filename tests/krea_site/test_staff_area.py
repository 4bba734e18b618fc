"""The staff area: nobody is asked to log in, others find nothing, staff finds its pages."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from krea_site.staff_area import PAGES

STAFF_PAGES = [page.url_name for page in PAGES]


@pytest.fixture
def staff(alice: Any) -> Client:
    alice.is_staff = True
    alice.save()
    client = Client()
    client.force_login(alice)
    return client


@pytest.mark.parametrize("name", STAFF_PAGES)
def test_nobody_is_sent_to_the_log_in_page_and_comes_back(name: str, db: None) -> None:
    answer = Client().get(reverse(name) + "?a=1")

    assert answer.status_code == 302
    assert answer.headers["Location"] == f"/accounts/login/?next={reverse(name)}%3Fa%3D1"


@pytest.mark.parametrize("name", STAFF_PAGES)
def test_who_is_not_staff_finds_nothing(name: str, mallory: Any) -> None:
    client = Client()
    client.force_login(mallory)

    assert client.get(reverse(name)).status_code == 404
    assert client.post(reverse(name)).status_code == 404


@pytest.mark.parametrize("name", STAFF_PAGES)
def test_staff_finds_the_page_and_the_way_to_every_other(name: str, staff: Client) -> None:
    answer = staff.get(reverse(name))

    page = answer.content.decode()
    assert answer.status_code == 200
    assert "no-store" in answer.headers["Cache-Control"]
    assert f'<a href="{reverse(name)}" aria-current="page">' in page
    assert [each.label for each in PAGES if f'href="{reverse(each.url_name)}"' not in page] == []
