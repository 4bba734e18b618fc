"""The pages for developers: keys, webhooks with their log, usage; and the address where a found key ends."""

import csv
import io
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
import time_machine
from asgiref.sync import async_to_sync
from django.test import Client
from django.utils import timezone
from pytest_django import Settings
from standardwebhooks import Webhook

from generations.models import Image
from partners import found_keys, keys
from partners.models import Delivery, Endpoint, Key, Listener, Order
from partners.webhooks import endpoints, signing
from partners.webhooks.courier import Courier
from tests.generations.strangers import Stranger, Visit
from tests.krea_site.belongings import confirmed, drawn
from tests.partners.caller import Caller

SECRET = re.compile(r'id="secret" value="([^"]*)"')
ID = re.compile(r'name="id" value="([^"]*)"')
MARK = re.compile(r'name="mark" value="([^"]*)"')
HOOK = "https://shop.example.com/hooks/pictures"
A_KEY = {"name": "Shop", "scopes": ["generations:read", "billing:read"], "expires": "30", "monthly_limit": "45.50"}


@pytest.fixture
def browser(acme: Any) -> Client:
    """acme, logged in and confirmed just now."""
    return confirmed(Client(), acme)


@pytest.fixture
def shop(settings: Settings) -> Iterator[Stranger]:
    """A partner's server that answers with what `answers` has, then 204 for ever."""

    def reply(visit: Visit) -> None:
        visit.give(there.answers.pop(0) if there.answers else 204, b'{"so": "it is"}')  # type: ignore[attr-defined]

    there = Stranger(reply, "127.0.0.1", 0, None)
    there.answers = []  # type: ignore[attr-defined]
    settings.SAFE_FETCH_ALLOW = settings.SAFE_FETCH_ALLOW | {f"127.0.0.1:{there.port}"}
    yield there
    there.leave()


@pytest.fixture
def carry(transactional_db: None) -> Callable[[], None]:
    """Let the courier work until nothing is due."""
    return lambda: async_to_sync(Courier().until_idle)()


def text(answer: Any) -> str:
    """The words of a page, and what stands in its fields."""
    assert answer.status_code in (200, 409, 422), answer.status_code
    body = re.sub(r"<(script|template).*?</\1>", " ", answer.content.decode(), flags=re.DOTALL)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", body)))


def found(pattern: re.Pattern[str], answer: Any) -> str:
    match = pattern.search(answer.content.decode())
    return unescape(match[1]) if match else ""


def open_form(browser: Client, path: str, **fields: Any) -> dict[str, Any]:
    """The form of a new key or webhook, filled in."""
    return {"id": found(ID, browser.get(path)), **fields}


def make_key(browser: Client, **fields: Any) -> tuple[Key, str]:
    """As a person does it."""
    form = open_form(browser, "/developers/keys/new/", **A_KEY | fields)
    answer = browser.post("/developers/keys/new/", form)
    page = browser.get(answer.headers["Location"])
    return Key.objects.get(pk=form["id"]), found(SECRET, page)


def make_webhook(browser: Client, url: str = HOOK) -> tuple[Endpoint, str]:
    form = open_form(browser, "/developers/webhooks/new/", url=url, topics=["generation.finished"])
    answer = browser.post("/developers/webhooks/new/", form)
    return Endpoint.objects.get(pk=form["id"]), found(SECRET, browser.get(answer.headers["Location"]))


def test_a_key_is_made_once_shown_once_and_works(browser: Client, acme: Any) -> None:
    form = open_form(browser, "/developers/keys/new/", **A_KEY)

    first, second = (browser.post("/developers/keys/new/", form) for _ in range(2))

    [key] = Key.objects.of(acme)
    assert first.headers["Location"] == second.headers["Location"] == f"/developers/keys/{key.pk}/"
    page = browser.get(f"/developers/keys/{key.pk}/")
    secret = found(SECRET, page)
    assert keys.find(secret) == key
    assert "no-store" in page.headers["Cache-Control"]
    assert (key.name, key.scopes, key.monthly_limit) == ("Shop", A_KEY["scopes"], 45_50)
    assert key.expires_at is not None and key.expires_at - key.created_at > timedelta(days=29, hours=23)
    assert Caller(secret).get("/balance").json()["available"] == "1000.00"
    assert secret not in browser.get(f"/developers/keys/{key.pk}/").content.decode()  # not by a reload either
    again = browser.post("/developers/keys/new/", form)  # the back button, and Make once more
    assert secret not in browser.get(again.headers["Location"]).content.decode()
    assert Key.objects.count() == 1


