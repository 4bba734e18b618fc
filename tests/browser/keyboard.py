"""Somebody who has a keyboard alone."""

from playwright.sync_api import Page

MOST_TABS = 60
NAME_OF_FOCUSED = """() => {
  const it = document.activeElement;
  if (it.ariaLabel) return it.ariaLabel;
  if (it.labels?.length) return it.labels[0].textContent;
  const shown = it.cloneNode(true);
  shown.querySelectorAll("[aria-hidden=true]").forEach((each) => each.remove());
  return shown.textContent;
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
