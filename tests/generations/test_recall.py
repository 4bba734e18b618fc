"""Using a picture's settings again: what would change in the studio is shown first, all of it or some is taken, and
what was there before comes back."""

from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from generations import lifecycle
from generations.brief import Brief
from generations.models import Generation, Image
from tests.generations import pages
from tests.generations.pages import HTMX, logged_in, open_form, picture, send


@pytest.fixture
def browser(alice: Any) -> Client:
    """alice, logged in."""
    return logged_in(alice)


@pytest.fixture
def heron(alice: Any) -> Image:
    """A picture of Krea 2 Large, tall, with seed 77."""
    asked = {"prompt": "a heron", "seed": 77, "aspect_ratio": "2:3", "creativity": "low"}
    return lifecycle.submit(alice, Brief.read("krea-2-large", asked)).images.get()


def type_a_draft(client: Client, **typed: str) -> None:
    fields = open_form(client) | {"prompt": "a fox in the snow", "creativity": "low", "quantity": "3"} | typed
    assert client.post("/studio/draft", fields).status_code == 200


def rows(client: Client, image: Image) -> str:
    """The table of what would change."""
    return pages.read(client.get(f"/studio/recall?image={image.pk}")).text


# What would change --------------------------------------------------------------------------------


def test_what_would_change_stands_beside_what_is_there(browser: Client, heron: Image) -> None:
    type_a_draft(browser)

    text = rows(browser, heron)

    assert "4 settings would change in the studio." in text
    assert "Prompt a fox in the snow a heron Take only this" in text
    assert "Image model Krea 2 Medium Krea 2 Large Take only this" in text
    assert "Aspect ratio Square 1:1 Tall photo 2:3 Take only this" in text
    assert "Seed Random 77 Take only this" in text
    assert "The same already: Creativity, Style references." in text


def test_nothing_would_change_where_the_studio_stands_so_already(browser: Client, heron: Image) -> None:
    fields = open_form(browser, f"?from={heron.pk}")
    browser.post("/studio/draft", fields)

    assert "The studio stands exactly so already" in rows(browser, heron)


def test_equal_settings_are_equal_however_they_were_typed(browser: Client, alice: Any) -> None:
    asked = {"prompt": "a\nheron", "guidance_scale": 4.0, "image_size": {"width": 640, "height": 480}}
    image = lifecycle.submit(alice, Brief.read("flux-krea-dev", asked)).images.get()
    fields = open_form(browser, f"?from={image.pk}")
    fields |= {"prompt": "a\r\nheron ", "guidance_scale": "4.00", "image_size.width": " 640", "seed": f"0{image.seed}"}
    browser.post("/studio/draft", fields)

    assert "The studio stands exactly so already" in rows(browser, image)


def test_style_references_are_shown_with_their_strengths(browser: Client, alice: Any, heron: Image) -> None:
    upload = pages.upload_of(alice)
    asked = {"prompt": "a heron", "image_style_references": [{"image_url": str(upload.id), "strength": -0.5}]}
    image = lifecycle.submit(alice, Brief.read("krea-2-medium", asked), uploads=[upload]).images.get()

    page = pages.read(browser.get(f"/studio/recall?image={image.pk}"))

    assert "Style references None -0.5, avoid Take only this" in page.text
    assert any(upload.name in shown["src"] for shown in page.images)


def test_style_references_that_wait_for_their_image_model_are_shown(browser: Client, alice: Any, heron: Image) -> None:
    """FLUX takes none, so they are kept until one goes back: taking the picture's settings would end that."""
    upload = pages.upload_of(alice)
    name = "image_style_references.0"
    waiting = {f"{name}.image_url": str(upload.id), f"{name}.strength": "-0.5"}
    type_a_draft(browser, model="flux-krea-dev", **waiting)

    page = pages.read(browser.get(f"/studio/recall?image={heron.pk}"))

    assert "Style references Needs Krea 2 Large -0.5, avoid None Take only this" in page.text
    assert any(upload.name in shown["src"] for shown in page.images)


def test_settings_that_another_image_model_takes_say_which(browser: Client, alice: Any) -> None:
    image = lifecycle.submit(
        alice, Brief.read("flux-krea-dev", {"prompt": "a heron", "guidance_scale": 7.5})
    ).images.get()

    assert "Needs FLUX.1 Krea [dev]" in rows(browser, image)


def test_picture_of_an_image_model_that_is_gone_gives_the_rest(browser: Client, heron: Image) -> None:
    Generation.objects.update(image_model="long-gone")

    text = rows(browser, heron)

    assert "long-gone, is not offered any more" in text and "Prompt Empty a heron Take only this" in text
    assert open_form(browser, f"?from={heron.pk}&take=model&take=prompt")["prompt"] == "a heron"


@pytest.mark.parametrize("id", ["", "nonsense", "%00", "019f0000-0000-7000-8000-000000000000"])
def test_picture_that_is_none_is_not_found(browser: Client, id: str) -> None:
    assert browser.get(f"/studio/recall?image={id}").status_code == 404


