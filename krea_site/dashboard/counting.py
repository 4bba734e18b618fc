"""Counts one period from the rows themselves: money by when it moved, pictures and draws by when they were ordered.

Exact, and as dear as the period is large: only `rollups` calls it, in the background. All values are integers.
"""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from django.db.models import Case, Count, F, Q, QuerySet, Sum, When

from billing.models import Account, Book, Kind, Purchase, Reversal, StripeEvent, Transfer
from generations.models import Draw, Generation, Image, Status
from krea_site.dashboard import waits
from krea_site.dashboard.periods import Span
from partners.models import Delivery

Values = dict[str, Any]
DOUBTFUL = Q(may_be_billed=True, cost_microusd=0) & ~Q(outcome="delivered")
FAILED = Q(handled_at=None, due_at=None)
OPEN = "open"
MICROUSD_A_CENT = 10_000
UNNAMED = "other"  # what was paid for without an image model's name


def count(span: Span) -> Values:
    """The figures of one period, as `figures.Counts` reads them."""
    models: dict[str, Values] = defaultdict(_of_a_model)
    money = _money(span, models)
    pictures = _pictures(span, models)
    drawn = _draws(span, models)
    all_waits = {}
    for model, found in waits.of(_images(span)).items():
        if model is None:
            all_waits = found
        else:
            models[model]["waits"] = found
    return {
        **money, **_fees(span), **levels(), **pictures, **drawn, "waits": all_waits, "models": dict(models),
        "generations": _generations(span), "deliveries": _deliveries(span), "events": _events(span),
    }  # fmt: skip


def _of_a_model() -> Values:
    return {"images": {}, "spent": 0, "cost": 0, "draws": 0, "doubtful": 0, "doubtful_cost": 0, "waits": {}}


def levels() -> Values:
    """What all wallets have and owe at this moment."""
    names = ("outstanding", "held", "debt", "debtors")
    sums = (Sum("balance"), Sum("held"), Sum("debt"), Count("pk", filter=Q(debt__gt=0)))
    asked = {f"{name}_now": each for name, each in zip(names, sums, strict=True)}
    found = Account.objects.filter(book=None).aggregate(**asked)
    return {name: int(found[f"{name}_now"] or 0) for name in names}


def _money(span: Span, models: dict[str, Values]) -> Values:
    """Every transfer between a book and a wallet stands under its book once; what losses paid for a wallet moves
    between two books, and stands under both."""
    found = dict.fromkeys(("sold", "cash", "granted", "spent", "losses", "forfeited"), 0)
    grown = owed = transfers = 0
    for book, id in Account.objects.filter(book__isnull=False).values_list("book", "pk"):
        for sign, rows, other in _sides(span, id):
            for kind, subject, is_wallet, is_owed, amount, rows_of_it in _grouped(rows, other):
                moved = sign * amount
                transfers += rows_of_it if is_wallet or sign > 0 else 0
                if book == Book.SALES:
                    found["cash"] += moved
                    found["sold"] += moved if kind == Kind.PURCHASE else 0
                elif book == Book.USAGE:
                    found["spent"] -= moved
                    models[subject or UNNAMED]["spent"] -= moved
                elif book == Book.FORFEITS:
                    found["forfeited"] -= moved
                else:
                    found["granted" if book == Book.GRANTS else "losses"] += moved
                if is_wallet:
                    grown += moved
                if is_owed and sign > 0:
                    owed += amount
                if kind == Kind.DEBT and sign < 0:
                    owed -= amount
    return {**found, "grown": grown, "owed": owed, "transfers": transfers}


