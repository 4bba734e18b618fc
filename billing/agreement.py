"""How far our records of payments agree with Stripe's: each difference in words, object by object, to the cent.

Nothing here changes anything; `billing.reconcile` does with it what is to be done.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from . import cents, payments, splits
from .models import Book, Purchase, Reversal, Transfer
from .moves import book
from .stripe_values import Payment, PaymentStatus, Reversed

Status = Purchase.Status
UNDER_WAY = (Status.OPEN, Status.PROCESSING)
CORRECTED = ":corrected"
SUFFIXES = ("", ":debt", ":back", CORRECTED)  # of the transfers of one operation, those in which `sales` stands


@dataclass(frozen=True)
class Difference:
    """Of Stripe's object `id`; `at` is when Stripe came to know of it. Without e-mail addresses or names."""

    id: str
    words: str
    at: datetime | None = None


@dataclass(frozen=True)
class Ours:
    """What we have of one payment. `sales` is what the book of that name received for it, in 1/100 credit."""

    purchase: Purchase | None = None
    reversals: Mapping[str, Reversal] = field(default_factory=dict)
    sales: int = 0


def ours_of(said: Iterable[Payment]) -> dict[str, Ours]:
    """By the payments' ids. A purchase belongs to what it was paid by; until it is paid, to what was made for it."""
    said = list(said)
    named = {one.id: _uuid(one.metadata.get("purchase", "")) for one in said}
    wanted = Q(payment__in=list(named)) | Q(pk__in=[id for id in named.values() if id], payment=None)
    rows = list(Purchase.objects.filter(wanted).prefetch_related("reversals__taking"))
    by_payment, by_id = {row.payment: row for row in rows}, {row.pk: row for row in rows}
    sales = _sales_of(rows)
    found = {}
    for one in said:
        row = by_payment.get(one.id) or (by_id.get(id) if (id := named[one.id]) else None)
        reversals = {each.stripe_id: each for each in row.reversals.all()} if row else {}
        found[one.id] = Ours(row, reversals, sales[row.pk] if row else 0)
    return found


def differences(said: Payment, ours: Ours) -> Iterator[Difference]:
    if said.status != PaymentStatus.PAID:
        yield from _unpaid(said, ours)
    elif said.currency != payments.CURRENCY:
        yield Difference(said.id, f"is paid in {said.currency.upper()}, which we do not sell for", said.paid_at)
    elif ours.purchase is None:
        yield Difference(said.id, _unknown(said), said.paid_at)
    elif ours.purchase.status != Status.PAID:
        words = f"{cents.show(said.paid_cents)} are paid at Stripe; here it is {ours.purchase.status}"
        yield Difference(said.id, words, said.paid_at)
    else:
        yield from _paid(said, ours.purchase, ours)


def net(said: Payment, ours: Ours) -> int:
    """The money that we have of a payment, net of tax, by Stripe's objects alone; in 1/100 credit.

    Refunds and disputes are cut out of it in the order in which ours were, which is no matter of money, only of which
    of them a rounded cent of tax falls on. What Stripe charges for a dispute is no part of it."""
    if said.status != PaymentStatus.PAID or said.currency != payments.CURRENCY:
        return 0
    whole = said.paid_cents - said.tax_cents
    left, before = whole * splits.UNITS_A_CENT, 0
    for one in sorted((each for each in said.reversals if each.takes), key=lambda each: _place(each, ours)):
        cash = splits.net_part(whole, said.paid_cents, before=before, cents=one.cents) * splits.UNITS_A_CENT
        left -= cash - splits.part(cash, 0, cents=one.restored_cents, of=one.cents).cash
        before += one.cents
    return left


def exact(amount: int) -> str:
    """Dollars, to the thousandth of a cent where there are any."""
    whole, rest = divmod(abs(amount), splits.UNITS_A_CENT)
    sign = "-" if amount < 0 else ""
    return f"{sign}{cents.show(whole)}" + (f"{rest:03d}".rstrip("0") if rest else "")


def _unpaid(said: Payment, ours: Ours) -> Iterator[Difference]:
    """A payment that failed in a session may still be tried again, so an open purchase is no difference."""
    row = ours.purchase
    if row is None:
        return
    if row.status == Status.PAID and row.payment == said.id:
        yield Difference(said.id, f"is paid here; at Stripe it is {said.status}")
    elif row.status in UNDER_WAY and (
        said.status == PaymentStatus.CANCELED or (said.status == PaymentStatus.FAILED and not said.session)
    ):
        yield Difference(said.id, f"is {said.status} at Stripe; here it is {row.status}")


def _paid(said: Payment, row: Purchase, ours: Ours) -> Iterator[Difference]:
    """The book differs where anything else does, so it is told only where nothing else explains it."""
    found = list(_rows_of(said, row, ours))
    yield from found
    theirs, mine = net(said, ours), ours.sales
    if theirs != mine and not found:
        yield Difference(said.id, f"{exact(theirs)} net at Stripe, {exact(mine)} in the book", said.paid_at)


def _unknown(said: Payment) -> str:
    return f"{cents.show(said.paid_cents)} of {said.customer or 'no customer'} are paid at Stripe and unknown here"


def _rows_of(said: Payment, row: Purchase, ours: Ours) -> Iterator[Difference]:
    for name, theirs, mine in (
        ("was paid", said.paid_cents, row.paid_cents or 0),
        ("of tax are in it", said.tax_cents, row.tax_cents or 0),
    ):
        if theirs != mine:
            words = f"{cents.show(theirs)} {name} according to Stripe, {cents.show(mine)} here"
            yield Difference(said.id, words, said.paid_at)
    known = {each.id: each for each in said.reversals}
    for one in said.reversals:
        yield from _reversed(one, ours.reversals.get(one.id))
    for id in ours.reversals.keys() - known.keys():
        yield Difference(id, "is taken here; Stripe does not list it at the payment")


def _reversed(said: Reversed, row: Reversal | None) -> Iterator[Difference]:
    what = "dispute" if said.is_dispute else "refund"
    if row is None:
        if said.takes:
            yield Difference(said.id, f"a {what} of {cents.show(said.cents)} that was not taken here", said.created_at)
        return
    if not said.takes:
        yield Difference(said.id, f"a {what} that took nothing at Stripe, and did here")
    if said.cents != row.cents:
        words = f"a {what} of {cents.show(said.cents)} at Stripe, of {cents.show(row.cents)} here"
        yield Difference(said.id, words, said.created_at)
    if said.restored_cents != row.restored_cents:
        words = f"{cents.show(said.restored_cents)} of the {what} came back at Stripe, "
        yield Difference(said.id, f"{words}{cents.show(row.restored_cents)} here")


def _sales_of(rows: Iterable[Purchase]) -> Counter[UUID]:
    """What the book `sales` received for each purchase, less what it gave back; in 1/100 credit."""
    owner: dict[str, UUID] = {}
    for row in rows:
        names = [row.payment or "", *(each.stripe_id for each in row.reversals.all())]
        owner |= {payments.key(name) + suffix: row.pk for name in names if name for suffix in SUFFIXES}
    sales, received = book(Book.SALES).pk, Counter[UUID]()
    moved = Transfer.objects.filter(key__in=list(owner)).values_list("key", "amount", "source", "target")
    for key, amount, source, target in moved:
        received[owner[key]] += amount * ((source == sales) - (target == sales))
    return received


def _place(said: Reversed, ours: Ours) -> tuple[int, datetime, str]:
    """What we have not taken yet is taken last."""
    row = ours.reversals.get(said.id)
    return (row.pk if row else 2**63, said.created_at, said.id)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
