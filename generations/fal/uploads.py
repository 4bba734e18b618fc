"""Files of ours in fal's storage, for where fal cannot fetch them from us (a PUBLIC_URL that is not public)."""

import json
import logging
from typing import Any, Final

from django.conf import settings

from generations.fal.addresses import is_storage_url
from generations.fal.answers import account_trouble, wait_s
from generations.fal.wire import Answer, Call, NoAnswer, Unavailable, authorization, exchange, patiently

MAX_BYTES: Final = 90 * 1024 * 1024  # above it fal wants an upload in parts, which no reference needs
_log = logging.getLogger(__name__)


class UploadRefused(Exception):
    """fal does not take this file, now or later."""


def upload(data: bytes, content_type: str, file_name: str, *, lifetime_s: int) -> str:
    """The address, readable for everyone who has it, under which fal keeps the file for `lifetime_s` seconds.

    Tried again where it fails, since a file kept twice costs nothing. Unavailable, AccountLocked, UploadRefused.
    """
    if len(data) > MAX_BYTES:
        raise UploadRefused("the file is too large")

    def attempt() -> str:
        put_url, file_url = _initiate(content_type, file_name, lifetime_s)
        # The address is signed and may be anybody's, so the key stays here.
        answer = _exchange(Call("PUT", put_url, {"Content-Type": content_type}, content=data))
        if not answer.ok:
            raise Unavailable(f"upload answered {answer.status}", retry_after_s=wait_s(answer.headers))
        return file_url

    return patiently(attempt)


def ask_for_place() -> None:
    """Ask for an address to upload to, and use it for nothing: it costs nothing, and fal refuses a locked account here
    as at a submit. Unavailable, AccountLocked, UploadRefused."""
    _initiate("text/plain", "probe.txt", 60)


def _initiate(content_type: str, file_name: str, lifetime_s: int) -> tuple[str, str]:
    headers = authorization()
    headers["X-Fal-Object-Lifecycle"] = json.dumps({"expiration_duration_seconds": lifetime_s})
    answer = _exchange(
        Call(
            "POST",
            f"{settings.FAL_REST_URL}/storage/upload/initiate",
            headers,
            {"storage_type": "fal-cdn-v3"},
            json={"content_type": content_type, "file_name": file_name},
        )
    )
    body: Any = answer.body()
    if trouble := account_trouble(answer, body):
        raise trouble
    if 400 <= answer.status < 500 and answer.status not in {408, 425, 429}:
        raise UploadRefused(f"fal's storage answered {answer.status}")
    if not answer.ok or not isinstance(body, dict):
        raise Unavailable(f"initiate answered {answer.status}", retry_after_s=wait_s(answer.headers))
    put_url, file_url = str(body.get("upload_url")), str(body.get("file_url"))
    if not (is_storage_url(put_url) and is_storage_url(file_url)):
        _log.error("fal's storage named an address that is not allowed")
        raise UploadRefused("fal's storage named an address that is not allowed")
    return put_url, file_url


def _exchange(call: Call) -> Answer:
    try:
        return exchange(call)
    except NoAnswer as lost:
        raise Unavailable(lost.reason) from lost
