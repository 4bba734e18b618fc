"""The history: all that was made, the newest first, page after page, narrowed by filters and words of the prompt."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from uuid_utils.compat import uuid7

from billing import ledger
from generations import bin, history, lifecycle, wall
from generations.brief import Brief
from generations.gallery_filters import STATUSES, Filters
from generations.models import Generation, Image, Status
from tests.generations import pages
from tests.generations.pages import logged_in
from tests.test_design import css


@pytest.fixture
def browser(alice: Any) -> Client:
    """alice, logged in."""
    return logged_in(alice)


def submit(user: Any, prompt: str, quantity: int = 1, model: str = "krea-2-medium", **typed: Any) -> Generation:
    return lifecycle.submit(user, Brief.read(model, {"prompt": prompt} | typed, quantity))


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """`at("2026-04-01T00:00+00:00")`: what is ordered from now on counts as made then; ids begin with the time."""

    def set_clock(moment: str) -> None:
        millis = int(datetime.fromisoformat(moment).timestamp() * 1000)
        monkeypatch.setattr(Generation._meta.pk, "_get_default", lambda: UUID(int=millis << 80 | uuid7().int % 2**80))

    return set_clock


def shown(response: Any) -> list[tuple[str, int]]:
    """Prompt and index of every picture on a page, in order."""
    ids = [id.removeprefix("picture-") for id in pages.read(response).by_id if id.startswith("picture-")]
    rows = {str(row.pk): row for row in Image.objects.select_related("generation").filter(pk__in=ids)}
    return [(rows[id].generation.prompt, rows[id].index) for id in ids]


def prompts(response: Any) -> list[str]:
    return list(dict.fromkeys(prompt for prompt, _ in shown(response)))


def link(response: Any, rel: str) -> str:
    """Where the link to the page before or after leads; empty where there is none."""
    found = re.search(rf'rel="{rel}" href="([^"]*)"', response.content.decode())
    return found[1].replace("&amp;", "&") if found else ""


# The wall -----------------------------------------------------------------------------------------


def test_history_is_empty_at_first_and_says_what_to_do(browser: Client) -> None:
    page = pages.read(browser.get("/history/"))

    assert "No pictures yet." in page.text and "Make your first picture" in page.text


def test_history_shows_the_newest_generation_first_and_its_pictures_in_their_order(
    browser: Client, alice: Any, mallory: Any
) -> None:
    submit(alice, "a fox", 2)
    submit(mallory, "a crow")
    submit(alice, "a heron", 2)

    assert shown(browser.get("/history/")) == [("a heron", 0), ("a heron", 1), ("a fox", 0), ("a fox", 1)]


def test_picture_has_a_frame_of_its_shape_thumbnails_and_its_prompt_as_alt_text(
    browser: Client, alice: Any, finish_all: Callable[[], None]
) -> None:
    submit(alice, "a fox\nin the snow", 2, aspect_ratio="16:9")
    finish_all()
    image = Image.objects.get(index=0)

    page = pages.read(browser.get("/history/"))

    assert page.by_id[f"picture-{image.id}"]["data-shape"] == "178"
    assert [each["alt"] for each in page.images] == ["a fox in the snow"] * 2
    assert ", 1 of 2" in page.text and ", 2 of 2" in page.text
    assert all(image.variants[width]["name"] in page.images[0]["srcset"] for width in ("320", "640"))
    assert image.name not in page.images[0]["srcset"]
    assert (page.images[0]["width"], page.images[0]["height"]) == (str(image.width), str(image.height))
    assert "loading" not in page.images[0]


def test_alt_text_is_the_prompt_at_a_length_that_can_be_listened_to(
    browser: Client, alice: Any, finish_all: Callable[[], None]
) -> None:
    submit(alice, "a fox\n" * 200)
    finish_all()

    alt = pages.read(browser.get("/history/")).images[0]["alt"]

    assert len(alt) == 300 and alt.startswith("a fox a fox") and alt.endswith("\N{HORIZONTAL ELLIPSIS}")


def test_picture_under_way_is_shown_with_its_stage_and_can_be_looked_at_again(
    browser: Client, alice: Any, finish_all: Callable[[], None]
) -> None:
    submit(alice, "a fox", aspect_ratio="9:16")
    image = Image.objects.get()

    page = pages.read(browser.get("/history/"))
    place = page.by_id[f"picture-{image.id}"]
    assert (place["data-stage"], place["data-shape"], "data-running" in place) == ("Waiting", "56", True)
    assert "Waiting : a fox" in page.text or "Waiting: a fox" in page.text

    finish_all()
    now = pages.read(browser.get(f"/history/pictures?image={image.id}&image=nonsense&image={image.generation_id}"))
    assert (now.by_id[f"picture-{image.id}"]["data-stage"], len(now.images)) == ("Ready", 1)


def test_pictures_of_others_cannot_be_looked_at(browser: Client, mallory: Any) -> None:
    submit(mallory, "a crow")

    assert browser.get(f"/history/pictures?image={Image.objects.get().id}").content.strip() == b""


def test_what_became_no_picture_is_shown_when_it_is_asked_for(browser: Client, alice: Any) -> None:
    submit(alice, "a fox", 2)
    lifecycle.cancel_image(Image.objects.get(index=1))

    assert shown(browser.get("/history/")) == [("a fox", 0)]
    assert shown(browser.get("/history/?status=canceled")) == [("a fox", 1)]
    assert shown(browser.get("/history/?status=all")) == [("a fox", 0), ("a fox", 1)]


def test_history_without_one_finished_picture_says_so(browser: Client, alice: Any) -> None:
    lifecycle.cancel(submit(alice, "a fox"))

    page = pages.read(browser.get("/history/"))

    assert "none of yours was finished" in page.text and "Show what became of them" in page.text


def test_what_is_in_the_bin_or_deleted_is_not_there(browser: Client, alice: Any) -> None:
    submit(alice, "a fox", 2)
    lifecycle.delete(submit(alice, "a heron"))
    bin.put(alice, [Image.objects.get(index=1).pk])

    assert shown(browser.get("/history/?status=all")) == [("a fox", 0)]


def test_generation_leads_to_its_own_page(browser: Client, alice: Any) -> None:
    generation = submit(alice, "a fox")

    assert "a fox" in pages.read(browser.get(generation.get_absolute_url())).text


def test_every_shape_has_its_width_in_the_stylesheet() -> None:
    rules = dict(re.findall(r'\[data-shape="(\d+)"\] \{\s*--ratio: ([\d.]+);', css()))

    assert rules == {str(shape): f"{shape / 100:g}" for shape in wall.SHAPES}


@pytest.mark.parametrize(("width", "height"), [(1024, 1024), (1344, 768), (1472, 624), (512, 2048), (2048, 512)])
def test_frame_is_as_wide_as_its_picture_but_for_a_hair(width: int, height: int) -> None:
    shape = wall.frame(width, height).shape / 100

    assert shape == pytest.approx(min(3.5, max(0.3, width / height)), rel=0.035)


# Pages --------------------------------------------------------------------------------------------


@pytest.fixture
def many(alice: Any, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """25 pictures of alice's, and pages of ten."""
    monkeypatch.setattr(history, "A_PAGE", 10)
    ledger.grant(alice, 1000_00, key="more", memo="For many foxes")
    for number in range(5):
        submit(alice, f"fox {number}", 5)
    return [(f"fox {number}", index) for number in reversed(range(5)) for index in range(5)]


