"""Pressing Generate, told as a customer meets it: what was shown is what is paid, and nothing typed is lost."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from billing import prices
from billing.models import Account
from generations.models import Generation, Upload
from tests.conftest import wallet_of
from tests.generations import pages
from tests.generations.pages import GENERATE, logged_in, open_form, picture, raise_price, send


@pytest.fixture
def browser(alice: Any) -> Client:
    """alice, logged in."""
    return logged_in(alice)


def order(client: Client, **typed: str) -> Any:
    """Open the form, type, let the price be shown, press Generate."""
    page = pages.read(send(client, open_form(client) | {"prompt": "a fox"} | typed | {"do": "price"}))
    return send(client, page.fields | GENERATE)


def test_generate_draws_and_charges_what_was_shown(browser: Client, alice: Any, finish_all: Callable[[], None]) -> None:
    response = order(browser, quantity="2", aspect_ratio="16:9")
    generation = Generation.objects.get()
    assert (response.status_code, response.headers["Location"]) == (302, f"/studio/generations/{generation.id}/")
    assert wallet_of(alice) == (1000_00, 78_00)

    finish_all()

    page = pages.read(browser.get(response.headers["Location"]))
    assert "Ready" in page.text and "78.00 credits" in page.text
    assert [image["alt"] for image in page.images] == ["a fox", "a fox"]
    assert all(image["src"].startswith("/pictures/") and "signature=" in image["src"] for image in page.images)
    assert wallet_of(alice) == (922_00, 0)


def test_same_form_sent_twice_is_one_generation(browser: Client, alice: Any) -> None:
    fields = open_form(browser) | {"prompt": "a fox"} | GENERATE

    first, second = send(browser, fields), send(browser, fields)

    assert first.headers["Location"] == second.headers["Location"]
    assert (Generation.objects.count(), wallet_of(alice)) == (1, (1000_00, 39_00))


def test_two_tabs_are_two_wishes(browser: Client) -> None:
    tabs = [open_form(browser) | {"prompt": "a fox"} | GENERATE for _ in range(2)]

    for fields in tabs:
        send(browser, fields)

    assert Generation.objects.count() == 2


def test_quote_binds_its_price_for_the_brief_it_was_given_for(browser: Client, alice: Any) -> None:
    page = pages.read(send(browser, open_form(browser) | {"prompt": "a fox", "do": "price"}))
    raise_price("krea-2-medium", 50_00)

    send(browser, page.fields | GENERATE)

    assert wallet_of(alice) == (1000_00, 39_00)


def test_price_that_rose_is_shown_before_it_is_taken(browser: Client, alice: Any) -> None:
    fields = open_form(browser) | {"prompt": "a fox"} | GENERATE
    raise_price("krea-2-medium", 50_00)

    refused = send(browser, fields)
    page = pages.read(refused)
    assert refused.status_code == 409
    assert "The price is now 50.00 credits. Press Generate again to accept." in page.text
    assert (page.fields["prompt"], wallet_of(alice)) == ("a fox", (1000_00, 0))

    send(browser, page.fields | GENERATE)
    assert wallet_of(alice) == (1000_00, 50_00)


def test_price_of_a_smaller_wish_does_not_pay_for_a_larger_one(browser: Client, alice: Any) -> None:
    fields = open_form(browser) | {"prompt": "a fox", "quantity": "5"} | GENERATE

    refused = send(browser, fields)

    assert (refused.status_code, wallet_of(alice)) == (409, (1000_00, 0))
    assert "The price is now 195.00 credits." in pages.read(refused).text


@pytest.mark.parametrize(
    "changed",
    [
        {"quote": ""},
        {"quote": "forged"},
        {"quote": "WyJ4IiwxLDFd:1abcde:xyz"},
        {"nonce": ""},
        {"nonce": "n" * 200},
        {"nonce": "not a word"},
    ],
)
def test_form_without_a_price_or_a_wish_of_ours_comes_back_to_be_confirmed(
    browser: Client, alice: Any, changed: dict[str, str]
) -> None:
    fields = open_form(browser) | {"prompt": "a fox"} | changed

    refused = send(browser, fields | GENERATE)

    page = pages.read(refused)
    assert (refused.status_code, wallet_of(alice)) == (409, (1000_00, 0))
    assert "The price is 39.00 credits. Press Generate again to accept." in page.text
    assert send(browser, page.fields | GENERATE).status_code == 302


def test_quote_that_is_too_old_still_says_what_was_shown(
    browser: Client, alice: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = pages.read(send(browser, open_form(browser) | {"prompt": "a fox", "do": "price"}))
    monkeypatch.setattr(prices, "is_fresh", lambda quote: False)

    send(browser, page.fields | GENERATE)
    raise_price("krea-2-medium", 50_00)
    refused = send(browser, page.fields | {"nonce": "n" * 20} | GENERATE)

    assert wallet_of(alice) == (1000_00, 39_00)
    assert refused.status_code == 409


def test_too_few_credits_are_told_with_price_balance_and_what_is_missing(bob: Any) -> None:
    client = logged_in(bob)

    refused = order(client, quantity="2", creativity="raw")

    page = pages.read(refused)
    assert refused.status_code == 402
    assert "This costs 78.00 and you have 0.00: 78.00 are missing. Nothing was charged." in page.text
    assert (page.fields["creativity"], page.fields["quantity"]) == ("raw", "2")
    assert 'href="/billing/"' in refused.content.decode()
    assert not Account.objects.filter(user=bob, held__gt=0).exists()


def test_everything_that_is_wrong_is_told_at_once_beside_its_field(browser: Client) -> None:
    typed = {"prompt": "", "seed": "x", "num_inference_steps": "99", "image_size": "own", "image_size.width": "4"}

    refused = send(browser, open_form(browser, "?model=flux-krea-dev") | typed | GENERATE)

    page = pages.read(refused)
    assert refused.status_code == 422
    assert page.invalid == {"prompt", "seed", "num_inference_steps", "image_size.width", "image_size.height"}
    links = re.findall(r'<li><a href="#([^"]+)">', refused.content.decode())
    assert set(links) == {"prompt", "seed", "num_inference_steps", "image_size-width", "image_size-height"}
    assert set(links) <= page.by_id.keys()
    assert {name: page.fields[name] for name in typed} == typed


def test_safety_checker_may_be_switched_off_by_those_alone_who_are_allowed_to(browser: Client) -> None:
    fields = open_form(browser, "?model=flux-krea-dev") | {"prompt": "a fox", "enable_safety_checker": "off"}

    refused = send(browser, fields | GENERATE)

    assert (refused.status_code, Generation.objects.count()) == (422, 0)
    assert "accounts that support has allowed to" in pages.read(refused).text


def test_safety_checker_stays_off_in_the_form_that_comes_back(browser: Client) -> None:
    fields = open_form(browser, "?model=flux-krea-dev") | {"enable_safety_checker": "off", "do": "price"}

    assert pages.read(send(browser, fields)).fields["enable_safety_checker"] == "off"


# Style references ---------------------------------------------------------------------------------


def test_style_reference_as_a_file_goes_with_the_picture(browser: Client, alice: Any) -> None:
    row = {"image_style_references.0.file": picture(), "image_style_references.0.strength": "-1.5"}

    shown = pages.read(send(browser, open_form(browser) | {"prompt": "a fox"} | row | GENERATE))
    assert "The price is now 45.50 credits." in shown.text
    send(browser, shown.fields | GENERATE)

    generation, upload = Generation.objects.get(), Upload.objects.get()
    assert generation.references == [str(upload.id)]
    assert generation.input["image_style_references"] == [{"image_url": str(upload.id), "strength": -1.5}]
    assert wallet_of(alice) == (1000_00, 45_50)


def test_chosen_file_need_not_be_chosen_again_when_something_else_is_wrong(browser: Client) -> None:
    files = {"image_style_references.0.file": picture()}

    page = pages.read(send(browser, open_form(browser) | {"prompt": ""} | files | GENERATE))

    upload = Upload.objects.get()
    assert page.fields["image_style_references.0.image_url"] == str(upload.id)
    assert upload.name in page.images[0]["src"]
    again = send(browser, page.fields | {"prompt": "a fox"} | GENERATE)
    assert again.status_code == 302
    assert Generation.objects.get().references == [str(upload.id)]


def test_file_that_is_no_picture_is_refused_at_its_row(browser: Client) -> None:
    rows = {
        "image_style_references.0.image_url": "https://example.com/a.png",
        "image_style_references.1.file": SimpleUploadedFile("a.png", b"not a picture", "image/png"),
    }

    page = pages.read(send(browser, open_form(browser) | rows | {"add_row": "image_style_references"}))

    assert "Style reference 2: " in page.text
    assert page.invalid == {"image_style_references.1.image_url"}


def test_upload_of_somebody_else_is_refused_and_not_shown(browser: Client, mallory: Any) -> None:
    theirs = Upload.objects.create(
        user=mallory, sha256="0" * 64, name="pictures/00/00/" + "0" * 64 + ".png", content_type="image/png",
        width=1, height=1, bytes=1,
    )  # fmt: skip
    fields = open_form(browser) | {"prompt": "a fox", "image_style_references.0.image_url": str(theirs.id)}

    refused = send(browser, fields | GENERATE)

    page = pages.read(refused)
    assert (refused.status_code, page.images) == (422, [])
    assert "there is no upload of yours with this id" in page.text


@pytest.mark.parametrize("name", ["prompt", "nope", ""])
def test_rows_of_what_is_no_list_are_refused(browser: Client, name: str) -> None:
    assert browser.post("/studio/rows", open_form(browser) | {"list": name}).status_code == 400