def _fees(span: Span) -> Values:
    """What Stripe kept of the payments of the period, and charged for its disputes; and of how many payments it has not
    said so yet."""
    paid = Purchase.objects.filter(
        status=Purchase.Status.PAID, paid_at__gte=span.start, paid_at__lt=span.end
    ).aggregate(cents=Sum("fee_cents"), unknown=Count("pk", filter=Q(fee_cents=None)))
    reversed_ = Reversal.objects.filter(created_at__gte=span.start, created_at__lt=span.end)
    charged = reversed_.aggregate(cents=Sum("fee_cents"))
    fees = ((paid["cents"] or 0) + (charged["cents"] or 0)) * MICROUSD_A_CENT
    return {"fees": fees, "fees_unknown": paid["unknown"]}


def _sides(span: Span, book: int) -> "Iterator[tuple[int, QuerySet[Transfer], str]]":
    """What a book gave, and what it received; each through an index of its own."""
    rows = Transfer.objects.filter(created_at__gte=span.start, created_at__lt=span.end)
    yield 1, rows.filter(source=book), "target"
    yield -1, rows.filter(target=book), "source"


def _grouped(rows: "QuerySet[Transfer]", other: str) -> "Iterator[tuple[str, str, bool, bool, int, int]]":
    rows = rows.annotate(is_wallet=Q(**{f"{other}__book": None}), is_owed=Q(debtor__isnull=False))
    named = rows.values_list("kind", "subject", "is_wallet", "is_owed").order_by()
    for kind, subject, is_wallet, is_owed, amount, count in named.annotate(Sum("amount"), Count("pk")):
        yield kind, subject, bool(is_wallet), bool(is_owed), int(amount), count


def _images(span: Span) -> "QuerySet[Image]":
    first, end = span.ids
    return Image.objects.filter(generation_id__gte=first, generation_id__lt=end).order_by()


def _pictures(span: Span, models: dict[str, Values]) -> Values:
    """By status and, of what did not come, by cause."""
    images: dict[str, int] = defaultdict(int)
    causes: dict[tuple[str, str], int] = defaultdict(int)
    rows = _images(span).values_list("image_model", "status", "error_code").annotate(Count("pk"))
    for model, status, code, number in rows:
        images[status] += number
        of_model = models[model]["images"]
        of_model[status] = of_model.get(status, 0) + number
        if status in (Status.FAILED, Status.BLOCKED):
            causes[status, code] += number
    return {"images": dict(images), "causes": [[*cause, number] for cause, number in sorted(causes.items())]}


def _draws(span: Span, models: dict[str, Values]) -> Values:
    first, end = span.ids
    rows = Draw.objects.filter(image__generation_id__gte=first, image__generation_id__lt=end).order_by()
    price = Case(When(DOUBTFUL, then=F("image__generation__image_cost_microusd")), default=0)
    sums = {"cost": Sum("cost_microusd"), "draws": Count("pk"), "doubtful": Count("pk", filter=DOUBTFUL),
            "doubtful_cost": Sum(price)}  # fmt: skip
    total = dict.fromkeys(sums, 0)
    for model, *found in rows.values_list("image__image_model").annotate(**sums):
        for name, value in zip(sums, found, strict=True):
            models[model][name] = int(value or 0)
            total[name] += models[model][name]
    return total


def _generations(span: Span) -> Values:
    first, end = span.ids
    rows = Generation.objects.filter(pk__gte=first, pk__lt=end).order_by().values_list("outcome").annotate(Count("pk"))
    return {outcome or OPEN: number for outcome, number in rows}


def _deliveries(span: Span) -> Values:
    rows = Delivery.objects.filter(created_at__gte=span.start, created_at__lt=span.end).order_by()
    return {outcome or "waiting": number for outcome, number in rows.values_list("outcome").annotate(Count("pk"))}


def _events(span: Span) -> Values:
    rows = StripeEvent.objects.filter(received_at__gte=span.start, received_at__lt=span.end)
    states = {"handled": Q(handled_at__isnull=False), "waiting": Q(handled_at=None, due_at__isnull=False),
              "failed": FAILED}  # fmt: skip
    return rows.aggregate(**{name: Count("pk", filter=state) for name, state in states.items()})
