"""The road of a generation as JSON, for scripts and bug reports. Its shape is in docs/steering.md, and a test holds the
two together. Neither prompt nor input, no picture, no secret and no address is in it."""

from datetime import UTC, datetime
from typing import Any

from billing.credits import show
from krea_site.dashboard.pictures.road import DrawSeen, ImageSeen, Line, Road, Told

VERSION = 1


def of(road: Road) -> dict[str, Any]:
    row = road.row
    return {
        "version": VERSION,
        "id": str(row.pk),
        "user": row.user_id,
        "image_model": row.image_model,
        "quantity": row.quantity,
        "status": row.status,
        "error": row.error_code or None,
        "door": "web" if road.order is None else "api",
        "request": row.trace,
        "reference": road.order.reference if road.order else None,
        "created_at": _time(row.created_at),
        "started_at": _time(row.started_at),
        "finished_at": _time(row.finished_at),
        "deleted_at": _time(row.deleted_at),
        "erased_at": _time(row.erased_at),
        "money": _money(road),
        "images": [_image(each) for each in road.images],
        "deliveries": [_told(each) for each in road.told],
        "retry_of": str(road.retry_of.first_id) if road.retry_of else None,
        "retries": [str(each.again_id) for each in road.retries],
        "acts": [
            {"id": str(each.pk), "at": _time(each.at), "by": each.actor_id, "verb": each.verb, "why": each.why}
            for each in road.acts
        ],
        "timeline": [_line(each) for each in road.lines],
    }


def _money(road: Road) -> dict[str, Any]:
    hold = road.hold
    return {
        "quoted": show(road.row.quoted),
        "held": show(hold.amount) if hold else show(0),
        "held_at": _time(hold.created_at) if hold else None,
        "settled_at": _time(hold.settled_at) if hold else None,
        "captured": show(road.charged),
        "returned": show(road.returned),
        "cost_microusd": road.cost_microusd,
        "perhaps_billed_microusd": road.maybe_microusd,
        "transfers": [
            {
                "id": str(each.pk), "key": each.key, "kind": each.kind, "amount": show(each.amount),
                "from": each.source.book or "wallet", "to": each.target.book or "wallet", "memo": each.memo,
                "actor": each.actor, "created_at": _time(each.created_at),
            }
            for each in road.transfers
        ],
    }  # fmt: skip


def _image(seen: ImageSeen) -> dict[str, Any]:
    row = seen.row
    return {
        "id": str(row.pk),
        "index": row.index,
        "status": row.status,
        "status_at": _time(row.status_at),
        "position": seen.position,
        "not_before": _time(row.not_before),
        "deadline_at": _time(row.deadline_at),
        "cancel_requested_at": _time(row.cancel_requested_at),
        "refunded_at": _time(row.refunded_at),
        "error": {"code": row.error_code, "message": row.error_message} if row.error_code else None,
        "price": show(row.price),
        "seconds": {"waited": seen.waited, "at_fal": seen.at_fal, "storing": seen.storing},
        "draws": [_draw(each) for each in seen.draws],
        "file": _file(seen),
        "retried_as": str(seen.retried.again_id) if seen.retried else None,
    }


def _file(seen: ImageSeen) -> dict[str, Any] | None:
    row = seen.row
    if not row.sha256:
        return None
    return {
        "sha256": row.sha256, "content_type": row.content_type, "width": row.width, "height": row.height,
        "bytes": row.bytes, "variants": sorted(row.variants), "binned_at": _time(row.binned_at),
        "erased_at": _time(row.erased_at),
    }  # fmt: skip


def _draw(seen: DrawSeen) -> dict[str, Any]:
    row = seen.row
    return {
        "id": str(row.pk),
        "number": seen.number,
        "is_current": seen.is_current,
        "is_late": seen.is_late,
        "endpoint": row.endpoint,
        "request_id": row.request_id,
        "created_at": _time(row.created_at),
        "sent_at": _time(row.sent_at),
        "accepted_at": _time(row.accepted_at),
        "history_asked_at": _time(row.history_asked_at),
        "cancel_asked_at": _time(row.cancel_asked_at),
        "completed_at": _time(row.completed_at),
        "answered_by": row.answered_by or None,
        "result_status": row.result_status,
        "outcome": row.outcome or None,
        "words": seen.words,
        "drawn_ms": row.drawn_ms,
        "billable_units": row.billable_units or None,
        "cost_microusd": row.cost_microusd,
        "may_be_billed": row.may_be_billed,
        "fetches": row.fetches,
    }


def _told(told: Told) -> dict[str, Any]:
    return {
        "id": str(told.row.pk),
        "topic": told.row.topic,
        "dialect": told.row.dialect or None,
        "status": told.row.status,
        "due_at": None if told.row.outcome else _time(told.row.due_at),
        "tries": [
            {"number": each.number, "at": _time(each.began_at), "status": each.status, "error": each.error or None}
            for each in told.tries
        ],
    }


def _line(line: Line) -> dict[str, Any]:
    return {
        "at": _time(line.at), "after_s": round(line.after, 3), "image": line.image, "what": line.what,
        "detail": line.detail or None,
    }  # fmt: skip


def _time(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat() if moment else None
