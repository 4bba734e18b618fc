"""Addresses are built from our settings and an endpoint's id, as fal's own client builds them."""

import pytest
from fal_client.client import AppId
from pytest_django import Settings

from generations.fal import addresses


@pytest.fixture(autouse=True)
def hosts(settings: Settings) -> None:
    settings.FAL_QUEUE_URL = "https://queue.fal.run"
    settings.FAL_REST_URL = "https://rest.fal.ai"
    settings.FAL_MEDIA_HOSTS = frozenset({"v3.fal.media", "Other.example:8443", "127.0.0.1:8001", "[::1]:8001"})


@pytest.mark.parametrize(
    ("endpoint", "full", "app"),
    [
        ("krea/v2/large/text-to-image", "krea/v2/large/text-to-image", "krea/v2"),
        ("krea/v2/medium/text-to-image", "krea/v2/medium/text-to-image", "krea/v2"),
        ("fal-ai/krea-2/turbo/lora", "fal-ai/krea-2/turbo/lora", "fal-ai/krea-2"),
        ("fal-ai/flux/krea", "fal-ai/flux/krea", "fal-ai/flux"),
        ("owner/alias", "owner/alias", "owner/alias"),
        ("workflows/me/flow/step", "workflows/me/flow/step", "workflows/me/flow"),
        ("comfy/me/graph", "comfy/me/graph", "comfy/me/graph"),
        ("12345-my-app", "12345/my-app", "12345/my-app"),
    ],
)
def test_an_endpoint_gives_the_addresses_that_fals_client_gives(endpoint: str, full: str, app: str) -> None:
    theirs = AppId.from_endpoint_id(endpoint)

    assert addresses.submit_url(endpoint) == f"https://queue.fal.run/{full}"
    assert addresses.request_url(endpoint, "abc-1") == f"https://queue.fal.run/{app}/requests/abc-1"
    assert app == "/".join(filter(None, (theirs.namespace, theirs.owner, theirs.alias)))


@pytest.mark.parametrize(
    "endpoint",
    [
        "",
        "one",
        "workflows/me",
        "comfy",
        "a//b",
        "/a/b",
        "a/b/",
        "../a/b",
        "a/..",
        "https://evil.example/a",
        "a/b?c",
        "a b/c",
    ],
)
def test_what_is_no_endpoint_is_refused(endpoint: str) -> None:
    with pytest.raises(ValueError, match="not an endpoint"):
        addresses.submit_url(endpoint)


@pytest.mark.parametrize("request_id", ["", "..", "a/b", "a?b", "a#b", "a b", "ä", "x" * 129, "a\n", None, 7])
def test_an_odd_request_id_gets_no_address(request_id: object) -> None:
    assert not addresses.is_request_id(request_id)
    with pytest.raises(ValueError, match="not a request id"):
        addresses.request_url("a/b", request_id)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://v3.fal.media/files/a.png", True),
        ("https://V3.FAL.MEDIA/files/a.png", True),
        ("https://v3.fal.media:443/files/a.png", True),
        ("https://other.example:8443/a.png", True),
        ("http://127.0.0.1:8001/cdn/a.png", True),
        ("http://[::1]:8001/cdn/a.png", True),
        ("http://v3.fal.media/files/a.png", False),
        ("https://v3.fal.media:8443/a.png", False),
        ("https://other.example/a.png", False),
        ("https://evil.v3.fal.media/a.png", False),
        ("https://v3.fal.media.evil.example/a.png", False),
        ("https://v3.fal.media@evil.example/a.png", False),
        ("https://user:word@v3.fal.media/a.png", False),
        ("https://evil.example/v3.fal.media", False),
        ("https://evil.example\\@v3.fal.media/a.png", False),
        ("http://127.0.0.1:8002/cdn/a.png", False),
        ("http://localhost:8001/cdn/a.png", False),
        ("file:///etc/passwd", False),
        ("ftp://v3.fal.media/a.png", False),
        ("//v3.fal.media/a.png", False),
        ("/files/a.png", False),
        ("https://[v3.fal.media/a.png", False),
        ("", False),
    ],
)
def test_media_comes_from_the_named_hosts_only(url: str, allowed: bool) -> None:
    assert addresses.is_media_url(url) is allowed


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://storage.googleapis.com/bucket/x?X-Goog-Signature=1", True),
        ("http://127.0.0.1:8001/cdn/put/x", True),
        ("http://storage.googleapis.com/bucket/x", False),
        ("http://127.0.0.1:9000/put/x", False),
        ("https://127.0.0.1/put/x", False),
        ("https://10.0.0.7/put/x", False),
        ("https://[fd00::1]/put/x", False),
        ("https://169.254.169.254/latest", False),
        ("https://metadata.google.internal/x", False),
        ("https://me:you@storage.googleapis.com/x", False),
        ("data:image/png;base64,AAAA", False),
        ("None", False),
    ],
)
def test_files_go_to_public_https_or_to_the_stand_in(url: str, allowed: bool) -> None:
    assert addresses.is_storage_url(url) is allowed


def test_files_may_go_to_a_stand_in_that_serves_storage_and_media_at_two_ports(settings: Settings) -> None:
    settings.FAL_REST_URL = "http://localhost:9001/rest"

    assert addresses.is_storage_url("http://localhost:9001/put/x")
    assert not addresses.is_storage_url("http://localhost:9002/put/x")


@pytest.mark.parametrize(
    ("location", "leads_to"),
    [
        ("b.png", "https://a.example/x/b.png"),
        ("//b.example/c", "https://b.example/c"),
        ("", ""),
        ("https://a:port/", ""),
    ],
)
def test_a_redirect_is_joined_to_where_it_came_from(location: str, leads_to: str) -> None:
    assert addresses.joined("https://a.example/x/a.png", location) == leads_to
