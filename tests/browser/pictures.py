"""From a picture among others to its own page, as one goes with scripts: through the full-screen view."""

from playwright.sync_api import Locator, Page


def open_page_of(page: Page, link: Locator) -> None:
    link.click()
    with page.expect_navigation():
        page.get_by_role("link", name="About this picture").click()
