"""The landing page: prices are those that are charged, the calculator needs no script, the samples are there."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.urls import reverse
from PIL import Image as Pillow
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from billing.credits import show
from billing.models import Price
from generations import calculator, catalogue, lifecycle, price_table, samples
from generations.brief import Brief
from generations.catalogue import ImageModel, examples
from generations.dollars import in_dollars
from generations.pictures import marks
from tests.generations.pages import Page, raise_price, read

pytestmark = pytest.mark.django_db

STATIC = Path(__file__).parents[2] / "static"
REFERENCE = [{"image_url": "https://example.com/a.jpg"}]
SIZES = {"size": "own", "width": "1999", "height": "1001"}


def calculator_page(**asked: str) -> Page:
    return read(Client().get(f"/?{urlencode(asked)}"), "calculator")


def charged(model: str, quantity: int = 1, **more: Any) -> int:
    """What an order with this input is charged, by the ledger's own price."""
    brief = Brief.read(model, {"prompt": "a fox"} | more, quantity)
    return lifecycle.price(brief).amount * quantity


def test_landing_says_what_it_is_and_shows_every_image_model() -> None:
    page = read(Client().get("/"))

    assert "Describe a picture, see its exact price, and watch it arrive." in page.text
    for image_model in catalogue.all():
        assert image_model.name in page.text
        assert image_model.summary in page.text
        assert image_model.not_for in page.text


def test_landing_answers_ten_questions() -> None:
    content = Client().get("/").content.decode()

    questions = re.findall(r"<h3>([^<]+\?)</h3>", content)
    assert len(questions) == 10


def test_landing_promises_the_trial_credits_that_are_given(settings: Settings) -> None:
    settings.TRIAL_CREDITS = 123

    text = read(Client().get("/")).text

    assert text.count("123.00 credits") == 2


@pytest.mark.parametrize("image_model", catalogue.all(), ids=lambda each: each.id)
def test_price_table_has_what_is_charged(image_model: ImageModel) -> None:
    row = next(each for each in price_table.read() if each.image_model == image_model)
    page = read(Client().get("/"))

    assert row.plain == charged(image_model.id)
    assert f"{show(row.plain)} {in_dollars(row.plain)}" in page.text
    if "image_style_references" in image_model.field_names:
        assert row.with_references == charged(image_model.id, image_style_references=REFERENCE)
        assert f"{show(row.with_references)} {in_dollars(row.with_references)}" in page.text
    else:
        assert row.with_references is None
    for line in row.items:
        assert f"{line.item} {show(line.amount)} credits {line.meaning}" in page.text


def test_every_price_row_is_explained() -> None:
    explained = [line.item for each in price_table.read() for line in each.items]

    assert sorted(explained) == sorted(Price.objects.values_list("item", flat=True).distinct())


def test_new_price_stands_in_table_and_calculator() -> None:
    raise_price("krea-2-large", 80_01)

    text = calculator_page(model="krea-2-large", quantity="3").text

    assert "80.01 $0.08001" in text
    assert "240.03 credits, $0.24003" in text


def test_image_model_without_a_price_is_not_for_sale() -> None:
    Price.objects.filter(item="flux-krea-dev").delete()

    text = calculator_page(model="flux-krea-dev").text

    assert "Not for sale now" in text
    assert "has no price at the moment" in text


@pytest.mark.parametrize(
    ("asked", "brief"),
    [
        ({}, {"model": "krea-2-medium"}),
        ({"model": "krea-2-medium", "quantity": "7"}, {"model": "krea-2-medium", "quantity": 7}),
        (
            {"model": "krea-2-large", "quantity": "4", "references": "on"},
            {"model": "krea-2-large", "quantity": 4, "image_style_references": REFERENCE},
        ),
        ({"model": "krea-2-turbo-lora", "quantity": "3"}, {"model": "krea-2-turbo-lora", "quantity": 3}),
        ({"model": "flux-krea-dev", "size": "square"}, {"model": "flux-krea-dev", "image_size": "square"}),
        (
            {"model": "flux-krea-dev", "quantity": "4"} | SIZES,
            {"model": "flux-krea-dev", "quantity": 4, "image_size": {"width": 1999, "height": 1001}},
        ),
    ],
)
def test_calculator_says_what_is_charged(asked: dict[str, str], brief: dict[str, Any]) -> None:
    total = charged(**brief)

    page = calculator_page(**asked)

    assert f"{total // 100:,}.{total % 100:02d} credits, {in_dollars(total)}" in page.text


