"""Staff in a customer's place: sees their things, changes nothing, takes nothing away, for half an hour."""

import asyncio
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from asgiref.sync import async_to_sync
from django.conf import settings as django_settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import erasure, suspensions
from generations import lifecycle, live
from generations.brief import Brief
from generations.models import Draft
from krea_site import exports, sweeps
from krea_site.asgi import application
from krea_site.dashboard import roles
from krea_site.models import Impersonation, Role
from tests.conftest import make_user
from tests.krea_site.dashboard.pulling import desk, form, pull, told
from tests.staff import show_factor

pytestmark = pytest.mark.django_db
for_real = pytest.mark.django_db(transaction=True)


@pytest.fixture
def clock() -> Iterator[Any]:
    with time_machine.travel(timezone.now(), tick=True) as traveller:
        yield traveller


@pytest.fixture
def staff() -> tuple[Any, Client]:
    return desk(Role.SUPPORT)


def visiting(client: Client, person: Any) -> Impersonation:
    answer = pull(client, "visit", person, why="Cannot find a picture")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/studio/")
    return Impersonation.objects.latest("began_at")


def test_pages_are_the_customers_with_a_line_that_says_so(alice: Any, fox: Brief, staff: tuple[Any, Client]) -> None:
    generation = lifecycle.submit(alice, fox)
    member, client = staff
    assert client.get(reverse("generation", args=[generation.pk])).status_code == 404

    row = visiting(client, alice)

    for address in ("/studio/", "/history/", "/billing/", "/developers/keys/", "/accounts/"):
        page = client.get(address, follow=True).content.decode()
        assert "You see the site as <strong>alice@example.com</strong>" in page, address
        assert f"{row.ends_at:%H:%M} UTC" in page
    assert client.get(reverse("generation", args=[generation.pk])).status_code == 200
    assert (row.staff, row.user, row.ended_at, row.why) == (member, alice, None, "Cannot find a picture")


def test_nothing_is_changed(alice: Any, staff: tuple[Any, Client]) -> None:
    client = staff[1]
    visiting(client, alice)

    for method, address in (
        ("post", "/studio/"), ("post", "/studio/draft"), ("post", "/billing/buy/begin"), ("post", "/report/"),
        ("post", "/billing/portal"), ("post", "/accounts/email/"), ("post", "/developers/keys/"),
        ("post", "/api/v1/generations"), ("delete", "/api/v1/generations/01a200d6-5b96-7232-bba0-4c6b5a1e4a92"),
        ("put", "/studio/"), ("patch", "/studio/"), ("post", "/nowhere/"),
    ):  # fmt: skip
        answer = getattr(client, method)(address, headers={"Accept": "text/html"})
        assert answer.status_code == 403, address
        assert "You are looking only" in answer.content.decode()
    part = client.post("/studio/", headers={"HX-Request": "true", "Accept": "text/html"})
    assert (part.status_code, part.content.decode()[:8]) == (403, "You look")


def test_whatever_shows_a_secret_or_hands_data_out_is_closed(alice: Any, staff: tuple[Any, Client]) -> None:
    client = staff[1]
    visiting(client, alice)

    for address in (
        "/accounts/data/", "/accounts/data/delete/", "/accounts/password/change/", "/accounts/2fa/",
        "/accounts/2fa/totp/activate/", "/accounts/2fa/recovery-codes/", "/accounts/email/change/",
        "/accounts/reauthenticate/", "/accounts/2fa/reauthenticate/", "/developers/keys/new/",
        "/developers/webhooks/new/", "/developers/webhooks/callbacks/", "/billing/top-up/agree",
        "/developers/usage/csv",
    ):  # fmt: skip
        assert client.get(address).status_code == 403, address


