"""Style references and LoRAs with a mouse, a keyboard and a clipboard: each is checked at once, beside its own row, and
the price follows."""

import io
from collections.abc import Sequence
from typing import Any

import pytest
from PIL import Image as Pillow
from playwright.sync_api import FilePayload, Locator, Page, Route, expect

from tests.browser.conftest import DESKTOP, PHONE, OpenPage, Shelf
from tests.live_site import LiveSite

pytestmark = pytest.mark.browser

ON_PHONE = {"size": PHONE, "scheme": "dark"}
ON_DESKTOP = {"size": DESKTOP, "scheme": "light"}
HAND_OVER = """([kind, files, text, selector]) => {
  const target = selector ? document.querySelector(selector) : document.body;
  const data = new DataTransfer();
  for (const [name, type, bytes] of files) data.items.add(new File([new Uint8Array(bytes)], name, { type }));
  if (text) data.setData(kind === "paste" ? "text/plain" : "text/uri-list", text);
  const told = { bubbles: true, cancelable: true };
  if (kind === "paste") target.dispatchEvent(new ClipboardEvent("paste", { ...told, clipboardData: data }));
  const drag = { ...told, dataTransfer: data };
  if (kind === "drop") for (const each of ["dragover", "drop"]) target.dispatchEvent(new DragEvent(each, drag));
}"""


def picture(colour: str, size: tuple[int, int] = (120, 80)) -> FilePayload:
    file = io.BytesIO()
    Pillow.new("RGB", size, colour).save(file, "PNG")
    return {"name": f"{colour}.png", "mimeType": "image/png", "buffer": file.getvalue()}


def hand_over(page: Page, kind: str, *files: FilePayload, text: str = "", at: str = "") -> None:
    """Paste or drop, as a browser tells of it; `at`: on what, the page itself where it is empty."""
    given = [(each["name"], each["mimeType"], list(each["buffer"])) for each in files]
    page.evaluate(HAND_OVER, [kind, given, text, at])


def rows(page: Page) -> Locator:
    return page.locator(".row-list > .row")


def thumbs(page: Page) -> Locator:
    """Of what was kept."""
    return page.locator(".row-list > .row:has(input[type=hidden]) .thumb")


def strengths(page: Page) -> Sequence[str]:
    return [each.input_value() for each in page.locator(".row-list input.number").all()]


@pytest.mark.parametrize("window", [ON_PHONE, ON_DESKTOP], ids=["phone", "desktop"])
def test_references_come_by_file_paste_drop_and_address(
    open_page: OpenPage, shelf: Shelf, window: dict[str, Any]
) -> None:
    page = open_page(**window)
    page.fill("#prompt", "a quiet harbour")
    total = page.locator("#price .total")
    expect(total).to_have_text("39.00 credits")

    page.set_input_files("#image_style_references-files", [picture("red"), picture("blue")])
    expect(thumbs(page)).to_have_count(2)
    expect(total).to_have_text("45.50 credits")
    hand_over(page, "paste", picture("green"))
    expect(thumbs(page)).to_have_count(3)
    hand_over(page, "drop", picture("gold", (90, 60)), at="#prompt")
    expect(thumbs(page)).to_have_count(4)
    hand_over(page, "paste", text=f"{shelf.pictures}/teal.png")
    expect(thumbs(page)).to_have_count(5)
    page.click("#image_style_references-add")
    page.keyboard.type(f"{shelf.pictures}/teal.png")
    page.keyboard.press("Enter")

    expect(page.locator(".rows-said")).to_have_text("That one is there already: style reference 5.")
    expect(rows(page)).to_have_count(5)
    expect(thumbs(page).nth(4)).to_have_js_property("naturalWidth", 300)
    expect(page.locator("#prompt")).to_have_value("a quiet harbour")
    page.locator("[name=remove_row]").nth(1).click()
    expect(page.locator(".row .name").last).to_have_text("Style reference 4")
    expect(page.locator("#image_style_references-3-strength")).to_have_value("1")
    expect(page.locator("[name=remove_row]").nth(1)).to_be_focused()


