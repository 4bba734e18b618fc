"""The draft in a real browser: it is there after a reload, a crash, a log-out and on another device; two devices notice
each other; the prompts of before are at arrow-up, and every single key has a sheet that tells it."""

import re
from contextlib import suppress

import pytest
from playwright.sync_api import Error, Page, expect

from tests.browser.conftest import DESKTOP, PHONE, Customer, OpenPage, log_in
from tests.browser.test_studio import order

pytestmark = pytest.mark.browser

IN_THE_POCKET = {"size": PHONE, "scheme": "dark"}
ON_THE_DESK = {"size": DESKTOP, "scheme": "light"}
KEPT_HERE = "() => Object.keys(localStorage).filter((key) => key.startsWith('draft:'))"
SOMETHING_IS_KEPT_HERE = "() => Object.keys(localStorage).some((key) => key.startsWith('draft:'))"
NOTHING_IS_KEPT_HERE = "() => !Object.keys(localStorage).some((key) => key.startsWith('draft:'))"


def write(page: Page, prompt: str) -> None:
    """Type, and wait until it is saved."""
    page.fill("#prompt", prompt)
    is_saved(page)


def is_saved(page: Page) -> None:
    """What is on the page has reached the site: nothing is left for this browser to keep."""
    expect(page.locator("#draft-state")).to_have_text("Draft saved")
    page.wait_for_function(NOTHING_IS_KEPT_HERE)


def crash(page: Page) -> Page:
    """The page's process dies, and no script hears of it; the next page of the same browser."""
    with page.expect_event("crash"), suppress(Error):
        page.goto("chrome://crash")
    return page.context.new_page()


def test_nothing_typed_is_lost_by_a_reload_a_crash_a_log_out_or_another_device(
    open_page: OpenPage, customer: Customer
) -> None:
    page = open_page(**IN_THE_POCKET)
    page.click("#model-krea-2-large")
    expect(page.locator("input[name=model]")).to_have_value("krea-2-large")
    page.get_by_role("radio", name=re.compile("^High")).check()
    page.fill("#seed", "77")
    page.select_option("#quantity", "3")
    write(page, "a lighthouse\nin fog")

    page.reload()
    holds(page, "a lighthouse\nin fog")

    page.route("**/studio/draft", lambda route: route.abort())
    page.fill("#prompt", "a lighthouse in a storm")
    page.wait_for_function(SOMETHING_IS_KEPT_HERE)
    page = crash(page)
    page.goto("/studio/")
    holds(page, "a lighthouse in a storm")
    is_saved(page)

    page.fill("#prompt", "a lighthouse at the last moment")
    page.click(".menu summary")
    page.get_by_role("button", name="Log out").click()
    page.wait_for_url(re.compile("//[^/]+/$"))
    assert page.evaluate(KEPT_HERE) == []
    log_in(page, customer)
    holds(page, "a lighthouse at the last moment")

    holds(open_page(**ON_THE_DESK), "a lighthouse at the last moment")


def holds(page: Page, prompt: str) -> None:
    expect(page.locator("#prompt")).to_have_value(prompt)
    expect(page.locator("input[name=model]")).to_have_value("krea-2-large")
    expect(page.get_by_role("radio", name=re.compile("^High"))).to_be_checked()
    expect(page.locator("#seed")).to_have_value("77")
    expect(page.locator("#quantity")).to_have_value("3")


def test_two_devices_notice_each_other_and_both_drafts_can_be_had(open_page: OpenPage) -> None:
    phone, desk = open_page(**IN_THE_POCKET), open_page(**ON_THE_DESK)
    write(desk, "typed at the desk")

    phone.fill("#prompt", "typed on the phone")
    notice = phone.locator("#notices")
    expect(notice).to_contain_text("Your draft was changed on another device")
    expect(phone.locator("#draft-state")).to_have_text("Not saved: changed elsewhere")
    notice.get_by_role("button", name="Keep this one").click()

    expect(phone.locator("#aside")).to_contain_text("typed at the desk")
    expect(notice).not_to_contain_text("changed on another device")
    write(phone, "typed on the phone, and more")
    phone.get_by_role("button", name="Swap it with this one").click()
    expect(phone.locator("#prompt")).to_have_value("typed at the desk")
    expect(phone.locator("#aside")).to_contain_text("typed on the phone, and more")
    phone.get_by_role("button", name="Forget it").click()
    expect(phone.locator("#aside")).to_have_count(0)
    expect(phone.locator("#prompt")).to_have_value("typed at the desk")


