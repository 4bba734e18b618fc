"""Strangers who send too much, too slowly, or not what they say; and how many may be asked at once."""

import asyncio
import gzip
import time
import tracemalloc
import zlib

import pytest

from generations import safe_fetch
from generations.safe_fetch import Fetched, FetchRefused, Head
from tests.generations.strangers import Open, Stranger, Visit

PNG = b"\x89PNG and so on"
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n"


def test_a_file_of_just_the_size_allowed_is_taken(stranger: Open) -> None:
    there = stranger(lambda visit: visit.give(body=b"x" * 1000))

    assert len(_get(there, max_bytes=1000).data) == 1000


def test_a_file_that_says_it_is_too_large_is_refused_unread(stranger: Open) -> None:
    there = stranger(lambda visit: visit.drip(HEAD + b"Content-Length: 1001\r\n\r\n", b"", every_s=0.01))

    assert _refusal(there, max_bytes=1000) == ("too_large", "The file is larger than the 1,000 bytes allowed.")


def test_a_file_without_an_end_is_refused_at_the_limit(stranger: Open) -> None:
    chunk = b"%x\r\n%b\r\n" % (60_000, b"x" * 60_000)
    there = stranger(lambda visit: visit.drip(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", chunk, every_s=0))

    assert _refusal(there, max_bytes=1_000_000)[0] == "too_large"


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_a_small_file_that_unpacks_to_a_huge_one_is_refused_without_being_unpacked(
    stranger: Open, encoding: str
) -> None:
    nothing = b"\0" * 100_000_000
    bomb = gzip.compress(nothing) if encoding == "gzip" else zlib.compress(nothing)
    there = stranger(lambda visit: visit.give(body=bomb, Content_Encoding=encoding))
    del nothing

    tracemalloc.start()
    code, _ = _refusal(there, max_bytes=1_000_000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert code == "too_large"
    assert peak < 5_000_000


def test_a_packed_file_of_an_honest_server_is_unpacked(stranger: Open) -> None:
    there = stranger(lambda visit: visit.give(body=gzip.compress(PNG), Content_Encoding="gzip"))

    assert _get(there).data == PNG


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip", "gzip"])
def test_a_file_packed_in_another_way_is_refused(stranger: Open, encoding: str) -> None:
    there = stranger(lambda visit: visit.give(body=PNG, Content_Encoding=encoding))

    assert _refusal(there)[0] == "bad_encoding"


def test_a_server_that_sends_less_than_it_said_is_not_believed(stranger: Open) -> None:
    def reply(visit: Visit) -> None:
        visit.give(body=PNG, Content_Length="1000")
        visit.close_connection = True

    assert _refusal(stranger(reply))[0] == "unreachable"


def test_a_server_that_speaks_no_http_is_unreachable(stranger: Open) -> None:
    def reply(visit: Visit) -> None:
        visit.wfile.write(b"220 mail.test ESMTP\r\n")
        visit.close_connection = True

    assert _refusal(stranger(reply))[0] == "unreachable"


@pytest.mark.parametrize(
    "pieces",
    [
        (b"H", b"T"),
        (HEAD + b"X-1: 1\r\n", b"X-2: 2\r\n"),
        (HEAD + b"Content-Length: 900\r\n\r\n", b"x"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
        (b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (b"",),
    ],
)
def test_a_server_that_drips_is_left_in_time(stranger: Open, pieces: tuple[bytes, ...]) -> None:
    there = stranger(lambda visit: visit.drip(*pieces))
    started = time.monotonic()

    code, reason = _refusal(there, timeout_s=0.3)

    assert (code, reason) == ("too_slow", "The server did not finish within 0.3 seconds.")
    assert 0.25 < time.monotonic() - started < 1


def test_a_chain_of_slow_redirects_has_one_limit_in_all(stranger: Open) -> None:
    def reply(visit: Visit) -> None:
        time.sleep(0.15)
        visit.give(302, Location="/")

    assert _refusal(stranger(reply), timeout_s=0.3)[0] == "too_slow"


def test_a_slow_name_server_has_the_same_limit() -> None:
    async def resolve(host: str, port: int) -> list[str]:
        await asyncio.sleep(60)
        return []

    with pytest.raises(FetchRefused) as refused:
        asyncio.run(safe_fetch.get("http://pictures.test/", max_bytes=9, timeout_s=0.1, resolve=resolve))

    assert refused.value.code == "too_slow"


@pytest.mark.parametrize("status", [201, 204, 206, 304, 400, 403, 404, 500])
def test_any_status_but_200_is_refused(stranger: Open, status: int) -> None:
    there = stranger(lambda visit: visit.give(status, Content_Length="0" if status != 204 else ""))

    assert _refusal(there) == ("bad_status", f"127.0.0.1 answered {status} instead of 200.")


@pytest.mark.parametrize(
    ("content_type", "accept", "taken"),
    [
        ("image/png", ("image/png", "image/webp"), True),
        ("IMAGE/PNG; charset=binary", ("image/png",), True),
        ("image/svg+xml", ("image/png", "image/webp"), False),
        ("image/avif", ("image/*",), True),
        ("text/html", ("image/*",), False),
        ("", ("application/octet-stream",), True),
        ("text/html", (), True),
    ],
)
def test_only_the_types_asked_for_are_taken(
    stranger: Open, content_type: str, accept: tuple[str, ...], taken: bool
) -> None:
    there = stranger(lambda visit: visit.give(body=PNG, Content_Type=content_type))

    assert _refusal(there, accept=accept)[0] == ("" if taken else "bad_type")


def test_several_are_fetched_in_order_each_with_its_own_end(stranger: Open) -> None:
    there = stranger(lambda visit: visit.give(404 if visit.path == "/1" else 200, visit.path.encode()))
    urls = [f"http://127.0.0.1:{there.port}/{number}" for number in range(3)] + ["http://10.0.0.1/"]

    found = asyncio.run(safe_fetch.get_all(urls, max_bytes=100))

    said = [result.data if isinstance(result, Fetched) else result.code for result in found]
    assert said == [b"/0", "bad_status", b"/2", "address_not_allowed"]


@pytest.mark.parametrize(("per", "at_once"), [(7, 10), (None, 20)])
def test_ten_are_fetched_at_once_for_each_customer(stranger: Open, per: int | None, at_once: int) -> None:
    """Two lists of one customer share the ten; lists of nobody in particular have ten each."""

    def reply(visit: Visit) -> None:
        time.sleep(0.1)
        visit.give(body=PNG)

    async def two_lists() -> list[object]:
        lists = [safe_fetch.get_all([_url(there)] * 20, max_bytes=100, per=per) for _ in range(2)]
        return [result for results in await asyncio.gather(*lists) for result in results]

    there = stranger(reply)

    found = asyncio.run(two_lists())

    assert [type(result) for result in found] == [Fetched] * 40
    assert there.most_inside == at_once


def test_all_together_end_in_time_whoever_hangs(stranger: Open) -> None:
    there = stranger(lambda visit: visit.drip(b""))
    started = time.monotonic()

    found = asyncio.run(safe_fetch.get_all([_url(there)] * 15, max_bytes=100, timeout_s=0.4))

    codes = [result.code for result in found if isinstance(result, FetchRefused)]
    assert (codes.count("too_slow"), codes.count("busy")) == (10, 5)
    assert time.monotonic() - started < 1.5


def test_one_customers_hanging_servers_do_not_hold_up_another(stranger: Open) -> None:
    hanging = stranger(lambda visit: visit.drip(b""))
    quick = stranger(lambda visit: visit.give(body=PNG))

    async def story() -> None:
        mallory = asyncio.create_task(
            safe_fetch.get_all([_url(hanging)] * 40, max_bytes=100, timeout_s=0.5, per="mallory")
        )
        while hanging.inside < 10:
            await asyncio.sleep(0.01)
        fetched = await safe_fetch.get(_url(quick), max_bytes=100, timeout_s=0.5, per="alice")
        assert (fetched.data, mallory.done()) == (PNG, False)
        await mallory

    asyncio.run(story())


def test_head_tells_type_and_length_and_fetches_nothing(stranger: Open) -> None:
    there = stranger(lambda visit: visit.give(body=b"x" * 5000, Content_Type="application/x-safetensors"))

    told = asyncio.run(safe_fetch.head(_url(there)))

    assert told == Head(_url(there), 200, "application/x-safetensors", 5000)
    assert [visit.command for visit in there.seen] == ["HEAD"]


@pytest.mark.parametrize("refusal", [403, 405, 501])
def test_head_asks_for_the_first_byte_where_only_get_is_signed(stranger: Open, refusal: int) -> None:
    def reply(visit: Visit) -> None:
        if visit.command == "HEAD":
            return visit.give(refusal)
        return visit.give(206, b"x", Content_Range="bytes 0-0/123456")

    there = stranger(reply)

    told = asyncio.run(safe_fetch.head(_url(there)))

    assert (told.status, told.length) == (206, 123456)
    assert there.seen[1].headers["Range"] == "bytes=0-0"


def test_head_leaves_a_body_unread_that_nobody_asked_for(stranger: Open) -> None:
    there = stranger(
        lambda visit: visit.give(405) if visit.command == "HEAD" else visit.drip(HEAD + b"\r\n", b"x" * 9999, every_s=0)
    )

    told = asyncio.run(safe_fetch.head(_url(there), timeout_s=2))

    assert (told.status, told.length) == (200, None)


def test_head_tells_of_a_lost_file_and_of_nonsense(stranger: Open) -> None:
    lost = stranger(lambda visit: visit.give(404))
    nonsense = stranger(
        lambda visit: visit.give(403) if visit.command == "HEAD" else visit.give(206, Content_Range="x/" + "9" * 5000)
    )

    assert asyncio.run(safe_fetch.head(_url(lost))).status == 404
    assert asyncio.run(safe_fetch.head(_url(nonsense))).length is None


def test_post_delivers_body_and_headers_and_brings_the_answer(stranger: Open) -> None:
    there = stranger(lambda visit: visit.give(202, b"thanks", X_Trace="1"))
    headers = {"Content-Type": "application/json", "webhook-id": "msg_1", "Host": "evil.test"}

    posted = asyncio.run(safe_fetch.post(_url(there), b'{"a": 1}', headers))

    assert (posted.status, posted.body, posted.headers["x-trace"]) == (202, b"thanks", "1")
    visit = there.seen[0]
    assert (visit.command, visit.body, visit.headers["webhook-id"]) == ("POST", b'{"a": 1}', "msg_1")
    assert visit.headers["Host"] == f"127.0.0.1:{there.port}"


def test_post_never_follows_a_redirect(stranger: Open) -> None:
    there = stranger(lambda visit: visit.give(307, Location="/elsewhere"))

    assert asyncio.run(safe_fetch.post(_url(there), b"{}", {})).status == 307
    assert len(there.seen) == 1


def test_post_reads_no_more_of_an_answer_than_it_keeps(stranger: Open) -> None:
    there = stranger(lambda visit: visit.drip(HEAD + b"\r\n", b"x" * 9999, every_s=0))

    assert asyncio.run(safe_fetch.post(_url(there), b"{}", {})).body == b"x" * 65_536


def test_post_is_not_sent_to_a_private_address() -> None:
    with pytest.raises(FetchRefused) as refused:
        asyncio.run(safe_fetch.post("http://192.168.0.1/hook", b"{}", {}))

    assert refused.value.code == "address_not_allowed"


def _url(there: Stranger) -> str:
    return f"http://127.0.0.1:{there.port}/"


def _get(there: Stranger, *, max_bytes: int = 1000, timeout_s: float = 8.0, accept: tuple[str, ...] = ()) -> Fetched:
    return asyncio.run(safe_fetch.get(_url(there), max_bytes=max_bytes, timeout_s=timeout_s, accept=accept))


def _refusal(
    there: Stranger, *, max_bytes: int = 1000, timeout_s: float = 8.0, accept: tuple[str, ...] = ()
) -> tuple[str, str]:
    try:
        _get(there, max_bytes=max_bytes, timeout_s=timeout_s, accept=accept)
    except FetchRefused as refused:
        return refused.code, refused.reason
    return "", ""
