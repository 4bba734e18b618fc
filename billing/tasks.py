"""The tasks of billing, thin doors: each may run twice, and has a row that a sweep finds."""

from uuid import UUID

from . import pausing, refunds, stripe_events, topup_attempts, under_way


def handle_event(event_id: str) -> None:
    stripe_events.handle(event_id)


def look_at_purchase(purchase_id: str) -> None:
    under_way.look(purchase_id)


def refund(refund_id: str) -> None:
    refunds.go_on(UUID(refund_id))


def top_up(top_up_id: str) -> None:
    topup_attempts.go_on(UUID(top_up_id))


def pause(subscription_id: str) -> None:
    pausing.go_on(int(subscription_id))
