"""Many pictures at once: what is ticked, or all that a filter lets through, in bounded slices."""

import json
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from generations import bin, bulk, selections
from generations.models import Generation, Image, Status
from tests.generations import pages
from tests.generations.pages import HTMX, logged_in
from tests.krea_site.belongings import drawn

pytestmark = pytest.mark.django_db
ADDRESS = "/history/bulk"


@pytest.fixture
def browser(alice: Any) -> Client:
    """alice, logged in."""
    return logged_in(alice)


def ids(generation: Generation) -> list[str]:
    return [str(id) for id in generation.images.order_by("index").values_list("pk", flat=True)]


def test_favourites_of_many_are_made_and_unmade(browser: Client, alice: Any) -> None:
    first, second, third = ids(drawn(alice, 10, 11, 12))

    told = browser.post(ADDRESS, {"do": "favourite", "image": [first, second]}, follow=True)
    assert "2 pictures made favourites." in pages.read(told).text
    again = browser.post(ADDRESS, {"do": "favourite", "images": f"{first} {second}"}, follow=True)
    assert "They were so already." in pages.read(again).text
    told = browser.post(ADDRESS, {"do": "unfavourite", "image": [first, third]}, follow=True)

    assert "1 picture is no favourite any more." in pages.read(told).text
    assert [str(id) for id in Image.objects.exclude(favourite_at=None).values_list("pk", flat=True)] == [second]


def test_deleting_many_is_one_undertaking(browser: Client, alice: Any, mallory: Any) -> None:
    mine, theirs = ids(drawn(alice, 10, 11)), ids(drawn(mallory, 12))

    answer = browser.post(ADDRESS, {"do": "delete", "images": " ".join([*mine, *theirs, *mine])}, headers=HTMX)

    assert "2 pictures deleted." in answer.content.decode()
    assert "<form" not in answer.content.decode()  # it stands within the form of the history
    assert json.loads(answer["HX-Trigger"]) == {"bulk-done": {"act": "delete"}}
    assert bin.of(alice).values("binned_at").distinct().count() == 1
    assert not bin.of(mallory).exists()


def test_everything_is_what_the_filter_lets_through(browser: Client, alice: Any) -> None:
    drawn(alice, 10, 11, prompt="a heron")
    fox = ids(drawn(alice, 12, prompt="a fox"))
    Image.objects.filter(pk__in=fox).update(image_model="krea-2-large")

    counted = browser.get("/history/count?model=krea-2-large").json()
    browser.post(ADDRESS, {"do": "delete", "everything": "yes", "filter": "model=krea-2-large"})

    assert counted == {"count": 1}
    assert [str(id) for id in bin.of(alice).values_list("pk", flat=True)] == fox
    answer = browser.post(ADDRESS, {"do": "delete", "everything": "yes", "filter": "model=krea-2-large"}, follow=True)
    assert "These pictures are not in the history any more." in pages.read(answer).text


def test_two_to_four_are_compared(browser: Client, alice: Any) -> None:
    made = ids(drawn(alice, *range(10, 15)))

    answer = browser.post(ADDRESS, {"do": "compare", "image": made[1:3]})

    assert answer["Location"] == f"/compare/?image={made[1]}&image={made[2]}"
    for wrong in (made[:1], made):
        told = browser.post(ADDRESS, {"do": "compare", "image": wrong}, follow=True)
        assert "Select 2 to 4 pictures to compare them." in pages.read(told).text


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({"do": "delete"}, "No picture is selected."),
        ({"do": "delete", "images": "  "}, "No picture is selected."),
        ({"do": "delete", "image": "nonsense"}, "This selection cannot be read."),
        ({"do": "delete", "image": str(uuid4())}, "These pictures are not in the history any more."),
        ({"do": "burn", "image": str(uuid4())}, "Choose what to do: favourite, unfavourite, delete"),
        ({"do": "delete", "everything": "yes", "filter": "since=yesterday"}, "is not a date"),
        ({"do": "delete", "images": " ".join(["x"] * 20_001)}, "At most 20,000 pictures can be ticked at once."),
    ],
)
def test_a_bad_selection_is_refused_in_words_and_changes_nothing(
    browser: Client, alice: Any, sent: dict[str, str], words: str
) -> None:
    drawn(alice, 10)

    as_part = browser.post(ADDRESS, sent, headers=HTMX)
    as_page = browser.post(ADDRESS, sent, follow=True)

    assert as_part.status_code == 422 and words in as_part.content.decode()
    assert words in pages.read(as_page).text
    assert Image.objects.kept().count() == 1


