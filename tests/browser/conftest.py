"""A real browser before the whole site: every process running, pictures drawn by the stand-in."""

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from PIL import Image as Pillow
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

from tests.generations.strangers import Stranger, Visit, certificate_for
from tests.live_site import LiveSite, running_site

CHROMIUM = Path("/usr/bin/chromium")
PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1440, "height": 900}
PATIENCE_MS = 20_000

OpenPage = Callable[..., Page]


@dataclass(frozen=True)
class Shelf:
    """A stranger's two servers that the site may reach: pictures (`/teal.png`) and LoRAs (`/mine.safetensors`)."""

    pictures: str
    loras: str
    certificate: Path
    hosts: str


@pytest.fixture(scope="session")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shelf]:
    file = io.BytesIO()
    Pillow.new("RGB", (300, 200), "teal").save(file, "PNG")
    certificate = certificate_for("localhost", tmp_path_factory.mktemp("shelf"))

    def reply(visit: Visit) -> None:
        found = {"/teal.png": (file.getvalue(), "image/png"), "/mine.safetensors": (b"weights", "")}.get(visit.path)
        visit.give(200, found[0], Content_Type=found[1]) if found else visit.give(404)

    pictures, loras = Stranger(reply, "127.0.0.1", 0, None), Stranger(reply, "127.0.0.1", 0, certificate)
    hosts = f"127.0.0.1:{pictures.port},localhost:{loras.port}"
    yield Shelf(f"http://127.0.0.1:{pictures.port}", f"https://localhost:{loras.port}", certificate, hosts)
    pictures.leave()
    loras.leave()


@pytest.fixture(scope="session")
def live_site(tmp_path_factory: pytest.TempPathFactory, shelf: Shelf) -> Iterator[LiveSite]:
    """The whole site as real processes."""
    if not CHROMIUM.exists():
        pytest.skip(f"no Chromium is installed at {CHROMIUM}")
    reach = {"SAFE_FETCH_ALLOW": shelf.hosts, "SSL_CERT_FILE": str(shelf.certificate)}
    reach["DJANGO_SETTINGS_MODULE"] = "tests.quick_passwords"  # each test logs in
    with running_site(tmp_path_factory.mktemp("live") / "var", **reach) as site:
        yield site


# Of the module, not of the session: as long as Playwright runs, this thread has an event loop, and Django refuses its
# database to the tests of other modules in it.
@pytest.fixture(scope="module")
def chromium(live_site: LiveSite) -> Iterator[Browser]:
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@dataclass(frozen=True)
class Customer:
    email: str
    password: str


PASSWORD = "a long password 7"
KEEP_PASSWORD = "from django.contrib.auth.hashers import make_password; print(make_password({password!r}))"
MAKE_CUSTOMER = """
from allauth.account.models import EmailAddress
from django.contrib.auth import get_user_model
from billing import ledger
user = get_user_model().objects.create(email={email!r}, password={kept!r})
EmailAddress.objects.create(user=user, email={email!r}, verified=True, primary=True)
ledger.grant(user, {credits}, key={email!r}, memo="For the play")
"""
MakeCustomer = Callable[..., Customer]


@pytest.fixture(scope="session")
def make_customer(live_site: LiveSite) -> MakeCustomer:
    """`make_customer(credits=…)`: another customer, with 1,000.00 credits."""
    kept = live_site.run(KEEP_PASSWORD.format(password=PASSWORD)).strip()

    def make(credits: int = 1000_00) -> Customer:
        made = Customer(f"{uuid4().hex}@example.com", PASSWORD)
        live_site.run(MAKE_CUSTOMER.format(email=made.email, kept=kept, credits=credits))
        return made

    return make


@pytest.fixture
def customer(make_customer: MakeCustomer, request: pytest.FixtureRequest) -> Customer:
    """A customer of this test's own, with 1,000.00 credits or as many as `@pytest.mark.parametrize("credits", …)`."""
    given = request.node.callspec.params if hasattr(request.node, "callspec") else {}
    return make_customer(given.get("credits", 1000_00))


def log_in(page: Page, customer: Customer) -> None:
    page.goto("/accounts/login/")
    page.fill("#id_login", customer.email)
    page.fill("#id_password", customer.password)
    page.press("#id_password", "Enter")
    page.wait_for_url("**/studio/")


@pytest.fixture
def open_page(chromium: Browser, live_site: LiveSite, customer: Customer) -> Iterator[OpenPage]:
    """`open_page(...)`: a window of its own, logged in as `customer` or `by` another; a script that fails, or a part of
    a page that the Content-Security-Policy refuses, fails the test."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        # Refused forms and lost networks are part of the play, and noted by the browser and by htmx.
        noted = ("Failed to load resource", "Response Status Error Code", "htmx:")
        if message.type == "error" and not message.text.startswith(noted):
            complaints.append(message.text)

    def open_one(
        *,
        scripts: bool = True,
        size: Any = DESKTOP,
        scheme: Any = "light",
        logged_in: bool = True,
        touch: bool = False,
        by: Customer = customer,
    ) -> Page:
        context = chromium.new_context(
            viewport=size, color_scheme=scheme, java_script_enabled=scripts, base_url=live_site.url, has_touch=touch
        )
        contexts.append(context)
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        page.on("console", hear)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        if logged_in:
            log_in(page, by)
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def fal(live_site: LiveSite) -> Iterator[Callable[..., None]]:
    """`fal(locked=True)`: tells the site's own stand-in for fal what to do, until the test is over."""

    def tell(**asked: Any) -> None:
        answer = httpx.post(f"http://127.0.0.1:{live_site.port + 1}/__control", json=asked, timeout=10)
        assert answer.status_code == 200, answer.text

    yield tell
    tell(calm=True)
    # A locked account is tried again only twice a minute: the next test need not wait for it.
    forget = "from generations import fal_state; fal_state.accepted()"
    live_site.run(forget)
