"""Rows of style references, told as a customer meets them: added, checked before they cost anything, chosen from what
is one's own. No script runs here; what scripts ask for is asked as they do."""

import io
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from PIL import Image as Pillow

from generations import lifecycle, references
from generations.brief import Brief
from generations.errands import Problem
from generations.models import Generation, Image, Upload
from tests.conftest import wallet_of
from tests.generations import pages
from tests.generations.pages import GENERATE, HTMX, logged_in, open_form, picture, send
from tests.generations.strangers import Open, Visit

LIST = "image_style_references"
FIRST, SECOND, THIRD = (f"{LIST}.{number}.image_url" for number in range(3))


@pytest.fixture
def browser(alice: Any) -> Client:
    """alice, logged in."""
    return logged_in(alice)


@pytest.fixture
def pond(alice: Any, finish_all: Callable[[], None]) -> Image:
    """alice's, stored."""
    lifecycle.submit(alice, Brief.read("krea-2-medium", {"prompt": "a pond in spring"}))
    finish_all()
    return Image.objects.get(user=alice)


def teal(visit: Visit) -> None:
    file = io.BytesIO()
    Pillow.new("RGB", (300, 200), "teal").save(file, "PNG")
    visit.give(200, file.getvalue(), Content_Type="image/png")


def ask_for_row(client: Client, **fields: Any) -> Any:
    """What a script sends for one row."""
    named = {name.replace("__", "."): value for name, value in fields.items()}
    return client.post("/studio/rows", {"model": "krea-2-medium", "list": LIST} | named, headers=HTMX)


# The form without scripts ---------------------------------------------------------------------------


def test_several_files_chosen_at_once_are_a_row_each(browser: Client, alice: Any) -> None:
    typed = {FIRST: "https://example.com/a.png", f"{LIST}.files": [picture("red"), picture("blue", "b.png")]}

    page = pages.read(send(browser, open_form(browser) | typed | {"pick": ""}))

    red, blue = Upload.objects.order_by("created_at")
    assert (page.fields[FIRST], {page.fields[SECOND], page.fields[THIRD]}) == (
        "https://example.com/a.png",
        {str(red.id), str(blue.id)},
    )
    assert "Style reference 2 64 \N{MULTIPLICATION SIGN} 48 pixels" in page.text


def test_files_beyond_the_most_lose_nothing_and_say_how_many_are_too_many(browser: Client) -> None:
    files = [picture(f"#0000{number:02x}") for number in range(10, 22)]

    page = pages.read(send(browser, open_form(browser) | {f"{LIST}.files": files} | {"pick": ""}))
    refused = send(browser, page.fields | {"prompt": "a fox"} | GENERATE)

    assert f"{LIST}.11.image_url" in page.fields
    assert (refused.status_code, Generation.objects.count()) == (422, 0)
    assert "at most 10" in pages.read(refused).text


def test_of_several_files_the_good_ones_stay_when_one_is_refused(browser: Client) -> None:
    files = [picture("red"), SimpleUploadedFile("notes.png", b"not a picture", "image/png"), picture("blue")]

    refused = send(browser, open_form(browser) | {"prompt": "a fox", f"{LIST}.files": files} | GENERATE)

    page = pages.read(refused)
    assert (refused.status_code, Generation.objects.count()) == (422, 0)
    assert page.invalid == {SECOND}
    assert "Style reference 2: The file is not a JPEG, PNG or WebP picture." in page.text
    assert UUID(page.fields[FIRST]) and UUID(page.fields[THIRD])


def test_address_is_checked_and_kept_before_it_costs_anything(browser: Client, stranger: Open, alice: Any) -> None:
    there = stranger(teal)
    typed = {FIRST: f"http://127.0.0.1:{there.port}/a.png", f"{LIST}.0.strength": "-0.5"}

    page = pages.read(send(browser, open_form(browser) | typed | {"check_rows": LIST}))

    upload = Upload.objects.get()
    assert (page.fields[FIRST], page.fields[f"{LIST}.0.strength"]) == (str(upload.id), "-0.5")
    assert upload.name in page.images[0]["src"]
    assert (wallet_of(alice), len(there.seen)) == ((1000_00, 0), 1)
    send(browser, page.fields | {"prompt": "a fox"} | GENERATE)
    assert len(there.seen) == 1  # what was kept is what is drawn with


