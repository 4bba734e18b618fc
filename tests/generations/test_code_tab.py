"""The API tab: the studio's form as it stands as code that runs, or what is missing for it."""

import json
import re
from dataclasses import replace
from html import unescape
from typing import Any

import pytest
from django.test import Client

from generations import catalogue, code_samples, code_tab
from generations.catalogue import ImageModel
from generations.code_samples import LANGUAGES, NATIVE
from generations.code_shapes import CannotSay
from generations.forms import StudioForm
from generations.models import Generation, Upload
from tests.generations import pages
from tests.generations.pages import HTMX, logged_in, open_form, picture, send

PICTURE = "https://example.com/a.png"


@pytest.fixture
def browser(alice: Any) -> Client:
    """alice, logged in."""
    return logged_in(alice)


def form(image_model: str = "krea-2-medium", **typed: str) -> StudioForm:
    named = {name.replace("__", "."): value for name, value in typed.items()}
    return StudioForm(catalogue.get(image_model), named)


def bodies(response: Any) -> list[Any]:
    """The body in each native sample for curl."""
    code = unescape(response.content.decode())
    found = [json.loads(body) for body in re.findall(r"--data '(\{.*?\n\})'", code, re.DOTALL)]
    return [body for body in found if "input" in body]


def test_code_is_that_of_the_form_as_it_stands(browser: Client) -> None:
    typed = open_form(browser) | {
        "prompt": 'a "fox"', "seed": "7", "quantity": "3", "image_style_references.0.image_url": PICTURE,
        "image_style_references.0.strength": "-0.5",
    }  # fmt: skip

    response = browser.post("/studio/code", typed, headers=HTMX)

    asked = {
        "prompt": 'a "fox"', "seed": 7, "aspect_ratio": "1:1", "creativity": "medium",
        "image_style_references": [{"image_url": PICTURE, "strength": -0.5}],
    }  # fmt: skip
    told = {"model": "krea-2-medium", "input": asked, "quantity": 3}
    assert bodies(response) == [told] * len(NATIVE.ways)
    assert not Generation.objects.exists()


@pytest.mark.parametrize("image_model", catalogue.all(), ids=lambda each: each.id)
def test_every_door_language_and_way_is_there(image_model: ImageModel) -> None:
    tab = code_tab.of(form(image_model.id, prompt="a fox"), {})

    assert [at.door for at in tab.doors] == list(code_samples.DOORS)
    for at in tab.doors:
        assert bool(at.problem) == (not at.languages)
        for told in at.languages:
            assert [sample.way for sample in told.samples] == list(at.door.ways)
            assert all("KREA_API_KEY" in sample.code and "a fox" in sample.code for sample in told.samples)
    assert [told.language for told in tab.doors[0].languages] == list(LANGUAGES)


def test_what_is_missing_is_said_in_place_of_code(browser: Client) -> None:
    response = browser.post("/studio/code", open_form(browser) | {"prompt": " ", "seed": "x"}, headers=HTMX)

    page = pages.read(response)
    assert response.status_code == 200
    assert "There is no code yet." in page.text
    assert "Prompt is empty" in page.text and "Seed must be a whole number" in page.text
    assert "KREA_API_KEY" not in page.text


def test_door_that_does_not_have_the_image_model_or_the_words_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def speechless(image_model: ImageModel, input: Any, quantity: int) -> dict[str, Any]:
        raise CannotSay("It takes no prompt.")

    elsewhere = replace(NATIVE, id="native", name="Elsewhere", serves=lambda image_model: False)
    silent = replace(NATIVE, name="Silent", body=speechless)
    monkeypatch.setattr(code_samples, "DOORS", (NATIVE, elsewhere, silent))

    tab = code_tab.of(form(prompt="a fox"), {})

    assert [at.problem for at in tab.doors] == ["", "Elsewhere does not have Krea 2 Medium.", "It takes no prompt."]


def test_tabs_that_were_looked_at_stay_open() -> None:
    tab = code_tab.of(form(prompt="a fox"), {"code_door": "native", "code_language_native": "python"})

    assert [told.language.id for told in tab.doors[0].languages if told.is_chosen] == ["python"]
    assert [at.door.id for at in tab.doors if at.is_chosen] == ["native"]


def test_without_scripts_a_button_shows_the_code_with_chosen_files_by_their_ids(browser: Client) -> None:
    typed = open_form(browser) | {"prompt": "a fox", "image_style_references.0.file": picture(), "do": "code"}

    response = send(browser, typed)

    page = pages.read(response)
    assert "checked" in page.by_id["view-api"] and "checked" not in page.by_id["view-pictures"]
    [kept] = Upload.objects.all()
    assert bodies(response)[0]["input"]["image_style_references"][0]["image_url"] == str(kept.pk)
    assert page.fields["image_style_references.0.image_url"] == str(kept.pk)


def test_tab_loads_nothing_until_it_is_opened(browser: Client) -> None:
    page = pages.read(browser.get("/studio/"))

    assert "checked" in page.by_id["view-pictures"]
    assert "KREA_API_KEY" not in page.text
    assert ("do", "code") in page.buttons
