"""Pictures come from fal's media hosts alone, within limits, without our key, and what is wrong is told apart."""

import base64

import pytest
from pytest_django import Settings

from generations.fal.client import Accepted, result, send
from generations.fal.delivered import delivered
from generations.fal.media import MediaGone, MediaUnavailable, MediaWrong, download
from tests.generations.fal.conftest import LARGE, Serve
from tests.generations.fal.servers import CUT, Heard, closed_port, reply, trickle
from tests.standins.launch import StandIn

PNG = b"\x89PNG\r\n\x1a\n" + b"picture" * 100


def drawn(standin: StandIn) -> str:
    """The address of a picture of the stand-in."""
    outcome = send(LARGE, {"prompt": "a fox", "seed": 7}, webhook=None)
    assert isinstance(outcome, Accepted)
    standin.control(finish=outcome.request_id)
    found = delivered(result(LARGE, outcome.request_id).body)
    assert found is not None
    return found.url


def test_the_stand_ins_picture_is_fetched(standin: StandIn) -> None:
    url = drawn(standin)

    assert download(url, max_bytes=20_000_000).startswith(b"\x89PNG")


def test_a_picture_is_fetched_without_the_key_by_its_whole_address(serve: Serve) -> None:
    server = serve(lambda heard: reply(200, PNG))

    assert download(f"{server.url}/files/a.png?sig=a%2Fb%3D&x=1", max_bytes=len(PNG)) == PNG
    [heard] = server.heard
    assert heard.target == "/files/a.png?sig=a%2Fb%3D&x=1"
    assert "authorization" not in heard.headers


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/a.png",
        "http://v3.fal.media/a.png",
        "http://127.0.0.1:1/a.png",
        "http://localhost/a.png",
        "file:///etc/passwd",
        "https://[",
        "",
    ],
)
def test_no_other_host_is_asked(serve: Serve, settings: Settings, url: str) -> None:
    serve(lambda heard: reply(200, PNG))
    settings.FAL_MEDIA_HOSTS |= {"v3.fal.media"}

    with pytest.raises(MediaWrong, match="media hosts"):
        download(url, max_bytes=1000)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
def test_a_picture_that_fal_no_longer_gives_is_gone(serve: Serve, status: int) -> None:
    server = serve(lambda heard: reply(status))

    with pytest.raises(MediaGone):
        download(f"{server.url}/a.png", max_bytes=1000)
    assert len(server.heard) == 1


@pytest.mark.parametrize(
    "answer",
    [
        CUT,
        reply(500),
        reply(503),
        reply(429),
        reply(408),
        reply(204),
        reply(206, PNG),
        reply(304),
        reply(200, PNG, content_length="9999"),
        reply(200, b"not gzip", content_encoding="gzip"),
    ],
)
def test_a_host_in_trouble_is_asked_three_times(serve: Serve, answer: bytes) -> None:
    server = serve(lambda heard: answer)

    with pytest.raises(MediaUnavailable):
        download(f"{server.url}/a.png", max_bytes=10_000)
    assert len(server.heard) == 3


def test_a_passing_trouble_is_sat_out(serve: Serve) -> None:
    answers = [CUT, reply(200, PNG, content_length="9999"), reply(200, PNG)]
    server = serve(lambda heard: answers[len(server.heard) - 1])

    assert download(f"{server.url}/a.png", max_bytes=10_000) == PNG


def test_nobody_listening_is_unavailable(settings: Settings) -> None:
    port = closed_port()
    settings.FAL_MEDIA_HOSTS = frozenset({f"127.0.0.1:{port}"})

    with pytest.raises(MediaUnavailable):
        download(f"http://127.0.0.1:{port}/a.png", max_bytes=1000)


def test_a_picture_that_trickles_is_unavailable(serve: Serve, settings: Settings) -> None:
    settings.FAL_TIMEOUT_S = 0.1
    server = serve(lambda heard: trickle(reply(200, PNG), 0.02))

    with pytest.raises(MediaUnavailable):
        download(f"{server.url}/a.png", max_bytes=10_000)


