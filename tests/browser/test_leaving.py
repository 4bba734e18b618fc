"""Taking one's data along and leaving, in a real browser before the whole site; without JavaScript, on a phone."""

import io
import json
import time
import zipfile

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PHONE, Customer, OpenPage

pytestmark = pytest.mark.browser
READY_WITHIN_S = 30


def test_somebody_takes_their_pictures_along_and_leaves(open_page: OpenPage, customer: Customer) -> None:
    page = open_page(scripts=False, size=PHONE)
    page.fill("#prompt", "a fox to take along")
    with page.expect_navigation():
        page.click("#generate")
    page.goto("/accounts/data/")
    with page.expect_navigation():
        page.click("text=Prepare an archive")
    page.fill("input[type=password]", customer.password)
    page.press("input[type=password]", "Enter")
    with page.expect_navigation():
        page.click("text=Prepare an archive")
    page.goto("/accounts/data/")
    deadline = time.monotonic() + READY_WITHIN_S
    while page.locator("a[download]").count() == 0 and time.monotonic() < deadline:
        page.reload()  # as the reader of a page without JavaScript does

    with page.expect_download() as waiting:
        page.click("a[download]")

    archive = zipfile.ZipFile(io.BytesIO(waiting.value.path().read_bytes()))
    assert archive.testzip() is None
    assert json.loads(archive.read("generations.json"))[0]["input"]["prompt"] == "a fox to take along"

    page.click("text=Delete the account…")
    expect(page.locator("h1")).to_have_text("Delete the account")
    page.fill("#id_email", customer.email)
    page.click("button.destructive")
    expect(page.locator("#notices")).to_contain_text("Your account is deleted.")

    page.goto("/accounts/login/")
    page.fill("#id_login", customer.email)
    page.fill("#id_password", customer.password)
    page.press("#id_password", "Enter")
    expect(page.locator("#main")).to_contain_text("There is no account with this e-mail address and this password.")
