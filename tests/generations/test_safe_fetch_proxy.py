"""With EGRESS_PROXY set: a proxy looks names up, refuses and connects, and we believe its refusals."""

import asyncio
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from pytest_django.fixtures import Settings

from generations import safe_fetch
from generations.safe_fetch import FetchRefused
from tests.generations.strangers import Open, Stranger, Visit, certificate_for, tunnel

PNG = b"\x89PNG and so on"
REFUSALS = {"gone.test": 502, "slow.test": 504, "private.test": 407, "forbidden.test": 403}


@pytest.fixture
def behind(stranger: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stranger:
    """The server of pictures.test, which only the proxy can reach; its certificate is trusted by SSL_CERT_FILE."""
    certificate = certificate_for("pictures.test", tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    opened: Stranger = stranger(lambda visit: visit.give(body=PNG), allowed=False, certificate=certificate)
    return opened


@pytest.fixture
def proxy(stranger: Open, behind: Stranger, settings: Settings) -> Stranger:
    """A forward proxy that answers for pictures.test and refuses some names, each in its own way."""

    def reply(visit: Visit) -> None:
        host = visit.path.partition(":")[0] if visit.command == "CONNECT" else urlsplit(visit.path).hostname
        if host in REFUSALS:
            visit.give(REFUSALS[host], b"denied")
        elif visit.command == "CONNECT":
            tunnel(visit, behind.port)
        elif visit.path.endswith("/moved"):
            visit.give(302, Location="http://169.254.169.254/")
        else:
            visit.give(body=PNG)

    opened: Stranger = stranger(reply, allowed=False)
    settings.EGRESS_PROXY = f"http://us:secret@127.0.0.1:{opened.port}"
    return opened


def test_over_tls_the_proxy_is_asked_for_the_name_and_sees_nothing_of_the_rest(
    proxy: Stranger, behind: Stranger
) -> None:
    assert _get("https://pictures.test/a.png") == PNG

    assert [(visit.command, visit.path) for visit in proxy.seen] == [("CONNECT", "pictures.test:443")]
    assert behind.seen[0].headers["Host"] == "pictures.test"
    assert behind.seen[0].headers["Proxy-Authorization"] is None


def test_the_certificate_is_checked_behind_the_proxy_too(
    proxy: Stranger, behind: Stranger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")

    assert _refusal("https://pictures.test/a.png") == "unreachable"
    assert behind.seen == []


def test_plain_http_goes_through_the_proxy_as_well(proxy: Stranger) -> None:
    assert _get("http://pictures.test:8080/a.png") == PNG

    assert [(visit.command, visit.path) for visit in proxy.seen] == [("GET", "http://pictures.test:8080/a.png")]
    assert proxy.seen[0].headers["Host"] == "pictures.test:8080"


def test_public_addresses_that_are_written_out_go_through_the_proxy(proxy: Stranger) -> None:
    assert _get("http://93.184.216.34/a.png") == PNG

    assert len(proxy.seen) == 1


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize(
    ("host", "code"),
    [
        ("private.test", "address_not_allowed"),
        ("forbidden.test", "address_not_allowed"),
        ("gone.test", "unreachable"),
        ("slow.test", "unreachable"),
    ],
)
def test_what_the_proxy_refuses_is_refused(proxy: Stranger, scheme: str, host: str, code: str) -> None:
    assert _refusal(f"{scheme}://{host}/") == code
    with pytest.raises(FetchRefused) as refused:
        asyncio.run(safe_fetch.post(f"{scheme}://{host}/", b"{}", {}, resolve=_nobody_asks))
    assert refused.value.code == code


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://10.0.0.1/",
        "https://[::1]/",
        "http://2130706433/",
        "http://134744072/",
        "http://localhost/",
        "http://pictures.test:25/",
        "https://pictures.test:6379/",
    ],
)
def test_what_is_plainly_private_does_not_even_reach_the_proxy(proxy: Stranger, url: str) -> None:
    assert _refusal(url) == "address_not_allowed"
    assert proxy.seen == []


def test_a_redirect_from_behind_the_proxy_is_checked_too(proxy: Stranger) -> None:
    assert _refusal("http://pictures.test/moved") == "address_not_allowed"
    assert len(proxy.seen) == 1


def test_a_server_of_our_own_that_is_allowed_is_reached_without_the_proxy(proxy: Stranger, stranger: Open) -> None:
    there = stranger(lambda visit: visit.give(body=PNG))

    assert _get(f"http://127.0.0.1:{there.port}/") == PNG
    assert proxy.seen == []


def test_a_proxy_that_is_down_makes_everything_unreachable(proxy: Stranger) -> None:
    proxy.leave()

    assert _refusal("https://pictures.test/") == "unreachable"


async def _nobody_asks(host: str, port: int) -> list[str]:
    raise AssertionError(f"{host} was looked up here and not by the proxy")


def _get(url: str) -> bytes:
    return asyncio.run(safe_fetch.get(url, max_bytes=1000, resolve=_nobody_asks)).data


def _refusal(url: str) -> str:
    with pytest.raises(FetchRefused) as refused:
        _get(url)
    return refused.value.code