def test_reference_that_is_refused_says_why_beside_its_row_and_spends_nothing(
    open_page: OpenPage, shelf: Shelf
) -> None:
    page = open_page(**ON_PHONE)
    page.fill("#prompt", "a quiet harbour")
    notes: FilePayload = {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"no picture"}
    page.set_input_files("#image_style_references-files", [notes, picture("red")])

    refused = rows(page).nth(0)
    expect(refused.locator(".error")).to_have_text("Style reference 1: The file is not a JPEG, PNG or WebP picture.")
    expect(refused).to_contain_text("notes.txt")
    expect(thumbs(page)).to_have_count(1)
    refused.locator("input[type=url]").fill(f"{shelf.pictures}/gone.png")
    refused.get_by_role("button", name="Check").click()
    expect(refused.locator(".error")).to_have_text("Style reference 1: 127.0.0.1 answered 404 instead of 200.")
    refused.locator("input[type=url]").fill(f"{shelf.pictures}/teal.png")
    refused.get_by_role("button", name="Check").click()

    expect(thumbs(page)).to_have_count(2)
    expect(page.locator(".row-list .error")).to_have_count(0)
    expect(page.locator("#prompt")).to_have_value("a quiet harbour")
    expect(page.locator("#balance data")).to_have_text("1,000.00")


def test_nothing_is_ordered_while_a_reference_is_being_checked(open_page: OpenPage) -> None:
    page = open_page(**ON_DESKTOP)
    held: list[Route] = []
    page.route("**/studio/rows", lambda route: held.append(route))
    page.fill("#prompt", "a patient fox")
    with page.expect_request("**/studio/rows"):
        page.set_input_files("#image_style_references-files", picture("red"))
    expect(page.locator(".row[aria-busy=true] .spinner")).to_have_text("Checking")

    page.press("#prompt", "Control+Enter")
    expect(page.locator(".rows-said")).to_contain_text("A style reference is still being checked. Nothing was sent")
    expect(page.locator(".card")).to_have_count(0)
    held[0].continue_()
    expect(thumbs(page)).to_have_count(1)
    expect(page.locator("#price .total")).to_have_text("45.50 credits")
    page.press("#prompt", "Control+Enter")

    expect(page.locator(".card").first.locator("img")).to_have_count(1)


def test_lost_network_leaves_the_row_to_be_tried_again(open_page: OpenPage) -> None:
    page = open_page(**ON_PHONE)
    page.context.set_offline(True)
    page.set_input_files("#image_style_references-files", picture("red"))
    expect(page.locator(".row .error p")).to_have_text(
        "Style reference 1: you seem to be offline. It was not sent."
    )  # fmt: skip

    page.context.set_offline(False)
    page.get_by_role("button", name="Try again").click()

    expect(thumbs(page)).to_have_count(1)


def test_no_more_references_than_fit_are_taken_and_the_others_named(open_page: OpenPage) -> None:
    page = open_page(**ON_DESKTOP)
    colours = ["red", "blue", "gold", "teal", "navy", "pink", "tan", "gray", "lime", "olive", "plum"]
    files = [picture(colour) for colour in colours]

    page.set_input_files("#image_style_references-files", files)

    expect(thumbs(page)).to_have_count(10)
    expect(page.locator(".rows-said")).to_have_text("At most 10 fit. Left out: plum.png.")
    expect(page.locator("#image_style_references-adding")).to_be_hidden()
    page.locator("[name=remove_row]").first.click()
    expect(page.locator("#image_style_references-adding")).to_be_visible()


def test_strength_is_set_by_keyboard_with_its_words(open_page: OpenPage) -> None:
    page = open_page(**ON_PHONE)
    page.set_input_files("#image_style_references-files", [picture("red"), picture("blue")])
    expect(thumbs(page)).to_have_count(2)
    slider = rows(page).nth(1).locator(".slider")

    slider.focus()
    for _ in range(7):
        page.keyboard.press("ArrowLeft")
    expect(slider).to_have_attribute("aria-valuetext", "0.3, a little")
    page.keyboard.press("Home")
    expect(slider).to_have_attribute("aria-valuetext", "-2, avoid strongly")
    page.fill("#image_style_references-0-strength", "-0.4")

    expect(rows(page).nth(0).locator(".words")).to_have_text("avoid")
    assert strengths(page) == ["-0.4", "-2"]
    page.click("#model-krea-2-large")
    expect(page.locator("#price .total")).to_have_text("84.50 credits")
    assert strengths(page) == ["-0.4", "-2"]