def test_the_dashboard_is_closed_meanwhile_and_open_afterwards(alice: Any, staff: tuple[Any, Client]) -> None:
    client = staff[1]
    row = visiting(client, alice)
    assert client.get("/admin/").status_code == client.get(f"/admin/people/{alice.pk}/").status_code == 404

    answer = client.post("/as-customer/end")

    row.refresh_from_db()
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/admin/people/{alice.pk}/")
    assert row.ended_at is not None
    page = client.get(answer.headers["Location"])
    assert (page.status_code, "You see the site as" in page.content.decode()) == (200, False)
    assert [verb for verb, _ in told(alice)] == ["people.visit", "people.visit_ended"]
    assert client.post("/as-customer/end").status_code == 302
    assert len(told(alice)) == 2


def test_it_ends_after_half_an_hour_and_the_log_says_so(alice: Any, staff: tuple[Any, Client], clock: Any) -> None:
    client = staff[1]
    row = visiting(client, alice)

    clock.shift(timedelta(minutes=30, seconds=1))
    page = client.get("/studio/")
    sweeps.run()
    sweeps.run()

    row.refresh_from_db()
    assert "You see the site as" not in page.content.decode()
    assert row.ended_at == row.ends_at == row.began_at + timedelta(minutes=30)
    assert [verb for verb, _ in told(alice)] == ["people.visit", "people.visit_ended"]
    assert client.get("/admin/").status_code == 200


@pytest.mark.parametrize("change", ["role", "suspended", "staff"])
def test_it_ends_with_what_it_stands_on(change: str, alice: Any, staff: tuple[Any, Client]) -> None:
    member, client = staff
    visiting(client, alice)

    if change == "role":
        roles.give(member, Role.FINANCE)
    elif change == "suspended":
        type(alice).objects.filter(pk=alice.pk).update(is_active=False)
    else:
        roles.give(alice, Role.MODERATOR)

    assert "You see the site as" not in client.get("/studio/").content.decode()


def test_nobody_takes_the_place_of_staff_of_a_closed_account_or_of_themselves(staff: tuple[Any, Client]) -> None:
    member, _ = staff
    _, owner = desk(Role.OWNER)
    assert pull(owner, "visit", member).status_code == 409
    away = make_user("away@example.com")
    suspensions.suspend(away.pk, reason="Spam", by=member.pk)
    assert pull(owner, "visit", away).status_code == 409
    gone = make_user("gone@example.com")
    erasure.lock_out(gone.pk)
    assert "closed for good" in owner.get(f"/admin/people/{gone.pk}/visit/").content.decode()
    assert not Impersonation.objects.exists()


def test_the_button_pressed_twice_is_one_visit(alice: Any, staff: tuple[Any, Client]) -> None:
    client = staff[1]
    address = f"/admin/people/{alice.pk}/visit/"
    typed = form(client, address)

    answers = [client.post(address, typed) for _ in range(2)]

    assert [(answer.status_code, answer.headers["Location"]) for answer in answers] == [(302, "/studio/")] * 2
    assert Impersonation.objects.count() == 1


def test_the_studio_is_calm_and_its_price_still_counts(alice: Any, staff: tuple[Any, Client]) -> None:
    client = staff[1]
    assert "js/draft" in client.get("/studio/").content.decode()
    visiting(client, alice)

    page = client.get("/studio/").content.decode()
    asked = client.post("/studio/price", {"model": "krea-2-medium", "prompt": "a fox", "quantity": "2"})

    assert "js/draft" not in page and "js/looking" in page and "Looking only: nothing is ordered" in page
    assert (asked.status_code, "78.00" in asked.content.decode()) == (200, True)
    assert not Draft.objects.exists() and not alice.generations.exists()


def test_logging_out_ends_the_visit_and_the_session(alice: Any, staff: tuple[Any, Client]) -> None:
    client = staff[1]
    row = visiting(client, alice)
    assert client.get("/accounts/logout/").status_code in (200, 302)

    client.post("/accounts/logout/")

    row.refresh_from_db()
    assert row.ended_at is not None
    assert client.get("/studio/").headers["Location"].startswith("/accounts/login/")
    assert [verb for verb, _ in told(alice)] == ["people.visit", "people.visit_ended"]


