"""Stripe's records against ours: what was paid, refunded or disputed and never heard of is mended, the rest is listed,
and the net cash at Stripe is held against the book `sales`.

Right while customers go on buying: what differs is read at Stripe anew before it is believed, and what happened during
the run is no finding. Repeatable: all that it does is done once, however often it runs.
"""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import islice
from typing import TypeVar

from django.db import InterfaceError, OperationalError
from django.db.models import F, Q, Sum
from django.utils import timezone

from . import agreement, closings, payments, splits, stripe_events, stripe_gateway, subscriptions
from .agreement import Difference, Ours
from .audit import one_moment
from .models import Book, Purchase, Reconciliation, StripeEvent, Subscription, Taking
from .stripe_values import Event, NotAtStripe, Payment, PaymentStatus, StripeUnavailable, SubscriptionState

logger = logging.getLogger(__name__)
T = TypeVar("T")

TRIES = 2  # with an event that is handled between two readings, the first one may differ by that
AT_ONCE = 100  # objects held in memory and looked up together
OVERLAP = timedelta(days=3)  # Stripe tries to deliver an event for as long
AT_FIRST = timedelta(days=30)
ON_ITS_WAY = timedelta(minutes=5)  # an event as young as this will come by itself
MOST_AT_A_GLANCE = 300  # payments: three calls at the most
MOST_KEPT = 1000  # findings; the rest is counted
MOST_STORED = 100


@dataclass(frozen=True)
class Finding:
    """`id` is of an object of Stripe's or of ours; `words` have ids and amounts only."""

    id: str
    words: str
    is_mended: bool


@dataclass
class Outcome:
    """What came of a run. The two sums are in 1/100 credit, of the same payments."""

    since: datetime
    began_at: datetime
    compared: int = 0
    mended: int = 0
    left: int = 0
    findings: list[Finding] = field(default_factory=list)
    stripe: int = 0
    book: int = 0
    book_in_all: int = 0

    def found(self, difference: Difference, *, is_mended: bool) -> None:
        if is_mended and _is_of_now(difference.at, self.began_at):
            return
        self.mended += is_mended
        self.left += not is_mended
        if len(self.findings) < MOST_KEPT:
            self.findings.append(Finding(difference.id, difference.words, is_mended))


def run(since: datetime | None = None) -> Outcome:
    """Compare from `since` on, or from where the last whole run began with an overlap. Raises StripeUnavailable; what
    was mended until then stays mended."""
    now = timezone.now()
    outcome = Outcome(since or begin(now), now)
    row = Reconciliation.objects.create(kind=Reconciliation.Kind.STRIPE, since=outcome.since, began_at=now)
    for some in _batches(stripe_gateway.payments_since(outcome.since)):
        _compare(some, outcome)
    _purchases_that_were_not_listed(outcome)
    for states in _batches(stripe_gateway.subscriptions_since(outcome.since)):
        _subscriptions(states, outcome)
    for events in _batches(stripe_gateway.events_since(outcome.since)):
        _events(events, outcome)
    _in_all(outcome)
    stored = [{"id": each.id, "words": each.words, "is_mended": each.is_mended} for each in outcome.findings]
    Reconciliation.objects.filter(pk=row.pk).update(
        ended_at=timezone.now(), compared=outcome.compared, mended=outcome.mended, left=outcome.left,
        findings=stored[:MOST_STORED], stripe_cents=outcome.stripe // splits.UNITS_A_CENT,
        book_cents=outcome.book // splits.UNITS_A_CENT,
    )  # fmt: skip
    return outcome


def glance() -> frozenset[str]:
    """What differs among the payments of the last days, as `id words`, by a call or three; nothing is read anew and
    nothing mended: where it says something new, `run` is due. What is so young that its event is on its way is left
    out. Raises StripeUnavailable and StripeRefused."""
    now = timezone.now()
    since, found = now - OVERLAP, set[str]()
    for some in _batches(islice(stripe_gateway.payments_at_a_glance(since), MOST_AT_A_GLANCE)):
        ours = agreement.ours_of(some)
        for one in some:
            found |= {f"{each.id} {each.words}" for each in _seen(one, ours[one.id], now - ON_ITS_WAY)}
    return frozenset(found)


def _seen(said: Payment, ours: Ours, young: datetime) -> Iterator[Difference]:
    row = ours.purchase
    if row is None or row.status != Purchase.Status.PAID:
        if said.status == PaymentStatus.PAID and not _is_of_now(said.paid_at, young):
            yield from agreement.differences(said, ours)
        return
    for each in agreement.differences(replace(said, tax_cents=row.tax_cents or 0), ours):
        is_known = each.id == said.id or each.id in ours.reversals
        if is_known or not _is_of_now(each.at, young):
            yield each


def begin(now: datetime) -> datetime:
    """From when on the next run compares."""
    last = newest()
    return last.began_at - OVERLAP if last else now - AT_FIRST


def newest() -> Reconciliation | None:
    """The last run that went through."""
    whole = Reconciliation.objects.filter(kind=Reconciliation.Kind.STRIPE, ended_at__isnull=False)
    return whole.order_by("-began_at").first()