def test_a_second_press_that_broke_off_the_page_still_shows_the_key(browser: Client, acme: Any) -> None:
    form = open_form(browser, "/developers/keys/new/", **A_KEY)
    broken_off = browser.post("/developers/keys/new/", form).headers["Location"]
    unseen = found(SECRET, browser.get(broken_off))

    shown = found(SECRET, browser.get(browser.post("/developers/keys/new/", form).headers["Location"]))

    assert shown == unseen != ""
    assert found(SECRET, browser.get(broken_off)) == ""


def test_another_session_is_not_shown_the_secret(browser: Client, acme: Any) -> None:
    form = open_form(browser, "/developers/keys/new/", **A_KEY)
    browser.post("/developers/keys/new/", form)

    elsewhere = confirmed(Client(), acme).get(f"/developers/keys/{form['id']}/")

    assert found(SECRET, elsewhere) == ""
    assert found(SECRET, browser.get(f"/developers/keys/{form['id']}/")).startswith("krea_")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"name": " "}, "Give the key a name"),
        ({"scopes": []}, "Choose at least one thing"),
        ({"scopes": ["images:write"]}, "There is nothing called images:write"),
        ({"expires": "7"}, "Choose when the key ends: never, or after 30, 90 or 365 days."),
        ({"monthly_limit": "plenty"}, "'plenty' is not an amount of credits"),
    ],
)
def test_a_form_that_cannot_be_says_which_field_and_makes_nothing(
    browser: Client, wrong: dict[str, Any], said: str
) -> None:
    answer = browser.post("/developers/keys/new/", open_form(browser, "/developers/keys/new/", **A_KEY | wrong))

    assert answer.status_code == 422
    assert said in text(answer) and "No key was made." in text(answer)
    assert 'value="Shop"' in answer.content.decode() or "name" in wrong
    assert not Key.objects.exists()


def test_there_are_only_so_many_keys(browser: Client, acme: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "MOST_KEYS", 1)
    keys.make(acme, "The one")

    answer = browser.post("/developers/keys/new/", open_form(browser, "/developers/keys/new/", **A_KEY))

    assert answer.status_code == 409
    assert "An account has at most 1 keys; revoke one that is not needed." in text(answer)
    assert "You have 1 keys, which is the most." in text(browser.get("/developers/keys/"))


def test_whatever_leads_to_a_secret_asks_anew_who_it_is(acme: Any) -> None:
    key, _ = keys.make(acme, "Shop")
    endpoint, _ = endpoints.make(acme, HOOK, ["generation.finished"])
    unconfirmed = Client()
    unconfirmed.force_login(acme)

    for path in (
        "keys/new",
        f"keys/{key.pk}/rotate",
        "webhooks/new",
        f"webhooks/{endpoint.pk}/rotate",
        "webhooks/callbacks",
    ):
        for ask in (unconfirmed.get, unconfirmed.post):
            answer = ask(f"/developers/{path}/")
            assert (answer.status_code, answer.headers["Location"].split("?")[0]) == (302, "/accounts/reauthenticate/")
    assert (Key.objects.count(), Endpoint.objects.count()) == (1, 1)


def test_a_key_is_replaced_with_grace_and_a_second_press_changes_nothing(browser: Client, acme: Any) -> None:
    old, before = make_key(browser, expires="never")

    with time_machine.travel(timezone.now(), tick=False) as clock:
        first, second = (browser.post(f"/developers/keys/{old.pk}/rotate/", {"grace": "1"}) for _ in range(2))
        fresh = Key.objects.of(acme).exclude(pk=old.pk).get()
        assert first.headers["Location"] == second.headers["Location"] == f"/developers/keys/{fresh.pk}/"
        after = found(SECRET, browser.get(f"/developers/keys/{fresh.pk}/"))
        assert (keys.find(before), keys.find(after)) == (old, fresh)
        assert "Being replaced" in text(browser.get("/developers/keys/"))
        clock.shift(timedelta(hours=1))
        assert (keys.find(before), keys.find(after)) == (None, fresh)
        assert "Replaced" in text(browser.get(f"/developers/keys/{old.pk}/"))
    refused = browser.post(f"/developers/keys/{fresh.pk}/rotate/", {"grace": "2"})
    assert refused.status_code == 422 and "now, 1 hour, 24 hours or 7 days" in text(refused)


