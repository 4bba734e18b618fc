"""Addresses of strangers: which are touched at all, and which connection is really made.

Over real sockets: names are looked up by a resolver that each test hands in, and lead to servers on loopback that
SAFE_FETCH_ALLOW names for that test alone.
"""

import asyncio
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from generations import safe_fetch
from generations.destinations import Resolve, resolve_name
from generations.safe_fetch import Fetched, FetchRefused
from tests.generations.strangers import Open, Visit, certificate_for

PNG = b"\x89PNG and so on"
WRITTEN_OUT = """
    http://127.0.0.1/ http://127.1/ http://0x7f.1/ http://2130706433/ http://0/ http://localhost/
    http://localhost./ http://files.localhost/ http://10.1.2.3/ http://192.168.1.1/ http://169.254.169.254/latest/
    http://100.64.0.1/ http://224.0.0.1/ http://[::1]/ http://[::]/ http://[::ffff:127.0.0.1]/ http://[fe80::1]/
    http://[64:ff9b::7f00:1]/ http://[2002:7f00:1::]/ http://134744072/ http://8.8.2056/ http://93.184.216.34:22/
    http://93.184.216.34:6379/ https://93.184.216.34:25/
"""


@pytest.mark.parametrize("url", WRITTEN_OUT.split())
def test_addresses_that_are_written_out_are_refused_before_anything_is_asked(url: str) -> None:
    assert _refusal(url, resolve=_nobody_asks) == "address_not_allowed"


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("ftp://pictures.test/a.png", "bad_scheme"),
        ("file:///etc/passwd", "bad_scheme"),
        ("gopher://pictures.test/", "bad_scheme"),
        ("data:image/png;base64,iVBORw0KGgo=", "bad_scheme"),
        ("pictures.test/a.png", "bad_scheme"),
        ("//pictures.test/a.png", "bad_scheme"),
        ("", "bad_scheme"),
        ("http://", "bad_url"),
        ("http:///a.png", "bad_url"),
        ("http://user:secret@pictures.test/", "bad_url"),
        ("http://pictures.test\\@127.0.0.1/", "bad_url"),
        ("http://%31%32%37.0.0.1/", "bad_url"),
        ("http://127.0.0.1%00.pictures.test/", "bad_url"),
        ("http://1.2.3.4.5/", "bad_url"),
        ("http://300.1.1.1/", "bad_url"),
        ("http://0177.0.0.1/", "bad_url"),
        ("http://pictures.test:-1/", "address_not_allowed"),
        ("http://pictures.0x7f/", "bad_url"),
        ("http://①②⑦.⓪.⓪.①/", "bad_url"),
        ("http://pictures..test/", "bad_url"),
        ("http://pictures.test:99999999999/", "address_not_allowed"),
        ("http://pictures.test:http/", "bad_url"),
        ("http://[::1/", "bad_url"),
        ("http://pictures.test/\r\nX-Evil: 1", "bad_url"),
        ("http://pictures.test/" + "a" * 9000, "bad_url"),
    ],
)
def test_what_is_no_web_address_is_refused(url: str, code: str) -> None:
    assert _refusal(url, resolve=_answers("93.184.216.34")) == code


def test_a_refusal_says_what_is_allowed() -> None:
    with pytest.raises(FetchRefused) as refused:
        _get("http://10.0.0.1/a.png")

    assert refused.value.reason == (
        "The address leads into a private network. "
        "Allowed are public http and https addresses on the ports 80, 443, 8080 and 8443."
    )


@pytest.mark.parametrize(
    "addresses", [["10.0.0.1"], ["93.184.216.34", "10.0.0.1"], ["93.184.216.34", "::1"], ["::ffff:10.0.0.1"]]
)
def test_a_name_is_refused_when_any_of_its_addresses_is_private(addresses: list[str]) -> None:
    assert _refusal("http://pictures.test/a.png", resolve=_answers(*addresses)) == "address_not_allowed"


def test_a_name_that_does_not_exist_is_unreachable() -> None:
    assert _refusal(f"http://{'a' * 63}.invalid/", resolve=_answers()) == "unreachable"
    with pytest.raises(FetchRefused) as refused:
        asyncio.run(resolve_name("a" * 64 + ".invalid", 80))
    assert refused.value.code == "unreachable"


