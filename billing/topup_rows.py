"""Auto top-up as its pages tell it: how it stands, and what became of each attempt, in words."""

from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from . import topups
from .models import Account, AutoTopUp, TopUp

Status, Off = TopUp.Status, AutoTopUp.Off
MOST_SHOWN = 10
STATES = {
    Status.DUE: ("warn", "begun"),
    Status.SENT: ("warn", "asking the bank"),
    Status.NEEDS_ACTION: ("warn", "waits for you"),
    Status.SUCCEEDED: ("good", "charged"),
    Status.DECLINED: ("bad", "declined"),
    Status.CANCELED: ("", "cancelled"),
}
WHY_OFF = {
    Off.DECLINES: "Your bank declined the card three times in a row.",
    Off.REFUSED: "Your bank says that it will not accept this card again.",
    Off.NO_CARD: "There was no saved card any more.",
    Off.PACK: "The pack that you chose is not sold like that any more.",
    Off.UNANSWERED: "Your bank wanted you to confirm a payment, and that was not answered within a week.",
    Off.GIVEN_BACK: "A payment was given back, which is no reason to charge another one.",
}
# Why an attempt ended, by its reason; what is missing here is the bank's own and is not told.
REASONS = {
    "insufficient_funds": "Too little money was on the account.",
    "card_velocity_exceeded": "A limit of the card was reached.",
    "expired_card": "The card has expired.",
    "not_wanted": "It was not needed any more.",
    "switched_off": "Auto top-up was switched off.",
    "no_card": "There was no saved card.",
    "paid_by_hand": "You went on to pay by hand.",
    "unanswered": "It was not answered within a week.",
}


@dataclass(frozen=True)
class Shown:
    row: TopUp
    tone: str
    state: str
    words: str


def shown(row: TopUp) -> Shown:
    tone, state = STATES[Status(row.status)]
    if row.status == Status.DECLINED:
        words = REASONS.get(row.reason, "The bank gave no reason.")
    elif row.status == Status.CANCELED:
        words = f"{REASONS.get(row.reason, 'It could not be made.')} Nothing was charged."
    else:
        words = ""
    return Shown(row, tone, state, words)


def state(agreed: AutoTopUp) -> dict[str, Any]:
    """How it stands now, for the page and for its section on the billing page."""
    now = timezone.now()
    wallet = Account.objects.filter(user_id=agreed.user_id).first() or Account()
    asked = TopUp.objects.filter(user_id=agreed.user_id, status=Status.NEEDS_ACTION).select_related("purchase").first()
    is_below = agreed.is_on and wallet.available < agreed.threshold
    rests = agreed.rests_until if agreed.rests_until and agreed.rests_until > now else None
    return {
        "agreed": agreed, "wallet": wallet, "asked": asked, "is_below": is_below, "rests_until": rests,
        "is_full": rests is not None and rests == topups.next_month(now),
        "spent": topups.spent_this_month(agreed.user_id, now) if agreed.is_on else 0,
        "why_off": WHY_OFF[Off(agreed.off_because)] if agreed.off_because else "",
    }  # fmt: skip