def test_a_key_is_changed_with_those_that_came_from_it(browser: Client, acme: Any, fox: Any) -> None:
    old, _ = make_key(browser, scopes=["generations:write"])
    browser.post(f"/developers/keys/{old.pk}/rotate/", {"grace": "24"})
    fresh = Key.objects.of(acme).exclude(pk=old.pk).get()
    secret = found(SECRET, browser.get(f"/developers/keys/{fresh.pk}/"))

    browser.post(f"/developers/keys/{fresh.pk}/", {"name": "Shop two", "monthly_limit": "300"})
    Caller(secret).order()

    assert [(key.name, key.monthly_limit) for key in Key.objects.order_by("created_at")] == [
        ("Shop", 300_00),
        ("Shop two", 300_00),
    ]
    assert text(browser.get("/developers/keys/")).count("39.00 of 300.00 credits used") == 2
    refused = browser.post(f"/developers/keys/{fresh.pk}/", {"name": "", "monthly_limit": "-1"})
    assert refused.status_code == 422 and "Nothing was changed." in text(refused)
    browser.post(f"/developers/keys/{fresh.pk}/", {"name": "Shop two", "monthly_limit": ""})
    assert set(Key.objects.values_list("monthly_limit", flat=True)) == {None}


def test_a_key_is_revoked_after_a_question(browser: Client) -> None:
    key, secret = make_key(browser)
    assert "cannot be undone" in text(browser.get(f"/developers/keys/{key.pk}/revoke/"))
    assert Caller(secret).get("/balance").status_code == 200

    answer = browser.post(f"/developers/keys/{key.pk}/revoke/", follow=True)

    assert "“Shop” is revoked." in text(answer) and "No key of yours is good any more." in text(answer)
    assert Caller(secret).get("/balance").status_code == 401
    assert "was revoked before" in text(browser.post(f"/developers/keys/{key.pk}/revoke/", follow=True))


def test_what_is_not_ones_own_does_not_exist(acme: Any, mallory: Any) -> None:
    key, _ = keys.make(acme, "Shop")
    endpoint, _ = endpoints.make(acme, HOOK, ["generation.finished"])
    delivery = endpoints.test(endpoint)
    hers = confirmed(Client(), mallory)
    mine, _ = endpoints.make(mallory, HOOK, ["generation.finished"])
    hook = f"/developers/webhooks/{endpoint.pk}"
    both = [f"/developers/keys/{key.pk}/{end}" for end in ("", "rotate/", "revoke/")]
    both += [f"{hook}/{end}" for end in ("", "rotate/", "delete/")]
    posts = [f"{hook}/{end}" for end in ("switch", "test", "again", f"deliveries/{delivery.pk}/again")]
    elsewhere = f"/developers/webhooks/{mine.pk}/deliveries/{delivery.pk}"

    assert {hers.get(path).status_code for path in [*both, f"{hook}/deliveries/{delivery.pk}/", f"{elsewhere}/"]} == {
        404
    }
    assert {hers.post(path, A_KEY).status_code for path in [*both, *posts, f"{elsewhere}/again"]} == {404}
    hers.post("/developers/keys/new/", {**A_KEY, "id": str(key.pk)})  # an id that is taken by somebody else
    hers.post("/developers/webhooks/new/", {"id": str(endpoint.pk), "url": HOOK, "topics": ["balance.low"]})
    assert (Key.objects.get().user, Endpoint.objects.of(mallory).get()) == (acme, mine)
    assert "Shop" not in text(hers.get("/developers/")) + text(hers.get("/developers/keys/"))