def test_settings_of_a_picture_do_not_cost_the_draft(open_page: OpenPage) -> None:
    page = open_page(**ON_THE_DESK)
    order(page, "a heron in shallow water")
    page.locator(".card .tile a").first.wait_for()
    write(page, "half a thought")
    recall = page.evaluate(
        "() => document.querySelector('.card .tile a').href.replace(/.*images.([^/]+).*/, '/studio/?from=$1')"
    )

    page.goto(recall)
    expect(page.locator("#aside")).to_contain_text("Your draft is kept: half a thought")
    write(page, "a heron at night")
    page.get_by_role("button", name="Back to your draft").click()

    expect(page.locator("#prompt")).to_have_value("half a thought")
    expect(page.locator("#aside")).to_contain_text("a heron at night")
    page.goto("/studio/")
    expect(page.locator("#prompt")).to_have_value("half a thought")


def test_saving_shifts_nothing(open_page: OpenPage) -> None:
    page = open_page(**IN_THE_POCKET)
    box = page.locator("#prompt").bounding_box()
    states = []
    for words in ("Draft saved", "Not saved: offline, kept in this browser"):
        page.fill("#prompt", words)
        states.append(page.locator("#prompt").bounding_box())
        expect(page.locator("#draft-state")).to_have_text(words)
        states.append(page.locator("#prompt").bounding_box())
        page.context.set_offline(True)

    expect(page.locator("#notices")).to_contain_text("You seem to be offline.")
    assert [*states, page.locator("#prompt").bounding_box()] == [box] * 5


def test_prompts_of_before_are_at_arrow_up_and_in_a_list(open_page: OpenPage) -> None:
    page = open_page(**ON_THE_DESK)
    order(page, "a fox")
    order(page, "a heron")
    page.fill("#prompt", "half a thought")
    box = page.locator("#prompt")

    box.press("ArrowUp")  # within the text: the caret's own key
    expect(box).to_have_value("half a thought")
    box.evaluate("(area) => area.setSelectionRange(0, 0)")
    for key, prompt in (("Up", "a heron"), ("Up", "a fox"), ("Up", "a fox"), ("Down", "a heron")):
        box.press(f"Arrow{key}")
        expect(box).to_have_value(prompt)
    expect(page.locator("#announcer")).to_have_text("Recent prompt 1 of 2: a heron")
    box.press("Escape")
    expect(box).to_have_value("half a thought")

    page.get_by_role("button", name="Recent prompts").click()
    page.locator("#prompt-list").get_by_role("button", name="a fox").click()
    expect(box).to_have_value("a fox")
    expect(box).to_be_focused()
    is_saved(page)
    page.keyboard.press("Control+z")
    expect(box).to_have_value("half a thought")


def test_single_keys_have_a_sheet_and_can_be_switched_off(open_page: OpenPage) -> None:
    page = open_page(**ON_THE_DESK)
    sheet = page.locator("#shortcuts")
    page.locator("#prompt").press("?")
    expect(page.locator("#prompt")).to_have_value("?")
    expect(sheet).not_to_be_visible()

    page.locator("h1").first.evaluate("() => document.activeElement.blur()")
    page.keyboard.press("?")
    expect(sheet).to_be_visible()
    page.keyboard.press("Escape")
    expect(sheet).not_to_be_visible()
    page.keyboard.press("2")
    expect(page.locator("input[name=model]")).to_have_value("krea-2-large")
    page.evaluate("() => document.activeElement.blur()")
    page.keyboard.press("r")
    expect(page.locator("#seed")).to_have_value(re.compile(r"^\d+$"))
    page.evaluate("() => document.activeElement.blur()")
    page.keyboard.press("p")
    expect(page.locator("#prompt")).to_be_focused()

    page.get_by_role("button", name="Shortcuts").click()
    page.get_by_role("checkbox", name="Single keys").uncheck()
    page.reload()
    page.keyboard.press("p")
    page.keyboard.press("?")
    expect(page.locator("#prompt")).not_to_be_focused()
    expect(sheet).not_to_be_visible()
