"""How soon the page answers a hand: `python -m bench interaction`.

Interaction to next paint, as browsers measure it (Event Timing: from the key or the finger to the frame that shows its
effect), in the machine's own Chromium slowed down four times, on the studio with sixty pictures and on pages beside it.
Keys and clicks are real ones; the site runs as `manage.py run` starts it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from statistics import median
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from bench.lighthouse import chrome
from bench.world import Plan, World, site

SLOWER = 4
PICTURES = 60
REPETITIONS = 8
GOAL_MS = 200
DESKTOP, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
SENTENCE = "A lighthouse above calm water, first light"
KEY_EVERY_MS = 70
REST_MS = 700  # between two acts, so that what the last one caused is over
# Whoever asks for the list gets what was heard until then. Entries below 16 ms are not told by browsers, and those of a
# key on a select late or never, which is therefore watched from the key to the end of the next frame.
LISTEN = """() => {
  const heard = [];
  const observer = new PerformanceObserver((list) => heard.push(...list.getEntries()));
  observer.observe({ type: "event", durationThreshold: 16 });
  window.heardInteractions = (since = 0) => {
    heard.push(...observer.takeRecords());
    return heard.splice(0).filter((each) => each.interactionId && each.startTime >= since)
      .map((each) => [each.interactionId, each.name, each.duration, each.processingStart - each.startTime,
        each.processingEnd - each.processingStart]);
  };
  addEventListener("keydown", (event) => {
    if (event.target.matches("select")) requestAnimationFrame(() => setTimeout(() => {
      const at = event.timeStamp;
      heard.push({ interactionId: -at, name: "keydown", duration: Math.round(performance.now() - at),
        startTime: at, processingStart: at, processingEnd: at });
    }));
  }, true);
  addEventListener("pagehide", () => sessionStorage.setItem("heard", JSON.stringify(window.heardInteractions())));
}"""
VIEWER = "dialog.viewer[open]"
HEARD = "(since) => window.heardInteractions(since)"
NOW = "() => performance.now()"
HEARD_BEFORE = "() => JSON.parse(sessionStorage.getItem('heard') ?? '[]')"  # on the page that was left


@dataclass
class Hand:
    """Somebody at a page; `found` has the milliseconds of every interaction by what they did."""

    page: Page
    found: dict[str, list[float]] = field(default_factory=dict)
    worst: dict[str, list[Any]] = field(default_factory=dict)

    def go(self, path: str) -> None:
        self.page.goto(path, wait_until="load")
        self.page.evaluate(LISTEN)
        self.rest()

    def rest(self) -> None:
        self.page.wait_for_timeout(REST_MS)

    @contextmanager
    def does(self, act: str) -> Iterator[None]:
        """Everything that is done within counts as this act; one that was too quick to be told counts as 0."""
        self.page.evaluate(HEARD)
        began = self.page.evaluate(NOW)
        yield
        self.rest()
        self.note(act, self.page.evaluate(HEARD, began))

    def note(self, act: str, heard: list[Any]) -> None:
        taken: dict[int, float] = {}
        for id, name, duration, delay, work in heard:
            taken[id] = max(taken.get(id, 0.0), duration)
            if duration > (self.worst.get(act) or [0])[0]:
                self.worst[act] = [duration, name, round(delay), round(work)]
        self.found.setdefault(act, []).extend(taken.values() or [0.0])


def type_a_prompt(hand: Hand) -> None:
    hand.page.fill("#prompt", "")
    hand.page.focus("#prompt")
    with hand.does("typing a prompt"):
        hand.page.keyboard.type(SENTENCE, delay=KEY_EVERY_MS)


def change_the_price(hand: Hand) -> None:
    quantity = hand.page.locator("#quantity")
    quantity.focus()
    with hand.does("changing the price"):
        hand.page.keyboard.press("ArrowDown")
    with hand.does("choosing a shape"):
        hand.page.locator("[name=aspect_ratio]").nth(3).click(force=True)
    with hand.does("changing the image model"):
        hand.page.click("#model-krea-2-large")
    with hand.does("changing the image model"):
        hand.page.click("#model-krea-2-medium")
    quantity.select_option("1")
    hand.rest()


def press_generate(hand: Hand) -> None:
    with hand.does("pressing Generate"):
        hand.page.click("#generate")
    hand.page.locator(".card:not([data-running])").first.wait_for()


def open_the_code(hand: Hand) -> None:
    with hand.does("opening the API tab"):
        hand.page.locator("label[for=view-api]").click()
    with hand.does("opening the API tab"):
        hand.page.locator("label[for=view-pictures]").click()


def open_pictures(hand: Hand) -> None:
    """One over the whole window, the next one by key, and out again; then its page, which leaves this one: what was
    heard until then is told on the next."""
    with hand.does("opening a picture"):
        hand.page.locator("a[data-viewer]").first.click()
    hand.page.locator(VIEWER).wait_for()
    with hand.does("going on to the next picture"):
        hand.page.keyboard.press("ArrowRight")
    about = hand.page.locator(f"{VIEWER} [data-part=about]")
    hand.page.evaluate(HEARD)
    about.click(no_wait_after=True)
    hand.page.wait_for_url("**/images/*/", wait_until="load")
    hand.note("going to its page", hand.page.evaluate(HEARD_BEFORE))


def interaction(plan: Plan, *, repetitions: int = REPETITIONS) -> dict[str, Any]:
    """Median and worst of every act, by device, and whether all are good enough."""
    devices = {"desktop": DESKTOP, "phone": PHONE}
    with site(replace(plan, latency_s=0.1)) as made, sync_playwright() as playwright:
        guest = made.play("guest", within_s=600, pictures=PICTURES, give_up_s=500)
        browser = playwright.chromium.launch(executable_path=chrome(), args=["--no-sandbox"])
        found = {name: _hand(browser, made, guest["cookie"], size, repetitions) for name, size in devices.items()}
        browser.close()
    acts = {f"{act} ({device})": figures for device, told in found.items() for act, figures in told.items()}
    return {
        "slower": SLOWER, "pictures_shown": PICTURES, "repetitions": repetitions, "interactions": acts,
        "passed": all(figures["inp_ms"] < GOAL_MS for figures in acts.values()),
    }  # fmt: skip


def _hand(browser: Browser, made: World, cookie: str, size: Any, repetitions: int) -> dict[str, Any]:
    context = _logged_in(browser, made, cookie, size)
    page = context.new_page()
    context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    hand = Hand(page)
    hand.go("/studio/")
    for number in range(repetitions):
        type_a_prompt(hand)
        change_the_price(hand)
        open_the_code(hand)
        if number < repetitions / 2:  # each costs credits
            press_generate(hand)
    for _ in range(repetitions):
        hand.go("/studio/")
        open_pictures(hand)
    context.close()
    return {act: summary(taken) | {"slowest": hand.worst.get(act)} for act, taken in hand.found.items()}


def inp(taken: list[float]) -> float:
    """The slowest, but for one in each fifty, as browsers count it for a visit."""
    return sorted(taken, reverse=True)[min(len(taken) // 50, len(taken) - 1)]


def summary(taken: list[float]) -> dict[str, Any]:
    """In milliseconds; 0 is below 16."""
    return {"count": len(taken), "median_ms": median(taken), "worst_ms": max(taken), "inp_ms": inp(taken)}


def _logged_in(browser: Browser, made: World, cookie: str, size: Any) -> BrowserContext:
    context = browser.new_context(viewport=size, base_url=made.url)
    name, _, value = cookie.partition("=")
    context.add_cookies([{"name": name, "value": value, "domain": urlsplit(made.url).hostname or "", "path": "/"}])
    return context