def report(nobody: Client, secret: str) -> tuple[int, str]:
    """What a finder is told, without what is different on every page."""
    answer = nobody.post("/developers/found-key/", {"key": secret}, follow=True)
    assert secret not in answer.content.decode()
    return answer.status_code, text(answer)


def test_a_found_key_ends_and_the_finder_learns_nothing(acme: Any, mailoutbox: list[Any]) -> None:
    key, secret = keys.make(acme, "Shop")
    nobody = Client()

    told = {report(nobody, each) for each in (f" {secret} ", secret, keys.new_secret())}

    assert len(told) == 1
    assert "If this key opened anything, it does so no more" in told.pop()[1]
    assert (keys.find(secret), Key.objects.get().was_found) == (None, True)
    [mail] = mailoutbox
    assert mail.to == [acme.email] and "/developers/keys/" in mail.body and secret not in mail.body
    assert "Found in public" in text(confirmed(Client(), acme).get(f"/developers/keys/{key.pk}/"))


@pytest.mark.django_db
def test_noise_is_told_to_be_no_key_of_ours() -> None:
    for noise in ("sk-123-abc", "krea_" + "a" * 38, "krea_" + "b" * 300):
        status, words = report(Client(), noise)
        assert status == 422 and "This is no key of ours" in words
    assert "Paste the whole key." in text(Client().post("/developers/found-key/", {"key": " "}))


@pytest.mark.django_db
def test_a_scanner_reports_in_json(acme: Any) -> None:
    _, secret = keys.make(acme, "Shop")
    scanner = Client(enforce_csrf_checks=True)

    def send(body: Any) -> Any:
        return scanner.post("/developers/found-key/", body, content_type="application/json")

    assert (send({"key": secret}).status_code, send({"key": keys.new_secret()}).status_code) == (204, 204)
    assert keys.find(secret) is None
    refused = [send({"key": secret[:-1] + "!"}), send({"secret": secret}), send([secret]), send("{"), send(b"\xff")]
    assert [(each.status_code, each.json()["code"]) for each in refused] == [
        *[(422, "invalid_input")] * 3,
        *[(400, "invalid_json")] * 2,
    ]
    assert not any(secret[:-1] in each.content.decode() for each in refused)
    assert scanner.post("/developers/found-key/", {"key": keys.new_secret()}).status_code == 403  # the form has a token


@pytest.mark.django_db
def test_reports_are_limited_by_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(found_keys, "A_MINUTE", 2)
    body = {"key": keys.new_secret()}

    def send(address: str) -> Any:
        return Client(REMOTE_ADDR=address).post("/developers/found-key/", body, content_type="application/json")

    inside = [send("2001:db8:1:2::1"), send("2001:db8:1:2::2"), send("2001:db8:1:2:ffff::3")]
    assert [answer.status_code for answer in inside] == [204, 204, 429]
    assert int(inside[2].headers["Retry-After"]) > 0
    page = Client(REMOTE_ADDR="2001:db8:1:2::4").post("/developers/found-key/", body)
    assert page.status_code == 429 and "Many keys came from your network" in page.content.decode()
    assert send("2001:db8:1:3::1").status_code == 204


@pytest.mark.unaudited  # pictures that were made without being ordered
def test_usage_is_shown_by_day_model_and_key_and_is_that_of_the_api(browser: Client, acme: Any) -> None:
    key, secret = keys.make(acme, "Shop")
    mine, other = drawn(acme, 11, 12), drawn(acme, 13)
    Order.objects.create(generation=mine, key=key)
    Image.objects.filter(generation=mine).update(price=39_00)
    Image.objects.filter(generation=other).update(price=40_00)
    today = timezone.now().date()

    page = text(browser.get("/developers/usage/"))

    assert f"{today:%-d %b %Y} Krea 2 Medium Shop 2 78.00" in page
    assert f"{today:%-d %b %Y} Krea 2 Medium On the website 1 40.00" in page
    assert "118.00 credits spent on pictures" in page
    table = browser.get(f"/developers/usage/csv?from={today}&to={today}")
    assert table.headers["Content-Disposition"] == f'attachment; filename="usage-{today}-to-{today}.csv"'
    assert table.content == Caller(secret).client.get("/api/v1/usage?format=csv").content
    assert [row["images"] for row in csv.DictReader(io.StringIO(table.content.decode()))] == ["1", "2"]
    assert "Nothing was delivered in these days." in text(
        browser.get("/developers/usage/?from=2026-01-01&to=2026-01-31")
    )


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("from=2026-13-01", "2026-13-01 is not a date"),
        ("from=2026-02-02&to=2026-02-01", "The last day is before the first."),
        ("from=2024-01-01&to=2026-02-01", "At most 366 days at once; these are 763."),
    ],
)
def test_days_that_cannot_be_list_nothing(browser: Client, query: str, said: str) -> None:
    page, table = (browser.get(f"/developers/usage/{end}?{query}") for end in ("", "csv"))

    assert (page.status_code, table.status_code) == (400, 400)
    assert said in unescape(page.content.decode()) and said in table.content.decode()


