"""Limits, takedown and erasure by staff in a real browser, and what the customer sees of them."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Customer, OpenPage
from tests.browser.keyboard import go_to
from tests.browser.operator import OpenDesk, open_desk
from tests.live_site import LiveSite

__all__ = ["open_desk"]
pytestmark = pytest.mark.browser
ID_OF = "from accounts.models import User; print(User.objects.get(email={email!r}).pk)"
REPORT = """
from accounts.models import User
from generations.models import Image
from krea_site import reports
from krea_site.models import Reason
from tests.krea_site.belongings import drawn
image = drawn(User.objects.get(email={email!r}), 77).images.get()
print(reports.write(reports.Told(str(image.pk), Reason.PERSON), address="192.0.2.1").pk)
"""


def test_a_weight_is_set_without_scripts(live_site: LiveSite, customer: Customer, open_desk: OpenDesk) -> None:
    id = live_site.run(ID_OF.format(email=customer.email)).strip().splitlines()[-1]
    page: Page = open_desk("owner", f"/admin/limits/user/{id}/", scripts=False)

    page.get_by_label("Weight in the queue").fill("3")
    page.get_by_label("Why").fill("A trade fair this week.")
    page.get_by_role("button", name="Show what this changes").click()
    expect(page.get_by_text("nothing of its own becomes 3 times the usual share")).to_be_visible()
    page.get_by_role("button", name="Save").click()

    expect(page.get_by_role("row", name="Weight in the queue")).to_contain_text("set for this customer")


def test_a_picture_is_uncovered_by_keyboard_and_taken_down(
    live_site: LiveSite, customer: Customer, open_desk: OpenDesk, open_page: OpenPage
) -> None:
    id = live_site.run(REPORT.format(email=customer.email)).strip().splitlines()[-1]
    page: Page = open_desk("moderator", f"/admin/reports/{id}/")
    picture = page.get_by_alt_text("The reported picture")
    picture.scroll_into_view_if_needed()
    expect(picture).to_have_js_property("complete", True)
    assert picture.evaluate("it => it.naturalWidth") > 0
    assert "blur" in picture.evaluate("it => getComputedStyle(it).filter")

    go_to(page, f"Show the picture of report {id}")
    page.keyboard.press("Space")
    expect(picture).to_have_css("filter", "none")
    page.get_by_label("Why", exact=True).fill("It shows a person who did not agree.")
    page.get_by_role("button", name="Take the picture down…").click()
    expect(page.get_by_text("What goes for good")).to_be_visible()
    page.get_by_role("button", name="Take it down for good").click()

    expect(page.get_by_text("The picture is taken down.")).to_be_visible()
    expect(picture).to_have_count(0)
    theirs = open_page()
    theirs.goto("/history/")
    expect(theirs.get_by_text("Taken down").first).to_be_visible()


def test_an_account_is_erased_after_a_second_look(customer: Customer, open_desk: OpenDesk, open_page: OpenPage) -> None:
    theirs = open_page()
    page: Page = open_desk("owner", "/admin/erasures/")

    page.get_by_role("link", name="Erase an account…").click()
    page.get_by_label("E-mail address of the account").fill(customer.email)
    page.get_by_label("Why").fill("Asked by mail.")
    page.get_by_role("button", name="Show what goes").click()
    expect(page.get_by_text("It cannot be undone")).to_be_visible()
    page.get_by_role("button", name="Erase this account").click()

    expect(page.get_by_text("The account is closed")).to_be_visible()
    theirs.goto("/history/")
    theirs.wait_for_url("**/accounts/login/**")
