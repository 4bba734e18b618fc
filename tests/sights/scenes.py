"""The registry: every page in every state worth seeing. A page that is in none of them fails a test.

To add one: a line in SCENES. What it needs to be there is made in `play`; what somebody does on the page before it is
looked at is an act.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from playwright.sync_api import Page

Act = Callable[[Page], None]
NOBODY = ""


@dataclass(frozen=True)
class Scene:
    """`address` may name the play's places, as in `/images/{picture}/`; `who` is one of the cast. `act` is what they do
    there first; `status` is that of the answer that is then seen."""

    name: str
    address: str
    who: str = NOBODY
    about: str = ""
    act: Act | None = None
    status: int = 200


def send(button: str, **fields: str) -> Act:
    """Fill in fields by their names, then press a button by its words."""

    def act(page: Page) -> None:
        for name, text in fields.items():
            page.locator(f"main [name={name}]").first.fill(text)
        with page.expect_navigation():
            page.locator("main").get_by_role("button", name=button, exact=True).click()

    return act


def switch_off(choice: str) -> Act:
    """What a switch would change, before it is turned."""

    def act(page: Page) -> None:
        for id in dict.fromkeys(("state-off", choice)):
            page.locator(f"#{id}").check()
        send("Show what this changes", why="fal draws black pictures")(page)

    return act


def soon() -> str:
    """Tomorrow, as a field for date and time takes it."""
    return (datetime.now(UTC) + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M")


def press(selector: str) -> Act:
    """Press something that leads nowhere else."""

    def act(page: Page) -> None:
        page.locator(selector).first.click()

    return act


def follow(selector: str) -> Act:
    """Press something that leads to another page."""

    def act(page: Page) -> None:
        with page.expect_navigation():
            page.locator(selector).first.click()

    return act


def look_at_it_alone(page: Page) -> None:
    page.locator("a[data-viewer]").first.click()
    page.locator("dialog.viewer [data-act=favourite][aria-disabled=false]").wait_for()


def write(selector: str, text: str) -> Act:
    """Write into something that looks at what is written."""

    def act(page: Page) -> None:
        page.locator(selector).fill(text)

    return act


def send_a_strange_form(page: Page) -> None:
    page.evaluate("() => document.querySelector('main [name=csrfmiddlewaretoken]').remove()")
    send("Log in", login="alice@example.com", password="something")(page)


def open_filters(page: Page) -> None:
    button = page.locator("label[for=show-filters]")
    if button.is_visible():  # where there is room they are open
        button.click()


def tick_two(page: Page) -> None:
    boxes = page.locator("#selection input[name=image]")
    boxes.nth(0).check()
    boxes.nth(1).check()
    page.locator("#bulk-everything-words").get_by_text("All ", exact=False).wait_for()


def add_a_bad_reference(page: Page) -> None:
    page.locator("#image_style_references-add").click()
    page.locator(".row-list input[type=url]").last.fill("http://127.0.0.1/brush.png")
    page.locator(".row-list [name=check_rows]").last.click()
    page.locator(".row-list .source .error").wait_for()


def open_own_pictures(page: Page) -> None:
    page.locator("#image_style_references-pick").click()
    page.locator("#own-pictures .shelf").wait_for()


def set_a_bad_ceiling(page: Page) -> None:
    page.locator(".ceiling summary").first.click()
    page.locator("#limit-day").fill("plenty")
    with page.expect_navigation():
        page.locator("#limit-day").press("Enter")


def send_an_old_form(page: Page) -> None:
    page.evaluate("() => { for (const each of document.getElementsByName('wish')) each.value = 'of another day'; }")
    with page.expect_navigation():
        page.locator("main").get_by_role("button", name="Buy for $10.00").click()


def open_code(prompt: str) -> Act:
    """The studio's API tab, with this prompt in the form."""

    def act(page: Page) -> None:
        page.locator("#prompt").fill(prompt)
        page.locator("label[for=view-api]").click()
        page.locator("#api pre" if prompt else "#api li").first.wait_for(state="attached")

    return act


def lose_the_network(page: Page) -> None:
    """For as long as it takes to press Generate."""
    page.context.set_offline(True)
    page.locator("#generate").click()
    page.locator(".trouble").wait_for()
    page.context.set_offline(False)


def lose_the_session(then: Act) -> Act:
    """For as long as somebody does something."""

    def act(page: Page) -> None:
        cookies = page.context.cookies()
        page.context.clear_cookies(name="sessionid")
        then(page)
        page.context.add_cookies([{**each} for each in cookies])  # type: ignore[typeddict-item]

    return act


def press_generate(page: Page) -> None:
    page.locator("#generate").click()
    page.locator(".trouble").wait_for()


def send_without_scripts(**marks: str) -> Act:
    """The studio's form as a browser without scripts sends it, with some of its marks changed."""

    def act(page: Page) -> None:
        with page.expect_navigation():
            page.evaluate(
                """(marks) => {
                  const form = document.getElementById("studio-form");
                  form.elements.prompt.value = "A lighthouse in fog, long exposure";
                  for (const [name, value] of Object.entries(marks)) form.elements[name].value = value;
                  HTMLFormElement.prototype.submit.call(form);
                }""",
                marks,
            )

    return act