def test_names_are_looked_up_as_this_machine_does() -> None:
    assert "127.0.0.1" in asyncio.run(resolve_name("localhost", 80))


def test_a_picture_is_fetched_under_its_name_and_without_anything_of_ours(stranger: Open, settings: Settings) -> None:
    settings.PUBLIC_URL = "https://site.example"
    there = stranger(lambda visit: visit.give(body=PNG, Content_Type="image/PNG; charset=x", Set_Cookie="a=b"))
    url = f"http://pictures.test:{there.port}/a%20b.png?x=1#part"

    fetched = _get(url, resolve=_answers("127.0.0.1"), accept=("image/*",))

    assert fetched == Fetched(url.removesuffix("#part"), "image/png", PNG)
    visit = there.seen[0]
    assert visit.path == "/a%20b.png?x=1"
    assert {name.lower(): value for name, value in visit.headers.items()} == {
        "host": f"pictures.test:{there.port}",
        "accept": "image/*",
        "accept-encoding": "identity",
        "connection": "close",
        "user-agent": "krea-site (+https://site.example)",
    }


def test_a_cookie_is_not_carried_to_the_next_request(stranger: Open) -> None:
    there = stranger(lambda visit: visit.give(body=PNG, Set_Cookie="a=b; Path=/"))

    for _ in range(2):
        _get(f"http://127.0.0.1:{there.port}/")

    assert [visit.headers["Cookie"] for visit in there.seen] == [None, None]