def test_a_webhook_is_made_once_its_secret_is_shown_once_and_a_test_is_logged(
    browser: Client, shop: Stranger, carry: Callable[[], None]
) -> None:
    url = f"http://127.0.0.1:{shop.port}/hook"
    form = open_form(browser, "/developers/webhooks/new/", url=url, topics=["generation.finished", "balance.low"])
    shop.answers = [503]  # type: ignore[attr-defined]

    browser.post("/developers/webhooks/new/", form)
    browser.post("/developers/webhooks/new/", form)
    secret = found(SECRET, browser.get(f"/developers/webhooks/{form['id']}/"))
    sent = browser.post(f"/developers/webhooks/{form['id']}/test")
    assert "It was not tried yet." in text(browser.get(sent.headers["Location"]))
    carry()

    endpoint = Endpoint.objects.get()
    assert found(SECRET, browser.get(f"/developers/webhooks/{endpoint.pk}/")) == ""
    page = text(browser.get(sent.headers["Location"]))
    assert "Try 1: 503" in page and "Answered 503 instead of 2xx." in page and '"so": "it is"' in page
    assert "Failing" in text(browser.get("/developers/webhooks/"))
    browser.post(f"{sent.headers['Location']}again")
    carry()
    assert "Try 2: 204" in text(browser.get(sent.headers["Location"]))
    visit = shop.seen[-1]
    assert Webhook(secret).verify(visit.body, dict(visit.headers.items()))["type"] == "test"
    assert visit.headers["webhook-id"] == shop.seen[0].headers["webhook-id"]


def test_a_new_secret_is_made_once_by_two_presses(browser: Client, acme: Any) -> None:
    endpoint, first = make_webhook(browser)
    path = f"/developers/webhooks/{endpoint.pk}/rotate/"
    asked = {"mark": found(MARK, browser.get(path))}

    browser.post(path, asked)
    browser.post(path, asked)

    second = found(SECRET, browser.get(f"/developers/webhooks/{endpoint.pk}/"))
    assert second.startswith("whsec_") and second != first
    endpoint.refresh_from_db()
    row = Endpoint.objects.get(pk=endpoint.pk)
    delivery = endpoints.test(row)
    signed = signatures(row, delivery)
    assert all(Webhook(secret).verify(*signed) for secret in (first, second))


def signatures(row: Endpoint, delivery: Delivery) -> tuple[bytes, dict[str, str]]:
    """A call as it would be made now: its body and its headers."""
    now = timezone.now()
    body = b'{"type": "test"}'
    sealed = endpoints.secrets(row, now)
    return body, signing.headers(f"msg_{delivery.pk.hex}", int(now.timestamp()), body, sealed)


