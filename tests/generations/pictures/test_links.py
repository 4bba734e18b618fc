"""Signed addresses: good for an hour, for one picture, and for whoever holds them."""

from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from django.core.exceptions import SuspiciousFileOperation
from pytest_django.fixtures import Settings

from generations.pictures import links

NAME = f"pictures/ab/cd/abcd{'0' * 60}.png"
OTHER = f"pictures/ab/cd/abcd{'1' * 60}.png"
Change = Callable[[str], str]
NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def test_an_address_lets_its_holder_in() -> None:
    path, query = _parts(links.address(NAME))

    assert path == f"/{NAME}"
    assert links.check(NAME, query)


@pytest.mark.parametrize("name", ["fox.png\n", "\rfox.png", "fox\0.png"])
def test_a_name_to_save_under_ends_no_line_of_the_head(name: str) -> None:
    assert links.disposition(name) == 'attachment; filename="fox.png"'


def test_an_absolute_address_has_the_host_that_the_world_sees(settings: Settings) -> None:
    settings.PUBLIC_URL = "https://pictures.example"

    assert links.absolute_address(NAME).startswith(f"https://pictures.example/{NAME}?expires=")


@pytest.mark.parametrize(
    "change",
    [
        lambda query: "",
        lambda query: query.replace("signature=", "signature=A"),
        lambda query: query.replace("signature=", "sig="),
        lambda query: query.replace("expires=1", "expires=9"),
        lambda query: query.replace("expires=", "expires=0"),
        lambda query: query + "&filename=run.exe",
        lambda query: query.rpartition("&")[0],
        lambda query: "expires=soon&signature=ü",
    ],
)
def test_an_altered_address_is_refused(change: Change) -> None:
    _, query = _parts(links.address(NAME))

    assert not links.check(NAME, change(query))


def test_an_address_opens_no_other_picture() -> None:
    _, query = _parts(links.address(NAME))

    assert not links.check(OTHER, query)


def test_a_file_name_is_part_of_what_is_signed() -> None:
    _, query = _parts(links.address(NAME, filename="a lighthouse.png"))

    granted = links.granted(NAME, query)

    assert granted is not None
    assert granted.filename == "a lighthouse.png"
    assert not links.check(NAME, query.replace("lighthouse", "warehouse"))
    assert not links.check(NAME, query.replace("filename=a+lighthouse.png&", ""))


def test_an_address_of_an_hour_lives_for_50_to_60_minutes() -> None:
    for second in (0, 1, 299, 599):
        with time_machine.travel(NOON, tick=False) as clock:
            clock.shift(second)
            made = links.link(NAME)
            lifetime = (made.expires_at - datetime.now(UTC)).total_seconds()

            assert 3000 < lifetime <= 3600
            clock.shift(lifetime - 1)
            assert links.check(NAME, _parts(made.address)[1])
            clock.shift(1)
            assert not links.check(NAME, _parts(made.address)[1])


def test_an_address_stays_the_same_for_ten_minutes() -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        first = links.address(NAME)
        clock.shift(599)
        second = links.address(NAME)
        clock.shift(1)
        third = links.address(NAME)

    assert first == second != third


@pytest.mark.parametrize(("seconds", "at_least"), [(1, 1), (5, 5), (60, 50), (86_400, 85_800)])
def test_other_lifetimes_are_kept_to_five_sixths(seconds: int, at_least: int) -> None:
    with time_machine.travel(NOON.replace(second=59, minute=59), tick=False):
        lifetime = (links.link(NAME, seconds=seconds).expires_at - datetime.now(UTC)).total_seconds()

    assert at_least <= lifetime <= seconds


def test_addresses_outlive_a_change_of_the_secret_key(settings: Settings) -> None:
    _, query = _parts(links.address(NAME))

    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "a new key", [settings.SECRET_KEY]
    assert links.check(NAME, query)

    settings.SECRET_KEY_FALLBACKS = []
    assert not links.check(NAME, query)


def test_only_pictures_have_addresses() -> None:
    for name in ("../secret_key", "pictures/", "/etc/passwd"):
        with pytest.raises(SuspiciousFileOperation):
            links.address(name)


def test_the_query_holds_nothing_but_end_and_signature() -> None:
    assert set(parse_qs(_parts(links.address(NAME))[1])) == {"expires", "signature"}


def _parts(address: str) -> tuple[str, str]:
    parts = urlsplit(address)
    return parts.path, parts.query
