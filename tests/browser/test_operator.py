"""The dashboard's door and frame in a real browser."""

import pytest
from playwright.sync_api import Page, expect

from tests.accounts.conftest import code
from tests.browser.conftest import PHONE, Customer, OpenPage
from tests.browser.keyboard import press
from tests.browser.operator import OpenDesk, open_desk
from tests.live_site import LiveSite

__all__ = ["open_desk"]
pytestmark = pytest.mark.browser
MAKE_OWNER = """
from django.contrib.auth import get_user_model
from krea_site.dashboard import roles
from krea_site.models import Role
roles.give(get_user_model().objects.get(email={email!r}), Role.OWNER)
"""


def test_new_staff_sets_up_an_app_and_comes_in(live_site: LiveSite, open_page: OpenPage, customer: Customer) -> None:
    page = open_page()
    live_site.run(MAKE_OWNER.format(email=customer.email))

    page.goto("/admin/")
    expect(page.locator("h1")).to_have_text("A second factor first")
    page.get_by_role("link", name="Set up an app").click()
    page.fill("#id_password", customer.password)
    page.press("#id_password", "Enter")
    secret = page.locator("#authenticator_secret, .secret code, code").first.inner_text().replace(" ", "")
    page.fill("#id_code", code(secret))
    page.press("#id_code", "Enter")
    expect(page.locator("h1")).to_have_text("Recovery codes")
    page.goto("/admin/")

    expect(page.get_by_role("navigation").get_by_role("link", name="Overview")).to_be_visible()


def test_navigation_opens_on_a_phone_and_by_keyboard(open_desk: OpenDesk) -> None:
    page: Page = open_desk("owner", "/admin/debts/", size=PHONE)
    purchases = page.get_by_role("link", name="Purchases", exact=True)
    expect(purchases).to_be_hidden()

    press(page, "Navigation")
    press(page, "Purchases")

    expect(page.locator("h1")).to_have_text("Purchases")
