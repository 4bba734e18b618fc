"""A submit that is repeated because its answer never came does no harm: it joins the earlier one.

Clients of the dialects send a POST again after a timeout or a broken connection, and know no Idempotency-Key. So each
POST without one is kept for 60 s under the key that sent it and its body, in the transaction of its order. An equal one
gets the same answer for as long as the earlier one is unanswered, or was found without anybody to be told. What was
answered is closed before the answer goes out, so that the same wish once more is a second order. A process that dies
before that leaves the row as it was: whoever repeats the call joins it, and after 60 s nobody does.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from django.http import HttpResponse
from django.utils import timezone
from rest_framework.request import Request

from partners import idempotency, waiting
from partners.models import KeptAnswer, Key
from partners.problems import Problem
from partners.waiting import Call

JOINED_FOR = timedelta(seconds=60)


def once(request: Request, read: Callable[[], Callable[[], HttpResponse]]) -> tuple[HttpResponse, Call | None]:
    """Do a POST once; the Call is to be told to the front with whatever is answered. With an Idempotency-Key that one
    decides alone, and without the front nobody could say whether anybody was answered: None."""
    if idempotency.HEADER in request.headers or not isinstance(request.auth, Key) or not waiting.has_front(request):
        return idempotency.once(request, read), None
    asked = idempotency.fingerprint(request)
    name = f"\t{request.auth.pk}\t{asked}"  # no Idempotency-Key has a tab
    try:
        answer, kept = idempotency.under(request, name, asked, read, lasts=JOINED_FOR, since=waiting.arrived(request))
    except idempotency.InUse:
        said = "An equal call is still being taken. Send it again; the two will be one."
        raise Problem("busy", said, headers={"Retry-After": "1"}) from None
    return answer, Call(kept.pk, kept.ends_at.isoformat())


def answered(call: Call) -> None:
    """Its caller is about to be answered, so nobody joins it any more; unless another of those who were joined turned
    out to be gone since it began."""
    kept = KeptAnswer.objects.filter(pk=call.id, ends_at=datetime.fromisoformat(call.ends_at))
    kept.update(ends_at=timezone.now())


def lost(call: Call) -> None:
    """Its caller was gone when it was answered: who repeats the call within a minute joins it."""
    KeptAnswer.objects.filter(pk=call.id).update(ends_at=timezone.now() + JOINED_FOR)
