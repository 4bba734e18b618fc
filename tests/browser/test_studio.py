"""The studio with scripts: the price as one types, files that are kept, errors that lose nothing, pictures as they
arrive."""

import io
from collections.abc import Callable

import pytest
from PIL import Image as Pillow
from playwright.sync_api import FilePayload, Page, expect

from tests.browser.conftest import OpenPage
from tests.browser.pictures import open_page_of

pytestmark = pytest.mark.browser


def picture_file() -> FilePayload:
    file = io.BytesIO()
    Pillow.new("RGB", (120, 80), "teal").save(file, "PNG")
    return {"name": "style.png", "mimeType": "image/png", "buffer": file.getvalue()}


def order(page: Page, prompt: str) -> None:
    page.fill("#prompt", prompt)
    page.click("#generate")
    expect(page.locator(".card").first.locator(".prompt")).to_have_text(prompt)


def test_price_follows_every_change(open_page: OpenPage) -> None:
    page = open_page()
    total = page.locator("#price .total")
    expect(total).to_have_text("39.00 credits")

    page.select_option("#quantity", "3")
    expect(total).to_have_text("117.00 credits")
    page.click("#model-krea-2-large")
    expect(total).to_have_text("234.00 credits")
    page.click("#model-flux-krea-dev")
    expect(total).to_have_text("76.68 credits")
    page.fill("#image_size-width", "2000")
    page.fill("#image_size-height", "1000")
    expect(page.locator("#image_size-own")).to_be_checked()
    expect(total).to_have_text("195.00 credits")
    page.fill("#image_size-height", "9000")
    expect(page.locator("#price .problem")).to_have_text("Size, height must be a whole number from 256 to 2048.")


def test_an_order_that_is_taken_ends_what_was_refused_before(open_page: OpenPage) -> None:
    page = open_page()
    page.click("#generate")
    expect(page.locator("#errors")).to_contain_text("One thing to correct")
    expect(page.locator("#prompt")).to_have_attribute("aria-invalid", "true")

    order(page, "a kite above a beach")

    expect(page.locator("#errors, #studio-form .error")).to_have_count(0)
    expect(page.locator("#prompt")).not_to_have_attribute("aria-invalid", "true")


def test_slider_and_number_are_one(open_page: OpenPage) -> None:
    page = open_page()
    page.goto("/studio/?model=flux-krea-dev")
    slider = page.locator("#num_inference_steps + input[type=range]")

    slider.focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#num_inference_steps")).to_have_value("29")

    page.fill("#num_inference_steps", "40")
    expect(slider).to_have_value("40")


def test_style_reference_is_checked_and_kept_as_soon_as_it_is_chosen(open_page: OpenPage) -> None:
    page = open_page()
    page.fill("#prompt", "a quiet harbour")
    page.set_input_files("#image_style_references-files", picture_file())

    expect(page.locator(".row .thumb")).to_have_js_property("naturalWidth", 120)
    expect(page.locator("#price .total")).to_have_text("45.50 credits")
    page.fill("#image_style_references-0-strength", "-0.5")
    page.click("#model-flux-krea-dev")
    expect(page.locator(".rows")).to_have_count(0)
    page.click("#model-krea-2-medium")
    expect(page.locator(".row .thumb")).to_have_count(1)
    expect(page.locator("#image_style_references-0-strength")).to_have_value("-0.5")
    page.click("#generate")

    card = page.locator(".card").first
    expect(card.locator("img")).to_have_count(1)
    open_page_of(page, card.locator(".tile a"))
    expect(page.locator(".references")).to_contain_text("-0.5")


def test_what_is_wrong_is_said_beside_its_field_and_nothing_typed_is_lost(open_page: OpenPage) -> None:
    page = open_page()
    page.goto("/studio/?model=flux-krea-dev")
    page.fill("#prompt", "a heron")
    page.fill("#guidance_scale", "77")
    page.click("#generate")

    expect(page.locator("#errors")).to_be_focused()
    expect(page.locator("#guidance_scale-error")).to_have_text("Guidance must be a number from 1 to 20.")
    page.click("#errors a")
    expect(page.locator("#guidance_scale")).to_have_value("77")
    expect(page.locator("#prompt")).to_have_value("a heron")
    page.fill("#guidance_scale", "7")
    expect(page.locator("#price .total")).to_have_text("25.56 credits")
    page.click("#generate")
    expect(page.locator(".card").first.locator(".prompt")).to_have_text("a heron")


@pytest.mark.parametrize("credits", [100_00])
def test_too_few_credits_are_told_with_the_way_to_get_some(open_page: OpenPage, credits: int) -> None:
    page = open_page()
    page.fill("#prompt", "dear")
    page.select_option("#quantity", "3")
    expect(page.locator("#price .problem")).to_contain_text("17.00 more needed.")

    page.click("#generate")

    expect(page.locator("#errors")).to_contain_text("This costs 117.00 and you have 100.00: 17.00 are missing.")
    expect(page.locator("#prompt")).to_have_value("dear")
    page.click("#errors a")
    expect(page.locator("h1")).to_have_text("Buy credits")


