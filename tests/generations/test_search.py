"""The search: words of the prompt in any case and script, from their beginnings, all of them; one's own alone."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from generations import erasure, lifecycle, search, search_index
from generations.brief import Brief
from generations.models import Generation, Image, PromptWords


def submit(user: Any, prompt: str, quantity: int = 1) -> Generation:
    return lifecycle.submit(user, Brief.read("krea-2-medium", {"prompt": prompt}, quantity))


def found(user: Any, text: str) -> list[str]:
    rows = search.narrow(Image.objects.in_gallery(user), user, text)
    return [row.generation.prompt for row in rows.select_related("generation")]


@pytest.mark.parametrize(
    ("prompt", "text", "is_found"),
    [
        ("A red fox in the snow", "fox", True),
        ("A red fox in the snow", "FOX Red", True),
        ("A red fox in the snow", "fox bear", False),
        ("Two foxes", "fox", True),
        ("A fox", "foxes", False),
        ("A matte box", "ox", False),
        ("Café in Orléans", "cafe orleans", True),
        ("cafe in orleans", "CAFÉ Orléans", True),
        ("Straße in Øresund", "strasse", True),
        ("Straße", "STRASSE", True),
        ("A blue-eyed cat", "blue-eyed", True),
        ("A cat, blue and wide-eyed", "blue-eyed", False),
        ("the fox's den, 35mm, f/1.8", "35mm f/1.8 fox's", True),
        ("A red fox in the snow", '"red fox"', True),
        ("A red fox in the snow", "\N{LEFT DOUBLE QUOTATION MARK}fox in\N{RIGHT DOUBLE QUOTATION MARK} snow", True),
        ("A red fox in the snow", '"fox red"', False),
        ("A red fox in the snow", '"red fo"', False),
        ("A red fox in the snow", '"red fox', True),
        ("100% wool", "100%", True),
        ("1000 wolves", "1%s", False),
        ("a_b", "a%", True),
        ("xyz", "x%z", False),
        ("xyz", "x_z", False),
        ("xyz", "x*z", False),
        ("雪の中の赤い狐", "狐", True),
        ("雪の中の赤い狐", "赤い", True),
        ("雪の中の赤い狐", "い赤", False),
        ("Лиса в снегу", "лис СНЕГ", True),
        ("ภาพวาดสุนัขจิ้งจอก", "จิ้งจอก", True),
        ("여우가 눈 속에", "여우", True),
        ("zebra", "zeb", True),
        ("z7az", "z", True),
        ("abra", "z", False),
        ("NEAR AND OR NOT fox", "not near", True),
        ("fox", "fox & !bear | ' \\ : * ( ) - ^ { }", False),
        ("fox and bear", "fox & !bear | ' \\ : * ( ) - ^ { }", True),
        ("\U0001f98a fox", "fox", True),
    ],
)
def test_search_finds(alice: Any, prompt: str, text: str, is_found: bool) -> None:
    submit(alice, prompt)

    assert found(alice, text) == ([prompt] if is_found else [])


@pytest.mark.parametrize("text", ["", "%", "_ * ?", '""', " \N{RIGHT DOUBLE QUOTATION MARK} "])
def test_nothing_to_look_for_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="at least one word"):
        search.read(text)


def test_search_finds_nothing_of_others(alice: Any, mallory: Any) -> None:
    submit(alice, "a fox")

    assert found(mallory, "fox") == []


def test_every_picture_of_a_generation_is_found_newest_generation_first(alice: Any) -> None:
    submit(alice, "a small fox", 2)
    submit(alice, "a heron")
    submit(alice, "a large fox")

    assert found(alice, "fox") == ["a large fox", "a small fox", "a small fox"]


def test_search_for_a_word_that_is_in_very_many_prompts_finds_the_same(
    alice: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "FEW", 1)
    for number in range(3):
        submit(alice, f"fox {number}")
    submit(alice, "a heron")

    assert found(alice, "fox") == ["fox 2", "fox 1", "fox 0"]
    assert found(alice, '"fox 1"') == ["fox 1"]


def test_very_long_word_is_found_by_its_beginning(alice: Any) -> None:
    submit(alice, "x" * 5000)

    assert found(alice, "x" * 200) == ["x" * 5000]


def test_words_vanish_with_an_erased_prompt(alice: Any, finish_all: Callable[[], None]) -> None:
    submit(alice, "a secret garden")
    finish_all()

    while erasure.erase_generations(alice.pk):
        pass

    assert found(alice, "secret") == []
    assert PromptWords.objects.get().keys == ""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT count(*) FROM generations_promptwords WHERE length(vector) > 0")
        else:
            cursor.execute(f"SELECT count(*) FROM {search_index.INDEX} WHERE {search_index.INDEX} MATCH 'u*'")
        assert cursor.fetchone()[0] == 0


def test_words_vanish_with_a_deleted_row(alice: Any) -> None:
    generation = submit(alice, "a fox")
    PromptWords.objects.filter(generation=generation).delete()
    again = submit(alice, "a heron")

    assert (found(alice, "fox"), found(alice, "heron")) == ([], [again.prompt])


@pytest.mark.django_db(transaction=True)
def test_migrate_mends_an_index_that_is_gone(alice: Any) -> None:
    submit(alice, "a fox")
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("ALTER TABLE generations_promptwords DROP COLUMN vector")
        else:
            cursor.execute("DROP TRIGGER generations_promptwords_made")
    assert search_index.missing(connection) != []

    call_command("migrate", verbosity=0)
    submit(alice, "another fox")

    assert search_index.missing(connection) == []
    assert found(alice, "fox") == ["another fox", "a fox"]