def open_prompts(page: Page) -> None:
    page.locator("#recent-prompts-open").click()
    page.locator("#prompt-list [name=use]").first.wait_for()


STUDIO = [
    Scene("studio-empty", "/studio/", "bob", "The studio of somebody new, without credits"),
    Scene("studio-full", "/studio/", "alice", "Pictures that are ready, one that failed, one that was stopped"),
    Scene("studio-under-way", "/studio/", "carol", "Pictures waiting and being drawn"),
    Scene("studio-menu", "/studio/", "alice", "The account's menu is open", press(".menu summary")),
    Scene("studio-errors", "/studio/", "alice", "An empty prompt was sent", press("#generate"), 200),
    Scene("studio-no-credits", "/studio/", "bob", "Not enough credits for this picture"),
    Scene("studio-settings", "/studio/?from={styled}", "alice", "The settings of a picture, with its style reference"),
    Scene("studio-large", "/studio/?model=krea-2-large", "alice", "Krea 2 Large"),
    Scene("studio-lora", "/studio/?model=krea-2-turbo-lora", "alice", "Krea 2 Turbo + LoRA"),
    Scene("studio-reference-refused", "/studio/", "dora", "A style reference that cannot be had", add_a_bad_reference),
    Scene("studio-own-pictures", "/studio/", "alice", "Pictures of one's own to choose from", open_own_pictures),
    Scene("studio-own-pictures-none", "/studio/", "bob", "No pictures to choose from yet", open_own_pictures),
    Scene("loras", "/studio/loras/", "alice", "Saved LoRAs"),
    Scene("loras-empty", "/studio/loras/", "bob", "Nothing saved yet"),
    Scene("loras-errors", "/studio/loras/", "bob", "One without an address", send("Save", name="Ink"), 422),
    Scene("studio-flux", "/studio/?model=flux-krea-dev", "alice", "FLUX.1 Krea [dev]"),
    Scene("studio-seed", "/studio/", "alice", "A seed that is locked", press("#seed-lock")),
    Scene("studio-code", "/studio/", "alice", "The form as code", open_code("A lighthouse in fog")),
    Scene("studio-code-missing", "/studio/", "alice", "Nothing to make code of yet", open_code("")),
    Scene("finish", "/images/{medium_picture}/finish", "alice", "A picture of Krea 2 Medium, to be finished on Large"),
    Scene("again", "/studio/generations/{partial}/again", "alice", "What failed, to be tried again"),
    Scene("generation-running", "/studio/generations/{running}/", "carol", "Being drawn"),
    Scene("generation-waiting", "/studio/generations/{waiting}/", "carol", "Waiting in the queue"),
    Scene("generation-ready", "/studio/generations/{generation}/", "alice", "Four pictures, ready"),
    Scene("generation-partial", "/studio/generations/{partial}/", "alice", "One of two failed"),
    Scene("studio-draft", "/studio/", "dora", "A draft, with another one set aside"),
    Scene("studio-changed", "/studio/", "dora", "The draft was changed on another device",
          send_without_scripts(draft_version="1")),
    Scene("studio-offline", "/studio/", "alice", "The network was lost when Generate was pressed", lose_the_network),
    Scene("studio-logged-out", "/studio/", "alice", "The session had ended when Generate was pressed",
          lose_the_session(press_generate)),
    Scene("studio-logged-out-page", "/studio/", "alice", "The same without scripts", status=401,
          act=lose_the_session(send_without_scripts())),
    Scene("studio-another-account", "/studio/", "alice", "Sent from a page of somebody else's", status=409,
          act=send_without_scripts(member="somebody else")),
    Scene("studio-logged-in", "/studio/logged-in", "alice", "Logged in again beside the page that waits"),
    Scene("studio-prompts", "/studio/", "alice", "The prompts of before, in a list", open_prompts),
    Scene("studio-prompts-page", "/studio/prompts", "alice", "The same on a page of their own"),
    Scene("studio-prompts-none", "/studio/prompts", "bob", "No prompts yet"),
    Scene("studio-shortcuts", "/studio/", "alice", "The shortcuts", press("#shortcuts-open")),
    Scene("studio-locked", "/sights/studio-locked/", "carol", "The drawing service takes no orders"),
    Scene("generation-deleted", "/studio/generations/{deleted}/", "alice", "Deleted", status=410),
    Scene("generation-blocked", "/studio/generations/{blocked}/", "alice", "Stopped by the content check"),
]  # fmt: skip
GALLERY = [
    Scene("history", "/history/", "alice", "Everything ever made"),
    Scene("history-under-way", "/history/", "carol", "Pictures on their way"),
    Scene("history-empty", "/history/", "bob", "Nothing yet"),
    Scene("history-filters", "/history/", "alice", "The filters, opened on a phone", open_filters),
    Scene("history-found", "/history/?q=harbour&status=all&model=krea-2-medium", "alice", "Found by words and filters"),
    Scene("history-nothing-found", "/history/?q=unicorn&favourite=1", "alice", "Nothing is found"),
    Scene("history-bad-filter", "/history/?since=2026-13-01&model=none", "alice", "Not understood", status=400),
    Scene("history-end", "/history/?cursor=00000000000000000000000000000000.0", "alice", "Behind the last picture"),
    Scene("picture", "/images/{picture}/", "alice", "One picture of four, with all its parameters"),
    Scene("picture-styled", "/images/{styled}/", "alice", "One that followed a style reference"),
    Scene("picture-failed", "/images/{failed_picture}/", "alice", "One that could not be drawn"),
    Scene("picture-running", "/images/{running_picture}/", "carol", "One that is being drawn"),
    Scene("picture-full-screen", "/images/{picture}/", "alice", "One alone", look_at_it_alone),
    Scene("recall", "/studio/recall?image={styled}", "alice", "What would change in the studio"),
    Scene("compare", "/compare/?image={picture}&image={styled}&image={one_picture}", "alice", "Three side by side"),
    Scene(
        "compare-at-full-size",
        "/compare/?image={picture}&image={styled}",
        "alice",
        "Two, with all their pixels",
        press("label[for=scale-full]"),
    ),
    Scene("compare-one", "/compare/?image={picture}", "alice", "One, and what can be added"),
    Scene("compare-empty", "/compare/", "bob", "Nothing to compare yet"),
    Scene("compare-bad", "/compare/?image=none", "alice", "A picture that there is not", status=400),
    Scene("history-selected", "/history/", "alice", "Pictures are selected", tick_two),
    Scene("bin", "/history/bin/", "alice", "What lies in the bin"),
    Scene("bin-empty", "/history/bin/", "bob", "Nothing in the bin"),
    Scene("bin-empty-it", "/history/bin/empty", "alice", "The question before emptying the bin"),
    Scene("bin-empty-none", "/history/bin/empty", "bob", "There is nothing to empty"),
    Scene("picture-binned", "/images/{binned}/", "alice", "One that lies in the bin"),
    Scene("picture-purge", "/images/{binned}/purge", "alice", "The question before deleting for good"),
    Scene("picture-delete", "/images/{picture}/delete", "alice", "The question before deleting"),
]
SHARING = [
    Scene("picture-shared", "/images/{one_picture}/", "alice", "A picture with two links"),
    Scene("shares", "/history/shares/", "alice", "All links, one of them revoked"),
    Scene("shares-empty", "/history/shares/", "bob", "No links yet"),
    Scene("shares-revoke", "/history/shares/revoke", "alice", "The question before all links are revoked"),
    Scene("shares-revoke-none", "/history/shares/revoke", "bob", "Nothing to revoke"),
    Scene("shared", "/s/{shared}/", about="What a stranger sees: the picture and its mark"),
    Scene("shared-full", "/s/{shared_full}/", about="With prompt and settings"),
    Scene("shared-own", "/s/{shared}/", "alice", "What its owner sees by the link"),
    Scene("shared-before", "/s/{shared_before}/", about="A link that was revoked", status=404),
]
MONEY = [
    Scene("billing", "/billing/", "alice", "Balance, holds, ceilings, chart and statement"),
    Scene("billing-filtered", "/billing/?kind=usage&from=2026-04-01&to=2026-05-31", "alice", "Pictures of some days"),
    Scene("billing-nothing-found", "/billing/?kind=dispute", "alice", "A filter that finds nothing"),
    Scene("billing-bad-filter", "/billing/?from=2026-13-01", "alice", "A day that there is not", status=400),
    Scene("billing-bad-ceiling", "/billing/", "dora", "A ceiling that is no number", status=422,
          act=set_a_bad_ceiling),
    Scene("billing-holds", "/billing/", "carol", "What is set aside"),
    Scene("billing-ceilings", "/billing/", "alice", "Setting a ceiling", press(".ceiling summary")),
    Scene("billing-empty", "/billing/", "bob", "Nothing has moved yet"),
    Scene("top-up", "/billing/top-up/", "alice", "Auto top-up is on, with what was tried"),
    Scene("top-up-none", "/billing/top-up/", "bob", "Nothing was ever switched on"),
    Scene("top-up-off", "/billing/top-up/", "dora", "Switched itself off after three declines"),
    Scene("top-up-errors", "/billing/top-up/", "bob", "A form that could never work", status=422,
          act=send("Go on", threshold="plenty", ceiling="1")),
    Scene("top-up-answer", "/billing/top-up/{top_up}/", "carol", "The bank wants the customer"),
    Scene("top-up-answered", "/billing/top-up/{old_top_up}/", "alice", "There is nothing to answer any more"),
    Scene("billing-debt", "/billing/", "dora", "More was taken back than there was"),
    Scene("billing-plan", "/billing/", "mallory", "A plan, purchases under way, and a debt"),
    Scene("buy", "/billing/buy/", "bob", "Packs and plans, with what they buy in pictures"),
    Scene("buy-plan", "/billing/buy/", "mallory", "The same for somebody who has a plan and a debt"),
    Scene("buy-errors", "/billing/buy/", "bob", "A form of another day", send_an_old_form, 409),
    Scene("purchases", "/billing/purchases/", "mallory", "Purchases in every state, with their papers"),
    Scene("purchases-empty", "/billing/purchases/", "bob", "Nothing was bought yet"),
    Scene("purchase", "/billing/purchases/{plain_purchase}/", "mallory", "A purchase that is paid"),
    Scene("purchase-refunded", "/billing/purchases/{paid_purchase}/", "mallory", "One that was refunded in part"),
    Scene("purchase-disputed", "/billing/purchases/{disputed_purchase}/", "mallory", "One that a bank took back"),
    Scene("purchase-waiting", "/billing/purchases/{open_purchase}/?paid", "mallory", "Back from paying"),
    Scene("purchase-back", "/billing/purchases/{open_purchase}/?back", "mallory", "Back without paying"),
    Scene("purchase-open", "/billing/purchases/{open_purchase}/", "mallory", "Begun and not paid"),
    Scene("purchase-processing", "/billing/purchases/{processing_purchase}/", "mallory", "A bank sends the money"),
    Scene("purchase-failed", "/billing/purchases/{failed_purchase}/", "mallory", "A payment that did not succeed"),
    Scene("purchase-abandoned", "/billing/purchases/{abandoned_purchase}/", "mallory", "One that was dropped"),
]  # fmt: skip
DEVELOPERS = [
    Scene("developers", "/developers/", "alice", "Quick start, and how keys, webhooks and usage stand"),
    Scene("developers-empty", "/developers/", "bob", "Nothing yet"),
    Scene("keys", "/developers/keys/", "alice", "Keys in every state"),
    Scene("keys-empty", "/developers/keys/", "bob", "No keys yet"),
    Scene("key-make", "/developers/keys/new/", "alice", "Making a key"),
    Scene("key-make-errors", "/developers/keys/new/", "alice", "A key without a name", status=422,
          act=send("Make the key", monthly_limit="plenty")),
    Scene("key-made", "/developers/keys/new/", "dora", "The key, shown once",
          act=send("Make the key", name="Ferry timetable", monthly_limit="250")),
    Scene("key", "/developers/keys/{key}/", "alice", "One key, with its limit of the month"),
    Scene("key-replaced", "/developers/keys/{old_key}/", "alice", "One that has a successor"),
    Scene("key-found", "/developers/keys/{found_key}/", "alice", "One that was found in public"),
    Scene("key-rotate", "/developers/keys/{key}/rotate/", "alice", "Replacing a key"),
    Scene("key-revoke", "/developers/keys/{key}/revoke/", "alice", "The question before revoking"),
    Scene("guide", "/developers/guide/start/", about="From a key to pictures, webhooks and events"),
    Scene("guide-rules", "/developers/guide/rules/", about="Rules and errors"),
    Scene("found-key", "/developers/found-key/", about="Where anybody reports a key"),
    Scene("found-key-errors", "/developers/found-key/", about="No key of ours", status=422,
          act=send("End this key", key="sk-1234")),
    Scene("found-key-done", "/developers/found-key/?done", about="The report has arrived"),
    Scene("webhooks", "/developers/webhooks/", "alice", "Webhooks, one of them disabled"),
    Scene("webhooks-empty", "/developers/webhooks/", "bob", "No webhooks yet"),
    Scene("webhooks-errors", "/developers/webhooks/", "alice", "A threshold that is no number", status=422,
          act=send("Save", low_below="little")),
    Scene("webhook-make", "/developers/webhooks/new/", "alice", "Making a webhook"),
    Scene("webhook-make-errors", "/developers/webhooks/new/", "alice", "A private address", status=422,
          act=send("Make the webhook", url="http://10.0.0.1/hook")),
    Scene("webhook-made", "/developers/webhooks/new/", "dora", "Its secret, shown once",
          act=send("Make the webhook", url="https://ferry.example.com/hooks")),
    Scene("webhook", "/developers/webhooks/{webhook}/", "alice", "A webhook with its log"),
    Scene("webhook-nothing-found", "/developers/webhooks/{webhook}/?state=dropped", "alice", "A filter finds nothing"),
    Scene("webhook-gone", "/developers/webhooks/{gone_webhook}/", "alice", "One that answered 410"),
    Scene("webhook-rotate", "/developers/webhooks/{webhook}/rotate/", "alice", "The question before a new secret"),
    Scene("webhook-delete", "/developers/webhooks/{webhook}/delete/", "alice", "The question before deleting"),
    Scene("webhook-callbacks", "/developers/webhooks/callbacks/", "alice", "The secret of the account"),
    Scene("callback-log", "/developers/webhooks/orders/", "alice", "What the addresses of single orders were told"),
    Scene("callback-log-empty", "/developers/webhooks/orders/", "bob", "Nothing was told yet"),
    Scene("callback", "/developers/webhooks/orders/{callback}/", "alice", "Told to an order's own address"),
    Scene("delivery", "/developers/webhooks/{webhook}/deliveries/{delivery}/", "alice", "Delivered at the second try"),
    Scene("delivery-failed", "/developers/webhooks/{webhook}/deliveries/{failed_delivery}/", "alice", "Given up"),
    Scene("usage", "/developers/usage/", "alice", "By day, image model and key"),
    Scene("usage-empty", "/developers/usage/", "bob", "Nothing was delivered"),
    Scene("usage-errors", "/developers/usage/?from=2026-13-01", "alice", "A day that there is not", status=400),
]  # fmt: skip
ENTRANCE = [
    Scene("login", "/accounts/login/", about="Log in"),
    Scene("login-errors", "/accounts/login/", about="The wrong password",
          act=send("Log in", login="alice@example.com", password="not the password")),
    Scene("login-second-factor", "/accounts/2fa/authenticate/", "carol at the door", "The second step"),
    Scene("login-second-factor-errors", "/accounts/2fa/authenticate/", "carol at the door", "A wrong code",
          act=send("Log in with the code", code="000000")),
    Scene("signup", "/accounts/signup/", about="Sign up"),
    Scene("signup-errors", "/accounts/signup/", about="A password that is too short",
          act=send("Sign up", email="someone@example.com", password1="short")),
    Scene("signup-closed", "/sights/signup-closed/", about="Nobody new is taken"),
    Scene("verification-sent", "/accounts/confirm-email/", about="A mail is on its way"),
    Scene("inactive", "/accounts/inactive/", about="An account that is switched off"),
    Scene("email-confirm", "/accounts/confirm-email/{confirm_key}/", about="The link in a mail"),
    Scene("email-confirm-ended", "/accounts/confirm-email/none/", about="A link that has ended"),
    Scene("password-reset", "/accounts/password/reset/", about="A forgotten password"),
    Scene("password-reset-sent", "/accounts/password/reset/done/", about="A mail is on its way"),
    Scene("password-reset-key", "/accounts/password/reset/key/{reset_key}/", about="The link in a mail"),
    Scene("password-reset-ended", "/accounts/password/reset/key/1-none/", about="A link that has ended"),
    Scene("password-reset-done", "/accounts/password/reset/key/done/", about="The password is changed"),
]  # fmt: skip
ACCOUNT = [
    Scene("account", "/accounts/", "alice", "The account"),
    Scene("account-guarded", "/accounts/", "carol", "The account of somebody with second factors"),
    Scene("email", "/accounts/email/", "alice", "The e-mail address"),
    Scene("email-wished", "/accounts/email/", "bob", "A new address that is not confirmed yet"),
    Scene("email-change", "/accounts/email/change/", "alice", "Changing it"),
    Scene("password-change", "/accounts/password/change/", "alice", "Changing the password"),
    Scene("password-change-errors", "/accounts/password/change/", "alice", "The wrong password",
          act=send("Change the password", oldpassword="not the password", password1="a long password 8")),
    Scene("second-factor-none", "/accounts/2fa/", "alice", "No second factor yet"),
    Scene("second-factor", "/accounts/2fa/", "carol", "Every kind of second factor"),
    Scene("app-on", "/accounts/2fa/totp/activate/", "alice", "Setting up an authenticator app"),
    Scene("app-off", "/accounts/2fa/totp/deactivate/", "carol", "Asked before switching it off"),
    Scene("recovery-codes", "/accounts/2fa/recovery-codes/", "carol", "The recovery codes"),
    Scene("recovery-codes-new", "/accounts/2fa/recovery-codes/generate/", "carol", "Asked before making new ones"),
    Scene("passkeys-none", "/accounts/2fa/webauthn/", "alice", "No passkey yet"),
    Scene("passkeys", "/accounts/2fa/webauthn/", "carol", "The passkeys"),
    Scene("passkey-add", "/accounts/2fa/webauthn/add/", "carol", "Adding a passkey"),
    Scene("passkey-rename", "/accounts/2fa/webauthn/keys/{passkey}/edit/", "carol", "Renaming a passkey"),
    Scene("passkey-remove", "/accounts/2fa/webauthn/keys/{passkey}/remove/", "carol", "Asked before removing it"),
    Scene("confirm-password", "/accounts/reauthenticate/?next=/accounts/", "alice", "Confirm by the password"),
    Scene("confirm-code", "/accounts/2fa/reauthenticate/?next=/accounts/", "carol", "Confirm by a code"),
    Scene("confirm-passkey", "/accounts/2fa/webauthn/reauthenticate/?next=/accounts/", "carol", "Confirm by a passkey"),
    Scene("sessions", "/accounts/sessions/", "alice", "Where one is logged in"),
    Scene("data", "/accounts/data/", "alice", "An archive is ready, another one is being made"),
    Scene("data-none", "/accounts/data/", "bob", "No archive yet"),
    Scene("account-delete", "/accounts/data/delete/", "alice", "What becomes of everything, said before"),
    Scene("account-delete-errors", "/accounts/data/delete/", "alice", "Another address", status=422,
          act=send("Delete the account for good", email="bob@example.com")),
    Scene("logout", "/accounts/logout/", "bob", "The question before logging out"),
]  # fmt: skip
SITE = [
    Scene("landing", "/", about="The first page"),
    Scene("landing-logged-in", "/", "alice", "The first page of somebody who is logged in"),
    Scene("terms", "/terms/", about="Terms, as the operator edited them"),
    Scene("privacy", "/privacy/", about="Privacy"),
    Scene("refunds", "/refunds/", about="Refunds"),
    Scene("imprint", "/imprint/", about="Imprint, still a draft"),
    Scene("report", "/report/?picture=http://localhost/images/{picture}/", about="Report of a picture"),
    Scene("report-errors", "/report/", about="A report without a picture", status=422,
          act=send("Send the report", details="It is of my garden.")),
    Scene("report-sent", "/report/?sent", about="The report has arrived"),
    Scene("status", "/status/", about="Everything works"),
    Scene("status-locked", "/sights/status-locked/", about="The drawing service has paused the account"),
    Scene("inbox", "/inbox/", about="The local inbox"),
]  # fmt: skip
MODELS = [
    Scene("models", "/models/", about="The image models side by side"),
    Scene("model-large", "/models/krea-2-large/", about="Krea 2 Large"),
    Scene("model-medium", "/models/krea-2-medium/", about="Krea 2 Medium"),
    Scene("model-lora", "/models/krea-2-turbo-lora/", about="Krea 2 Turbo + LoRA"),
    Scene("model-flux", "/models/flux-krea-dev/", about="FLUX.1 Krea [dev]"),
    Scene("model-console", "/models/krea-2-large/", "alice", "With the console of a customer"),
    Scene("model-console-errors", "/models/krea-2-large/", "alice", "A body that is no JSON",
          write("#console-json", '{"model": "krea-2-large",')),
    Scene("api-docs", "/api/v1/docs/", about="The partner API"),
]  # fmt: skip
STAFF = [
    Scene("staff", "/admin/", "operator", "The business by day"),
    Scene("staff-hours", "/admin/?by=hour&at=2026-05-12T07", "operator", "An hour of it"),
    Scene("staff-months", "/admin/?by=month", "operator", "The business by month"),
    Scene("staff-no-period", "/admin/?at=yesterday", "operator", "A period that is none", status=422),
    Scene("staff-transfers", "/admin/billing/transfer/?book=usage", "operator", "The ledger, row by row"),
    Scene("staff-components", "/admin/components/", "operator", "Every component"),
    Scene("staff-alerts", "/admin/alerts/", "operator", "What needs somebody now, and what did"),
    Scene(
        "staff-alerts-error",
        "/admin/alerts/",
        "operator",
        "A reason that cannot stay",
        send("I know of it", why="ask me@example.com"),
        status=422,
    ),
    Scene("staff-mails", "/admin/mails/", "operator", "The log of mails"),
    Scene("staff-mails-waiting", "/admin/mails/?state=waiting", "operator", "Mails that wait for their next try"),
    Scene("staff-mail", "/admin/mails/{mail}/", "operator", "A mail that arrived"),
    Scene("staff-mail-failed", "/admin/mails/{failed_mail}/", "operator", "A mail that nobody takes"),
    Scene("staff-mail-hosts", "/admin/mail-hosts/", "operator", "Mail hosts that get no trial credits"),
    Scene("staff-mail-hosts-found", "/admin/mail-hosts/?q=mailinator", "operator", "Looking for one"),
    Scene("staff-texts", "/admin/texts/", "operator", "The texts"),
    Scene("staff-text", "/admin/texts/terms/", "operator", "Editing a text"),
    Scene(
        "staff-text-preview", "/admin/texts/terms/", "operator", "Looking at it before saving", follow("[name=preview]")
    ),
    Scene("staff-people", "/admin/people/", "operator", "People"),
    Scene("staff-people-found", "/admin/people/?q=example.com", "operator", "Looking for somebody"),
    Scene("staff-people-none", "/admin/people/?q=nobody@nowhere", "operator", "Nobody is found"),
    Scene("staff-person", "/admin/people/{person}/", "operator", "Everything about one person"),
    Scene("staff-person-suspended", "/admin/people/{suspended}/", "operator", "Somebody who is suspended"),
    Scene("staff-person-statement", "/admin/people/{person}/statement/", "operator", "Every movement of a wallet"),
    Scene("staff-person-give", "/admin/people/{person}/give/", "operator", "Giving credits"),
    Scene(
        "staff-person-give-errors",
        "/admin/people/{person}/give/",
        "operator",
        "What cannot be read",
        send("Give", amount="many", why="for bob@example.com"),
        status=422,
    ),
    Scene("staff-person-take", "/admin/people/{person}/take/", "operator", "Taking credits"),
    Scene("staff-person-suspend", "/admin/people/{person}/suspend/", "operator", "Before somebody is suspended"),
    Scene("staff-person-lift", "/admin/people/{suspended}/lift/", "operator", "Before a suspension is lifted"),
    Scene("staff-person-factor", "/admin/people/{person}/factor/", "operator", "Resetting a second factor"),
    Scene("staff-person-sessions", "/admin/people/{person}/sessions/", "operator", "Ending all sessions"),
    Scene("staff-person-session", "/admin/people/{person}/sessions/{their_session}/", "operator", "Ending one"),
    Scene("staff-person-password", "/admin/people/{person}/password/", "operator", "Mailing a password reset"),
    Scene("staff-person-key", "/admin/people/{person}/keys/{their_key}/", "operator", "Revoking a key"),
    Scene("staff-person-visit", "/admin/people/{person}/visit/", "operator", "Before looking in their place"),
    Scene("staff-person-unchecked", "/admin/people/{person}/unchecked/", "operator", "The safety checker off"),
    Scene("staff-person-checked", "/admin/people/{person}/checked/", "operator", "The safety checker on"),
    Scene("staff-credit-requests", "/admin/credit-requests/", "operator", "Credits that wait for a second word"),
    Scene("staff-members", "/admin/members/", "operator", "Who is staff"),
    Scene("visit", "/studio/", "stand_in", "The studio in a customer's place"),
    Scene("visit-closed", "/accounts/data/", "stand_in", "What is closed there", status=403),
    Scene("staff-purchases", "/admin/purchases/", "operator", "Purchases in every state"),
    Scene("staff-purchases-none", "/admin/purchases/?q=nobody@", "operator", "None is found"),
    Scene("staff-purchase", "/admin/purchases/{paid_purchase}/", "operator", "One that was refunded in part"),
    Scene("staff-purchase-disputed", "/admin/purchases/{disputed_purchase}/", "operator", "One that a bank took back"),
    Scene("staff-packs", "/admin/packs/", "operator", "Packs and plans"),
    Scene("staff-pack", "/admin/packs/{pack}/", "operator", "Changing a pack"),
    Scene("staff-pack-add", "/admin/packs/add/plan/", "operator", "A new plan"),
    Scene(
        "staff-pack-changes",
        "/admin/packs/{pack}/",
        "operator",
        "What a change means, before it is saved",
        send("Show what this changes", dollars="30", credits="32,000", why="a new season"),
    ),
    Scene(
        "staff-pack-errors",
        "/admin/packs/{pack}/",
        "operator",
        "Fewer credits than the price stands for",
        send("Show what this changes", credits="1,000"),
        422,
    ),
    Scene("staff-pack-offer", "/admin/packs/{pack}/offer", "operator", "Before a pack is taken off the shelf"),
    Scene("staff-pack-planned", "/admin/packs/planned/{planned_offer}/", "operator", "A change that is planned"),
    Scene("staff-prices", "/admin/prices/", "operator", "Every price, and what comes"),
    Scene("staff-price", "/admin/prices/krea-2-large/", "operator", "One price item"),
    Scene(
        "staff-price-preview",
        "/admin/prices/flux-krea-dev/",
        "operator",
        "A new price before it is saved",
        send("Show what this changes", credits="40", why="fal raised its price"),
    ),
    Scene(
        "staff-price-loss",
        "/admin/prices/krea-2-large/",
        "operator",
        "A price that would lose money",
        send("Show what this changes", credits="20", why="a digit too few"),
    ),
    Scene(
        "staff-price-errors",
        "/admin/prices/krea-2-large/",
        "operator",
        "A price that cannot be",
        send("Show what this changes", credits="cheap", dollars="nothing"),
        status=422,
    ),
    Scene(
        "staff-price-withdraw",
        "/admin/prices/krea-2-medium/{coming_price}/withdraw",
        "operator",
        "Before a price that comes is withdrawn",
    ),
    Scene("staff-models", "/admin/models/", "operator", "Image models and their switches"),
    Scene("staff-model", "/admin/models/krea-2-turbo-lora/", "operator", "One that is on"),
    Scene(
        "staff-model-preview",
        "/admin/models/krea-2-medium/",
        "operator",
        "Before one is switched off and its work given back",
        switch_off("waits-give-back"),
    ),
    Scene("staff-switches", "/admin/switches/", "operator", "The switches of the site, and its notices"),
    Scene("staff-switch", "/admin/switches/sending/", "operator", "Sending to fal"),
    Scene(
        "staff-switch-preview",
        "/admin/switches/sending/",
        "operator",
        "Before sending is stopped",
        switch_off("state-off"),
    ),
    Scene(
        "staff-switch-errors",
        "/admin/switches/orders/",
        "operator",
        "A switch without a reason",
        send("Show what this changes"),
        status=422,
    ),
    Scene("staff-announce", "/admin/switches/notices/new", "operator", "Writing a notice to everybody"),
    Scene(
        "staff-announce-preview",
        "/admin/switches/notices/new",
        "operator",
        "How it will look",
        send("Show how it looks", text="We move house tonight.", ends_at=soon(), why="new machines"),
    ),
    Scene("staff-announcement", "/admin/switches/notices/{notice}/", "operator", "A notice that is to come"),
    Scene("staff-debts", "/admin/debts/", "operator", "Wallets that owe"),
    Scene("staff-debt", "/admin/debts/{debtor}/", "operator", "How one came to it, and forgiving"),
    Scene(
        "staff-debt-errors",
        "/admin/debts/{debtor}/",
        "operator",
        "Too much was to be forgiven",
        send("Forgive", amount="999999", reason="A mistake of ours"),
        409,
    ),
    Scene("staff-stripe", "/admin/stripe/", "operator", "Stripe's events, and whether its records agree with ours"),
    Scene("staff-stripe-event", "/admin/stripe/{stripe_event}/", "operator", "An event that was handled"),
    Scene("staff-stripe-event-failed", "/admin/stripe/{failed_event}/", "operator", "One that was given up"),
    Scene("staff-audit", "/admin/audit/", "operator", "Whether every balance is right"),
    Scene("staff-fal", "/admin/fal/", "operator", "fal's money: theirs, ours, and what is not explained"),
    Scene("staff-fal-day", "/admin/fal/days/{fal_day}/", "operator", "A day on which somebody else used the key"),
    Scene(
        "staff-fal-day-errors",
        "/admin/fal/days/{fal_day}/",
        "operator",
        "Without a reason",
        send("It is explained", why=" "),
        422,
    ),
    Scene("staff-generations", "/admin/generations/", "operator", "Every order, the newest first"),
    Scene("staff-generations-none", "/admin/generations/?q=nothing", "operator", "None is found"),
    Scene("staff-generations-errors", "/admin/generations/?since=soon", "operator", "A wrong filter", status=422),
    Scene("staff-generation", "/admin/generations/{partial}/", "operator", "The whole road of one"),
    Scene("staff-generation-blocked", "/admin/generations/{blocked}/", "operator", "One that was stopped"),
    Scene(
        "staff-generation-errors",
        "/admin/generations/{partial}/",
        "operator",
        "A lever on no image",
        status=422,
        act=send("Give credits back (39.00 for all)", why="Wrong colours"),
    ),
    Scene(
        "staff-bulk-new",
        "/admin/generations/many/new?do=refund&all=yes&status=succeeded",
        "operator",
        "What an act on many comes to",
    ),
    Scene("staff-bulk-new-errors", "/admin/generations/many/new?do=refund", "operator", "An act on none", status=422),
    Scene("staff-bulk-acts", "/admin/generations/many/", "operator", "Acts on many"),
    Scene("staff-bulk-act", "/admin/generations/many/{bulk_act}/", "operator", "One that is done"),
    Scene("staff-acts", "/admin/acts/", "operator", "The audit log"),
    Scene("staff-acts-none", "/admin/acts/?who=1", "operator", "Nobody did that"),
    Scene("staff-act", "/admin/acts/{staff_act}/", "operator", "One act, with what it changed"),
    Scene("staff-reports", "/admin/reports/", "operator", "Open reports"),
    Scene("staff-reports-closed", "/admin/reports/?state=closed", "operator", "Closed reports"),
    Scene("staff-report", "/admin/reports/{report}/", "operator", "One report, with its picture"),
    Scene("staff-report-closed", "/admin/reports/{closed_report}/", "operator", "One that is closed"),
    Scene("staff-report-urgent", "/admin/reports/{urgent_report}/", "operator", "One that somebody is on"),
    Scene(
        "staff-report-takedown",
        "/admin/reports/{urgent_report}/",
        "operator",
        "What a takedown removes",
        send("Take the picture down…", why="A real child is shown."),
    ),
    Scene("staff-limits", "/admin/limits/?q=alice", "operator", "Limits, and for whom"),
    Scene("staff-limits-user", "/admin/limits/user/{limited}/", "operator", "The limits of a customer, and why"),
    Scene(
        "staff-limits-changes",
        "/admin/limits/user/{limited}/",
        "operator",
        "What a change of limits means",
        send("Show what this changes", queue_weight="5", why="Agreed by mail."),
    ),
    Scene(
        "staff-limits-errors",
        "/admin/limits/user/{limited}/",
        "operator",
        "A limit that cannot be",
        send("Show what this changes", queue_weight="500"),
        status=422,
    ),
    Scene("staff-limits-plan", "/admin/limits/plan/{limited_plan}/", "operator", "The limits of a plan"),
    Scene("staff-erasures", "/admin/erasures/", "operator", "What is being erased, and what fal refused"),
    Scene("staff-erasure-begin", "/admin/erasures/begin/", "operator", "Erasing an account for somebody who asked"),
    Scene(
        "staff-erasure-looked-at",
        "/admin/erasures/begin/",
        "operator",
        "What goes and what stays",
        send("Show what goes", email="bob@example.com", why="Asked by mail."),
    ),
]
ERRORS = [
    Scene("error-400", "/sights/400/", about="A request that cannot be understood", status=400),
    Scene("error-403", "/sights/403/", "bob", "Not allowed", status=403),
    Scene("error-403-form", "/accounts/login/", about="A form that is not of this site", status=403,
          act=send_a_strange_form),
    Scene("error-404", "/nowhere/", about="No such page", status=404),
    Scene("error-404-logged-in", "/models/none/", "alice", "No such image model", status=404),
    Scene("error-405", "/studio/price", "alice", "Opened as if it were a page", status=405),
    Scene("error-413", "/sights/413/", about="Too large", status=413),
    Scene("error-429", "/sights/429/", about="Too often", status=429),
    Scene("error-500", "/sights/500/", about="Something broke", status=500),
    Scene("error-503", "/sights/503/", about="The database is away", status=503),
    Scene("down", "/static/down.html", about="What a proxy shows while the site is down"),
]  # fmt: skip
AREAS = {
    "The site": SITE,
    "Image models": MODELS,
    "The studio": STUDIO,
    "The gallery": GALLERY,
    "Sharing": SHARING,
    "Money": MONEY,
    "Developers": DEVELOPERS,
    "The way in": ENTRANCE,
    "The account": ACCOUNT,
    "The staff area": STAFF,
    "Errors": ERRORS,
}
SCENES = [scene for area in AREAS.values() for scene in area]