def test_price_that_rose_while_nobody_looked_is_asked_about(open_page: OpenPage) -> None:
    page = open_page()
    page.fill("#prompt", "a fox")
    page.evaluate("() => { document.querySelector('#quantity').value = '2'; }")

    page.click("#generate")
    expect(page.locator("#errors")).to_contain_text("The price is now 78.00 credits.")
    expect(page.locator(".card")).to_have_count(0)
    page.click("#generate")

    expect(page.locator(".card").first.locator("img")).to_have_count(2)


def test_pictures_arrive_by_the_stream_without_anything_shifting(open_page: OpenPage, fal: Callable[..., None]) -> None:
    fal(latency_s=3)
    page = open_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto("/studio/")
    order(page, "a slow fox")
    card = page.locator(".card").first
    frame = card.locator(".tiles").bounding_box()
    expect(card.locator(".stage")).to_have_text("Being drawn")

    expect(card.locator("img")).to_have_count(1)

    assert frame is not None
    after = card.locator(".tiles").bounding_box()
    assert after is not None
    assert (after["width"], after["height"]) == (frame["width"], frame["height"])
    assert any(url.endswith("/live/") for url in asked)
    expect(card.locator("time[data-since]")).to_have_count(0)


def test_pictures_arrive_by_asking_where_the_stream_cannot_be_had(open_page: OpenPage) -> None:
    page = open_page()
    page.context.route("**/live/", lambda route: route.fulfill(status=503, body=""))
    page.goto("/studio/")

    order(page, "a fox without a stream")

    expect(page.locator(".card").first.locator("img")).to_have_count(1)


def test_cancel_of_what_waits_is_free(open_page: OpenPage, fal: Callable[..., None]) -> None:
    fal(locked=True)
    page = open_page()
    order(page, "a fox that waits")
    card = page.locator(".card").first
    expect(card.locator(".position")).to_contain_text("not taking orders right now")
    page.goto("/studio/")
    expect(page.locator(".notice.warning")).to_contain_text("cancelling is free")

    page.locator(".card").first.get_by_role("button", name="Cancel").click()

    expect(page.locator(".card").first.locator(".state")).to_have_text("Cancelled")
    expect(page.locator(".card").first.locator(".meta")).to_contain_text("Not charged")
    expect(page.locator("#balance data")).to_have_text("1,000.00")


def test_generate_pressed_twice_in_a_hurry_is_one_generation(open_page: OpenPage) -> None:
    page = open_page()
    page.fill("#prompt", "a fox, once")
    expect(page.locator("#price .total")).to_have_text("39.00 credits")

    page.locator("#generate").dblclick()

    expect(page.locator(".card").first.locator("img")).to_have_count(1)
    page.goto("/history/")
    expect(page.locator("#wall > li")).to_have_count(1)


def test_generate_pressed_again_after_the_card_came_is_another_wish(open_page: OpenPage) -> None:
    page = open_page()
    order(page, "a fox, twice")
    cards = page.locator(".card").count()

    page.click("#generate")

    expect(page.locator(".card")).to_have_count(cards + 1)
    page.goto("/history/")
    expect(page.locator("#wall > li")).to_have_count(2)


def test_page_from_the_back_forward_cache_has_a_new_wish(open_page: OpenPage) -> None:
    page = open_page()
    nonce = page.locator("#nonce").input_value()

    page.evaluate("() => window.dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))")

    fresh = page.locator("#nonce").input_value()
    assert fresh != nonce
    order(page, "a fox from the cache")


def test_lost_network_loses_nothing_that_was_typed(open_page: OpenPage) -> None:
    page = open_page()
    page.fill("#prompt", "a fox offline")
    expect(page.locator("#price .total")).to_have_text("39.00 credits")
    page.context.set_offline(True)

    page.click("#generate")
    expect(page.locator("#notices")).to_contain_text("The connection was lost, so your order may not have reached us.")
    page.context.set_offline(False)
    expect(page.locator("#prompt")).to_have_value("a fox offline")
    page.click("#generate")

    expect(page.locator(".card").first.locator(".prompt")).to_have_text("a fox offline")


def test_ended_session_is_told_and_keeps_what_was_typed(open_page: OpenPage) -> None:
    page = open_page()
    page.fill("#prompt", "a long and careful prompt")
    page.context.clear_cookies(name="sessionid")

    page.select_option("#quantity", "2")

    expect(page.locator("#notices")).to_contain_text("You have been logged out.")
    expect(page.locator("#prompt")).to_have_value("a long and careful prompt")