def _compare(said: list[Payment], outcome: Outcome) -> None:
    ours, looked_at = agreement.ours_of(said), []
    for one in said:
        mine: Ours = ours[one.id]
        left: list[Difference] = []
        if any(agreement.differences(one, mine)):
            one, mine, left = _mended(one, outcome)
        for difference in left:
            outcome.found(difference, is_mended=False)
        outcome.compared += 1
        if mine.purchase is not None:
            outcome.stripe += agreement.net(one, mine)
            outcome.book += mine.sales
            looked_at.append(mine.purchase.pk)
            payments.note_fee(mine.purchase, one)
    Purchase.objects.filter(pk__in=looked_at, status=Purchase.Status.PAID).update(looked_at=outcome.began_at)


def _mended(listed: Payment, outcome: Outcome) -> tuple[Payment, Ours, list[Difference]]:
    """What Stripe and we say of a payment after what can be mended was, and what differs still."""
    said, mine = _anew(listed)
    before = left = list(agreement.differences(said, mine))
    for _ in range(TRIES):
        if not left:
            break
        try:
            payments.bring_up_to_date(said)
        except (StripeUnavailable, OperationalError, InterfaceError):
            raise
        except Exception as error:  # one payment that cannot be handled must not hide all others
            logger.exception("payment %s could not be brought up to date", said.id)
            return said, mine, [*left, Difference(said.id, f"could not be mended: {type(error).__name__}")]
        said, mine = _anew(said)
        left = list(agreement.differences(said, mine))
    still = {(each.id, each.words) for each in left}
    for difference in before:
        if (difference.id, difference.words) not in still:
            outcome.found(difference, is_mended=True)
    return said, mine, left


def _anew(said: Payment) -> tuple[Payment, Ours]:
    """What both say now: the list may be minutes old, and an event may be handled at this moment."""
    now = stripe_gateway.read_payment(said.id)
    return now, agreement.ours_of([now])[now.id]


def _purchases_that_were_not_listed(outcome: Outcome) -> None:
    """Ours of the period that Stripe did not list are asked for one by one."""
    unseen = Q(looked_at=None) | Q(looked_at__lt=outcome.began_at)
    paid = Purchase.objects.filter(unseen, status=Purchase.Status.PAID, paid_at__gte=outcome.since)
    last = None
    while rows := list((paid.filter(pk__gt=last) if last else paid).order_by("pk")[:AT_ONCE]):
        last = rows[-1].pk
        said = []
        for row in rows:
            try:
                said.append(stripe_gateway.read_payment(row.payment or ""))
            except NotAtStripe:
                words = f"is paid here (purchase {row.pk}); Stripe knows no such payment"
                outcome.found(Difference(row.payment or "", words), is_mended=False)
        _compare(said, outcome)


def _subscriptions(states: list[SubscriptionState], outcome: Outcome) -> None:
    known = dict(
        Subscription.objects.filter(stripe_id__in=[one.id for one in states]).values_list("stripe_id", "status")
    )
    for state in states:
        row = subscriptions.bring_up_to_date(state, read_at=outcome.began_at)
        if row is None:
            words = f"a subscription of {state.customer}, who is no customer of ours"
            outcome.found(Difference(state.id, words), is_mended=False)
        elif state.id not in known:
            outcome.found(Difference(state.id, "a subscription that was unknown here"), is_mended=True)
        elif known[state.id] != state.status and Subscription.objects.filter(pk=row.pk, status=state.status).exists():
            words = f"is {state.status} at Stripe; here it was {known[state.id]}"
            outcome.found(Difference(state.id, words), is_mended=True)


def _events(events: list[Event], outcome: Outcome) -> None:
    """Those that never came are handled as if they came now. The youngest are still on their way."""
    wanted = [one for one in events if one.type in stripe_events.HANDLERS]
    known = set(StripeEvent.objects.filter(pk__in=[one.id for one in wanted]).values_list("pk", flat=True))
    for event in wanted:
        is_young = _is_of_now(event.created_at, outcome.began_at - ON_ITS_WAY)
        if event.id not in known and not is_young and stripe_events.receive(event):
            words = f"{event.type} of {event.object_id} never arrived; it is handled now"
            outcome.found(Difference(event.id, words, event.created_at), is_mended=True)


def _in_all(outcome: Outcome) -> None:
    """The book must be explained by purchases and what was taken of them, also where nobody compared them today."""
    with one_moment():
        outcome.book_in_all = -closings.balance_of(Book.SALES)
        paid = Purchase.objects.filter(status=Purchase.Status.PAID).aggregate(sum=Sum(F("paid_cents") - F("tax_cents")))
        taken = Taking.objects.filter(reversal__isnull=False).aggregate(sum=Sum(F("cash") - F("restored_cash")))
    explained = (paid["sum"] or 0) * splits.UNITS_A_CENT - (taken["sum"] or 0)
    if explained != outcome.book_in_all:
        words = f"holds {agreement.exact(outcome.book_in_all)}; its purchases explain {agreement.exact(explained)}"
        outcome.found(Difference(Book.SALES, words), is_mended=False)


def _is_of_now(at: datetime | None, since: datetime) -> bool:
    """Whether it happened since then. What is of the future is of a clock that was moved, and of no moment."""
    return at is not None and since <= at <= timezone.now() + timedelta(minutes=1)


def _batches(values: Iterable[T]) -> Iterator[list[T]]:
    left = iter(values)
    while some := list(islice(left, AT_ONCE)):
        yield some