@pytest.mark.parametrize("announced", [True, False])
def test_a_picture_with_too_many_bytes_is_wrong_and_not_read_to_its_end(serve: Serve, announced: bool) -> None:
    answer = reply(200, PNG)
    server = serve(lambda heard: answer if announced else answer.replace(b"content-length: 708\r\n", b""))

    with pytest.raises(MediaWrong, match="too large"):
        download(f"{server.url}/a.png", max_bytes=len(PNG) - 1)
    assert download(f"{server.url}/a.png", max_bytes=len(PNG)) == PNG
    assert len(server.heard) == 2


def test_the_stand_ins_endless_picture_is_wrong(standin: StandIn) -> None:
    url = drawn(standin)
    standin.control([{"on": "cdn", "bytes": "huge"}])

    with pytest.raises(MediaWrong, match="too large"):
        download(url, max_bytes=20_000_000)


@pytest.mark.parametrize(
    ("fault", "means"),
    [
        ({"bytes": "empty"}, MediaWrong),
        ({"missing": True}, MediaGone),
        ({"status": 403}, MediaGone),
        ({"status": 503, "times": 3}, MediaUnavailable),
        ({"cut": "mid_body", "times": 3}, MediaUnavailable),
        ({"cut": "before_reply", "times": 3}, MediaUnavailable),
    ],
)
def test_the_stand_ins_faults_are_told_apart(
    standin: StandIn, fault: dict[str, object], means: type[Exception]
) -> None:
    url = drawn(standin)
    standin.control([{"on": "cdn", **fault}])

    with pytest.raises(means):
        download(url, max_bytes=20_000_000)


# Redirects ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_within_the_media_hosts_is_followed(serve: Serve, status: int) -> None:
    def answer(heard: Heard) -> bytes:
        return reply(200, PNG) if heard.target == "/files/b.png" else reply(status, location="b.png")

    server = serve(answer)

    assert download(f"{server.url}/files/a.png", max_bytes=10_000) == PNG
    assert [heard.target for heard in server.heard] == ["/files/a.png", "/files/b.png"]


def test_a_redirect_to_another_host_is_not_followed(serve: Serve, settings: Settings) -> None:
    elsewhere = serve(lambda heard: reply(200, PNG))
    server = serve(lambda heard: reply(302, location=f"{elsewhere.url}/a.png"))

    with pytest.raises(MediaWrong, match="media hosts"):
        download(f"{server.url}/a.png", max_bytes=10_000)
    assert elsewhere.heard == []

    settings.FAL_MEDIA_HOSTS |= {elsewhere.url.removeprefix("http://")}
    assert download(f"{server.url}/a.png", max_bytes=10_000) == PNG


@pytest.mark.parametrize("location", ["", "file:///etc/passwd", "//evil.example/a.png"])
def test_a_redirect_to_nowhere_is_wrong(serve: Serve, location: str) -> None:
    server = serve(lambda heard: reply(302, location=location))

    with pytest.raises(MediaWrong):
        download(f"{server.url}/a.png", max_bytes=10_000)
    assert len(server.heard) == 1


def test_a_redirect_that_goes_round_is_wrong(serve: Serve) -> None:
    server = serve(lambda heard: reply(302, location=heard.target))

    with pytest.raises(MediaWrong, match="too often"):
        download(f"{server.url}/a.png", max_bytes=10_000)
    assert len(server.heard) == 4


# Data URIs ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "uri",
    [
        f"data:image/png;base64,{base64.b64encode(PNG).decode()}",
        f"DATA:image/png;charset=x;BASE64,{base64.b64encode(PNG).decode()}",
        "data:image/png;base64," + base64.encodebytes(PNG).decode(),
        "data:image/png;base64," + base64.b64encode(PNG).decode().replace("+", "%2B").replace("=", "%3D"),
        "data:image/png," + "".join(f"%{byte:02x}" for byte in PNG),
    ],
)
def test_a_data_uri_is_decoded(uri: str) -> None:
    assert download(uri, max_bytes=len(PNG)) == PNG


@pytest.mark.parametrize(
    "uri",
    [
        "data:",
        "data:image/png;base64",
        "data:image/png;base64,",
        "data:image/png;base64,???",
        "data:image/png;base64,AAA",
        "data:image/png;base64," + base64.b64encode(b"x" * 1001).decode(),
        "data:image/png," + "x" * 1001,
        "data:image/png," + "x" * 100_000,
    ],
)
def test_a_data_uri_that_is_broken_or_too_large_is_wrong(uri: str) -> None:
    with pytest.raises(MediaWrong):
        download(uri, max_bytes=1000)