def test_settings_of_another_customer_do_not_exist(mallory: Any, heron: Image) -> None:
    client = logged_in(mallory)

    assert client.get(f"/studio/recall?image={heron.pk}").status_code == 404
    assert client.get(f"/studio/?from={heron.pk}&take=prompt").status_code == 404


def test_page_asks_the_database_a_few_times(
    browser: Client, heron: Image, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    type_a_draft(browser)

    with django_assert_max_num_queries(8):
        browser.get(f"/studio/recall?image={heron.pk}")


# Taking it ----------------------------------------------------------------------------------------


def test_one_setting_is_taken_and_all_others_stay(browser: Client, heron: Image) -> None:
    type_a_draft(browser, seed="5")

    response = browser.get(f"/studio/?from={heron.pk}&take=prompt")

    page = pages.read(response)
    told = {name: page.fields[name] for name in ("model", "prompt", "aspect_ratio", "seed", "quantity")}
    assert told == {
        "model": "krea-2-medium", "prompt": "a heron", "aspect_ratio": "1:1", "seed": "5", "quantity": "3",
    }  # fmt: skip
    assert "Taken from your picture: prompt. Everything else is as it was." in page.text


def test_some_settings_are_taken_by_their_boxes(browser: Client, heron: Image) -> None:
    type_a_draft(browser)

    fields = open_form(browser, f"?from={heron.pk}&take=&take=model&take=seed&take=aspect_ratio")

    told = {name: fields[name] for name in ("model", "prompt", "aspect_ratio", "seed", "quantity")}
    assert told == {
        "model": "krea-2-large", "prompt": "a fox in the snow", "aspect_ratio": "2:3", "seed": "77", "quantity": "3",
    }  # fmt: skip


@pytest.mark.parametrize("query", ["take=", "take=nonsense", "take=%00&take=csrfmiddlewaretoken"])
def test_with_nothing_ticked_nothing_is_taken(browser: Client, heron: Image, query: str) -> None:
    type_a_draft(browser)

    page = pages.read(browser.get(f"/studio/?from={heron.pk}&{query}"))

    assert page.fields["prompt"] == "a fox in the snow"
    assert "Nothing was taken from the picture." in page.text


def test_references_are_taken_whole_in_place_of_those_that_were_there(browser: Client, alice: Any) -> None:
    kept = [pages.upload_of(alice, picture(each).read()) for each in ("red", "blue")]
    rows = [{"image_url": str(upload.id), "strength": 0.5} for upload in kept]
    brief = Brief.read("krea-2-medium", {"prompt": "a heron", "image_style_references": rows[:1]})
    image = lifecycle.submit(alice, brief, uploads=kept[:1]).images.get()
    name = "image_style_references"
    type_a_draft(
        browser, **{f"{name}.0.image_url": str(kept[1].id), f"{name}.1.image_url": "https://example.com/a.png"}
    )

    fields = open_form(browser, f"?from={image.pk}&take={name}")

    found = {key: value for key, value in fields.items() if key.startswith(f"{name}.") and key.endswith("image_url")}
    assert found == {f"{name}.0.image_url": str(kept[0].id)}
    assert fields["prompt"] == "a fox in the snow"


def test_setting_that_the_studios_image_model_does_not_take_is_kept_for_one_that_does(
    browser: Client, alice: Any
) -> None:
    asked = {"prompt": "a heron", "guidance_scale": 7.5}
    image = lifecycle.submit(alice, Brief.read("flux-krea-dev", asked)).images.get()
    type_a_draft(browser)

    page = pages.read(browser.get(f"/studio/?from={image.pk}&take=guidance_scale"))

    assert "kept for an image model that takes it: guidance" in page.text and "Krea 2 Medium does not." in page.text
    switched = pages.read(send(browser, page.fields | {"switch": "flux-krea-dev"}))
    assert switched.fields["guidance_scale"] == "7.5"


def test_what_was_typed_before_comes_back(browser: Client, heron: Image) -> None:
    type_a_draft(browser)
    fields = open_form(browser, f"?from={heron.pk}&take=prompt&take=seed")
    browser.post("/studio/draft", fields)

    back = pages.read(browser.post("/studio/", fields | {"do": "back"}, headers=HTMX))

    assert (back.fields["prompt"], back.fields["seed"]) == ("a fox in the snow", "")


def test_locked_seed_stays_locked_with_the_new_number(browser: Client, heron: Image) -> None:
    type_a_draft(browser, **{"seed": "5", "seed.lock": "on"})

    fields = open_form(browser, f"?from={heron.pk}&take=seed")

    assert (fields["seed"], fields["seed.lock"]) == ("77", "on")


def test_looking_changes_nothing(browser: Client, heron: Image) -> None:
    type_a_draft(browser)

    rows(browser, heron)
    open_form(browser, f"?from={heron.pk}&take=prompt")

    assert open_form(browser)["prompt"] == "a fox in the snow"