def test_the_log_is_filtered_and_told_anew_by_state_and_time(browser: Client, acme: Any) -> None:
    endpoint, _ = endpoints.make(acme, HOOK, ["generation.finished"])
    now = timezone.now()
    for outcome, age in (("given_up", 30), ("given_up", 3), ("delivered", 2), ("", 1)):
        row = endpoints.test(endpoint)
        Delivery.objects.filter(pk=row.pk).update(outcome=outcome, created_at=now - timedelta(hours=age))
    path = f"/developers/webhooks/{endpoint.pk}/"

    def states(query: str) -> list[str]:
        log = browser.get(path + query).content.decode().partition('id="log"')[2].partition("</table>")[0]
        return re.findall(r'<span class="badge [a-z]*">([^<]*)</span>', log)

    assert states("") == ["Waiting", "Delivered", "Given up", "Given up"]
    assert (states("?state=given_up"), states("?state=dropped")) == (["Given up", "Given up"], [])
    assert [browser.get(path + query).status_code for query in ("?state=lost", "?before=none")] == [404, 404]
    since = (now - timedelta(hours=4)).strftime("%Y-%m-%dT%H:%M")
    told = browser.post(f"{path}again", {"since": since, "only": "given_up"}, follow=True)
    assert "1 delivery is told anew." in text(told)
    assert states("") == ["Waiting", "Delivered", "Waiting", "Given up"]
    refused = browser.post(f"{path}again", {"since": "yesterday", "only": "given_up"})
    assert refused.status_code == 422 and "'yesterday' is not a time" in text(refused)


def test_the_log_goes_on_over_pages(browser: Client, acme: Any) -> None:
    endpoint, _ = endpoints.make(acme, HOOK, ["generation.finished"])
    for _ in range(31):
        endpoints.test(endpoint)
    path = f"/developers/webhooks/{endpoint.pk}/"

    first = browser.get(path).content.decode()
    following = re.search(r'rel="next" href="([^"]*)"', first)

    assert following is not None and first.count("/deliveries/") == 30
    assert browser.get(unescape(following[1]).partition("#")[0]).content.decode().count("/deliveries/") == 1


def test_a_webhook_is_changed_disabled_enabled_and_deleted(browser: Client, acme: Any) -> None:
    endpoint, _ = make_webhook(browser)
    path = f"/developers/webhooks/{endpoint.pk}/"

    refused = browser.post(path, {"url": "http://10.0.0.1/", "topics": ["balance.low"]})
    assert refused.status_code == 422 and "Nothing was changed." in text(refused)
    browser.post(path, {"url": f"{HOOK}/two", "topics": ["balance.low"]})
    endpoint.refresh_from_db()
    assert (endpoint.url, endpoint.topics) == (f"{HOOK}/two", ["balance.low"])

    assert "Disabled by you." in text(browser.post(f"{path}switch", {"to": "off"}, follow=True))
    assert "Enabled. What waited is tried at once." in text(browser.post(f"{path}switch", {"to": "on"}, follow=True))
    assert "It goes with its log." in text(browser.get(f"{path}delete/"))
    browser.post(f"{path}delete/")
    assert not Endpoint.objects.exists()


def test_the_accounts_own_threshold_and_secret(browser: Client, acme: Any) -> None:
    assert "below 50.00 credits" in text(browser.post("/developers/webhooks/", {"low_below": "50"}, follow=True))
    assert Listener.objects.get(user=acme).low_below == 50_00
    assert browser.post("/developers/webhooks/", {"low_below": "much"}).status_code == 422
    assert "never told" in text(browser.post("/developers/webhooks/", {"low_below": ""}, follow=True))

    asked = {"mark": found(MARK, browser.get("/developers/webhooks/callbacks/"))}
    browser.post("/developers/webhooks/callbacks/", asked)
    browser.post("/developers/webhooks/callbacks/", asked)
    shown, reloaded = (found(SECRET, browser.get("/developers/webhooks/callbacks/")) for _ in range(2))

    assert (shown[:6], reloaded) == ("whsec_", "")
    row = Listener.objects.get(user=acme)
    now = timezone.now()
    headers = signing.headers("msg_1", int(now.timestamp()), b"{}", endpoints.secrets(row, now))
    assert Webhook(shown).verify(b"{}", headers) == {}


def test_the_first_page_says_how_to_begin_and_how_things_stand(browser: Client, acme: Any) -> None:
    assert "Make your first key" in text(browser.get("/developers/"))
    keys.make(acme, "Shop")
    endpoints.make(acme, HOOK, ["generation.finished"])
    drawn(acme, 11)

    page = text(browser.get("/developers/"))

    assert "Shop krea_" in page and "Make another key" in page
    assert "API keys 1 good now" in page and "Webhooks 1 is told" in page and "Last 7 days 1 picture" in page
    assert "KREA_API_KEY" in page and page.count("/api/v1/generations") >= 3