def test_nobody_who_is_logged_out_changes_anything(alice: Any) -> None:
    (only,) = ids(drawn(alice, 10))

    assert Client().post(ADDRESS, {"do": "delete", "image": only}).status_code == 302
    assert Client().post(ADDRESS, {"do": "delete", "image": only}, headers=HTMX).status_code == 401
    assert Client(enforce_csrf_checks=True).post(ADDRESS, {"do": "delete", "image": only}).status_code == 403
    assert Image.objects.get().binned_at is None


def many(user: Any, count: int) -> list[str]:
    """So many pictures without files, eight to a generation."""
    generations = Generation.objects.bulk_create(
        Generation(user=user, image_model="krea-2-medium", input={"prompt": f"fox {number}"}, quantity=8, image_price=0,
                   unfinished=0)
        for number in range(count // 8)
    )  # fmt: skip
    made = Image.objects.bulk_create(
        Image(generation=row, user=user, image_model=row.image_model, index=index, seed=1, price=0,
              status=Status.CANCELED)
        for row in generations
        for index in range(8)
    )  # fmt: skip
    return [str(image.pk) for image in made]


@pytest.mark.unaudited  # 1,600 pictures that nobody ordered
def test_many_are_deleted_and_put_back_in_slices(
    browser: Client,
    alice: Any,
    django_assert_max_num_queries: DjangoAssertNumQueries,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(selections, "AT_ONCE", 100)
    monkeypatch.setattr(bin, "AT_ONCE", 100)
    made = many(alice, 1600)

    with django_assert_max_num_queries(6 * 16 + 20):
        told = browser.post(ADDRESS, {"do": "delete", "images": " ".join(made)}, headers=HTMX)
    assert "1,600 pictures deleted." in told.content.decode()
    moment = Image.objects.values_list("binned_at", flat=True).distinct().get()
    assert moment is not None
    with django_assert_max_num_queries(6 * 16 + 20):
        browser.post("/history/bin/undo", {"moment": moment.isoformat()})
    assert Image.objects.kept().count() == 1600

    with django_assert_max_num_queries(6 * 16 + 20):
        told = browser.post(ADDRESS, {"do": "favourite", "everything": "yes", "filter": "status=all"}, headers=HTMX)
    assert "1,600 pictures made favourites." in told.content.decode()


@pytest.mark.unaudited  # 16 pictures that nobody ordered
def test_who_chooses_more_than_there_is_time_for_is_told_so_and_goes_on(
    browser: Client, alice: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selections, "AT_ONCE", 10)
    monkeypatch.setattr(bulk, "LONGEST_S", 0.0)
    many(alice, 16)
    like, delete = ({"do": do, "everything": "yes", "filter": "status=all"} for do in ("favourite", "delete"))

    told = [browser.post(ADDRESS, like, headers=HTMX).content.decode() for _ in range(3)]
    for _ in range(2):
        browser.post(ADDRESS, delete, headers=HTMX)

    assert "10 pictures made favourites. That is not all yet: press again to go on." in told[0]
    assert "6 pictures made favourites." in told[1] and "not all" not in told[1]
    assert "They were so already." in told[2] and "not all" not in told[2]
    page = browser.get("/history/").content.decode()
    assert page.count('formaction="/history/bin/undo"') == 2 and page.count("That is not all yet") == 1
    assert not Image.objects.kept().exists()


def test_deleting_all_that_match_leads_to_what_is_left_with_undo(browser: Client, alice: Any) -> None:
    drawn(alice, 10, 11)

    sent = {"do": "delete", "everything": "yes", "filter": "model=krea-2-medium"}
    answer = browser.post(ADDRESS, sent, headers=HTMX)

    assert answer["HX-Redirect"] == "/history/?model=krea-2-medium"
    page = browser.get(answer["HX-Redirect"]).content.decode()
    assert "2 pictures deleted." in page and 'action="/history/bin/undo"' in page