def test_an_international_name_is_asked_for_in_its_ascii_form(stranger: Open) -> None:
    there = stranger(lambda visit: visit.give(body=PNG))
    asked: list[str] = []

    async def resolve(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"]

    _get(f"http://bücher.test:{there.port}/", resolve=resolve)

    assert (asked, there.seen[0].headers["Host"]) == (["xn--bcher-kva.test"], f"xn--bcher-kva.test:{there.port}")


def test_the_environment_sends_us_through_no_proxy(stranger: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    there = stranger(lambda visit: visit.give(body=PNG))
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")

    assert _get(f"http://127.0.0.1:{there.port}/").data == PNG


def test_the_connection_goes_to_the_address_that_was_checked(stranger: Open) -> None:
    """A name server that gives a good address to the one who checks and a bad one to the one who connects."""
    good = stranger(lambda visit: visit.give(body=PNG))
    bad = stranger(lambda visit: visit.give(body=b"secret"), address="127.0.0.2", port=good.port, allowed=False)
    resolve, asked = _turning("127.0.0.1", "127.0.0.2")

    fetched = _get(f"http://pictures.test:{good.port}/", resolve=resolve)

    assert (fetched.data, len(asked), bad.seen) == (PNG, 1, [])


def test_the_second_address_of_a_server_is_tried_when_the_first_takes_no_connection(stranger: Open) -> None:
    there = stranger(lambda visit: visit.give(body=PNG), allowed_as="pictures.test")

    fetched = _get(f"http://pictures.test:{there.port}/", resolve=_answers("127.0.0.3", "127.0.0.1"))

    assert fetched.data == PNG


def test_a_server_that_takes_no_connection_is_unreachable(stranger: Open) -> None:
    there = stranger(lambda visit: visit.give(body=PNG))
    there.leave()

    assert _refusal(f"http://127.0.0.1:{there.port}/") == "unreachable"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_followed_to_where_they_end(stranger: Open, status: int) -> None:
    def reply(visit: Visit) -> None:
        if visit.path == "/start":
            return visit.give(status, Location="/mid?x=1")
        if visit.path == "/mid?x=1":
            return visit.give(status, Location=f"http://other.test:{there.port}/end")
        return visit.give(body=PNG)

    there = stranger(reply)

    fetched = _get(f"http://pictures.test:{there.port}/start", resolve=_answers("127.0.0.1"))

    assert (fetched.url, fetched.data) == (f"http://other.test:{there.port}/end", PNG)
    assert there.seen[2].headers["Host"] == f"other.test:{there.port}"


@pytest.mark.parametrize(
    ("location", "code"),
    [
        ("http://127.0.0.1/", "address_not_allowed"),
        ("http://169.254.169.254/latest/meta-data/", "address_not_allowed"),
        ("http://2130706433/", "address_not_allowed"),
        ("http://[::1]/", "address_not_allowed"),
        ("//10.0.0.1/", "address_not_allowed"),
        ("file:///etc/passwd", "bad_scheme"),
        ("http://user:secret@pictures.test/", "bad_url"),
        ("http://[", "bad_url"),
    ],
)
def test_every_redirect_is_checked_anew(stranger: Open, location: str, code: str) -> None:
    there = stranger(lambda visit: visit.give(302, Location=location))

    assert _refusal(f"http://127.0.0.1:{there.port}/") == code
    assert len(there.seen) == 1


def test_a_name_that_changes_its_address_between_two_redirects_is_refused(stranger: Open) -> None:
    good = stranger(lambda visit: visit.give(302, Location="/again"))
    bad = stranger(lambda visit: visit.give(body=b"secret"), address="127.0.0.2", port=good.port, allowed=False)
    resolve, asked = _turning("127.0.0.1", "127.0.0.2")

    code = _refusal(f"http://pictures.test:{good.port}/", resolve=resolve)

    assert (code, len(asked), bad.seen) == ("address_not_allowed", 2, [])


@pytest.mark.parametrize(("redirects", "code"), [(3, None), (4, "too_many_redirects")])
def test_three_redirects_are_followed_and_no_more(stranger: Open, redirects: int, code: str | None) -> None:
    def reply(visit: Visit) -> None:
        step = int(visit.path.strip("/"))
        visit.give(302, Location=f"/{step + 1}") if step < redirects else visit.give(body=PNG)

    there = stranger(reply)

    assert _refusal(f"http://127.0.0.1:{there.port}/0") == code
    assert len(there.seen) == 4


def test_over_tls_the_certificate_must_be_that_of_the_name(
    stranger: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = certificate_for("pictures.test", tmp_path)
    there = stranger(lambda visit: visit.give(body=PNG), certificate=certificate)
    resolve = _answers("127.0.0.1")

    untrusted = _refusal(f"https://pictures.test:{there.port}/", resolve=resolve)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))

    assert untrusted == "unreachable"
    assert _get(f"https://pictures.test:{there.port}/", resolve=resolve).data == PNG
    assert _refusal(f"https://other.test:{there.port}/", resolve=resolve) == "unreachable"
    assert len(there.seen) == 1


def test_what_is_allowed_for_tests_is_one_port_of_this_machine_and_nothing_else(
    stranger: Open, settings: Settings
) -> None:
    there, other = (stranger(lambda visit: visit.give(body=PNG)) for _ in range(2))
    settings.SAFE_FETCH_ALLOW = frozenset({f"127.0.0.1:{there.port}", "10.0.0.1:80", "pictures.test:80"})

    assert _get(f"http://127.0.0.1:{there.port}/").data == PNG
    assert _refusal(f"http://127.0.0.1:{other.port}/") == "address_not_allowed"
    assert _refusal("http://10.0.0.1/") == "address_not_allowed"
    assert _refusal("http://pictures.test/", resolve=_answers("10.0.0.1")) == "address_not_allowed"


def _get(url: str, *, resolve: Resolve = resolve_name, accept: tuple[str, ...] = (), max_bytes: int = 1000) -> Fetched:
    return asyncio.run(safe_fetch.get(url, max_bytes=max_bytes, resolve=resolve, accept=accept))


def _refusal(url: str, *, resolve: Resolve = resolve_name) -> str | None:
    try:
        _get(url, resolve=resolve)
    except FetchRefused as refused:
        return refused.code
    return None


async def _nobody_asks(host: str, port: int) -> list[str]:
    raise AssertionError(f"{host} was looked up")


def _answers(*addresses: str) -> Resolve:
    async def resolve(host: str, port: int) -> list[str]:
        return list(addresses)

    return resolve


def _turning(*addresses: str) -> tuple[Resolve, list[str]]:
    """A name server that gives each address once, in turn, and the names that it was asked for."""
    asked: list[str] = []

    async def resolve(host: str, port: int) -> list[str]:
        asked.append(host)
        return [addresses[len(asked) - 1]]

    return resolve, asked