def test_history_goes_back_page_by_page_without_a_gap_and_forth_again(
    browser: Client, many: list[tuple[str, int]]
) -> None:
    first = browser.get("/history/")
    second = browser.get(link(first, "next"))
    third = browser.get(link(second, "next"))
    back = browser.get(link(third, "prev"))
    newest = browser.get(link(back, "prev"))

    assert shown(first) + shown(second) + shown(third) == many
    assert link(first, "prev") == "" and link(third, "next") == ""
    assert shown(back) == shown(second)
    assert shown(newest) == shown(first) and link(newest, "prev") == ""
    assert "25 pictures" in pages.read(first).text
    assert "That is all" in pages.read(third).text


def test_page_stays_where_it_was_when_its_cursor_goes_and_new_ones_come(
    browser: Client, alice: Any, many: list[tuple[str, int]]
) -> None:
    following = link(browser.get("/history/"), "next")
    bin.put(alice, list(Image.objects.values_list("pk", flat=True).filter(generation__input__prompt="fox 3")))
    submit(alice, "a heron")

    assert shown(browser.get(following)) == many[10:20]


def test_scrolling_fetches_the_pictures_alone_and_the_way_on(browser: Client, many: list[tuple[str, int]]) -> None:
    following = link(browser.get("/history/?q=fox"), "next")

    part = browser.get(following, headers=pages.HTMX)

    assert shown(part) == many[10:20]
    assert b"<html" not in part.content and b'hx-swap-oob="true"' in part.content
    assert "q=fox" in link(part, "next")
    assert part.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "cursor", ["nonsense", "", "%00", "1.2", "0197c0de00007000800000000000000.x", f"{'0' * 32}.999999"]
)
def test_history_with_a_cursor_that_is_none_begins_at_the_newest(browser: Client, alice: Any, cursor: str) -> None:
    submit(alice, "a fox")

    assert shown(browser.get(f"/history/?cursor={cursor}")) == [("a fox", 0)]