def test_calculator_keeps_what_was_asked() -> None:
    asked = {"model": "flux-krea-dev", "quantity": "4"} | SIZES

    assert calculator_page(**asked).fields == asked


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"quantity": "11"}, "Quantity must be a whole number from 1 to 10."),
        ({"quantity": "<b>"}, "Quantity must be a whole number from 1 to 10."),
        (
            {"model": "flux-krea-dev", "size": "own", "width": "9", "height": "500"},
            "Size, width must be a whole number",
        ),
        ({"model": "flux-krea-dev", "size": "own", "width": "2048", "height": "2048"}, "at most 4 megapixels"),
        ({"model": "flux-krea-dev", "size": "huge"}, "Size must be one of square_hd"),
    ],
)
def test_calculator_says_what_is_wrong(asked: dict[str, str], told: str) -> None:
    assert told in calculator_page(**asked).text


def test_calculator_of_an_unknown_image_model_is_the_default_ones() -> None:
    assert calculator.calculate({"model": "nothing"}).image_model.id == catalogue.DEFAULT


def test_samples_are_shipped_small_marked_and_labelled() -> None:
    pictures = samples.pictures()
    folder = STATIC / samples.FOLDER
    page = read(Client().get("/"))

    assert {sample.image_model for sample in pictures} == {image_model.id for image_model in catalogue.all()}
    assert sum(file.stat().st_size for file in folder.iterdir()) < 400_000
    for sample, told in zip(pictures, page.images, strict=True):
        assert (told["alt"], told["width"], told["height"]) == (sample.prompt, str(sample.width), str(sample.height))
        assert sample.is_by_standin
        assert f"{sample.model_name}, sample of the stand-in {sample.prompt}" in page.text
        for name, width in sample.files:
            with Pillow.open(folder / name) as picture:
                assert picture.width == width
            assert marks.is_marked((folder / name).read_bytes())


def test_sample_wishes_can_be_drawn() -> None:
    for wish in samples.WISHES:
        assert Brief.read(wish.image_model, wish.input).seed is not None  # drawn again, it is the same picture


def test_operators_own_samples_come_before_the_shipped_ones(settings: Settings, tmp_path: Path) -> None:
    own = {"image_model": "krea-2-large", "prompt": "Ours", "drawn_by": "fal", "width": 640, "height": 480}
    (tmp_path / "samples").mkdir()
    (tmp_path / "samples" / "samples.json").write_text(json.dumps([own | {"files": [["ours-640.webp", 640]]}]))
    settings.STATICFILES_DIRS = [tmp_path, STATIC]
    samples.pictures.cache_clear()

    page = read(Client().get("/"))
    settings.STATICFILES_DIRS = [STATIC]
    samples.pictures.cache_clear()

    assert [told["src"] for told in page.images] == ["/static/samples/ours-640.webp"]
    assert "Krea 2 Large Ours" in page.text and "stand-in that it is built" not in page.text


def test_landing_asks_the_database_for_the_prices_alone(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    Client().get("/")  # the limits that somebody set are kept for some seconds

    with django_assert_num_queries(2):
        Client().get("/?model=krea-2-large&references=on")


def test_usual_example_is_what_the_price_is_of() -> None:
    for each in price_table.read():
        assert Brief.read(each.image_model.id, examples.usual(each.image_model)).size() == each.size


def test_finish_of_an_order_is_charged_as_the_table_says(alice: Any, finish_all: Callable[[], None]) -> None:
    generation = lifecycle.submit(alice, Brief.read("krea-2-turbo-lora", {"prompt": "a fox"}, 2))
    finish_all()

    generation.refresh_from_db()
    row = next(each for each in price_table.read() if each.image_model.id == "krea-2-turbo-lora")
    assert generation.quoted == 2 * row.plain


def test_links_lead_to_prices() -> None:
    assert f'href="{reverse("landing")}#prices"' in Client().get("/models/").content.decode()
    assert "prices" in read(Client().get("/")).by_id
