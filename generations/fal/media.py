"""The pictures themselves: bytes from the hosts of FAL_MEDIA_HOSTS and no others, within limits, without our key.

What the bytes are is checked by whoever asked for them.
"""

import base64
import binascii
from typing import Final
from urllib.parse import unquote_to_bytes

from generations.fal.addresses import is_media_url, joined
from generations.fal.answers import wait_s
from generations.fal.wire import Answer, Call, NoAnswer, TooLarge, Unavailable, exchange, patiently, timeout_s

MAX_REDIRECTS: Final = 3
BODY_TIMES: Final = 1.5  # of the timeout, for all of a picture's bytes
HEADERS: Final = {"Accept": "image/*", "Accept-Encoding": "identity"}


class MediaGone(Exception):
    """fal no longer has the picture, or no longer gives it to us."""


class MediaUnavailable(Unavailable):
    """Not just now; try again."""


class MediaWrong(Exception):
    """What the address names can never be a picture for us: another host, too large, empty, a broken data URI."""


def download(url: str, *, max_bytes: int) -> bytes:
    """The bytes at `url` (a data URI is decoded). MediaGone, MediaUnavailable, MediaWrong."""
    if url[:5].lower() == "data:":
        return _decoded(url, max_bytes)
    return patiently(lambda: _fetched(url, max_bytes))


def _fetched(url: str, max_bytes: int) -> bytes:
    for _ in range(MAX_REDIRECTS + 1):
        if not is_media_url(url):
            raise MediaWrong("the address is not of fal's media hosts")
        answer = _get(url, max_bytes)
        if answer.status not in {301, 302, 303, 307, 308}:
            return _content(answer)
        url = joined(url, answer.headers.get("location", ""))
    raise MediaWrong("the address is redirected too often")


def _get(url: str, max_bytes: int) -> Answer:
    try:
        return exchange(Call("GET", url, HEADERS), max_bytes=max_bytes, body_s=BODY_TIMES * timeout_s())
    except TooLarge as error:
        raise MediaWrong("the picture is too large") from error
    except NoAnswer as lost:
        raise MediaUnavailable(lost.reason) from lost


def _content(answer: Answer) -> bytes:
    if answer.status == 200:
        if not answer.content:
            raise MediaWrong("the picture is empty")
        return answer.content
    # Storage answers an address whose time is over with 400, 401 or 403 as well.
    if 400 <= answer.status < 500 and answer.status not in {408, 425, 429}:
        raise MediaGone(f"media answered {answer.status}")
    raise MediaUnavailable(f"media answered {answer.status}", retry_after_s=wait_s(answer.headers))


def _decoded(url: str, max_bytes: int) -> bytes:
    head, comma, text = url.partition(",")
    if not comma or len(text) > 3 * max_bytes:  # percent-encoding triples at worst
        raise MediaWrong("the data URI is too large or broken")
    content = unquote_to_bytes(text)
    if head.lower().endswith(";base64"):
        try:
            content = base64.b64decode(b"".join(content.split()), validate=True)
        except binascii.Error as error:
            raise MediaWrong("the data URI is broken") from error
    if not 0 < len(content) <= max_bytes:
        raise MediaWrong("the data URI is empty or too large")
    return content
