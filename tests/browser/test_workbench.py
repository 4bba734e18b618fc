"""What the studio has for who works in it all day: seeds, finishing, code, cancelling; and nothing that shifts."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESKTOP, PHONE, OpenPage
from tests.browser.pictures import open_page_of

pytestmark = pytest.mark.browser

# Shifts that a press caused within half a second are not counted by browsers: here they are.
WATCH_SHIFTS = """() => {
  window.shifts = [];
  new PerformanceObserver((list) => {
    for (const each of list.getEntries()) {
      window.shifts.push([each.value, ...each.sources.map(({ node }) => node?.id || node?.className || String(node))]);
    }
  }).observe({ type: "layout-shift", buffered: false });
}"""
ANY_VIEW = pytest.mark.parametrize(
    ("size", "scheme"), [(PHONE, "dark"), (DESKTOP, "light")], ids=["phone, dark", "desktop, light"]
)


def order(page: Page, prompt: str) -> None:
    page.fill("#prompt", prompt)
    page.click("#generate")
    expect(page.locator(".card").first.locator(".prompt")).to_have_text(prompt)


def seed_drawn(page: Page) -> str:
    """The seed of the newest picture, from its own page."""
    open_page_of(page, page.locator(".card").first.locator(".tile a"))
    told = page.locator(".parameters div", has_text="Seed").locator("dd").first.inner_text().split()[0]
    page.go_back()
    return told


@ANY_VIEW
def test_seed_is_thrown_locked_and_forgotten(open_page: OpenPage, size: object, scheme: str) -> None:
    page = open_page(size=size, scheme=scheme)
    seed, lock = page.locator("#seed"), page.locator("#seed-lock")
    page.click("#seed-dice")
    expect(seed).to_have_value(value := seed.input_value())
    page.click("#seed-dice")
    expect(seed).not_to_have_value(value)
    thrown = seed.input_value()

    order(page, "a fox, once")
    expect(seed).to_have_value("")
    expect(page.locator(".card").first.locator("img")).to_have_count(1)
    page.goto("/studio/")
    expect(seed).to_have_value("")

    lock.focus()
    page.keyboard.press("Space")
    expect(lock).to_be_checked()
    kept = seed.input_value()
    assert kept not in ("", thrown)
    order(page, "a fox, kept")
    expect(page.locator(".card").first.locator("img")).to_have_count(1)
    expect(seed).to_have_value(kept)
    assert seed_drawn(page) == kept


def test_seed_that_is_typed_while_an_order_is_on_its_way_is_for_the_next(open_page: OpenPage) -> None:
    page = open_page()
    page.fill("#seed", "41")
    page.fill("#prompt", "a fox in a hurry")
    page.evaluate(
        """() => {
          document.addEventListener("htmx:beforeSwap", () => { document.querySelector("#seed").value = "42"; });
        }"""
    )

    page.click("#generate")

    expect(page.locator(".card").first.locator("img")).to_have_count(1)
    expect(page.locator("#seed")).to_have_value("42")


@ANY_VIEW
def test_medium_is_finished_on_large_in_one_press(open_page: OpenPage, size: object, scheme: str) -> None:
    page = open_page(size=size, scheme=scheme)
    order(page, "a pier to be finished")
    button = page.get_by_role("button", name="Finish on Large 78.00 credits")
    expect(button).to_have_count(1)

    button.dblclick()

    below = page.locator(".card").nth(1)
    expect(below.locator(".meta")).to_contain_text("Krea 2 Large")
    expect(below.locator("img")).to_have_count(1)
    expect(page.locator(".card")).to_have_count(2)
    expect(page.get_by_role("link", name="Ordered: it is below")).to_be_focused()
    expect(page.locator("#balance data")).to_have_text("883.00")


@pytest.mark.parametrize("credits", [100_00])
def test_finishing_that_cannot_be_paid_is_told_in_its_place(open_page: OpenPage, credits: int) -> None:
    page = open_page()
    order(page, "a pier too dear")
    page.get_by_role("button", name="Finish on Large").click()

    expect(page.locator(".repeat [role=alert]")).to_contain_text("This costs 78.00 and you have 61.00")
    expect(page.get_by_role("button", name="Finish on Large 78.00 credits")).to_have_count(1)
    expect(page.locator(".card")).to_have_count(1)


@ANY_VIEW
def test_code_tab_follows_the_form_while_it_is_open(open_page: OpenPage, size: object, scheme: str) -> None:
    page = open_page(size=size, scheme=scheme)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.fill("#prompt", "a heron")
    expect(page.locator("#price .total")).to_have_text("39.00 credits")
    assert not any(url.endswith("/studio/code") for url in asked)

    page.get_by_label("API", exact=True).focus()
    page.keyboard.press("Space")
    code = page.get_by_role("group", name="Native API, curl, wait for it")
    expect(code).to_contain_text('"prompt": "a heron"')
    page.fill("#prompt", "")
    expect(page.locator("#api")).to_contain_text("There is no code yet.")
    page.fill("#prompt", "two herons")
    expect(code).to_contain_text('"prompt": "two herons"')

    page.locator("label[for=code-native-python]").click()
    python = page.get_by_role("group", name="Native API, Python, wait for it")
    expect(python).to_be_visible()
    page.select_option("#quantity", "2")
    expect(python).to_contain_text('"quantity": 2')
    expect(python).to_be_visible()
    expect(python).to_contain_text("KREA_API_KEY")


def test_cancel_says_on_itself_what_it_costs(open_page: OpenPage, fal: Callable[..., None]) -> None:
    fal(latency_s=600)
    page = open_page()
    order(page, "a fox being drawn")
    drawn = page.get_by_role("button", name="Cancel it is being drawn: it may still be charged")
    expect(drawn).to_be_visible()

    fal(locked=True)
    order(page, "a fox that waits")
    waiting = page.locator(".card").first.get_by_role("button", name="Cancel free while it waits")
    expect(waiting).to_be_visible()
    waiting.click()

    expect(page.locator(".card").first.locator(".state")).to_have_text("Cancelled")
    expect(page.locator(".card").first.locator(".meta")).to_contain_text("Not charged")


def test_what_failed_says_why_and_is_tried_again_in_one_press(open_page: OpenPage, fal: Callable[..., None]) -> None:
    told = {"detail": [{"loc": ["body", "prompt"], "msg": "x", "type": "no_media_generated"}]}
    fal(fail={"prompt": "an unlucky fox", "status": 422, "body": told})
    page = open_page()
    order(page, "an unlucky fox")
    expect(page.locator(".card .reason")).to_contain_text("You were not charged.")

    page.get_by_role("button", name="Try again 39.00 credits").click()

    expect(page.locator(".card").nth(1).locator("img")).to_have_count(1)


@ANY_VIEW
def test_nothing_shifts_while_one_types_orders_and_watches(
    open_page: OpenPage, fal: Callable[..., None], size: object, scheme: str
) -> None:
    fal(latency_s=2)
    page = open_page(size=size, scheme=scheme)
    order(page, "a first fox")
    expect(page.locator(".card").first.locator("img")).to_have_count(1)
    page.goto("/studio/")
    page.wait_for_load_state("networkidle")
    page.evaluate(WATCH_SHIFTS)

    page.locator("#prompt").press_sequentially(
        "A second fox, and a line that is long enough to be broken in two", delay=5
    )
    page.select_option("#quantity", "3")
    expect(page.locator("#price .total")).to_have_text("117.00 credits")
    page.locator("#creativity-4").check(force=True)
    page.locator("#seed-dice").click()
    page.select_option("#quantity", "1")
    expect(page.locator("#price .total")).to_have_text("39.00 credits")
    assert page.evaluate("() => window.shifts") == []

    page.click("#generate")
    card = page.locator(".card").first
    expect(card.locator(".stage")).to_have_text("Being drawn")
    page.evaluate("() => { window.shifts = []; }")  # the new card moved the older ones down, as it must
    expect(card.locator("img")).to_have_count(1)
    expect(card.locator(".state")).to_have_text("Ready")
    assert page.evaluate("() => window.shifts") == []
