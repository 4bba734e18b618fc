"""What becomes of a draw, one attempt at fal: sent, refused, lost, found again, answered, given up.

Each function is told what fal said and takes the image's step; a draw that is no longer its image's current one, or an
image that is final, is only written about. What fal may bill is kept on the draw in every case.
"""

import logging
import random
from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Exists, F
from django.utils import timezone

from . import fal_erasures, fal_state, lifecycle
from .fal.errors import Billed, billable_units, billed, classify
from .fal.verdicts import Kind, Verdict
from .models import Draw, Generation, Image, Status
from .nudge import COLLECT, nudge

logger = logging.getLogger(__name__)

UNANSWERED = (Status.SENDING, Status.UNKNOWN)
MOST_DRAWS = 3
NOT_SENT = "not_sent"  # the outcome of a draw that was taken and never claimed
NEWS_TAKES_S = 30  # fal's own servers may not all know of a request yet: a 404 this early proves nothing
KEPT_OF_A_RESULT = frozenset({"images", "image", "seed", "has_nsfw_concepts", "timings"})  # never the prompt
KEPT_OF_AN_ERROR = ("loc", "type", "msg")
MOST_ERRORS, LONGEST_WORDS = 10, 500
LONGEST_DELAY_S = 60
LONGEST_DRAWING_S = 86_400  # what fal says beyond that is no time
TIMED_OUT = ("timed_out", "The picture was not ready in time. You were not charged; please try again.")
FAL_BUSY = (
    "fal_unavailable",
    "Our drawing service could not take the picture. You were not charged; please try again later.",
)
LOST = (
    "lost",
    "Contact with our drawing service was lost for this picture. You were not charged; please try again.",
)
REFERENCE_GONE = (
    "reference_gone",
    "A style reference of this picture was taken down. You were not charged; please use another one.",
)
GAVE_UP = ("fal_error", "Drawing failed several times. You were not charged; please try again.")


def claim(draw: Draw) -> bool:
    """Whether this caller is the one to send the draw. Written down before the call: a send whose answer is lost, or
    whose sender dies, is never repeated blindly.

    The condition on the image is a subquery of its own: with a join, Django would put all of them into one, and
    PostgreSQL does not ask a subquery again after waiting for a row that somebody else just claimed.
    """
    current = Image.objects.filter(draw=draw.pk, status=Status.SENDING)
    rows = Draw.objects.filter(Exists(current), pk=draw.pk, sent_at=None).exclude(outcome=NOT_SENT)
    return bool(rows.update(sent_at=timezone.now()))


@transaction.atomic
def not_sent(draw: Draw) -> None:
    """Staff stopped sending before the draw was claimed: the image waits as if it had never been taken. The draw's own
    row decides between this and whoever claims it."""
    image = Image.objects.select_for_update().select_related("generation").get(pk=draw.image_id)
    if not Draw.objects.filter(pk=draw.pk, sent_at=None).exclude(outcome=NOT_SENT).update(outcome=NOT_SENT):
        return
    deadline = image.deadline_at if image.draws_made or image.refusals else None
    if image.step(Status.QUEUED, draw=draw, only_from=[Status.SENDING], deadline_at=deadline):
        _after_requeue(image)


def accepted(draw: Draw, request_id: str) -> None:
    """fal took the draw. The id is saved first and unconditionally; then the image steps."""
    rows = Draw.objects.filter(pk=draw.pk)
    try:
        with transaction.atomic():
            if not rows.filter(request_id=None).update(request_id=request_id, accepted_at=timezone.now()):
                rows.filter(accepted_at=None).update(accepted_at=timezone.now())  # the webhook was first
    except IntegrityError:  # an equal picture whose answer was lost took this one for its own: look for the other
        logger.warning("draw %s: its request belongs to another draw", draw.pk)
        lost(draw)
        return
    fal_state.accepted()
    with transaction.atomic():
        image = draw.image
        if image.step(Status.DRAWING, draw=draw, refusals=0, draws_made=F("draws_made") + 1):
            lifecycle.tell_image(image, status="drawing")


def refused(draw: Draw, *, reason: str, retry_after_s: float | None = None) -> None:
    """fal did not take the draw and cannot bill it (429, 5xx, no connection): later again, until the deadline."""
    fal_state.unreachable(reason)
    _write(draw, outcome=reason)
    _again(draw, only_from=UNANSWERED, failure=FAL_BUSY, delay_s=retry_after_s)


def account_locked(draw: Draw, *, reason: str) -> None:
    """fal refuses our account: the image waits as if it had never been sent."""
    fal_state.locked(reason)
    _write(draw, outcome="account_locked")
    with transaction.atomic():
        image = _reread(draw)
        deadline = image.deadline_at if image.draws_made else None
        if image.step(Status.QUEUED, draw=draw, only_from=[Status.SENDING], deadline_at=deadline):
            _after_requeue(image)


def reference_gone(draw: Draw) -> None:
    """It cannot be sent any more as it was ordered."""
    _write(draw, outcome=REFERENCE_GONE[0])
    _fail(draw, *REFERENCE_GONE, only_from=[Status.SENDING])