def test_a_second_visit_from_another_tab_is_refused_and_the_first_one_stays(
    alice: Any, mallory: Any, staff: tuple[Any, Client]
) -> None:
    client = staff[1]
    address = f"/admin/people/{mallory.pk}/visit/"
    typed = form(client, address)  # opened before
    visiting(client, alice)

    assert client.post(address, typed).status_code == 403

    assert "You see the site as <strong>alice@example.com" in client.get("/studio/").content.decode()
    assert Impersonation.objects.count() == 1


def test_what_a_page_of_the_visit_sends_afterwards_is_never_done_in_ones_own_name(
    alice: Any, staff: tuple[Any, Client], clock: Any
) -> None:
    member, client = staff
    client.handler.enforce_csrf_checks = True
    typed = {"do": "generate", "model": "krea-2-medium", "prompt": "a fox"}
    html = {"Accept": "text/html"}

    def token() -> str:
        found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', client.get("/studio/").content.decode())
        assert found
        return found[1]

    def visit() -> None:
        address = f"/admin/people/{alice.pk}/visit/"
        client.post(address, form(client, address) | {"csrfmiddlewaretoken": token()})
        assert "You see the site as" in client.get("/studio/").content.decode()

    visit()
    of_the_visit = token()
    client.post("/as-customer/end", {"csrfmiddlewaretoken": of_the_visit})  # in another tab
    assert client.post("/studio/", typed | {"csrfmiddlewaretoken": of_the_visit}, headers=html).status_code == 403

    visit()
    of_the_visit = token()
    clock.shift(timedelta(minutes=31))
    late = client.post("/studio/", typed | {"csrfmiddlewaretoken": of_the_visit}, headers=html)
    assert (late.status_code, "Your visit is over" in late.content.decode()) == (403, True)
    assert client.post("/studio/price", {"csrfmiddlewaretoken": token()}).status_code == 200
    assert not member.generations.exists()


def test_a_fresh_confirmation_of_the_staff_is_none_of_the_customers(alice: Any, staff: tuple[Any, Client]) -> None:
    member, client = staff
    show_factor(client, member)
    visiting(client, alice)

    assert client.get("/developers/keys/new/").status_code == 403


def scope_of(client: Client, path: str) -> dict[str, Any]:
    cookie = client.cookies[django_settings.SESSION_COOKIE_NAME].value
    headers = [(b"cookie", f"{django_settings.SESSION_COOKIE_NAME}={cookie}".encode())]
    return {"type": "http", "method": "GET", "path": path, "query_string": b"", "headers": headers}


def status_at(client: Client, path: str) -> int:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        await asyncio.Event().wait()

    async_to_sync(application)(scope_of(client, path), receive, send)
    return int(sent[0]["status"])


@for_real
def test_streams_are_the_customers_and_files_stay_closed() -> None:
    alice = make_user("alice@example.com", 1000_00)
    member, client = desk(Role.SUPPORT)
    assert async_to_sync(live.visitor)(scope_of(client, "/live/")) == member.pk
    export = exports.wish(alice)
    assert export is not None
    while export.state == export.State.BUILDING:
        exports.build(export.pk)
        export.refresh_from_db()

    visiting(client, alice)

    assert async_to_sync(live.visitor)(scope_of(client, "/live/")) == alice.pk
    assert status_at(client, "/billing/statement.csv") == 403
    assert status_at(client, export.address) == 403
    client.post("/as-customer/end")
    assert async_to_sync(live.visitor)(scope_of(client, "/live/")) == member.pk
    assert status_at(client, "/billing/statement.csv") == 200


def test_pages_that_do_not_ask_who_reads_them_look_nobody_up(
    django_assert_num_queries: Any, staff: tuple[Any, Client]
) -> None:
    with django_assert_num_queries(0):
        staff[1].get("/.well-known/change-password")
