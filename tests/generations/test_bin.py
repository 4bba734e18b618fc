"""A deleted picture lies in the bin for a week and can be taken back; then it goes with its files. No money moves."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.utils import timezone

from generations import bin, bin_pages, doomed, erasure, events, lifecycle, sweep
from generations.brief import Brief
from generations.models import DoomedFile, Draw, Event, Generation, Image, ImageQuerySet, Status
from generations.pictures import store
from tests.conftest import wallet_of
from tests.generations import pages
from tests.generations.pages import HTMX, logged_in
from tests.krea_site.belongings import drawn, files

pytestmark = pytest.mark.django_db
Run = Callable[[], Any]


@pytest.fixture
def browser(alice: Any) -> Client:
    """alice, logged in."""
    return logged_in(alice)


def ids(generation: Generation) -> list[Any]:
    return list(generation.images.order_by("index").values_list("pk", flat=True))


def a_week_later() -> None:
    """What follows from a week, and from the pause before files go."""
    with time_machine.travel(timezone.now() + bin.LASTS + timedelta(seconds=1)) as clock:
        sweep.run()
        clock.shift(doomed.GRACE + timedelta(seconds=1))
        sweep.run()


# Delete and take back -----------------------------------------------------------------------------


def test_deleting_asks_first_and_says_what_becomes_of_it(browser: Client, alice: Any) -> None:
    image = drawn(alice, 10, 11).images.get(index=1)

    text = pages.read(browser.get(f"/images/{image.id}/delete")).text

    assert "Delete this picture?" in text
    assert "for 7 days" in text and "What you paid for it is not given back." in text
    image.refresh_from_db()
    assert image.binned_at is None


def test_one_picture_goes_into_the_bin_and_the_others_stay(browser: Client, alice: Any) -> None:
    generation = drawn(alice, 10, 11)
    first, second = ids(generation)

    page = pages.read(browser.post(f"/images/{first}/delete", follow=True))

    assert "Deleted. It lies in the bin for 7 days. What was paid is not given back." in page.text
    assert list(bin.of(alice).values_list("pk", flat=True)) == [first]
    assert list(Image.objects.kept().values_list("pk", flat=True)) == [second]
    assert all(store.exists(name) for name in files(alice))
    assert browser.get(f"/images/{second}/").status_code == 200


def test_undo_takes_back_what_was_deleted_together_and_nothing_else(browser: Client, alice: Any) -> None:
    before, first, second = ids(drawn(alice, 10, 11, 12))
    browser.post(f"/images/{before}/delete")
    answer = browser.post("/history/bulk", {"do": "delete", "image": [first, second]}, follow=True)
    page = pages.read(answer)
    moment = bin.of(alice).get(pk=first).binned_at

    assert "2 pictures deleted." in page.text and moment is not None
    answer = browser.post("/history/bin/undo", {"moment": moment.isoformat()}, follow=True)

    assert "2 pictures put back." in pages.read(answer).text
    assert list(bin.of(alice).values_list("pk", flat=True)) == [before]
    again = browser.post("/history/bin/undo", {"moment": moment.isoformat()}, follow=True)
    assert "There is nothing to put back any more." in pages.read(again).text


def test_emptying_a_full_bin_holds_the_page_for_a_while_and_goes_on_when_asked(
    browser: Client, alice: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erasure, "A_SLICE", 2)
    monkeypatch.setattr(bin_pages, "LONGEST", timedelta())
    bin.put(alice, ids(drawn(alice, 10, 11, 12)))

    first = pages.read(browser.post("/history/bin/empty", follow=True)).text
    second = pages.read(browser.post("/history/bin/empty", follow=True)).text

    assert "2 pictures deleted for good. There are more" in first and "1 picture goes now" in first
    assert "1 picture deleted for good." in second and "There are more" not in second
    assert not bin.of(alice).exists()


@pytest.mark.parametrize(
    "moment",
    [
        "", "yesterday", "2026-11-21", "2026-11-21T10:00:00", "2026-13-40T10:00:00+00:00",
        "9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+12:00",
    ],
)  # fmt: skip
def test_undo_of_no_moment_puts_nothing_back(browser: Client, alice: Any, moment: str) -> None:
    bin.put(alice, ids(drawn(alice, 10)))

    answer = browser.post("/history/bin/undo", {"moment": moment}, follow=True)

    assert "There is nothing to put back any more." in pages.read(answer).text
    assert bin.of(alice).count() == 1


def test_a_picture_that_comes_to_its_end_while_it_is_deleted_is_deleted(
    alice: Any, drain: Run, finish_all: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    generation = submit(alice)
    change = ImageQuerySet.change

    def after_it_ended(rows: ImageQuerySet, **fields: Any) -> int:
        """Between the look at what is finished and the one at what is not."""
        done = change(rows, **fields)
        finish_all()
        return done

    drain()
    monkeypatch.setattr(ImageQuerySet, "change", after_it_ended)

    assert bin.put(alice, ids(generation)) == 1
    assert bin.of(alice).count() + Image.objects.exclude(erased_at=None).count() == 1


def test_deleting_and_taking_back_twice_is_the_same_as_once(browser: Client, alice: Any) -> None:
    (only,) = ids(drawn(alice, 10))
    browser.post(f"/images/{only}/delete")
    since = Image.objects.get().binned_at

    again = browser.post(f"/images/{only}/delete", follow=True)

    assert "It is in the bin already." in pages.read(again).text
    assert Image.objects.get().binned_at == since
    for _ in range(2):
        back = browser.post(f"/images/{only}/restore", follow=True)
        assert "It is back in your history." in pages.read(back).text
    assert Image.objects.get().binned_at is None


def test_its_own_page_says_that_it_is_in_the_bin(browser: Client, alice: Any) -> None:
    (only,) = ids(drawn(alice, 10))
    bin.put(alice, [only])

    response = browser.get(f"/images/{only}/")

    assert "This picture is in the bin" in pages.read(response).text
    assert f"/images/{only}/restore" in response.content.decode()
    assert files(alice)[0] not in response.content.decode()


def test_other_peoples_pictures_do_not_exist(alice: Any, mallory: Any) -> None:
    (only,) = ids(drawn(alice, 10))
    stranger = logged_in(mallory)

    for act in ("delete", "restore", "purge", "favourite"):
        assert stranger.post(f"/images/{only}/{act}").status_code == 404, act
    stranger.post("/history/bulk", {"do": "delete", "image": [only]})
    assert bin.put(mallory, [only]) == bin.restore(mallory, [only]) == bin.purge(mallory, [only]) == 0

    assert Image.objects.get().binned_at is None


# The page of the bin ------------------------------------------------------------------------------


def test_the_bin_is_empty_at_first_and_says_what_it_is_for(browser: Client, alice: Any) -> None:
    assert "The bin is empty." in pages.read(browser.get("/history/bin/")).text


def test_the_bin_shows_what_lies_there_and_for_how_long(browser: Client, alice: Any) -> None:
    old, new, due = ids(drawn(alice, 10, 11, 12, prompt="a heron"))
    now = timezone.now()
    bin.put(alice, [due], at=now - bin.LASTS - timedelta(minutes=1))
    bin.put(alice, [old], at=now - timedelta(days=6, hours=1))
    bin.put(alice, [new], at=now)

    page = pages.read(browser.get("/history/bin/"))

    assert [image["alt"] for image in page.images] == ["a heron"] * 3
    assert page.text.index("7 days left") < page.text.index("1 day left") < page.text.index("Goes today")


def test_the_bin_goes_back_page_by_page_without_a_gap(
    browser: Client, alice: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("generations.bin_pages.A_PAGE", 2)
    made = ids(drawn(alice, 10, 11, 12, 13, 14))
    bin.put(alice, made[:3])
    bin.put(alice, made[3:])

    seen, address = [], "/history/bin/"
    while address:
        body = browser.get(address).content.decode()
        seen += [part[:36] for part in body.split('id="picture-')[1:]]
        following = body.partition("?before=")[2].partition('"')[0]
        address = f"/history/bin/?before={following}" if following else ""

    assert seen == [str(id) for id in [*reversed(made[3:]), *reversed(made[:3])]]
    for nonsense in ("x", "1.x", "9" * 40 + f".{made[0]}", "%00"):
        assert browser.get(f"/history/bin/?before={nonsense}").status_code == 200


def test_deleting_for_good_asks_first(browser: Client, alice: Any) -> None:
    first, second = ids(drawn(alice, 10, 11))
    name = Image.objects.get(pk=first).name
    assert browser.get(f"/images/{first}/purge").status_code == 404  # not in the bin
    bin.put(alice, [first])

    asked = pages.read(browser.get(f"/images/{first}/purge")).text
    told = pages.read(browser.post(f"/images/{first}/purge", follow=True)).text

    assert "Delete this picture for good?" in asked and "Deleted for good." in told
    assert browser.get(f"/images/{first}/").status_code == 404
    assert browser.post(f"/images/{first}/restore").status_code == 404
    assert DoomedFile.objects.filter(name=name).exists()
    assert browser.get(f"/images/{second}/").status_code == 200


def test_emptying_takes_all_of_ones_own_and_nothing_else(browser: Client, alice: Any, mallory: Any) -> None:
    mine = drawn(alice, 10, 11)
    kept = drawn(alice, 12)
    bin.put(alice, ids(mine))
    bin.put(mallory, ids(drawn(mallory, 13)))

    assert "2 pictures go now" in pages.read(browser.get("/history/bin/empty")).text
    told = pages.read(browser.post("/history/bin/empty", follow=True)).text

    assert "2 pictures deleted for good." in told
    assert bin.of(mallory).count() == 1
    assert Image.objects.kept().get() == kept.images.get()


# After a week -------------------------------------------------------------------------------------


def test_after_a_week_picture_files_and_prompt_are_gone_and_the_row_stays(alice: Any) -> None:
    generation = drawn(alice, 10, 11)
    names = files(alice)
    bin.put(alice, ids(generation))
    Image.objects.update(favourite_at=timezone.now())

    a_week_later()

    generation.refresh_from_db()
    assert (generation.input, generation.references, generation.wish) == ({}, [], None)
    assert generation.deleted_at is not None and generation.erased_at is not None
    for image in generation.images.all():
        assert (image.name, image.variants, image.sha256, image.status) == ("", {}, "erased", Status.STORED)
        assert image.erased_at is not None and image.favourite_at is None
    assert not Draw.objects.exclude(result=None).exists()
    assert not any(store.exists(name) for name in names)


def test_before_a_week_nothing_goes(alice: Any) -> None:
    bin.put(alice, ids(drawn(alice, 10)))

    with time_machine.travel(timezone.now() + bin.LASTS - timedelta(minutes=1)):
        sweep.run()

    assert bin.of(alice).count() == 1
    assert not DoomedFile.objects.exists()


def test_the_prompt_stays_as_long_as_one_picture_of_it_does(alice: Any) -> None:
    generation = drawn(alice, 10, 11)
    first, second = ids(generation)
    bin.put(alice, [first])

    a_week_later()

    generation.refresh_from_db()
    assert generation.prompt == "a red fox" and generation.deleted_at is None
    kept = Image.objects.get(pk=second)
    assert all(store.exists(name) for name in [kept.name, *(each["name"] for each in kept.variants.values())])
    assert Draw.objects.get(image=first).result is None and Draw.objects.get(image=second).result is not None


def test_an_equal_picture_of_somebody_else_keeps_its_file(alice: Any, mallory: Any) -> None:
    bin.put(alice, ids(drawn(alice, 10)))
    drawn(mallory, 10)

    a_week_later()

    assert not Image.objects.filter(user=alice).exclude(name="").exists()
    assert all(store.exists(name) for name in files(mallory))


def test_the_sweep_takes_a_few_at_a_time(alice: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(erasure, "A_SLICE", 2)
    bin.put(alice, ids(drawn(alice, *range(10, 15))), at=timezone.now() - bin.LASTS)

    left = []
    for _ in range(4):
        bin.sweep()
        left.append(bin.of(alice).count())

    assert left == [3, 1, 0, 0]


@pytest.mark.unaudited  # 3,000 pictures that nobody drew
def test_bin_and_sweep_are_found_through_indexes(alice: Any) -> None:
    generation = drawn(alice, 10)
    Image.objects.bulk_create(
        Image(
            generation=generation, user=alice, index=index, seed=1, price=0, status=Status.STORED, sha256="x",
            name=f"{index}", binned_at=timezone.now() if index % 1000 == 0 else None,
        )
        for index in range(1, 3000)
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")

    assert "image_bin" in bin.of(alice)[:60].explain()
    assert (
        "image_bin_due" in Image.objects.binned().filter(binned_at__lte=timezone.now()).order_by("binned_at").explain()
    )


# Under way ----------------------------------------------------------------------------------------


def submit(user: Any, quantity: int = 1) -> Generation:
    return lifecycle.submit(user, Brief.read("krea-2-medium", {"prompt": "a fox"}, quantity))


def test_a_picture_that_still_waits_is_cancelled_for_nothing_and_its_siblings_go_on(
    browser: Client, alice: Any, finish_all: Run
) -> None:
    generation = submit(alice, 2)
    first, second = ids(generation)

    told = pages.read(browser.post(f"/images/{first}/delete", follow=True)).text
    finish_all()

    assert "It was under way, so it is cancelled" in told
    assert Image.objects.get(pk=first).status == Status.CANCELED
    assert Image.objects.get(pk=second).is_there
    assert wallet_of(alice) == (961_00, 0)


def test_a_picture_that_comes_all_the_same_is_charged_and_keeps_no_file(
    alice: Any, drain: Run, finish_all: Run
) -> None:
    generation = submit(alice)
    drain()  # drawn by the stand-in before it is asked to stop
    bin.put(alice, ids(generation))

    finish_all()

    image = Image.objects.get()
    assert (image.status, image.name, image.sha256) == (Status.STORED, "", erasure.ERASED)
    assert image.erased_at is not None and not bin.of(alice).exists()
    assert wallet_of(alice) == (961_00, 0)
    sweep.run()
    assert Generation.objects.get().input == {}
    kinds = Event.objects.filter(user=alice).values_list("kind", flat=True)
    assert events.GENERATION_FINISHED in kinds


def test_a_picture_that_was_taken_back_before_it_came_is_kept(alice: Any, drain: Run, finish_all: Run) -> None:
    generation = submit(alice)
    drain()
    bin.put(alice, ids(generation))
    bin.restore(alice, ids(generation))

    finish_all()

    assert Image.objects.get().is_there
    assert all(store.exists(name) for name in files(alice))


def test_a_picture_taken_back_while_its_file_is_thrown_away_is_kept_after_all(
    alice: Any, drain: Run, finish_all: Run
) -> None:
    """Between the first look at the row and the last step, its owner presses Undo."""
    generation = submit(alice)
    drain()
    bin.put(alice, ids(generation))
    pressed: list[int] = []

    def press(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        found = execute(sql, params, many, context)
        if not pressed and 'FROM "generations_image" WHERE "generations_image"."id"' in sql and "LIMIT 21" in sql:
            pressed.append(1)
            pressed[0] = bin.restore(alice, ids(generation))
        return found

    with connection.execute_wrapper(press):
        finish_all()

    assert pressed == [1]
    image = Image.objects.get()
    assert image.is_there and store.exists(image.name)
    assert not DoomedFile.objects.exists()


# Whole generations --------------------------------------------------------------------------------


def test_a_deleted_generation_loses_its_files_at_once_and_its_prompt_with_the_sweep(alice: Any) -> None:
    generation = drawn(alice, 10, 11)
    names = files(alice)

    lifecycle.delete(generation)

    assert sorted(DoomedFile.objects.values_list("name", flat=True)) == names
    erasure.sweep()
    generation.refresh_from_db()
    assert generation.input == {} and generation.erased_at is not None
    a_week_later()
    assert not any(store.exists(name) for name in names)


def test_a_generation_that_was_deleted_before_files_went_loses_them_now(alice: Any) -> None:
    generation = drawn(alice, 10)
    names = files(alice)
    Generation.objects.update(deleted_at=timezone.now())  # as it was done before

    a_week_later()

    generation.refresh_from_db()
    assert generation.input == {}
    assert not any(store.exists(name) for name in names)


def test_pictures_of_a_deleted_generation_that_come_late_keep_no_file(alice: Any, drain: Run, finish_all: Run) -> None:
    generation = submit(alice, 2)
    drain()
    lifecycle.delete(generation)

    finish_all()
    sweep.run()

    assert set(Image.objects.values_list("name", "sha256")) == {("", erasure.ERASED)}
    assert Generation.objects.get().input == {}
    assert wallet_of(alice) == (1000_00 - 2 * 39_00, 0)


def test_who_deletes_and_dies_before_the_cancel_has_it_cancelled_by_the_sweep(alice: Any) -> None:
    generation = submit(alice, 2)
    erasure.delete_generation(generation)

    sweep.run()

    assert set(Image.objects.values_list("status", flat=True)) == {Status.CANCELED}
    assert wallet_of(alice) == (1000_00, 0)


# Favourites ---------------------------------------------------------------------------------------


def test_a_heart_says_what_is_wished_and_twice_is_once(browser: Client, alice: Any) -> None:
    (only,) = ids(drawn(alice, 10))
    address = f"/images/{only}/favourite"

    for _ in range(2):
        answer = browser.post(address, {"favourite": "yes"}, headers=HTMX)
        assert 'aria-pressed="true"' in answer.content.decode() and 'value="no"' in answer.content.decode()
    since = Image.objects.get().favourite_at
    browser.post(address, {"favourite": "yes"})
    assert Image.objects.get().favourite_at == since is not None

    answer = browser.post(address, {"favourite": "no"}, headers={"Referer": "http://testserver/history/?q=fox"})
    assert Image.objects.get().favourite_at is None
    assert (answer.status_code, answer["Location"]) == (302, "http://testserver/history/?q=fox")
    abroad = browser.post(address, {"favourite": "no"}, headers={"Referer": "https://evil.example/"})
    assert abroad["Location"] == "/history/"
    assert browser.get(address).status_code == 405


def test_a_picture_in_the_bin_is_no_new_favourite(browser: Client, alice: Any) -> None:
    (only,) = ids(drawn(alice, 10))
    bin.put(alice, [only])

    assert browser.post(f"/images/{only}/favourite", {"favourite": "yes"}).status_code == 404
    assert Image.objects.get().favourite_at is None
