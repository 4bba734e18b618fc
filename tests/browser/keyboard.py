"""Somebody who has a keyboard alone."""

from playwright.sync_api import Page

MOST_TABS = 60
NAME_OF_FOCUSED = """() => {
  const it = document.activeElement;
  return it.labels?.length ? it.labels[0].textContent : it.textContent;
}"""


def go_to(page: Page, name: str) -> None:
    """Tab to the link, button or field of this name."""
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        if page.evaluate(NAME_OF_FOCUSED).strip() == name:
            return
    raise AssertionError(f"the keyboard does not reach {name!r}")


def press(page: Page, name: str) -> None:
    go_to(page, name)
    page.keyboard.press("Enter")
