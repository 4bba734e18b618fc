"""The account in a browser: passkeys by keyboard alone, and everything that needs no script without one."""

import re
from collections.abc import Callable
from uuid import uuid4

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.accounts.conftest import code
from tests.browser.conftest import PHONE, Customer, OpenPage
from tests.browser.keyboard import go_to, press
from tests.live_site import LiveSite

pytestmark = pytest.mark.browser

Authenticator = Callable[..., None]
LANDING, HISTORY, STUDIO = (re.compile(rf"//[^/]+/{path}$") for path in ("", "history/", "studio/"))


def authenticator(page: Page) -> Authenticator:
    """A device that holds passkeys, and a finger on it; the finger can be lifted."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    made = devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})

    def touch(*, verified: bool) -> None:
        devtools.send(
            "WebAuthn.setUserVerified", {"authenticatorId": made["authenticatorId"], "isUserVerified": verified}
        )

    return touch


def log_out(page: Page) -> None:
    page.goto("/accounts/logout/")
    page.get_by_role("main").get_by_role("button", name="Log out").click()
    page.wait_for_url(LANDING)


def test_passkey_is_added_and_logs_in_by_keyboard_alone(open_page: OpenPage, customer: Customer) -> None:
    page = open_page()
    authenticator(page)

    page.goto("/accounts/2fa/")
    press(page, "Add a passkey")
    expect(page.locator("h1")).to_have_text("Confirm that it is you")
    go_to(page, "Password")
    page.keyboard.type(customer.password)
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Add a passkey")
    go_to(page, "Name")
    page.keyboard.type("Phone")
    press(page, "Add the passkey")
    expect(page.locator("h1")).to_have_text("Recovery codes")
    expect(page.locator(".codes li")).to_have_count(10)
    press(page, "Done")
    expect(page.locator(".link-list")).to_contain_text("Phone")
    expect(page.locator(".link-list")).to_contain_text("Logs in alone.")

    log_out(page)
    page.goto("/accounts/login/?next=/history/")
    go_to(page, "E-mail address")
    page.keyboard.type(customer.email)
    go_to(page, "Password")
    page.keyboard.type(customer.password)
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Second step")
    press(page, "Use a passkey")
    page.wait_for_url(HISTORY)

    log_out(page)
    page.goto("/accounts/login/?next=/history/")
    press(page, "Log in with a passkey")
    page.wait_for_url(HISTORY)

    page.goto("/accounts/email/change/")
    expect(page.locator("h1")).to_have_text("Confirm that it is you")
    press(page, "Use a passkey")
    expect(page.locator("h1")).to_have_text("Change your address")


def test_passkey_that_is_not_given_is_said_and_can_be_tried_again(open_page: OpenPage, customer: Customer) -> None:
    page = open_page()
    touch = authenticator(page)
    page.goto("/accounts/2fa/webauthn/add/")
    page.fill("#id_password", customer.password)
    page.press("#id_password", "Enter")
    expect(page.locator("h1")).to_have_text("Add a passkey")

    touch(verified=False)
    page.get_by_role("button", name="Add the passkey").click()
    expect(page.locator("form [role=alert]:visible")).to_have_text(
        "Nothing was done: it was cancelled, or took too long."
    )
    expect(page.get_by_role("button", name="Add the passkey")).to_be_focused()

    touch(verified=True)
    page.get_by_role("button", name="Add the passkey").click()
    expect(page.locator("h1")).to_have_text("Recovery codes")


def test_address_and_factors_are_changed_by_keyboard_alone_in_the_dark(open_page: OpenPage, customer: Customer) -> None:
    page, email = open_page(scheme="dark"), f"{uuid4().hex}@example.com"
    authenticator(page)
    title = page.locator("h1")

    page.goto("/accounts/email/change/")
    go_to(page, "Password")
    page.keyboard.type(customer.password)
    page.keyboard.press("Enter")
    expect(title).to_have_text("Change your address")
    go_to(page, "New e-mail address")
    page.keyboard.type(email)
    press(page, "Send the mail")
    expect(page.locator("main")).to_contain_text("Waiting for confirmation")
    page.goto("/inbox/")
    page.locator("article", has_text=email).locator("a[href*='/accounts/confirm-email/']").first.focus()
    page.keyboard.press("Enter")
    expect(title).to_have_text("Confirm your address")
    press(page, "Confirm")
    expect(title).not_to_have_text("Confirm your address")
    page.goto("/accounts/")
    expect(page.locator("main")).to_contain_text(email)

    page.goto("/accounts/2fa/totp/activate/")
    go_to(page, "Code from the app")
    page.keyboard.type(code(page.locator("code.secret").inner_text()))
    page.keyboard.press("Enter")
    expect(title).to_have_text("Recovery codes")
    press(page, "Make new ones")
    expect(title).to_have_text("Make new recovery codes?")
    press(page, "Make new codes")
    expect(page.locator(".codes li")).to_have_count(10)

    page.goto("/accounts/2fa/webauthn/add/")
    go_to(page, "Name")
    page.keyboard.press("Control+A")
    page.keyboard.type("Key")
    press(page, "Add the passkey")
    expect(title).not_to_have_text("Add a passkey")
    page.goto("/accounts/2fa/webauthn/")
    press(page, "Rename Key")
    expect(title).to_have_text("Rename a passkey")
    go_to(page, "Name")
    page.keyboard.press("Control+A")
    page.keyboard.type("Blue key")
    press(page, "Save the name")
    expect(page.locator("main")).to_contain_text("Blue key")
    page.goto("/accounts/2fa/webauthn/")
    press(page, "Remove Blue key")
    expect(title).to_contain_text("Blue key")
    press(page, "Remove the passkey")
    expect(title).to_have_text("Passkeys")
    expect(page.get_by_role("link", name="Rename Blue key")).to_have_count(0)

    page.goto("/accounts/2fa/totp/deactivate/")
    press(page, "Remove the app")
    expect(title).to_have_text("Second factor")
    expect(page.get_by_role("link", name="Set up an app")).to_be_visible()


def test_sign_up_through_the_inbox_without_javascript_on_a_phone(open_page: OpenPage) -> None:
    page = open_page(scripts=False, size=PHONE, logged_in=False)
    email = f"{uuid4().hex}@example.com"
    page.goto("/accounts/login/")
    expect(page.get_by_role("button", name="Log in with a passkey")).to_be_hidden()

    page.get_by_role("main").get_by_role("link", name="Sign up").click()
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password").fill("a long password 7")
    page.get_by_role("main").get_by_role("button", name="Sign up").click()
    expect(page.locator("h1")).to_have_text("Look into your mailbox")
    page.get_by_role("link", name="local inbox").click()
    page.locator("article", has_text=email).locator("a[href*='/accounts/confirm-email/']").click()
    page.get_by_role("button", name="Confirm").click()

    page.wait_for_url(STUDIO)
    page.goto("/accounts/")
    expect(page.locator("main")).to_contain_text(email)
    page.goto("/accounts/2fa/webauthn/add/")
    page.get_by_label("Password").fill("a long password 7")
    page.get_by_role("button", name="Confirm").click()
    expect(page.locator("main")).to_contain_text("Passkeys need JavaScript")
    expect(page.get_by_role("button", name="Add the passkey")).to_be_hidden()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_password_app_and_codes_without_javascript_on_a_phone(open_page: OpenPage, customer: Customer) -> None:
    page = open_page(scripts=False, size=PHONE, scheme="dark", logged_in=False)
    main, password = page.get_by_role("main"), "another long password 8"

    def log_in() -> None:
        page.goto("/accounts/login/")
        page.get_by_label("E-mail address").fill(customer.email)
        page.get_by_label("Password").fill(password)
        main.get_by_role("button", name="Log in", exact=True).click()

    page.goto("/accounts/password/reset/")
    page.get_by_label("E-mail address").fill(customer.email)
    page.get_by_role("button", name="Send the link").click()
    page.get_by_role("link", name="local inbox").click()
    page.locator("article", has_text=customer.email).locator("a[href*='/password/reset/key/']").click()
    page.get_by_label("New password").fill(password)
    page.get_by_role("button", name="Save the password").click()
    expect(page.locator("h1")).to_have_text("Your new password is saved")

    log_in()
    page.wait_for_url(STUDIO)
    page.goto("/accounts/2fa/totp/activate/")
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Confirm").click()
    page.get_by_label("Code from the app").fill(code(page.locator("code.secret").inner_text()))
    page.get_by_role("button", name="Turn it on").click()
    expect(page.locator("h1")).to_have_text("Recovery codes")
    one = page.locator(".codes li").first.inner_text()

    log_out(page)
    log_in()
    expect(page.locator("h1")).to_have_text("Second step")
    page.get_by_label("Code").fill(one)
    page.get_by_role("button", name="Log in with the code").click()
    page.wait_for_url(STUDIO)
    page.goto("/accounts/sessions/")
    expect(main).to_contain_text("This one")


def test_password_can_be_looked_at_while_it_is_typed(open_page: OpenPage) -> None:
    page = open_page(logged_in=False)
    page.goto("/accounts/signup/")
    field = page.locator("#id_password1")
    field.fill("four or five words")

    page.get_by_role("button", name="Show the password").click()
    expect(field).to_have_attribute("type", "text")
    page.get_by_role("button", name="Hide the password").click()
    expect(field).to_have_attribute("type", "password")
    expect(field).to_have_value("four or five words")


def test_clients_behind_a_proxy_have_limits_of_their_own(live_site: LiveSite) -> None:
    """No browser: the whole server, which takes this machine for its proxy."""

    def sign_up(client: httpx.Client, address: str) -> int:
        page = client.get("/accounts/signup/").text
        token = page.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
        form = {"csrfmiddlewaretoken": token, "email": ""}
        return client.post("/accounts/signup/", data=form, headers={"X-Forwarded-For": address}).status_code

    with httpx.Client(base_url=live_site.url, timeout=30) as client:
        # The last address is the one that the proxy saw; those before it are the client's own words.
        answers = [sign_up(client, f"198.51.100.{number}, 192.0.2.1") for number in range(11)]
        neighbour = sign_up(client, "198.51.100.1, 192.0.2.2")

    assert (answers, neighbour) == ([200] * 10 + [429], 200)
