"""Errors say in words what happened and offer a way on: a page to a browser, one line to a program."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.test.utils import override_settings
from django.urls import include, path
from django.views.decorators.http import require_POST

from krea_site import error_pages

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


def fails(error: type[Exception]) -> Callable[[HttpRequest], HttpResponse]:
    def view(request: HttpRequest) -> HttpResponse:
        raise error

    return view


handler400 = error_pages.unreadable
handler500 = error_pages.broken
urlpatterns = [
    path("400", fails(SuspiciousOperation)),
    path("403", fails(PermissionDenied)),
    path("405", require_POST(fails(ValueError))),
    path("413", fails(RequestDataTooBig)),
    path("500", fails(ValueError)),
    path("503", fails(OperationalError)),
    path("", include("krea_site.urls")),
]


@pytest.fixture
def client() -> Client:
    return Client(raise_request_exception=False)


@pytest.mark.parametrize("status", [400, 403, 404, 405, 413, 500, 503])
@pytest.mark.parametrize("is_member", [True, False])
@override_settings(ROOT_URLCONF=__name__)
def test_a_browser_gets_a_page_with_a_way_on(client: Client, alice: Any, status: int, is_member: bool) -> None:
    if is_member:
        client.force_login(alice)

    answer = client.get(f"/{status}", headers=BROWSER)

    page = answer.content.decode()
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "text/html; charset=utf-8")
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert len(re.findall(r"<h1>[^<]+</h1>", page)) == 1 and "css/site.css" in page
    assert re.search(r'<p class="actions">\s*<a class="button primary" href="[^"]*">', page)
    assert 'rel="canonical"' not in page


@pytest.mark.parametrize(
    ("status", "line"),
    [
        (400, "400 Bad Request\n"),
        (413, "413 Request Entity Too Large\n"),
        (500, "500 Internal Server Error\n"),
        (503, "503 Service Unavailable\n"),
    ],
)
@override_settings(ROOT_URLCONF=__name__)
def test_a_program_gets_a_line(client: Client, db: None, status: int, line: str) -> None:
    answer = client.get(f"/{status}", headers={"Accept": "application/json"})

    assert (answer.status_code, answer.content.decode()) == (status, line)
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"


@override_settings(ROOT_URLCONF=__name__)
def test_a_database_that_is_away_is_worth_another_try(client: Client, db: None) -> None:
    assert client.get("/503", headers=BROWSER).headers["Retry-After"] == "10"
    assert "Retry-After" not in client.get("/500", headers=BROWSER).headers


def test_bare_pages_are_made_without_a_database(client: Client) -> None:
    """This test has no database: a page that asked for it would fail here."""
    with override_settings(ROOT_URLCONF=__name__):
        answers = [client.get(f"/{status}", headers=BROWSER) for status in (400, 413, 500, 503)]

    assert [answer.status_code for answer in answers] == [400, 413, 500, 503]


@override_settings(ROOT_URLCONF=__name__)
def test_a_method_that_is_not_known_is_still_told_which_are(client: Client, db: None) -> None:
    answers = [client.get("/405", headers=headers) for headers in (BROWSER, {"Accept": "*/*"})]

    assert [answer.headers["Allow"] for answer in answers] == ["POST", "POST"]
    assert [bool(answer.content) for answer in answers] == [True, False]


def test_an_old_form_is_told_so(alice: Any) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)

    answer = client.post("/studio/", headers=BROWSER)

    assert answer.status_code == 403
    assert "<h1>This page was too old</h1>" in answer.content.decode()