def rejected(draw: Draw, verdict: Verdict) -> None:
    """fal refused the draw for good at the door."""
    _write(draw, outcome=verdict.code)
    _end(draw, verdict, only_from=UNANSWERED)


def lost(draw: Draw) -> None:
    """The answer to a send was lost: the body may have reached fal, which would draw and bill it twice."""
    fal_state.unreachable("no answer")
    _write(draw, outcome="unknown", may_be_billed=True)
    with transaction.atomic():
        image = draw.image
        if image.step(Status.UNKNOWN, draw=draw):
            lifecycle.tell_image(image, status="unknown")


def never_arrived(draw: Draw) -> None:
    """An unknown draw is surely not at fal: it is drawn anew."""
    _write(draw, outcome="never_arrived", may_be_billed=False)
    _again(draw, only_from=[Status.UNKNOWN], failure=TIMED_OUT, delay_s=0)


def answered(
    draw: Draw,
    status: int,
    body: object,
    headers: Mapping[str, str] | None = None,
    *,
    request_id: str | None = None,
    drawn_s: float | None = None,
) -> bool:
    """fal's result is here, by webhook or by asking: saved on the draw in one transaction with the image's step.
    `drawn_s`: how long fal drew, where its status said so.

    False where it says nothing about the picture, and fal has to be asked again."""
    verdict = classify(status, body, headers or {}, endpoint=draw.endpoint)
    if verdict.kind in (Kind.BUSY, Kind.LOCKED) or (verdict.kind == Kind.GONE and _is_young(draw)):
        return False
    with transaction.atomic():
        if request_id and draw.request_id is None:
            _keep_ticket(draw, request_id)
        by = "webhook" if request_id else "follower"
        is_new = _save_answer(draw, status, body, headers or {}, verdict, drawn_s, by)
        draw.image.step(Status.DRAWING, draw=draw, draws_made=F("draws_made") + 1)  # the webhook was first
        if verdict.kind == Kind.DELIVERED:
            _store(draw)
        elif is_new:
            _conclude(draw, verdict)
    fal_state.answered()
    return True


def expired(draw: Draw) -> None:
    """fal still says that it is not done, and the image's deadline has passed."""
    _write(draw, outcome="timed_out", may_be_billed=True)
    _fail(draw, *TIMED_OUT, only_from=[Status.DRAWING])


def given_up(draw: Draw) -> None:
    """An unknown draw could not be found out about until its deadline: fal's possible cost stands on the draw."""
    _write(draw, outcome="unknown", may_be_billed=True)
    _fail(draw, *LOST, only_from=[Status.UNKNOWN, Status.DRAWING])


def cancel_agreed(draw: Draw) -> None:
    """fal took the draw out of its queue."""
    _write(draw, outcome="canceled")
    lifecycle.finish(draw.image, Status.CANCELED, draw=draw, only_from=[Status.DRAWING])


def file_wrong(draw: Draw, reason: str) -> None:
    """The stored result's bytes are wrong or gone: a new draw within the same limit, although fal bills this one."""
    Draw.objects.filter(pk=draw.pk).update(outcome=reason[:64])
    _again(draw, only_from=[Status.STORING], failure=GAVE_UP, delay_s=0)


def blocked(draw: Draw, code: str, message: str) -> None:
    Draw.objects.filter(pk=draw.pk).update(outcome=code[:64])
    told = {"error_code": code, "error_message": message}
    lifecycle.finish(draw.image, Status.BLOCKED, draw=draw, only_from=[Status.STORING], **told)


def _keep_ticket(draw: Draw, request_id: str) -> None:
    """The webhook was first. An equal picture whose answer was lost may have found this request in the history and
    taken it for its own; then both are answered by it."""
    if not Draw.objects.filter(request_id=request_id).exists():
        Draw.objects.filter(pk=draw.pk, request_id=None).update(request_id=request_id, accepted_at=timezone.now())


def _save_answer(
    draw: Draw,
    status: int,
    body: object,
    headers: Mapping[str, str],
    verdict: Verdict,
    drawn_s: float | None,
    by: str,
) -> bool:
    """Keep what fal answered, without the prompt that it echoes; True for the first answer."""
    is_delivered = verdict.kind == Kind.DELIVERED
    kept = _kept(body) if is_delivered else _words_of_error(body)
    cost = Generation.objects.filter(images=draw.image_id).values_list("image_cost_microusd", flat=True)[0]
    rows = Draw.objects.filter(pk=draw.pk)
    rows = rows.exclude(outcome="delivered") if is_delivered else rows.filter(completed_at=None)
    units = billable_units(headers)
    return bool(
        rows.update(
            result=kept, result_status=status, completed_at=timezone.now(),
            outcome="delivered" if is_delivered else verdict.code,
            may_be_billed=billed(verdict, units) is not Billed.NO, cost_microusd=cost if is_delivered else 0,
            billable_units="" if units is None else str(units)[:32], answered_by=by, drawn_ms=_drawn_ms(body, drawn_s),
        )
    )  # fmt: skip


