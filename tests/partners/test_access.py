"""Who may call: keys with scopes in the header and nowhere else, sessions with their CSRF token, and one's own only."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import URLResolver, get_resolver
from django.utils import timezone

from partners import keys
from partners.models import Key, Scope
from tests.partners.caller import FOX, ROOT, Caller, refusal

CALLS = [
    ("get", "/generations"),
    ("get", "/generations/019ab2c4-1f3e-7c55-8a51-6d1f0b7a9e01"),
    ("get", "/images/019ab2c4-1f3e-7c55-8a51-6d1f0b7a9e01"),
    ("get", "/images/019ab2c4-1f3e-7c55-8a51-6d1f0b7a9e01/content"),
    ("get", "/uploads"),
    ("delete", "/uploads/019ab2c4-1f3e-7c55-8a51-6d1f0b7a9e01"),
    ("get", "/balance"),
    ("get", "/ledger"),
    ("get", "/events"),
    ("post", "/quotes"),
    ("post", "/generations"),
    ("post", "/generations/019ab2c4-1f3e-7c55-8a51-6d1f0b7a9e01/cancel"),
    ("delete", "/generations/019ab2c4-1f3e-7c55-8a51-6d1f0b7a9e01"),
]


def test_every_call_but_the_catalogue_needs_a_key(db: None) -> None:
    answers = [getattr(Caller(None), method)(path) for method, path in CALLS]

    assert {refusal(answer) for answer in answers} == {(401, "missing_key")}
    assert {answer.headers["WWW-Authenticate"] for answer in answers} == {'Bearer realm="api"'}


def test_the_catalogue_is_open_to_all(db: None) -> None:
    assert Caller(None).get("/models").status_code == 200
    assert Caller(None).get("/models/krea-2-large").status_code == 200


def test_a_key_in_an_address_is_not_read(key: Any) -> None:
    answer = Client().get(f"{ROOT}/balance?key={key.secret}&access_token={key.secret}")

    assert refusal(answer) == (401, "missing_key")


@pytest.mark.parametrize("header", ["Bearer", "Bearer ", "Bearer krea_nonsense", "Bearer ключ", "bearer  krea_x y"])
def test_what_is_no_key_of_ours_is_refused(db: None, header: str) -> None:
    answer = Client(headers={"Authorization": header}).get(f"{ROOT}/balance")

    assert refusal(answer) == (401, "invalid_key")


@pytest.mark.parametrize("header", ["", "Basic YTpi", "krea_0123"])
def test_another_scheme_is_no_key(db: None, header: str) -> None:
    assert refusal(Client(headers={"Authorization": header}).get(f"{ROOT}/balance")) == (401, "missing_key")


def test_revoked_expired_and_closed_are_told_apart_and_refused_at_once(api: Caller, acme: Any, key: Key) -> None:
    assert api.get("/balance").status_code == 200

    Key.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert refusal(api.get("/balance")) == (401, "expired_key")
    Key.objects.update(revoked_at=timezone.now())
    assert refusal(api.get("/balance")) == (401, "revoked_key")
    Key.objects.update(revoked_at=None, expires_at=None)
    acme.is_active = False
    acme.save()
    assert refusal(api.get("/balance")) == (401, "account_closed")


def test_last_use_is_noted_at_most_once_a_minute(api: Caller, key: Key) -> None:
    api.get("/balance")
    key.refresh_from_db()
    first = key.last_used_at
    assert first is not None

    api.get("/balance")
    key.refresh_from_db()
    assert key.last_used_at == first

    Key.objects.update(last_used_at=first - timedelta(minutes=2))
    api.get("/balance")
    key.refresh_from_db()
    assert key.last_used_at is not None and key.last_used_at >= first


def test_head_needs_the_scope_that_get_needs_and_no_key_where_get_needs_none(acme: Any) -> None:
    caller = Caller(keys.make(acme, "Writes", ["webhooks:write"])[1])
    paths = ["/generations", "/balance", "/ledger", "/usage", "/webhooks", "/models"]

    assert [caller.client.head(ROOT + path).status_code for path in paths] == [403, 403, 403, 403, 200, 200]
    assert [Caller(None).client.head(ROOT + path).status_code for path in paths] == [401, 401, 401, 401, 401, 200]


def views(resolver: URLResolver) -> Iterator[Any]:
    """Every view of the API and of the dialects that asks who calls."""
    for each in resolver.url_patterns:
        if isinstance(each, URLResolver):
            yield from views(each)
        elif (view := getattr(each.callback, "cls", None)) is not None and view.permission_classes:
            yield view


def test_every_method_of_every_call_says_which_scopes_it_needs() -> None:
    """A key with the wrong scopes passes where nothing is said."""
    found = set(views(get_resolver()))
    methods = {
        (view, method)
        for view in found
        for method in ("get", "post", "put", "patch", "delete")
        if hasattr(view, method) and method in view.http_method_names
    }

    assert len(found) > 40
    assert {(view.__name__, method) for view, method in methods if method not in view.scopes} == set()
    assert all(scope in Scope.values for view in found for scopes in view.scopes.values() for scope in scopes or ())


@pytest.mark.parametrize(
    ("scope", "works"),
    [
        ("generations:read", {"get /generations", "post /quotes", "get /events", "get /uploads"}),
        ("generations:write", {"post /generations", "post /quotes", "get /uploads"}),
        ("billing:read", {"get /balance", "get /ledger"}),
        ("webhooks:write", set[str]()),
    ],
)
def test_a_key_may_do_what_its_scopes_say_and_nothing_else(acme: Any, scope: str, works: set[str]) -> None:
    caller = Caller(keys.make(acme, "Narrow", [scope])[1])

    answers = {
        f"{method} {path}": getattr(caller, method)(path, *([FOX] if method == "post" else []))
        for method, path in CALLS
        if "019ab" not in path
    }

    assert {call for call, answer in answers.items() if answer.status_code < 300} == works
    refused = [answer for call, answer in answers.items() if call not in works]
    assert {refusal(answer) for answer in refused} == {(403, "missing_scope")}
    assert all(answer.json()["allowed"] for answer in refused)


def test_a_page_of_ours_calls_with_its_session_and_csrf_token(acme: Any) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(acme)
    assert browser.get(f"{ROOT}/balance").json()["available"] == "1000.00"

    bare = browser.post(f"{ROOT}/quotes", FOX, content_type="application/json")
    browser.get("/accounts/email/")
    token = browser.cookies["csrftoken"].value
    with_token = browser.post(f"{ROOT}/quotes", FOX, content_type="application/json", headers={"X-CSRFToken": token})

    assert refusal(bare) == (403, "csrf_failed")
    assert (with_token.status_code, with_token.json()["price"]) == (200, "39.00")


def test_a_key_needs_no_csrf_token_and_goes_before_a_session(acme: Any, mallory: Any) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(mallory)
    secret = keys.make(acme, "Shop", ["generations:write"])[1]

    made = browser.post(
        f"{ROOT}/generations", FOX, content_type="application/json", headers={"Authorization": f"Bearer {secret}"}
    )

    assert made.status_code == 202
    assert browser.get(f"{ROOT}/generations/{made.json()['id']}").status_code == 404


def test_mallory_finds_nothing_of_acmes(api: Caller, stranger: Caller) -> None:
    made = api.order()
    image = made["images"][0]["id"]
    path = f"/generations/{made['id']}"

    assert [
        refusal(answer)
        for answer in (
            stranger.get(path),
            stranger.get(f"{path}?wait=1"),
            stranger.post(f"{path}/cancel"),
            stranger.delete(path),
            stranger.get(f"/images/{image}"),
            stranger.get(f"/images/{image}/content"),
        )
    ] == [(404, "not_found")] * 6
    assert stranger.get("/generations").json() == {"items": [], "next": None}
    assert api.get(path).json()["status"] == "queued"


def test_another_key_of_the_account_sees_the_same(api: Caller, acme: Any) -> None:
    made = api.order()
    other = Caller(keys.make(acme, "Other")[1])

    assert other.get(f"/generations/{made['id']}").json() == made


def test_there_is_no_word_of_cors(api: Caller) -> None:
    answer = api.client.get(f"{ROOT}/models", headers={"Origin": "https://elsewhere.example"})

    assert not [name for name in answer.headers if name.lower().startswith("access-control")]


def test_logs_hold_neither_keys_nor_prompts(api: Caller, key: Any, caplog: pytest.LogCaptureFixture) -> None:
    api.order()
    api.post("/generations", {"model": "krea-2-medium", "input": {"prompt": "a secret fox", "creativity": "x"}})
    api.post("/generations", "a secret fox {")

    assert "secret fox" not in caplog.text and key.secret not in caplog.text