def test_page_behind_the_last_picture_says_that_it_is_the_end(browser: Client, alice: Any) -> None:
    submit(alice, "a fox")

    page = pages.read(browser.get(f"/history/?cursor={UUID(int=0).hex}.0"))

    assert "There is nothing older." in page.text and "Go to the newest" in page.text


def test_history_asks_the_database_as_often_for_twenty_as_for_two(
    browser: Client, alice: Any, finish_all: Callable[[], None], django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(20):
        submit(alice, f"fox {number}")
    finish_all()

    with django_assert_max_num_queries(6):
        browser.get("/history/?q=fox&status=stored")


# Filters ------------------------------------------------------------------------------------------


def test_filters_narrow_the_list_each_and_together(browser: Client, alice: Any, at: Callable[[str], None]) -> None:
    at("2026-03-01T12:00+00:00")
    submit(alice, "a fox in March")
    at("2026-04-01T00:00+00:00")
    submit(alice, "a fox in April", model="krea-2-large")
    at("2026-04-30T23:59+00:00")
    submit(alice, "a heron in April")
    Image.objects.exclude(generation__input__prompt="a heron in April").update(favourite_at=timezone.now())

    def found(query: str) -> list[str]:
        return prompts(browser.get(f"/history/?{query}"))

    assert found("model=krea-2-large") == ["a fox in April"]
    assert found("since=2026-04-01") == ["a heron in April", "a fox in April"]
    assert found("until=2026-04-01") == ["a fox in April", "a fox in March"]
    assert found("since=2026-04-01&until=2026-04-30&favourite=1&q=fox") == ["a fox in April"]
    assert found("status=stored") == []
    assert found("status=running&q=heron") == ["a heron in April"]


def test_filters_stay_in_the_form_and_each_can_be_taken_away(browser: Client, alice: Any) -> None:
    submit(alice, "a fox")

    response = browser.get("/history/?q=fox&model=krea-2-medium&status=running&since=2026-01-01&cursor=x")
    page = pages.read(response, "filters")

    assert {name: text for name, text in page.fields.items() if text} == {
        "q": "fox", "model": "krea-2-medium", "status": "running", "since": "2026-01-01",
    }  # fmt: skip
    assert 'href="/history/?model=krea-2-medium&amp;status=running&amp;since=2026-01-01"' in response.content.decode()
    assert "1 picture found" in page.text


def test_filters_are_written_into_an_address_and_read_from_it() -> None:
    read = Filters.read({"q": " red fox ", "model": "krea-2-large", "favourite": "1", "until": "2026-04-30"})

    assert read.query == "q=red+fox&model=krea-2-large&favourite=1&until=2026-04-30"
    assert read.errors == {}


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("model", "midjourney", "There is no image model called midjourney. There are: krea-2-"),
        (
            "status",
            "lost",
            "There is no status called lost. There are: stored, running, failed, blocked, canceled, all.",
        ),
        ("since", "2026-02-30", "2026-02-30 is not a date; write it as 2026-11-30."),
        ("until", "yesterday", "yesterday is not a date; write it as 2026-11-30."),
        ("since", "0001-01-01", "choose a day from 2000-01-01 to 2999-12-31"),
        ("favourite", "maybe", "Favourites alone are favourite=1"),
        ("q", "%_%", "Search for at least one word or number."),
        ("q", "a" * 201, "Search for at most 200 characters; these are 201."),
    ],
)
def test_filter_that_cannot_be_understood_is_named_and_lists_nothing(
    browser: Client, alice: Any, name: str, text: str, words: str
) -> None:
    submit(alice, "a fox")

    response = browser.get("/history/", {name: text})
    page = pages.read(response, "filters")

    assert response.status_code == 400
    assert "Nothing is listed." in page.text and words in page.text
    assert shown(response) == []
    assert name in page.invalid or name == "favourite"


def test_days_in_the_wrong_order_are_refused(browser: Client) -> None:
    page = pages.read(browser.get("/history/?since=2026-04-02&until=2026-04-01"))

    assert "The last day is before the first." in page.text


def test_filter_that_finds_nothing_says_how_to_go_on(browser: Client, alice: Any) -> None:
    submit(alice, "a fox")

    page = pages.read(browser.get("/history/?q=unicorn"))

    assert "No picture matches." in page.text and "Show all pictures" in page.text


def test_count_stops_where_it_would_cost(browser: Client, alice: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "COUNTED", 2)
    submit(alice, "a fox", 3)

    assert "More than 2 pictures" in pages.read(browser.get("/history/")).text


def test_every_status_can_be_asked_for() -> None:
    named = [STATUSES[name][1] or [] for name in ("stored", "running", "failed", "blocked", "canceled")]

    assert {each for some in named for each in some} == set(Status)