def _kept(body: object) -> dict[str, Any] | None:
    return {key: value for key, value in body.items() if key in KEPT_OF_A_RESULT} if isinstance(body, dict) else None


def _words_of_error(body: object) -> dict[str, Any] | None:
    """fal's own words of what went wrong: of each error where it is, its type and its message. Never `input` and `ctx`,
    which repeat what was asked for."""
    told = body.get("detail") if isinstance(body, dict) else None
    if isinstance(told, str):
        return {"detail": told[:LONGEST_WORDS]}
    if not isinstance(told, list):
        return None
    errors = [each for each in told if isinstance(each, dict)][:MOST_ERRORS]
    return {"detail": [{name: str(each.get(name, ""))[:LONGEST_WORDS] for name in KEPT_OF_AN_ERROR} for each in errors]}


def _drawn_ms(body: object, drawn_s: float | None) -> int | None:
    """How long fal drew: its status says so, or the result of some endpoints; None where neither does."""
    timings = body.get("timings") if isinstance(body, dict) else None
    said = timings.get("inference") if isinstance(timings, dict) else None
    seconds = drawn_s if drawn_s is not None else said
    if not isinstance(seconds, int | float) or isinstance(seconds, bool) or not 0 <= seconds < LONGEST_DRAWING_S:
        return None
    return int(seconds * 1000)


def _is_young(draw: Draw) -> bool:
    return timezone.now() - (draw.accepted_at or draw.created_at) < timedelta(seconds=NEWS_TAKES_S)


def _store(draw: Draw) -> None:
    image = _reread(draw)
    if image.step(Status.STORING, draw=draw, not_before=None):
        lifecycle.tell_image(image, status="storing")
        nudge(COLLECT, str(draw.pk))
        lifecycle.place_is_free()
    else:
        logger.info("draw %s delivered to image %s, which is %s", draw.pk, image.pk, image.status)
        if image.is_final:
            fal_erasures.came_late(image)


def _conclude(draw: Draw, verdict: Verdict) -> None:
    if verdict.kind in (Kind.AGAIN, Kind.GONE):
        _again(draw, only_from=[Status.DRAWING], failure=GAVE_UP, delay_s=None)
    elif verdict.kind == Kind.CANCELED:
        image = _reread(draw)
        if image.cancel_requested_at:
            lifecycle.finish(image, Status.CANCELED, draw=draw, only_from=[Status.DRAWING])
        else:
            _again(draw, only_from=[Status.DRAWING], failure=GAVE_UP, delay_s=0)
    else:
        _end(draw, verdict, only_from=[Status.DRAWING])


def _end(draw: Draw, verdict: Verdict, *, only_from: Collection[Status]) -> None:
    to = Status.BLOCKED if verdict.kind == Kind.BLOCKED else Status.FAILED
    told = {"error_code": verdict.code, "error_message": verdict.message}
    lifecycle.finish(draw.image, to, draw=draw, only_from=only_from, **told)


@transaction.atomic
def _again(draw: Draw, *, only_from: Collection[Status], failure: tuple[str, str], delay_s: float | None) -> None:
    """Back into the queue at its old turn, with a growing, jittered delay; or failed, when the limit of draws or the
    deadline is reached."""
    image = _reread(draw)
    delay = delay_s if delay_s is not None else min(2.0**image.refusals, LONGEST_DELAY_S) * random.uniform(0.5, 1.5)
    due = timezone.now() + timedelta(seconds=delay)
    is_late = image.deadline_at is not None and due > image.deadline_at
    if image.draws_made >= MOST_DRAWS or is_late:
        _fail(draw, *(failure if image.draws_made >= MOST_DRAWS else _late(failure)), only_from=only_from)
        return
    waits = {"not_before": due if delay else None, "refusals": F("refusals") + 1}
    if image.step(Status.QUEUED, draw=draw, only_from=only_from, **waits):
        _after_requeue(image)


def _late(failure: tuple[str, str]) -> tuple[str, str]:
    return failure if failure == FAL_BUSY else TIMED_OUT


def _after_requeue(image: Image) -> None:
    """A wish to cancel that came while the image was away is fulfilled now."""
    image.refresh_from_db()
    if image.cancel_requested_at and lifecycle.finish(image, Status.CANCELED, only_from=[Status.QUEUED]):
        return
    lifecycle.tell_image(image, status="queued")
    lifecycle.place_is_free()


def _fail(draw: Draw, code: str, message: str, *, only_from: Collection[Status]) -> None:
    lifecycle.finish(draw.image, Status.FAILED, draw=draw, only_from=only_from, error_code=code, error_message=message)


def _write(draw: Draw, *, outcome: str, **fields: Any) -> None:
    """What became of a draw that fal did not answer; its answer, should it have come meanwhile, says more."""
    Draw.objects.filter(pk=draw.pk, completed_at=None).update(outcome=outcome[:64], **fields)


def _reread(draw: Draw) -> Image:
    return Image.objects.select_related("generation").get(pk=draw.image_id)