def test_address_that_cannot_be_had_is_refused_beside_its_row_alone(browser: Client, stranger: Open) -> None:
    there, gone = stranger(teal), stranger(lambda visit: visit.give(404))
    typed = {
        "prompt": "a fox, half written",
        FIRST: f"http://127.0.0.1:{gone.port}/a.png",
        SECOND: f"http://127.0.0.1:{there.port}/a.png",
        THIRD: "not an address",
        f"{LIST}.2.strength": "9",
    }

    page = pages.read(send(browser, open_form(browser) | typed | {"check_rows": LIST}))

    assert page.invalid == {FIRST, THIRD, f"{LIST}.2.strength"}
    assert "Style reference 1: 127.0.0.1 answered 404 instead of 200." in page.text
    assert (page.fields["prompt"], page.fields[FIRST]) == ("a fox, half written", typed[FIRST])
    assert page.fields[SECOND] == str(Upload.objects.get().id)


def test_row_that_was_emptied_is_not_counted_when_another_is_removed(browser: Client) -> None:
    typed = {FIRST: "https://example.com/a.png", SECOND: "", THIRD: "https://example.com/c.png"}

    page = pages.read(send(browser, open_form(browser) | typed | {"remove_row": f"{LIST}.2"}))
    same = pages.read(send(browser, open_form(browser) | typed | {"remove_row": f"{LIST}.1"}))

    assert (page.fields[FIRST], SECOND in page.fields) == ("https://example.com/a.png", False)
    assert (same.fields[FIRST], same.fields[SECOND]) == ("https://example.com/a.png", "https://example.com/c.png")


def test_same_picture_twice_is_said(browser: Client) -> None:
    page = pages.read(send(browser, open_form(browser) | {f"{LIST}.files": [picture(), picture()]} | {"pick": ""}))

    assert page.fields[FIRST] == page.fields[SECOND]
    assert "Style reference 2 64 \N{MULTIPLICATION SIGN} 48 pixels The same picture as number 1." in page.text


# One's own pictures -------------------------------------------------------------------------------


def test_own_picture_is_chosen_without_leaving_the_form(browser: Client, alice: Any, pond: Image) -> None:
    fields = open_form(browser) | {"prompt": "half written"}

    shown = pages.read(send(browser, fields | {"pick": "recent"}))
    assert [image["alt"] for image in shown.images if "alt" in image][:1] == ["a pond in spring"]
    chosen = pages.read(send(browser, shown.fields | {"use": f"image.{pond.id}"}))

    upload = Upload.objects.get(user=alice)
    assert (chosen.fields["prompt"], chosen.fields[FIRST]) == ("half written", str(upload.id))
    assert (upload.width, upload.height) == (pond.width, pond.height)
    assert ("use", f"image.{pond.id}") in chosen.buttons  # still open, for the next one
    closed = pages.read(send(browser, chosen.fields | {"pick": ""}))
    assert ("use", f"image.{pond.id}") not in closed.buttons


def test_reference_that_was_used_before_is_chosen_again(browser: Client, alice: Any) -> None:
    (before,) = (send(browser, open_form(browser) | {f"{LIST}.files": [picture()], "pick": ""}), *Upload.objects.all())[
        1:
    ]

    shown = pages.read(send(browser, open_form(browser) | {"pick": "used"}))
    page = pages.read(send(browser, shown.fields | {"use": f"upload.{before.id}"}))

    assert page.fields[FIRST] == str(before.id)
    assert Upload.objects.count() == 1


def test_picture_is_named_by_the_address_of_its_page_or_file_too(alice: Any, pond: Image) -> None:
    page, file = (
        references.address_of(pond),
        f"http://localhost:8000/{pond.variants['320']['name']}?expires=1&signature=x",
    )

    found = references.keep(alice, [page, file]).uploads

    assert isinstance(found[0], Upload)
    assert found[0] == found[1]


@pytest.mark.parametrize("state", ["binned", "erased", "deleted", "theirs", "nobody's"])
def test_pictures_that_are_gone_or_not_ones_own_are_neither_offered_nor_taken(
    alice: Any, mallory: Any, pond: Image, state: str
) -> None:
    client = logged_in(mallory if state == "theirs" else alice)
    if state in ("binned", "erased"):
        Image.objects.update(**{f"{state}_at": timezone.now()})
    elif state == "deleted":
        lifecycle.delete(pond.generation)
    id = uuid4() if state == "nobody's" else pond.id

    refused = ask_for_row(client, use=f"image.{id}")

    assert refused.status_code == 422
    assert "there is no picture of yours at this address" in pages.read(refused).text
    assert not Upload.objects.exists()
    offered = client.get("/studio/pictures?show=recent").content.decode()
    assert (f"image.{pond.id}" in offered) == (state == "nobody's")


