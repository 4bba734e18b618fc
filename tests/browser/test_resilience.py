"""A lost network, an ended session and a broken site at each step of the studio: nothing typed is lost, no picture is
lost, nothing is ordered twice, and each says what to do."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.conftest import PATIENCE_MS, Customer, OpenPage, log_in
from tests.browser.test_drafts import IN_THE_POCKET, ON_THE_DESK, is_saved, write
from tests.browser.test_studio import order, picture_file
from tests.live_site import LiveSite

pytestmark = pytest.mark.browser


def cards(page: Page, prompt: str) -> int:
    page.goto("/studio/")
    return page.locator(".card", has_text=prompt).count()


def test_lost_network_at_each_step_loses_nothing(open_page: OpenPage, fal: Callable[..., None]) -> None:
    page = open_page(**IN_THE_POCKET)
    fal(latency_s=4)
    order(page, "a fox on its way")
    notice, state = page.locator("#notices"), page.locator("#draft-state")

    page.context.set_offline(True)
    page.fill("#prompt", "a heron, offline")  # typing, and the price that follows it
    expect(state).to_have_text("Not saved: offline, kept in this browser")
    expect(notice).to_contain_text("Your pictures are drawn all the same, and appear when you are back.")
    page.click("#model-krea-2-large")
    expect(notice).to_contain_text("this may not have reached us")
    page.click("#generate")
    expect(notice).to_contain_text("it is drawn and charged once, however often it is sent.")
    page.locator(".card").first.get_by_role("button", name="Cancel").click()
    expect(notice).to_contain_text("this may not have reached us")
    expect(page.locator("#prompt")).to_have_value("a heron, offline")

    page.context.set_offline(False)
    is_saved(page)
    expect(page.locator(".card").first.locator("img")).to_have_count(1)
    page.click("#generate")
    expect(page.locator(".card").first.locator(".prompt")).to_have_text("a heron, offline")
    expect(notice).to_have_text("")
    assert (cards(page, "a heron, offline"), cards(page, "a fox on its way")) == (1, 1)


def test_order_whose_answer_was_lost_is_not_ordered_twice(open_page: OpenPage) -> None:
    page = open_page(**ON_THE_DESK)
    write(page, "a fox, once")
    expect(page.locator("#price .total")).to_have_text("39.00 credits")

    def lose_the_answer(route: Route) -> None:
        if route.request.method == "POST":
            route.fetch()
            route.abort()
        else:
            route.fallback()

    page.route("**/studio/", lose_the_answer, times=1)
    page.click("#generate")
    page.locator("#notices").get_by_role("button", name="Try again").click()

    expect(page.locator(".card").first.locator(".prompt")).to_have_text("a fox, once")
    expect(page.locator("#notices")).to_have_text("")
    assert cards(page, "a fox, once") == 1


def test_broken_site_is_told_and_tried_again(open_page: OpenPage) -> None:
    page = open_page(**ON_THE_DESK)
    page.route("**/studio/", lambda route: route.fulfill(status=500, body="broken"), times=1)
    page.route("**/studio/draft", lambda route: route.fulfill(status=503, body="away"), times=1)
    page.fill("#prompt", "a fox on a bad day")
    expect(page.locator("#draft-state")).to_have_text("Not saved: our error, kept in this browser")
    page.click("#model-krea-2-large")
    expect(page.locator("#notices")).to_contain_text("That did not work on our side. Nothing you typed is lost.")

    page.locator("#notices").get_by_role("button", name="Try again").click()

    expect(page.locator("input[name=model]")).to_have_value("krea-2-large")
    expect(page.locator("#notices")).to_have_text("")
    is_saved(page)


def end_session(page: Page) -> None:
    """As when it expires: the cookie of the forms stays."""
    page.context.clear_cookies(name="sessionid")


def log_in_beside(page: Page, customer: Customer) -> None:
    """By the link of the notice, in a tab of its own; then back."""
    with page.context.expect_page() as opened:
        page.locator("#notices").get_by_role("link", name="Log in in a new tab").click()
    beside = opened.value
    beside.fill("#id_login", customer.email)
    beside.fill("#id_password", customer.password)
    beside.press("#id_password", "Enter")
    expect(beside.locator("h1")).to_have_text("You are logged in again")
    beside.close()
    page.bring_to_front()


def test_ended_session_at_each_step_loses_nothing(
    open_page: OpenPage, customer: Customer, fal: Callable[..., None]
) -> None:
    page = open_page(**IN_THE_POCKET)
    notice, state = page.locator("#notices"), page.locator("#draft-state")
    fal(locked=True)
    order(page, "a fox that waits")

    end_session(page)
    page.fill("#prompt", "a heron after the session")
    expect(state).to_have_text("Not saved: logged out, kept in this browser")
    expect(notice).to_contain_text("You have been logged out.")
    for press in ("#generate", "#model-krea-2-large", ".card button:has-text('Cancel')"):
        with page.expect_response(lambda answer: answer.status == 401 and answer.request.method == "POST"):
            page.click(press)
    expect(notice.get_by_role("alert")).to_have_count(1)
    expect(page.locator("#prompt")).to_have_value("a heron after the session")
    log_in_beside(page, customer)

    # The page's own token is from before the log-in; that is nobody's business but the page's.
    page.locator(".card").first.get_by_role("button", name="Cancel").click()
    expect(page.locator(".card").first.locator(".state")).to_have_text("Cancelled")
    page.click("#generate")
    expect(page.locator(".card").first.locator(".prompt")).to_have_text("a heron after the session")
    expect(notice).to_have_text("")
    is_saved(page)
    assert (cards(page, "a heron after the session"), cards(page, "a fox that waits")) == (1, 1)


def test_log_in_in_the_same_tab_finds_what_was_typed_after_the_session_ended(
    open_page: OpenPage, customer: Customer
) -> None:
    page = open_page(**ON_THE_DESK)
    write(page, "before")
    end_session(page)
    page.fill("#prompt", "typed after the session ended")
    expect(page.locator("#draft-state")).to_have_text("Not saved: logged out, kept in this browser")

    log_in(page, customer)

    expect(page.locator("#prompt")).to_have_value("typed after the session ended")
    is_saved(page)


def test_somebody_else_in_the_same_browser_sees_and_sends_nothing_of_it(
    open_page: OpenPage, live_site: LiveSite
) -> None:
    page = open_page(**ON_THE_DESK)
    end_session(page)
    page.fill("#prompt", "alice's secret")
    expect(page.locator("#draft-state")).to_have_text("Not saved: logged out, kept in this browser")
    page.route("**/studio/draft", lambda route: route.abort() if route.request.method == "POST" else route.fallback())
    beside = page.context.new_page()
    demo = live_site.demo
    log_in(beside, Customer(demo["email"], demo["password"]))
    expect(beside.locator("#prompt")).not_to_have_value(re.compile("secret"))
    expect(beside.locator("#draft-state")).to_have_count(1)

    with page.expect_navigation():
        page.evaluate("() => document.querySelector('#generate').click()")

    expect(page.locator("#prompt")).not_to_have_value(re.compile("secret"))
    expect(page.locator(".card", has_text="secret")).to_have_count(0)


def test_ended_session_without_scripts_gives_the_form_back(
    chromium: Browser, live_site: LiveSite, customer: Customer
) -> None:
    context = chromium.new_context(base_url=live_site.url, java_script_enabled=False)
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    log_in(page, customer)
    page.fill("#prompt", "a careful prompt")
    end_session(page)
    page.click("#generate")
    expect(page.locator("h1")).to_have_text("You have been logged out")
    expect(page.locator("blockquote")).to_have_text("a careful prompt")
    with context.expect_page() as opened:
        page.get_by_role("link", name="Log in in a new tab").click()
    beside = opened.value
    beside.fill("#id_login", customer.email)
    beside.fill("#id_password", customer.password)
    beside.press("#id_password", "Enter")
    expect(beside.locator("h1")).to_have_text("You are logged in again")

    page.get_by_role("button", name="Go on in the studio").click()
    expect(page.locator("h1")).to_have_text("Please send it once more")
    page.get_by_role("button", name="Go on in the studio").click()

    expect(page.locator("#prompt")).to_have_value("a careful prompt")
    page.click("#generate")
    expect(page.locator(".prompt")).to_have_text("a careful prompt")
    context.close()


def test_reference_that_was_chosen_offline_is_added_when_the_network_is_back(open_page: OpenPage) -> None:
    page = open_page(**IN_THE_POCKET)
    page.fill("#prompt", "a quiet harbour")
    is_saved(page)
    chooser = page.locator("#studio-form input[type=file]").first
    page.context.set_offline(True)
    chooser.set_input_files(picture_file())
    expect(page.locator(".row")).to_contain_text("you seem to be offline. It was not sent.")

    page.context.set_offline(False)
    with page.expect_response("**/studio/draft"):  # sent as soon as the picture was taken in, not while it is checked
        page.locator(".row").get_by_role("button", name="Try again").click()

    expect(page.locator(".row .thumb")).to_have_count(1)
    expect(page.locator("#prompt")).to_have_value("a quiet harbour")
    is_saved(page)
    page.reload()
    expect(page.locator(".row .thumb")).to_have_count(1)
