"""One browser with one window for each of the cast. It opens scenes, and turns them between phone and desktop, light
and dark, without loading them again."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import product
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from playwright.sync_api import Browser, ConsoleMessage, Error, Page, Request, Response, Route, sync_playwright

from tests.sights import clock
from tests.sights.house import House
from tests.sights.scenes import Scene

CHROMIUM = Path("/usr/bin/chromium")
SIZES = {"desktop": (1280, 900), "phone": (390, 844)}
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
PATIENCE_MS = 10_000
PARTS = ("stylesheet", "script", "image", "font")

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
OF_ALL = {"runOnly": TAGS, "rules": {"target-size": {"enabled": True}}}
# What colours can change is asked in the dark too. Everything else is the same there.
OF_COLOUR = {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}
ASK_AXE = """async (options) => {
  const found = await axe.run(document, { resultTypes: ["violations"], preload: false, iframes: false, ...options });
  return found.violations.map((each) => [each.id, each.help, each.nodes.map((node) => node.target.join(" "))]);
}"""
# Pictures that would wait for being scrolled to are wanted now; moving things stand still.
SETTLE = """async () => {
  for (const image of document.images) image.loading = "eager";
  await Promise.all([...document.images].map((image) => image.decode().catch(() => {})));
  await document.fonts.ready;
}"""
# A bar that sticks to the window's edge covers what can be scrolled free; looked at is what the page holds.
UNSTICK = """() => {
  for (const each of document.querySelectorAll("body *"))
    if (getComputedStyle(each).position === "sticky")
      Object.assign(each.style, { position: "relative", inset: "auto" });
}"""
OVERFLOW = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


@dataclass(frozen=True)
class View:
    device: str
    scheme: Literal["light", "dark"]

    def __str__(self) -> str:
        return f"{self.device}, {self.scheme}"


VIEWS = tuple(View(device, scheme) for device, scheme in product(SIZES, SCHEMES))


class Eye:
    """`complaints`: what went wrong while looking: scripts that fail, what the Content-Security-Policy refuses, other
    hosts that are asked."""

    def __init__(self, browser: Browser, house: House) -> None:
        self._browser, self._house = browser, house
        self._windows: dict[str, Page] = {}
        self._at = ""
        self._statuses: list[int] = []
        self.complaints: list[str] = []

    def open(self, scene: Scene) -> Page:
        """The scene as it is to be seen, acts done and pictures there. RuntimeError where its answer is another."""
        self._at, self._statuses = scene.name, []
        page = self._window(scene.who)
        self.turn(page, VIEWS[0])
        page.goto(scene.address.format(**self._house.places))
        if scene.act is not None:
            scene.act(page)
        page.evaluate(SETTLE)
        if self._statuses[-1:] != [scene.status]:
            raise RuntimeError(f"{page.url} answered {self._statuses}, not {scene.status}.")
        return page

    def turn(self, page: Page, view: View) -> None:
        width, height = SIZES[view.device]
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme=view.scheme)

    def findings(self, scene: Scene) -> list[str]:
        """What is wrong with a scene, in words."""
        try:
            return self.look(self.open(scene), scene.name)
        except (RuntimeError, Error) as error:
            return [f"{scene.name} cannot be seen: {error}"]

    def look(self, page: Page, name: str) -> list[str]:
        """What axe finds on an open page in any view, and whether it scrolls sideways."""
        page.evaluate(axe_source())
        found = []
        for view in VIEWS:
            self.turn(page, view)
            page.evaluate(UNSTICK)
            is_whole = view.scheme == SCHEMES[0]
            for id, help, targets in page.evaluate(ASK_AXE, OF_ALL if is_whole else OF_COLOUR):
                found.append(f"{name} ({view}): {id}: {help}: {'; '.join(targets[:4])}")
            if is_whole and page.evaluate(OVERFLOW) > 0:
                found.append(f"{name} ({view}): the page scrolls sideways")
        return found

    def _window(self, who: str) -> Page:
        if who not in self._windows:
            context = self._browser.new_context(
                base_url=self._house.url, locale="en-GB", timezone_id="UTC", reduced_motion="reduce"
            )
            context.set_default_timeout(PATIENCE_MS)
            context.clock.set_fixed_time(clock.MOMENT)
            if who:
                context.add_cookies([{"name": "sessionid", "value": self._house.cookies[who], "url": self._house.url}])
            page = context.new_page()
            # What an act types is not kept for the scenes after it.
            page.route("**/studio/draft", _saves_nothing)
            page.on("console", self._hear)
            page.on("pageerror", lambda error: self._complain(str(error)))
            page.on("request", self._watch)
            page.on("response", self._note)
            self._windows[who] = page
        return self._windows[who]

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not message.text.startswith(("Failed to load resource", "htmx:")):
            self._complain(message.text)

    def _watch(self, request: Request) -> None:
        if request.url.startswith("http") and urlsplit(request.url).netloc != urlsplit(self._house.url).netloc:
            self._complain(f"asks another host: {request.url}")

    def _note(self, answer: Response) -> None:
        if answer.request.is_navigation_request() and answer.frame.parent_frame is None and answer.status // 100 != 3:
            self._statuses.append(answer.status)
        elif answer.status >= 400 and answer.request.resource_type in PARTS:
            self._complain(f"{answer.url} answered {answer.status}")

    def _complain(self, text: str) -> None:
        self.complaints.append(f"{self._at}: {text}")


def _saves_nothing(route: Route) -> None:
    if route.request.method == "POST":
        route.fulfill(json={"version": 0})
    else:
        route.fallback()


@contextmanager
def open_eye(house: House) -> Iterator[Eye]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--force-color-profile=srgb"]
        )
        yield Eye(browser, house)
        browser.close()


@cache
def axe_source() -> str:
    return files("axe_playwright_python").joinpath("axe.min.js").read_text()
