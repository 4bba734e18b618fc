"""The levers on people, each pulled once by staff in a real browser, and what the customer sees of it."""

from collections.abc import Callable
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, Customer, OpenPage
from tests.browser.operator import OpenDesk, open_desk
from tests.live_site import LiveSite

__all__ = ["open_desk"]
pytestmark = pytest.mark.browser

OpenPerson = Callable[..., Page]


@pytest.fixture
def open_person(open_desk: OpenDesk, customer: Customer) -> OpenPerson:
    """The page of the customer, found by a part of their address."""

    def open_one(role: str, **options: object) -> Page:
        page = open_desk(role, "/admin/people/", **options)
        page.fill("#q", customer.email.partition("@")[0])
        page.press("#q", "Enter")
        expect(page.locator("h1")).to_contain_text(customer.email)
        return page

    return open_one


def pull(page: Page, lever: str, button: str, **typed: str) -> None:
    """Follow the lever to its own page, say why, press."""
    page.get_by_role("link", name=lever, exact=True).click()
    for name, text in typed.items():
        page.fill(f"#{name}", text)
    page.fill("#why", "They asked for it")
    page.get_by_role("button", name=button, exact=True).click()


def test_support_gives_and_takes_credits(open_person: OpenPerson, customer: Customer, open_page: OpenPage) -> None:
    desk = open_person("support", size=PHONE)

    pull(desk, "Give credits", "Give", amount="45.50")
    expect(desk.locator("#notices")).to_contain_text("45.50 credits given.")
    pull(desk, "Take credits", "Take", amount="5")

    expect(desk.locator("#notices")).to_contain_text("5 credits taken.")
    page = open_page()
    page.goto("/billing/")
    expect(page.locator("main")).to_contain_text("They asked for it")


def test_a_large_sum_waits_for_a_second_one(open_person: OpenPerson, open_desk: OpenDesk, customer: Customer) -> None:
    desk = open_person("support")
    pull(desk, "Give credits", "Give", amount="10000.01")
    expect(desk.locator("#notices")).to_contain_text("wait for a second member")

    second = open_desk("finance", "/admin/credit-requests/", scripts=False)
    box = second.locator("section", has_text=customer.email)
    box.get_by_label("Why you decide so").fill("Agreed with them")
    box.get_by_role("button", name="Confirm").click()

    expect(second.locator("#notices")).to_have_text("The credits are moved.")
    desk.reload()
    expect(desk.locator("main")).to_contain_text("people.confirm_credits")


def test_a_moderator_suspends_and_lifts(open_person: OpenPerson, customer: Customer, open_page: OpenPage) -> None:
    desk, theirs = open_person("moderator"), open_page()
    theirs.goto("/studio/")

    pull(desk, "Suspend", "Suspend")
    expect(desk.locator("h1")).to_contain_text("suspended")
    theirs.goto("/history/")
    theirs.fill("#id_login", customer.email)
    theirs.fill("#id_password", customer.password)
    theirs.press("#id_password", "Enter")
    expect(theirs.locator("h1")).to_have_text("This account is suspended")

    pull(desk, "Lift the suspension", "Lift the suspension")
    expect(desk.locator("h1")).to_contain_text("active")
    theirs.goto("/accounts/login/")
    theirs.fill("#id_login", customer.email)
    theirs.fill("#id_password", customer.password)
    theirs.press("#id_password", "Enter")
    theirs.wait_for_url("**/studio/")


def test_support_looks_in_their_place_and_changes_nothing(open_person: OpenPerson, customer: Customer) -> None:
    desk = open_person("support")
    pull(desk, "Log in as them", "Look as them")

    line = desk.get_by_role("form", name="In a customer's place")
    expect(line).to_contain_text(customer.email)
    desk.goto("/accounts/data/")
    expect(desk.locator("h1")).to_have_text("You are looking only")
    desk.goto("/billing/")
    expect(line).to_be_visible()
    desk.goto("/admin/")
    expect(desk.locator("h1")).not_to_have_text("Overview")
    line.get_by_role("button", name="End").click()

    expect(desk.locator("h1")).to_contain_text(customer.email)
    expect(desk.locator("main")).to_contain_text("people.visit_ended")


def test_support_helps_somebody_in(
    open_person: OpenPerson, customer: Customer, open_page: OpenPage, live_site: LiveSite
) -> None:
    theirs = open_page()
    live_site.run(WITH_FACTOR_AND_KEY.format(email=customer.email))
    desk = open_person("support")

    desk.get_by_role("link", name="Revoke").click()
    desk.fill("#why", "Seen in a forum")
    desk.get_by_role("button", name="Revoke this key").click()
    expect(desk.locator("main")).to_contain_text("revoked")
    pull(desk, "Mail a password reset", "Send the mail")
    expect(desk.locator("#notices")).to_have_text("The mail is on its way.")
    pull(desk, "Reset the second factor", "Delete second factors")
    expect(desk.locator("#notices")).to_contain_text("The second factors are deleted")

    theirs.goto("/history/")
    expect(theirs.locator("h1")).to_have_text("Log in")


def test_support_ends_a_session(open_person: OpenPerson, open_page: OpenPage, customer: Customer) -> None:
    theirs = open_page(logged_in=False)
    theirs.goto("/accounts/login/")
    theirs.fill("#id_login", customer.email)
    theirs.fill("#id_password", customer.password)
    theirs.press("#id_password", "Enter")
    theirs.wait_for_url("**/studio/")
    desk = open_person("support")

    pull(desk, "End all sessions", "End all sessions")

    expect(desk.locator("main")).to_contain_text("They are logged in nowhere.")
    theirs.goto("/history/")
    expect(theirs.locator("h1")).to_have_text("Log in")


def test_a_moderator_lets_the_safety_checker_be_off(
    open_person: OpenPerson, open_page: OpenPage, customer: Customer
) -> None:
    theirs = open_page()
    theirs.goto("/studio/?model=flux-krea-dev")
    expect(theirs.locator("#enable_safety_checker")).to_have_count(0)
    desk = open_person("moderator")

    pull(desk, "Allow the safety checker to be off", "Allow it")

    theirs.reload()
    expect(theirs.locator("#enable_safety_checker")).to_have_count(1)


def test_an_owner_gives_a_role_and_takes_it_away(open_desk: OpenDesk, customer: Customer) -> None:
    desk = open_desk("owner", "/admin/members/")
    for role, words in (("support", "staff now: Support"), ("none", "not staff any more")):
        desk.fill("#email", customer.email)
        desk.select_option("#role", role)
        desk.fill("#why", f"Story {uuid4()}")
        desk.get_by_role("button", name="Save the role").click()
        expect(desk.locator("#notices")).to_contain_text(words)


WITH_FACTOR_AND_KEY = """
from allauth.mfa.totp.internal.auth import TOTP
from django.contrib.auth import get_user_model
from partners import keys
from tests.staff import SECRET
user = get_user_model().objects.get(email={email!r})
TOTP.activate(user, SECRET)
keys.make(user, "Shop")
"""
