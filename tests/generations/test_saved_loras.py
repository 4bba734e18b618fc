"""A set of LoRAs: saved under a name, chosen with one press, renamed, deleted; one's own alone."""

from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from generations import saved_loras
from generations.models import Generation, SavedLora
from generations.saved_loras import NotSaved
from tests.generations import pages
from tests.generations.pages import GENERATE, HTMX, logged_in, open_form, send
from tests.generations.strangers import Open, certificate_for

TURBO = "?model=krea-2-turbo-lora"
PATH, SCALE = "loras.0.path", "loras.0.scale"


@pytest.fixture
def browser(alice: Any) -> Client:
    """alice, logged in."""
    return logged_in(alice)


@pytest.fixture
def weights(stranger: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of a LoRA that is there."""
    file = certificate_for("localhost", tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    there = stranger(
        lambda visit: visit.give(200 if visit.path.startswith("/mine") else 404, b"weights"),
        certificate=file, allowed_as="localhost",
    )  # fmt: skip
    return f"https://localhost:{there.port}/mine.safetensors"


def watercolour(user: Any, path: str = "https://example.com/w.safetensors") -> SavedLora:
    return saved_loras.add(user, "Watercolour", path, 0.8)


def test_lora_is_checked_before_it_costs_anything(browser: Client, weights: str) -> None:
    typed = {PATH: weights, SCALE: "0.7", "loras.1.path": weights.replace("mine", "gone")}

    page = pages.read(send(browser, open_form(browser, TURBO) | typed | {"check_rows": "loras"}))

    assert page.invalid == {"loras.1.path"}
    assert "LoRA 2: the server answered 404; the file must be open to everybody" in page.text
    assert page.text.count("Found, and it can be used.") == 1
    assert (page.fields[PATH], page.fields[SCALE], Generation.objects.count()) == (weights, "0.7", 0)


def test_lora_is_saved_from_its_row_and_chosen_with_one_press(browser: Client, alice: Any, weights: str) -> None:
    typed = {"prompt": "a fox", PATH: weights, SCALE: "0.7", "loras.0.save_as": "  My   watercolour "}

    saved = pages.read(send(browser, open_form(browser, TURBO) | typed | {"save_lora": "loras.0"}))

    row = SavedLora.objects.get(user=alice)
    assert (row.name, row.path, row.scale) == ("My watercolour", weights, 0.7)
    assert "Saved as My watercolour" in saved.text
    assert (saved.fields["prompt"], saved.fields[PATH]) == ("a fox", weights)
    used = pages.read(send(browser, open_form(browser, TURBO) | {"use_lora": str(row.id)}))
    assert (used.fields[PATH], used.fields[SCALE]) == (weights, "0.7")
    assert send(browser, used.fields | {"prompt": "a fox", "do": "price"}).status_code == 200


@pytest.mark.parametrize(
    ("name", "path", "words"),
    [
        ("", "", "Give it a name, of 1 to 60 characters."),
        ("x" * 61, "", "A name has 1 to 60 characters that can be seen; this one has 61."),
        ("nul\0", "", "A name has 1 to 60 characters that can be seen"),
        ("WATERcolour", "", "You have another LoRA called Watercolour. Choose another name."),
        ("Mine", "https://localhost:1/mine.safetensors", "Not saved yet: the LoRA itself has to be right first."),
        ("Mine", "http://example.com/mine.bin", "Not saved yet: the LoRA itself has to be right first."),
    ],
)
def test_lora_that_cannot_be_saved_says_why_beside_its_row(
    browser: Client, alice: Any, weights: str, name: str, path: str, words: str
) -> None:
    watercolour(alice)
    typed = {"prompt": "a fox", PATH: path or weights, "loras.0.save_as": name}

    page = pages.read(send(browser, open_form(browser, TURBO) | typed | {"save_lora": "loras.0"}))

    assert words in page.text
    assert (page.fields["prompt"], page.fields[PATH]) == ("a fox", path or weights)
    assert SavedLora.objects.count() == 1


def test_saving_again_under_the_same_name_gives_the_scale_anew(alice: Any) -> None:
    first = watercolour(alice)

    again = saved_loras.save(alice, "watercolour", first.path, 1.5)

    assert again.pk == first.pk
    assert (SavedLora.objects.get().scale, SavedLora.objects.get().name) == (1.5, "Watercolour")


def test_set_has_a_most(alice: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saved_loras, "MOST", 1)
    watercolour(alice)

    with pytest.raises(NotSaved, match="You have 1 saved LoRAs, which is the most"):
        saved_loras.add(alice, "Another", "https://example.com/b.safetensors", 1)
    assert "Delete one to save another." in pages.read(logged_in(alice).get("/studio/loras/")).text


def test_page_adds_renames_and_deletes(browser: Client, alice: Any, weights: str) -> None:
    assert "Nothing saved yet." in pages.read(browser.get("/studio/loras/")).text

    browser.post("/studio/loras/", {"do": "add", "name": "Ink", "path": weights, "scale": ""})
    ink = SavedLora.objects.get()
    assert (ink.name, ink.scale) == ("Ink", 1)
    browser.post("/studio/loras/", {"do": "change", "id": ink.id, "name": "Ink, bold", "scale": "1.25"})
    ink.refresh_from_db()
    assert (ink.name, ink.path, ink.scale) == ("Ink, bold", weights, 1.25)
    assert browser.post("/studio/loras/", {"do": "delete", "id": ink.id}).status_code == 302
    assert "Ink, bold is no longer in your set." in pages.read(browser.get("/studio/loras/")).text
    assert not SavedLora.objects.exists()


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"name": "Ink"}, "Give the https address of the .safetensors file."),
        ({"name": "Ink", "path": "http://a.b/c.safetensors"}, "Address of the weights must be the https address"),
        ({"name": "Ink", "path": "https://localhost:1/c.safetensors"}, "Port 1 is not allowed"),
        ({"name": "Ink", "scale": "9", "id": "saved"}, "Scale must be a number from 0 to 4."),
        ({"name": "", "id": "saved"}, "Give it a name"),
    ],
)
def test_page_refuses_with_what_is_allowed_and_loses_nothing(
    browser: Client, alice: Any, typed: dict[str, str], words: str
) -> None:
    saved = watercolour(alice)
    if "id" in typed:
        typed = typed | {"id": str(saved.id)}

    refused = browser.post("/studio/loras/", {"do": "add", "scale": "1"} | typed)

    page = pages.read(refused)
    assert refused.status_code == 422
    assert words in page.text
    assert f'value="{typed["name"]}"' in refused.content.decode()
    assert list(SavedLora.objects.values_list("name", "scale")) == [("Watercolour", 0.8)]


def test_loras_of_somebody_else_do_not_exist(browser: Client, mallory: Any) -> None:
    theirs = watercolour(mallory)

    for do in ("change", "delete"):
        answer = browser.post("/studio/loras/", {"do": do, "id": theirs.id, "name": "x", "scale": "1"})
        assert answer.status_code == 404
    assert browser.post("/studio/loras/", {"do": "delete", "id": "nonsense"}).status_code == 404
    used = pages.read(send(browser, open_form(browser, TURBO) | {"use_lora": str(theirs.id)}))
    assert PATH not in used.fields
    assert "Watercolour" not in used.text
    assert "Watercolour" not in pages.read(browser.get("/studio/loras/")).text
    assert SavedLora.objects.filter(pk=theirs.pk, name="Watercolour").exists()


def test_one_saved_lora_is_a_row_for_scripts(browser: Client, alice: Any, weights: str) -> None:
    saved = watercolour(alice, weights)

    answer = browser.post(
        "/studio/rows", {"model": "krea-2-turbo-lora", "list": "loras", "use_lora": saved.id}, headers=HTMX
    )

    told = answer.content.decode()
    assert answer.status_code == 200
    assert f'name="{PATH}" value="{weights}"' in told and f'name="{SCALE}" value="0.8"' in told
    assert "Saved as Watercolour" in told


def test_order_with_a_saved_lora_that_has_gone_is_refused_and_free(browser: Client, alice: Any) -> None:
    saved = watercolour(alice, "https://localhost:1/gone.safetensors")

    page = pages.read(send(browser, open_form(browser, TURBO) | {"use_lora": str(saved.id)}))
    refused = send(browser, page.fields | {"prompt": "a fox"} | GENERATE)

    assert page.invalid == {PATH}
    assert (refused.status_code, Generation.objects.count()) == (422, 0)