def test_own_pictures_are_chosen_by_keyboard_and_dragged_from_the_stream(open_page: OpenPage) -> None:
    page = open_page(**ON_DESKTOP)
    page.fill("#prompt", "a pond in spring")
    page.click("#generate")
    expect(page.locator(".card").first.locator("img")).to_have_count(1)

    page.focus("#image_style_references-pick")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Your pictures")
    expect(dialog.get_by_role("button", name="Recent")).to_be_focused()
    for _ in range(3):
        page.keyboard.press("Tab")
    expect(dialog.get_by_role("button", name="a pond in spring")).to_be_focused()
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("button", name="a pond in spring")).to_have_attribute("aria-pressed", "true")
    expect(dialog.get_by_role("status")).to_have_text("Style reference 1 is checked and ready.")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.locator("#image_style_references-pick")).to_be_focused()
    expect(page.locator("#price .total")).to_have_text("45.50 credits")
    rows(page).first.get_by_role("button", name="Remove").click()
    page.locator(".card .tile a").first.drag_to(page.locator("#image_style_references"))

    expect(thumbs(page)).to_have_count(1)
    page.locator("#image_style_references-pick").click()
    dialog.get_by_role("button", name="Used before").click()
    expect(dialog.locator(".pick")).to_have_count(1)


def test_lora_is_checked_saved_and_chosen_with_one_press(open_page: OpenPage, shelf: Shelf) -> None:
    page = open_page(**ON_PHONE)
    page.goto("/studio/?model=krea-2-turbo-lora")
    page.fill("#prompt", "a fox in ink")
    page.click("#loras-add")
    page.keyboard.type(f"{shelf.loras}/gone.safetensors")
    page.keyboard.press("Enter")
    expect(page.locator("#loras-0-path-error")).to_have_text(
        "LoRA 1: the server answered 404; the file must be open to everybody"
    )
    page.fill("#loras-0-path", f"{shelf.loras}/mine.safetensors")
    page.keyboard.press("Enter")
    expect(page.locator(".row .found")).to_have_text("Found, and it can be used.")
    page.fill("#loras-0-scale", "0.7")
    page.get_by_text("Save for next time").click()
    page.get_by_label("LoRA 1, name to save it under").fill("Ink")
    page.get_by_role("button", name="Save LoRA 1").click()

    expect(page.locator(".saved-as")).to_have_text("Saved as Ink")
    expect(page.locator("#prompt")).to_have_value("a fox in ink")
    page.get_by_role("button", name="Remove LoRA 1").click()
    page.get_by_role("button", name="Ink 0.7").click()
    expect(page.locator("#loras-0-path")).to_have_value(f"{shelf.loras}/mine.safetensors")
    expect(page.locator("#loras-0-scale")).to_have_value("0.7")
    page.get_by_role("button", name="Ink 0.7").click()
    expect(page.locator(".rows-said")).to_have_text("That one is there already: LoRA 1.")
    page.get_by_role("link", name="Rename, change or delete").click()
    page.fill("input[name=name] >> nth=0", "Ink, bold")
    page.get_by_role("button", name="Save Ink").click()
    expect(page.locator("#notices")).to_have_text("Ink, bold is saved.")


def test_references_and_own_pictures_without_scripts(open_page: OpenPage, live_site: LiveSite) -> None:
    page = open_page(scripts=False, **ON_PHONE)
    page.fill("#prompt", "a quiet harbour")
    page.set_input_files("#image_style_references-files", [picture("red"), picture("blue")])
    page.get_by_role("button", name="Your pictures").click()
    expect(page.locator(".row .thumb")).to_have_count(2)
    page.get_by_role("button", name="Used before").click()
    page.locator(".pick").first.click()
    expect(page.locator(".row .thumb")).to_have_count(3)
    page.get_by_role("button", name="Close").click()
    page.get_by_role("button", name="Remove style reference 3").click()
    page.fill("#image_style_references-1-strength", "-1")
    page.get_by_role("button", name="Update the price").click()
    expect(page.locator("#price .total")).to_have_text("45.50 credits")

    page.get_by_role("button", name="Generate", exact=True).click()

    expect(page.locator(".card .prompt")).to_have_text("a quiet harbour")
