"""How a story ended: what the ledger says, in words that two plays of the same story share; and what Stripe's own
objects say of the money, reckoned here a second time."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, fields
from fractions import Fraction

from django.db.models import Q

from billing import audit, ledger, splits
from billing.models import Book, Kind, Purchase, StaffRefund, StripeEvent, Subscription, TopUp, Transfer
from tests.stories.play import Play

IDS = re.compile(r"\b(?:pi|in|cs_test|cs|re|pyr|du|dp|sub|ch|py|evt)_[A-Za-z0-9_]+")


@dataclass(frozen=True)
class Ending:
    """`transfers` are the names and amounts of all, None where a debt came between: then it depends on the order what
    of a debt is paid off by what, and the sums alone are the same. So it is with the bonus where a refund and a dispute
    overlap, which both take it."""

    balance: int
    debt: int
    books: tuple[tuple[str, int], ...]
    purchases: tuple[tuple[object, ...], ...]
    subscriptions: tuple[tuple[object, ...], ...]
    others: tuple[tuple[object, ...], ...]
    transfers: frozenset[tuple[str, str, int]] | None

    def differences(self, other: "Ending") -> Iterator[str]:
        for each in fields(self):
            mine, theirs = getattr(self, each.name), getattr(other, each.name)
            if each.name == "transfers" and None in (mine, theirs):
                continue
            if mine != theirs:
                yield f"{each.name}: {_shown(mine)}, and in another order {_shown(theirs)}"


def of(play: Play) -> Ending:
    names = _names(play)
    sums, purse = audit.sums(), ledger.wallet(play.user)
    rows = Purchase.objects.prefetch_related("reversals__taking").all()
    has_debt = Transfer.objects.filter(Q(debtor__isnull=False) | Q(kind=Kind.DEBT)).exists()
    is_exact = not has_debt and not any(_overlaps(row) for row in rows)
    moved = Transfer.objects.values_list("key", "kind", "amount")
    return Ending(
        balance=purse.balance,
        debt=purse.debt,
        books=tuple((book, sums[ledger.book(Book(book)).pk]) for book in Book.values),
        purchases=tuple(sorted((_told(row, names) for row in rows), key=str)),
        subscriptions=tuple(sorted(Subscription.objects.values_list("plan__cents", "status"), key=str)),
        others=(
            *TopUp.objects.order_by("created_at").values_list("status", "reason"),
            *StaffRefund.objects.order_by("created_at").values_list("status", "cents"),
        ),
        transfers=frozenset((_renamed(key, names), kind, amount) for key, kind, amount in moved) if is_exact else None,
    )


def wrong(play: Play) -> Iterator[str]:
    """What must never be so, however a story goes."""
    yield from audit.findings()
    for event in StripeEvent.objects.filter(handled_at=None):
        yield f"{event.type} was never handled: {event.error}"
    sales = Fraction(-audit.sums()[ledger.book(Book.SALES).pk], splits.UNITS_A_CENT)
    cash, parts = net_cash(play)
    # A part of a payment with tax may be no whole number of cents net of it; all parts together are.
    if sales.denominator != 1 or abs(sales - cash) >= (1 if cash.denominator == 1 else 1 + parts):
        yield f"sales has {sales} cents, at Stripe are {cash}"


def net_cash(play: Play) -> tuple[Fraction, int]:
    """Cents at Stripe net of tax, and in how many parts it was given back: what was received, less refunds that stand,
    less what disputes have out."""
    cash, parts, v1 = Fraction(0), 0, play.stripe.v1
    intents = v1.payment_intents.list({"limit": 100, "expand": ["data.latest_charge.refunds"]})
    disputes = list(v1.disputes.list({"limit": 100}).auto_paging_iter())
    for intent in intents.auto_paging_iter():
        if intent.status != "succeeded":
            continue
        charge = intent.latest_charge
        assert not isinstance(charge, str) and charge is not None and charge.refunds is not None
        refunds = [one.amount for one in charge.refunds.data if one.status not in ("failed", "canceled")]
        out = [
            -sum(one.amount for one in dispute.balance_transactions)
            for dispute in disputes
            if dispute.payment_intent == intent.id
        ]
        left = intent.amount_received - sum(refunds) - sum(out)
        cash += Fraction(left * (intent.amount_received - _tax(play, intent.id)), intent.amount_received)
        parts += len(refunds) + len(out)
    return cash, parts


def _tax(play: Play, intent: str) -> int:
    v1 = play.stripe.v1
    for session in v1.checkout.sessions.list({"payment_intent": intent}).data:
        return session.total_details.amount_tax if session.total_details else 0
    paid_by = v1.invoice_payments.list({"payment": {"type": "payment_intent", "payment_intent": intent}})
    for payment in paid_by.data:
        invoice = v1.invoices.retrieve(str(payment.invoice))
        return sum(tax.amount for tax in invoice.total_taxes or [])
    return 0


def _told(row: Purchase, names: dict[str, str]) -> tuple[object, ...]:
    reversals = [
        (
            each.what, names.get(each.stripe_id), each.cents, each.restored_cents,
            (each.taking.cash, each.taking.restored_cash) if each.taking else None,
            (each.taking.bonus, each.taking.restored_bonus) if each.taking and not _overlaps(row) else None,
        )
        for each in row.reversals.all()
    ]  # fmt: skip
    return (
        names.get(row.payment or "", ""), row.what, row.status, row.cents, row.credits, row.paid_cents, row.tax_cents,
        names.get(row.invoice or "", ""), tuple(sorted(reversals, key=str)),
    )  # fmt: skip


def _overlaps(row: Purchase) -> bool:
    """Whether more was taken of it than was paid."""
    return sum(each.cents for each in row.reversals.all()) > (row.paid_cents or 0)


def _names(play: Play) -> dict[str, str]:
    """Every id at Stripe by its kind and its place among its kind, which are the same in every play."""
    found: dict[str, str] = {}
    for event in play.standin.events(raw=True):
        for id in IDS.findall(event["body"]):
            kind = id.partition("_")[0]
            found.setdefault(id, f"{kind} {sum(name.startswith(f'{kind} ') for name in found.values()) + 1}")
    return found


def _renamed(key: str, names: dict[str, str]) -> str:
    return IDS.sub(lambda found: names.get(found[0], found[0]), key)


def _shown(value: object) -> str:
    return str(sorted(value, key=str) if isinstance(value, frozenset) else value)
