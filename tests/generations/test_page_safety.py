"""Every page of the studio and the gallery: whose it is, what it wants before it changes anything, and that a strict
Content-Security-Policy holds on it."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from generations import lifecycle
from generations.brief import Brief
from generations.models import Generation, Image
from tests.generations.pages import GENERATE, HTMX, logged_in

OPEN = ["/", "/accounts/login/", "/accounts/signup/"]
MEMBERS = ["/studio/", "/history/", "/billing/", "/accounts/email/", "/accounts/logout/"]
THEIR_OWN = [
    "/studio/generations/{generation}/",
    "/studio/?from={image}",
    "/images/{image}/",
    "/images/{image}/delete",
]
POSTS = [
    "/studio/",
    "/studio/price",
    "/studio/rows",
    "/studio/generations/{generation}/cancel",
    "/images/{image}/delete",
]
INLINE = re.compile(r"<style|\sstyle=|<script(?![^>]*\bsrc=)(?![^>]*application/json)|\son[a-z]+=|javascript:", re.I)
FETCHED_ELSEWHERE = re.compile(r'(?:\ssrc(?:set)?=|<link (?!rel="canonical")[^>]*href=)"(?:https?:)?//[^"]*')


def addresses(templates: list[str], generation: Generation) -> list[str]:
    image = Image.objects.get(generation=generation, index=0)
    return [each.format(generation=generation.id, image=image.id) for each in templates]


@pytest.fixture
def generation(alice: Any, fox: Brief, finish_all: Callable[[], None]) -> Generation:
    """alice's, with a picture."""
    made = lifecycle.submit(alice, fox)
    finish_all()
    return made


def test_nobody_sees_a_page_of_members(generation: Generation) -> None:
    for address in addresses([*MEMBERS[:4], *THEIR_OWN], generation):
        assert Client().get(address).headers["Location"].startswith("/accounts/login/?next="), address


def test_others_find_nothing_where_alices_pictures_are(generation: Generation, mallory: Any) -> None:
    client = logged_in(mallory)

    for headers in ({}, HTMX):
        for address in addresses(THEIR_OWN, generation):
            assert client.get(address, headers=headers).status_code == 404, address
        for address in addresses(POSTS[3:], generation):
            assert client.post(address, headers=headers).status_code == 404, address
    assert b"red fox" not in client.get("/history/").content + client.get("/studio/").content
    generation.refresh_from_db()
    assert generation.deleted_at is None


def test_every_post_wants_the_token_of_its_own_page(generation: Generation, alice: Any) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)

    for address in addresses(POSTS, generation):
        assert client.post(address, {"prompt": "a fox", **GENERATE}).status_code == 403, address

    generation.refresh_from_db()
    assert (Generation.objects.count(), generation.deleted_at) == (1, None)


def test_what_changes_something_does_nothing_on_a_mere_visit(generation: Generation, alice: Any) -> None:
    client = logged_in(alice)

    answers = [client.get(address).status_code for address in addresses(POSTS[1:], generation)]

    generation.refresh_from_db()
    assert (answers, generation.deleted_at) == ([405, 405, 405, 200], None)


def test_strict_policy_holds_on_every_page(generation: Generation, alice: Any) -> None:
    client = logged_in(alice)
    running = lifecycle.submit(alice, Brief.read("krea-2-medium", {"prompt": "a running fox"}))

    pages = [client.get(address) for address in addresses([*OPEN[:1], *MEMBERS, *THEIR_OWN], generation)]
    pages += [client.get(address) for address in addresses(THEIR_OWN, running)]
    pages += [Client().get(address) for address in OPEN]
    pages += [client.get("/nowhere/"), client.post("/studio/", GENERATE)]

    for page in pages:
        assert page.status_code in (200, 404, 422), page.request["PATH_INFO"]
        policy = page.headers["Content-Security-Policy"]
        assert "default-src 'self'" in policy and "unsafe" not in policy
        assert INLINE.findall(page.content.decode()) == [], page.request["PATH_INFO"]
        assert FETCHED_ELSEWHERE.findall(page.content.decode()) == []


def test_prompt_is_text_and_never_markup(alice: Any) -> None:
    nasty = '<script>alert(1)</script>"><img src=x onerror=alert(2)> {{ 7|add:7 }}'
    generation = lifecycle.submit(alice, Brief.read("krea-2-medium", {"prompt": nasty}))
    client = logged_in(alice)

    for address in addresses(["/studio/", "/history/", *THEIR_OWN], generation):
        content = client.get(address).content.decode()
        assert "&lt;script&gt;" in content or "delete" in address
        assert "<script>alert" not in content and "<img src=x" not in content, address
