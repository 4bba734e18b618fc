"""The studio, told as a customer meets it: see the price, press Generate, watch, cancel. No script runs here."""

import re
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from billing import prices
from billing.models import Price
from generations import catalogue, lifecycle
from generations.brief import Brief
from generations.models import Customer, Generation, Image
from tests.generations import pages
from tests.generations.pages import GENERATE, HTMX, logged_in, open_form, raise_price, send


@pytest.fixture
def browser(alice: Any) -> Client:
    """alice, logged in."""
    return logged_in(alice)


# The form -----------------------------------------------------------------------------------------


def test_whoever_is_not_logged_in_is_sent_to_log_in_and_back(db: None) -> None:
    assert Client().get("/studio/").headers["Location"] == "/accounts/login/?next=/studio/"


@pytest.mark.parametrize("id", ["krea-2-medium", "krea-2-large", "krea-2-turbo-lora", "flux-krea-dev"])
def test_every_input_of_an_image_model_is_in_its_form(browser: Client, alice: Any, id: str) -> None:
    Customer.objects.update_or_create(user=alice, defaults={"may_disable_safety_checker": True})

    page = pages.read(browser.get(f"/studio/?model={id}"))

    names = {name.partition(".")[0] for name in page.fields} | {
        value for name, value in page.buttons if name == "add_row"
    }
    assert set(catalogue.get(id).field_names) <= names
    assert page.fields["model"] == id


def test_image_model_cards_say_price_time_and_purpose(browser: Client) -> None:
    raise_price("krea-2-large", 81_25)

    text = pages.read(browser.get("/studio/")).text

    told = "Krea 2 Large 81.25 credits an image typically 15\N{EN DASH}40 s Best for the final picture"
    assert told in text
    assert "FLUX.1 Krea [dev] 32.50 credits a megapixel" in text


def test_unknown_image_model_in_the_address_is_said_and_the_default_opened(browser: Client) -> None:
    page = pages.read(browser.get("/studio/?model=nope"))

    assert "There is no image model called nope." in page.text
    assert page.fields["model"] == catalogue.DEFAULT


def test_changing_the_image_model_keeps_what_was_typed(browser: Client) -> None:
    typed = open_form(browser) | {"prompt": "a fox", "creativity": "high", "quantity": "7", "switch": "flux-krea-dev"}

    page = pages.read(send(browser, typed))
    back = pages.read(send(browser, page.fields | {"switch": "krea-2-medium"}))

    assert (page.fields["model"], page.fields["prompt"], page.fields["quantity"]) == ("flux-krea-dev", "a fox", "4")
    assert back.fields["creativity"] == "high"


def test_rows_are_added_and_removed_without_losing_the_others(browser: Client) -> None:
    rows = {
        "image_style_references.0.image_url": "https://example.com/a.png",
        "image_style_references.1.image_url": "https://example.com/b.png",
    }
    page = pages.read(send(browser, open_form(browser) | rows | {"add_row": "image_style_references"}))
    assert page.fields["image_style_references.2.image_url"] == ""

    page = pages.read(send(browser, page.fields | {"remove_row": "image_style_references.0"}))

    assert page.fields["image_style_references.0.image_url"] == "https://example.com/b.png"
    assert "image_style_references.1.image_url" not in page.fields


def test_no_more_rows_are_offered_than_the_image_model_takes(browser: Client) -> None:
    full = {f"loras.{number}.path": f"https://example.com/{number}.safetensors" for number in range(3)}

    page = pages.read(send(browser, open_form(browser, "?model=krea-2-turbo-lora") | full | {"add_row": "loras"}))

    assert "hidden" in page.by_id["loras-adding"]
    assert "loras.3.path" not in page.fields


def test_first_button_of_the_form_spends_nothing(browser: Client) -> None:
    page = pages.read(browser.get("/studio/"))

    assert page.buttons[0] == ("do", "price")
    assert send(browser, page.fields | {"prompt": "a fox", "do": "price"}).status_code == 200
    assert Generation.objects.count() == 0


# The price ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ({}, "39.00 credits 961.00 left"),
        ({"quantity": "3"}, "117.00 credits 3 \N{MULTIPLICATION SIGN} 39.00, 883.00 left"),
        ({"image_style_references.0.image_url": "https://example.com/a.png"}, "45.50 credits 954.50 left"),
        (
            {"model": "krea-2-large", "quantity": "10"},
            "780.00 credits 10 \N{MULTIPLICATION SIGN} 78.00, 220.00 left",
        ),
        ({"model": "flux-krea-dev", "image_size": "landscape_4_3"}, "25.56 credits 974.44 left"),
        (
            {"model": "flux-krea-dev", "image_size": "own", "image_size.width": "9"},
            "Size, width must be a whole number",
        ),
    ],
)
def test_price_is_exact_for_the_form_as_it_stands(browser: Client, typed: dict[str, str], told: str) -> None:
    response = browser.post("/studio/price", open_form(browser) | typed, headers=HTMX)

    assert told in pages.read(response).text