def test_favourites_are_a_shelf_of_their_own(browser: Client, pond: Image) -> None:
    assert "No favourites yet." in browser.get("/studio/pictures?show=favourites").content.decode()

    Image.objects.update(favourite_at=timezone.now())

    assert f"image.{pond.id}" in browser.get("/studio/pictures?show=favourites").content.decode()


def test_shelf_goes_on_by_cursor_and_repeats_nothing(browser: Client, alice: Any, pond: Image) -> None:
    rows = [
        Image(
            generation=pond.generation, user=alice, index=number, seed=number, price=0, status="stored", name=pond.name,
            sha256=pond.sha256, variants=pond.variants, image_model=pond.image_model, width=1, height=1, bytes=1,
        )
        for number in range(1, 60)
    ]  # fmt: skip
    pond.generation.images.bulk_create(rows)
    seen: list[str] = []
    following = "recent"
    while following:
        page = pages.read(browser.get(f"/studio/pictures?show={following}"), form_id="")
        told = browser.get(f"/studio/pictures?show={following}").content.decode()
        seen += [part.split('"')[0] for part in told.split('name="use" value="')[1:]]
        after = told.split("data-more")
        following = after[1].split('value="')[1].split('"')[0] if len(after) > 1 else ""
        assert page.text

    assert len(seen) == len(set(seen)) == 60
    Image.objects.exclude(pk=pond.pk).delete()


# One row, as scripts ask for it -----------------------------------------------------------------------


def test_one_row_is_checked_and_comes_back_with_its_thumbnail(browser: Client) -> None:
    answer = ask_for_row(browser, **{f"{LIST}.0.file": picture(), f"{LIST}.0.strength": "0.4"})

    upload = Upload.objects.get()
    told = answer.content.decode()
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
    assert told.lstrip().startswith('<div class="row with-picture"')
    assert f'name="{FIRST}" value="{upload.id}"' in told and 'value="0.4"' in told


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({f"{LIST}.0.file": SimpleUploadedFile("x.png", b"x", "image/png")}, "The file is not a JPEG"),
        ({f"{LIST}.0.file": SimpleUploadedFile("x.png", b"", "image/png")}, "Style reference 1"),
        ({FIRST: "nonsense"}, "must be an http or https address"),
        ({FIRST: "http://169.254.169.254/latest"}, "Style reference 1: "),
        ({FIRST: str(uuid4())}, "there is no upload of yours with this id"),
        ({f"{LIST}.0.file": SimpleUploadedFile("x.png", b"x" * (10 * 1024 * 1024 + 1))}, "at most 10 MB"),
    ],
)
def test_one_row_that_cannot_be_had_comes_back_with_the_reason(
    browser: Client, fields: dict[str, Any], words: str
) -> None:
    answer = ask_for_row(browser, **fields)

    assert answer.status_code == 422
    assert words in pages.read(answer).text
    assert not Upload.objects.exists()


def test_only_one_row_of_a_list_of_this_image_model_is_answered(browser: Client) -> None:
    two = {FIRST: "https://example.com/a.png", SECOND: "https://example.com/b.png"}

    assert ask_for_row(browser, **two).status_code == 400
    assert ask_for_row(browser).status_code == 400
    assert ask_for_row(browser, model="flux-krea-dev", **{FIRST: "https://example.com/a.png"}).status_code == 400


# What the doors share -----------------------------------------------------------------------------


def test_one_that_cannot_be_kept_leaves_the_others_alone(alice: Any, stranger: Open) -> None:
    there, gone = stranger(teal), stranger(lambda visit: visit.give(410))
    urls = [f"http://127.0.0.1:{each.port}/a.png" for each in (gone, there)]

    found = references.keep(alice, [*urls, "data:image/png;base64,####"])

    refused, kept, broken = found.uploads
    assert isinstance(kept, Upload) and isinstance(refused, Problem) and isinstance(broken, Problem)
    assert (refused.code, broken.code) == ("bad_status", "bad_data_uri")
