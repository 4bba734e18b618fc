"""What stands around every page: the head for whoever looks, the foot, and what search engines are told."""

import re
from typing import Any

from django.test import Client
from pytest_django import Settings

NAVIGATION = re.compile(r"<header.*?</header>", re.DOTALL)
FOOT = re.compile(r"<footer.*?</footer>", re.DOTALL)


def links(part: re.Pattern[str], page: str) -> dict[str, str]:
    """The links of one part of a page: their words by their addresses."""
    found = part.search(page)
    assert found
    return dict(re.findall(r'<a [^>]*?href="([^"]*)"[^>]*>([^<]+)</a>', found.group()))


def page_of(client: Client, address: str = "/") -> str:
    return client.get(address).content.decode()


def test_nobody_is_shown_the_way_in(client: Client, db: None) -> None:
    head = links(NAVIGATION, page_of(client))

    assert head == {
        "/models/": "Models",
        "/#prices": "Prices",
        "/accounts/login/": "Log in",
        "/accounts/signup/": "Sign up",
    }


def test_a_member_is_shown_their_own_places(client: Client, alice: Any) -> None:
    client.force_login(alice)

    page = page_of(client, "/history/")

    head = links(NAVIGATION, page)
    assert {"/studio/": "Studio", "/billing/": "Billing", "/accounts/": "Account"}.items() <= head.items()
    assert "/admin/" not in head and "/accounts/login/" not in head
    assert re.findall(r'<a href="([^"]*)" aria-current="page">', page) == ["/history/"]


def test_staff_is_shown_the_way_to_the_staff_area(client: Client, alice: Any) -> None:
    alice.is_staff = True
    alice.save()
    client.force_login(alice)

    assert links(NAVIGATION, page_of(client))["/admin/"] == "Staff"


def test_foot_leads_to_the_rules_and_to_help(client: Client, db: None) -> None:
    page = page_of(client, "/accounts/login/")

    assert {"/status/", "/terms/", "/privacy/", "/refunds/", "/imprint/", "/report/"} <= links(FOOT, page).keys()
    assert "marked as AI-made" in page


def test_every_address_of_the_frame_answers(client: Client, alice: Any) -> None:
    member = Client()
    member.force_login(alice)

    for visitor in (client, member):
        page = page_of(visitor)
        for address in links(NAVIGATION, page) | links(FOOT, page):
            assert visitor.get(address).status_code == 200, address


def test_a_page_has_one_address_and_says_what_it_is(client: Client, db: None, settings: Settings) -> None:
    settings.PUBLIC_URL = "https://krea.example"

    page = page_of(client, "/accounts/login/?next=/studio/")

    assert '<link rel="canonical" href="https://krea.example/accounts/login/">' in page
    assert re.search(r'<meta name="description" content="[^"]{40,160}">', page)
