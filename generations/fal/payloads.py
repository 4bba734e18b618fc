"""Erasing at fal: what was sent for a request, what was answered, and the files that it made.

fal's platform API (DELETE …/models/requests/{request_id}/payloads) wants a key with the scope ADMIN. The files that a
request was given stay there, since others may use them; those that we upload live for a day. It sends no
Idempotency-Key: a kept answer would hide that a second try went better.
"""

from dataclasses import dataclass

from django.conf import settings

from generations.fal.addresses import is_request_id
from generations.fal.answers import wait_s
from generations.fal.errors import account_reason
from generations.fal.wire import Call, NoAnswer, Unavailable, exchange

__all__ = ["Gone", "NotYet", "Unavailable", "erase"]


@dataclass(frozen=True)
class Gone:
    """fal has nothing of the request any more. `files` counts those that went now."""

    files: int = 0


@dataclass(frozen=True)
class NotYet:
    """fal refused, or kept a file; `reason` is for the operator."""

    reason: str


def erase(request_id: str) -> Gone | NotYet:
    """Saying it twice does no harm. A request that fal does not know is gone. Raises Unavailable."""
    if not is_request_id(request_id):
        return NotYet("not a request id of fal")
    key = settings.FAL_ADMIN_KEY or settings.FAL_KEY or "standin:standin"
    url = f"{settings.FAL_API_URL}/models/requests/{request_id}/payloads"
    try:
        answer = exchange(Call("DELETE", url, {"Authorization": f"Key {key}"}))
    except NoAnswer as lost:
        raise Unavailable(lost.reason) from lost
    if answer.status in (404, 410):
        return Gone()
    body = answer.body()
    if answer.ok:
        return _of_files(body)
    if answer.status >= 500 or answer.status in (408, 425, 429):
        raise Unavailable(f"fal answered {answer.status}", retry_after_s=wait_s(answer.headers))
    return NotYet(f"fal answered {answer.status} {account_reason(body)}".strip())


def _of_files(body: object) -> Gone | NotYet:
    """fal tells of each file whether it went."""
    results = body.get("cdn_delete_results") if isinstance(body, dict) else None
    if not isinstance(results, list):
        return NotYet("fal did not say what became of the files")
    left = [each for each in results if not isinstance(each, dict) or each.get("exception")]
    return NotYet(f"{len(left)} of {len(results)} files are still there") if left else Gone(len(results))