def test_price_carries_a_token_for_this_very_brief(browser: Client) -> None:
    response = browser.post("/studio/price", open_form(browser) | {"prompt": "a fox", "quantity": "2"})

    token = re.findall(r'name="quote" value="([^"]+)"', response.content.decode())[0]
    quote = prices.read(token)
    brief = Brief.read("krea-2-medium", {"prompt": "a fox"}, 2)
    assert (quote.digest, quote.image_price, quote.quantity) == (brief.digest(), 39_00, 2)


def test_price_says_what_is_missing(bob: Any) -> None:
    client = logged_in(bob)

    text = pages.read(client.post("/studio/price", open_form(client))).text

    assert "39.00 more needed" in text


def test_image_model_without_a_price_cannot_be_ordered(browser: Client) -> None:
    fields = open_form(browser) | {"prompt": "a fox"}
    Price.objects.filter(item="krea-2-medium").delete()

    page = pages.read(browser.get("/studio/"))
    refused = send(browser, fields | GENERATE)

    assert "disabled" in page.by_id["model-krea-2-medium"]
    assert (refused.status_code, "no price at the moment" in pages.read(refused).text) == (409, True)


# Parts of the page, for htmx ----------------------------------------------------------------------


def test_generate_by_htmx_puts_the_card_on_top_and_renews_the_wish(browser: Client) -> None:
    fields = open_form(browser) | {"prompt": "a fox"} | GENERATE

    response = browser.post("/studio/", fields, headers=HTMX)

    page = pages.read(response)
    assert (response.headers["HX-Retarget"], response.headers["HX-Reswap"]) == ("#cards", "afterbegin")
    assert f"card-{Generation.objects.get().id}" in page.by_id
    assert page.by_id["nonce"]["hx-swap-oob"] == "true"
    assert page.by_id["nonce"]["value"] not in ("", fields["nonce"])


def test_what_is_wrong_comes_back_as_the_form_alone(browser: Client) -> None:
    response = browser.post("/studio/", open_form(browser) | GENERATE, headers=HTMX)

    assert response.status_code == 422
    assert response.content.decode().lstrip().startswith('<form id="studio-form"')


def test_part_of_a_page_is_not_replaced_by_the_log_in_page(db: None) -> None:
    response = Client().post("/studio/price", {"prompt": "a fox"}, headers=HTMX)

    assert (response.status_code, response.headers["HX-Retarget"]) == (401, "#notices")
    assert "You have been logged out." in response.content.decode()


def test_parts_are_kept_in_no_cache(browser: Client, alice: Any, fox: Brief) -> None:
    generation = lifecycle.submit(alice, fox)

    part = browser.get(f"/studio/generations/{generation.id}/", headers=HTMX)

    assert part.headers["Cache-Control"] == "no-store"
    assert "HX-Request" in part.headers["Vary"]


# Settings of a picture ----------------------------------------------------------------------------


def test_settings_of_a_picture_fill_the_form_with_its_own_seed(browser: Client, alice: Any) -> None:
    asked = {"prompt": "a fox,\nrunning", "aspect_ratio": "9:16", "creativity": "raw"}
    lifecycle.submit(alice, Brief.read("krea-2-large", asked, 3))
    second = Image.objects.get(index=1)

    fields = open_form(browser, f"?from={second.id}")

    told = {name: fields[name] for name in asked} | {"prompt": fields["prompt"].replace("\r\n", "\n")}
    assert told == asked
    assert (fields["model"], fields["seed"], fields["quantity"]) == ("krea-2-large", str(second.seed), "1")


def test_settings_of_a_picture_open_with_another_image_model(browser: Client, alice: Any, fox: Brief) -> None:
    lifecycle.submit(alice, fox)

    fields = open_form(browser, f"?from={Image.objects.get().id}&model=krea-2-large")

    assert (fields["model"], fields["prompt"]) == ("krea-2-large", "a red fox in the snow")


@pytest.mark.parametrize("whose", ["theirs", "deleted", "nobody's", "nonsense"])
def test_settings_of_what_is_not_yours_are_not_there(
    browser: Client, alice: Any, mallory: Any, fox: Brief, whose: str
) -> None:
    generation = lifecycle.submit(alice if whose == "deleted" else mallory, fox)
    if whose == "deleted":
        lifecycle.delete(generation)
    ids = {"nobody's": uuid4(), "nonsense": "x"}

    id = ids.get(whose, Image.objects.get().id)

    assert browser.get(f"/studio/?from={id}").status_code == 404
