"""Which addresses count as the public internet, in every disguise that they have."""

import pytest

from generations.public_addresses import is_public, written_in

PUBLIC = """
    1.1.1.1 93.184.216.34 172.32.0.1 100.128.0.1 192.169.0.1 223.255.255.255 2606:4700:4700::1111
    2a00:1450:4001:81c::200e 64:ff9b::5db8:d822 ::ffff:93.184.216.34
"""
NOT_PUBLIC = """
    0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 100.100.100.200 127.0.0.1 127.8.8.8 168.63.129.16
    169.254.169.254 172.16.0.1 172.31.255.255 192.0.0.192 192.0.2.1 192.88.99.1 192.168.1.1 198.18.0.1
    198.51.100.1 203.0.113.1 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255 :: ::1 ::7f00:1
    ::10.0.0.1 fe80::1 fe80::1%eth0 fec0::1 fc00::1 fd00:ec2::254 ff02::1 100::1 2001::1 2001:db8::1
    2002:7f00:1:: 2002:808:808:: 3fff::1 64:ff9b::a00:1 64:ff9b::7f00:1 64:ff9b:1::808:808
    ::ffff:127.0.0.1 ::ffff:a9fe:a9fe 5f00::1
"""


@pytest.mark.parametrize("address", PUBLIC.split())
def test_public_addresses_are_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("address", NOT_PUBLIC.split())
def test_all_others_are_not(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    ("host", "addresses"),
    [
        ("127.0.0.1", ["127.0.0.1"]),
        ("127.1", ["127.0.0.1"]),
        ("0x7f.1", ["127.0.0.1"]),
        ("2130706433", ["127.0.0.1"]),
        ("0177.0.0.1", ["127.0.0.1"]),
        ("0", ["0.0.0.0"]),
        ("::ffff:7f00:1", ["::ffff:7f00:1"]),
        ("localhost", ["127.0.0.1", "::1"]),
        ("storage.localhost", ["127.0.0.1", "::1"]),
        ("example.com", []),
        ("1.example.com", []),
        ("1.2.3.4.5", []),
    ],
)
def test_an_address_is_read_out_of_every_way_to_write_it(host: str, addresses: list[str]) -> None:
    assert written_in(host) == addresses
