"""fal's keys are fetched seldom: once a day at rest, once a minute under a flood of forgeries, once for all
processes that share a cache."""

import base64
from typing import Any

import pytest
from django.core.cache import cache
from pytest_django import Settings

from generations.fal import jwks as keys
from generations.fal.webhook import Forged, KeysUnavailable, verify
from tests.generations.fal.conftest import Serve
from tests.generations.fal.servers import CUT, Server, reply
from tests.generations.fal.signing import NOW, Signer, jwks, told

HOUR = 3600.0


class Fal:
    """A JWKS address whose answer can be changed."""

    def __init__(self, serve: Serve) -> None:
        self.signer = Signer()
        self.answer = reply(200, jwks(self.signer.public))
        self.server: Server = serve(lambda heard: self.answer)

    @property
    def fetches(self) -> int:
        return len(self.server.heard)

    def publish(self, *entries: object) -> None:
        self.answer = reply(200, jwks(*entries))


@pytest.fixture
def fal(serve: Serve) -> Fal:
    return Fal(serve)


def believed(signer: Signer, at: float = NOW) -> bool:
    try:
        verify(signer.headers(told(), at=at), told(), now=at)
    except Forged:
        return False
    return True


def another_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is in memory is lost, what is in the cache is not."""
    monkeypatch.setattr(keys, "_held", {})


def test_keys_are_fetched_once_without_our_key(fal: Fal) -> None:
    assert [believed(fal.signer) for _ in range(5)] == [True] * 5

    [heard] = fal.server.heard
    assert (heard.method, heard.target) == ("GET", "/.well-known/jwks.json")
    assert "authorization" not in heard.headers


def test_another_process_takes_them_from_the_cache(fal: Fal, monkeypatch: pytest.MonkeyPatch) -> None:
    believed(fal.signer)
    another_process(monkeypatch)

    assert believed(fal.signer)
    assert fal.fetches == 1


def test_keys_are_renewed_after_half_a_day(fal: Fal) -> None:
    assert [believed(fal.signer, NOW + hours * HOUR) for hours in (0, 11.9, 12.1, 23, 24)] == [True] * 5
    assert fal.fetches == 2


def test_old_keys_serve_until_a_day_is_over_when_no_new_ones_can_be_had(fal: Fal) -> None:
    believed(fal.signer)
    fal.answer = reply(503)

    assert believed(fal.signer, NOW + 13 * HOUR)
    assert believed(fal.signer, NOW + 23.9 * HOUR)
    with pytest.raises(KeysUnavailable):
        believed(fal.signer, NOW + 24.1 * HOUR)


def test_a_clock_put_back_makes_keys_old(fal: Fal) -> None:
    believed(fal.signer, NOW + 24 * HOUR)

    assert believed(fal.signer, NOW)
    assert fal.fetches == 2


def test_a_new_key_is_fetched_at_once(fal: Fal) -> None:
    believed(fal.signer)
    newer = Signer()
    fal.publish(newer.public, fal.signer.public)

    assert believed(newer, NOW + 1)
    assert believed(fal.signer, NOW + 2)
    assert fal.fetches == 2


def test_a_key_that_fal_dropped_is_no_longer_believed(fal: Fal) -> None:
    believed(fal.signer)
    newer = Signer()
    fal.publish(newer.public)
    believed(newer, NOW + 1)

    assert not believed(fal.signer, NOW + 2)


def test_a_flood_of_forgeries_is_no_flood_of_fetches(fal: Fal) -> None:
    stranger = Signer()

    assert not any(believed(stranger, NOW + second / 10) for second in range(300))
    assert fal.fetches == 2
    assert not believed(stranger, NOW + 61)
    assert fal.fetches == 3
    assert believed(fal.signer, NOW + 62)


def test_a_flood_at_many_processes_is_none_either(fal: Fal, monkeypatch: pytest.MonkeyPatch) -> None:
    stranger = Signer()
    for _ in range(10):
        another_process(monkeypatch)
        assert not believed(stranger, NOW)

    assert fal.fetches == 2


def test_a_process_takes_over_what_another_one_fetched(fal: Fal, monkeypatch: pytest.MonkeyPatch) -> None:
    believed(fal.signer)
    mine = keys._held
    newer = Signer()
    fal.publish(newer.public)
    another_process(monkeypatch)
    believed(newer, NOW + 1)
    monkeypatch.setattr(keys, "_held", mine)

    assert believed(newer, NOW + 2)
    assert fal.fetches == 2


@pytest.mark.parametrize(
    "answer",
    [
        CUT,
        reply(500),
        reply(404, jwks(Signer().public)),
        reply(302, location="http://127.0.0.1:1/"),
        reply(200, b"<html>"),
        reply(200, []),
        reply(200, {}),
        reply(200, {"keys": {}}),
        reply(200, jwks()),
        reply(200, b" " * 300_000),
    ],
)
def test_without_any_key_fal_shall_call_again(fal: Fal, answer: bytes) -> None:
    fal.answer = answer

    with pytest.raises(KeysUnavailable):
        believed(fal.signer)


def test_after_a_failed_fetch_the_next_one_waits_a_little(fal: Fal) -> None:
    good, fal.answer = fal.answer, reply(503)
    for second in range(5):
        with pytest.raises(KeysUnavailable):
            believed(fal.signer, NOW + second)
    assert fal.fetches == 1

    fal.answer = good
    assert believed(fal.signer, NOW + 11)


def test_a_signature_that_no_key_fits_is_undecided_while_new_keys_cannot_be_had(fal: Fal) -> None:
    believed(fal.signer)
    fal.answer = reply(503)

    for second in range(3):
        with pytest.raises(KeysUnavailable):
            believed(Signer(), NOW + second)
    assert believed(fal.signer, NOW + 4)
    assert fal.fetches == 2


def raw(length: int) -> str:
    return base64.urlsafe_b64encode(bytes(length)).decode()


@pytest.mark.parametrize(
    "entry",
    [
        None,
        "text",
        {},
        {"kty": "RSA", "n": "x", "e": "AQAB"},
        {"kty": "OKP", "crv": "X25519", "x": raw(32)},
        {"kty": "OKP", "crv": "Ed25519"},
        {"kty": "OKP", "crv": "Ed25519", "x": None},
        {"kty": "OKP", "crv": "Ed25519", "x": "???"},
        {"kty": "OKP", "crv": "Ed25519", "x": "\u00e4\u00f6"},
        {"kty": "OKP", "crv": "Ed25519", "x": raw(31)},
        {"kty": "OKP", "crv": "Ed25519", "x": raw(64)},
    ],
)
def test_a_bad_entry_is_passed_over(fal: Fal, entry: object) -> None:
    fal.publish(entry, fal.signer.public, entry)

    assert believed(fal.signer)


def test_a_key_may_be_padded(fal: Fal) -> None:
    fal.publish(fal.signer.public | {"x": fal.signer.public["x"] + "="})

    assert believed(fal.signer)


def test_keys_of_another_address_are_not_mixed_in(fal: Fal, settings: Settings) -> None:
    believed(fal.signer)
    settings.FAL_JWKS_URL = f"{fal.server.url}/another"
    fal.publish(Signer().public)

    assert not believed(fal.signer)


class BrokenCache:
    def __getattr__(self, name: str) -> Any:
        raise ConnectionError("the cache is away")


def test_without_a_cache_every_process_keeps_its_own(fal: Fal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "cache", BrokenCache())

    assert believed(fal.signer)
    assert not believed(Signer())
    assert believed(fal.signer)
    assert fal.fetches == 2


def test_the_cache_holds_plain_values(fal: Fal) -> None:
    believed(fal.signer)

    fetched_at, found = cache.get(keys._cache_key("jwks"))
    assert (fetched_at, len(found), len(found[0])) == (NOW, 1, 32)
