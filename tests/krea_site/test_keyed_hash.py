"""One mailbox and one network are recognised, however they are written."""

import pytest
from pytest_django import Settings

from krea_site import keyed_hash


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("Alice@Example.com", "alice@example.com"),
        ("alice+trial2@example.com", "alice@example.com"),
        ("a.li.ce+x@gmail.com", "alice@gmail.com"),
        ("alice@googlemail.com", "alice@gmail.com"),
        ("a.lice@example.com", "a.lice@example.com"),
        ("+odd@example.com", "+odd@example.com"),
        ("a.lice@\uff47mail.com", "alice@gmail.com"),
        ("alice@MÜNCHEN.de", "alice@xn--mnchen-3ya.de"),
        ('"alice"@example.com', "alice@example.com"),
        ('"al\\ice+x"@example.com', "alice@example.com"),
        ("alice@[192.0.2.1]", "alice@[192.0.2.1]"),
    ],
)
def test_one_mailbox_has_one_hash(written: str, meant: str) -> None:
    assert keyed_hash.mailbox(written) == meant
    assert keyed_hash.of_address(written) == keyed_hash.of_address(meant)


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("8.8.8.1", "8.8.8.254", True),
        ("8.8.8.1", "8.8.9.1", False),
        ("::ffff:8.8.8.1", "8.8.8.2", True),
        ("2001:4860:4860::1", "2001:4860:4860:ffff::1", True),
        ("2001:4860:4860::1", "2001:4860:4861::1", False),
    ],
)
def test_a_network_is_a_24_or_a_48(one: str, other: str, alike: bool) -> None:
    assert (keyed_hash.of_network(one) == keyed_hash.of_network(other)) is alike


@pytest.mark.parametrize("client", ["127.0.0.1", "::1", "10.1.2.3", "fd00::1", "", "unix:", "192.168.1.1"])
def test_what_is_not_of_the_internet_is_no_network(client: str) -> None:
    assert keyed_hash.of_network(client) == ""


def test_a_hash_needs_its_own_key_and_not_the_secret_key(settings: Settings) -> None:
    before = keyed_hash.of_address("alice@example.com")

    settings.SECRET_KEY = "rotated " * 10
    assert keyed_hash.of_address("alice@example.com") == before

    settings.TRIAL_KEY = "another"
    assert keyed_hash.of_address("alice@example.com") != before


def test_an_address_and_a_network_never_have_the_same_hash() -> None:
    assert keyed_hash._digest("address", "8.8.8.0/24") != keyed_hash._digest("network", "8.8.8.0/24")
