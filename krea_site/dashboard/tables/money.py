"""The ledger row by row: transfers, wallets and books, holds. And the webhooks to partners, without their addresses."""

from datetime import datetime
from typing import ClassVar

from django.contrib import admin
from django.contrib.admin import ShowFacets
from django.contrib.admin.views.main import SEARCH_VAR
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from billing import credits
from billing.models import Account, Book, Hold, Kind, Reversal, Transfer
from krea_site.dashboard.asked import Asked, Chosen, since, until
from krea_site.dashboard.roles import Lever
from krea_site.dashboard.site import COUNTED, Rows
from krea_site.models import CheckRun
from partners.models import Delivery


class Large(Rows):
    """A table of any length: listed along an index, counted to a bound, sorted by nothing else."""

    lever = Lever.SEE_MONEY
    show_facets = ShowFacets.NEVER
    sortable_by: ClassVar[tuple[str, ...]] = ()
    ordering: ClassVar[tuple[str, ...]] = ("-pk",)


class OfBook(Chosen):
    """Two conditions of which each has an index, and both together have none: all rows of a large book would be sorted.
    So what is older than the table ever shows is left out first, which each side's index tells. It has to be the last
    filter: the others decide how far back that is."""

    title = "book on either side"
    parameter_name = "book"
    conditions: ClassVar[dict[str, Q]] = {name: Q(source__book=name) | Q(target__book=name) for name in Book.values}

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Transfer]") -> "QuerySet[Transfer]":
        word = self.value()
        if not word:
            return queryset
        ids = _ids(word) if word in self.conditions else []
        gave, received = Q(source__in=ids), Q(target__in=ids)
        is_sought = bool(request.GET.get(SEARCH_VAR))
        ends = [] if is_sought else [_last_shown(queryset.filter(side)) for side in (gave, received)]
        floors = [Q(created_at__gte=end) for end in ends if end is not None]
        return queryset.filter(gave | received, *floors)


class From(Chosen):
    title = "book that gave"
    parameter_name = "source"
    conditions: ClassVar[dict[str, Q]] = {name: Q(source__book=name) for name in Book.values}

    def condition(self, word: str) -> Q | None:
        return Q(source__in=_ids(word)) if word in self.conditions else None


class To(Chosen):
    title = "book that received"
    parameter_name = "target"
    conditions: ClassVar[dict[str, Q]] = {name: Q(target__book=name) for name in Book.values}

    def condition(self, word: str) -> Q | None:
        return Q(target__in=_ids(word)) if word in self.conditions else None


class OfKind(Chosen):
    """`back` is all that is no purchase: refunds and disputes, and what of them was restored."""

    title = "kind"
    parameter_name = "kind"
    conditions: ClassVar[dict[str, Q]] = {name: Q(kind=name) for name in Kind.values} | {"back": ~Q(kind="purchase")}


class OfDebt(Chosen):
    title = "debt"
    parameter_name = "debt"
    conditions: ClassVar[dict[str, Q]] = {"1": Q(debtor__isnull=False) | Q(kind=Kind.DEBT)}


class OfSubject(Asked):
    title = "image model"
    parameter_name = "subject"

    def condition(self, word: str) -> Q | None:
        return Q(subject=word)


@admin.register(Transfer)
class Transfers(Large):
    list_display: ClassVar[tuple[str, ...]] = (
        "created_at",
        "kind",
        "credits",
        "source",
        "target",
        "subject",
        "memo",
        "actor",
    )
    list_filter: ClassVar[tuple[type[Asked], ...]] = (
        OfKind,
        From,
        To,
        OfDebt,
        OfSubject,
        since("created_at"),
        until("created_at"),
        OfBook,
    )
    list_select_related: ClassVar[tuple[str, ...]] = ("source", "target")
    search_fields: ClassVar[tuple[str, ...]] = ("key__exact",)
    search_help_text = "The whole key of an operation, such as stripe:pi_… or generation:…"

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        """Those of one side, and those of a time, are read along the index of the book; all together along the ids,
        which are of the same order, and so are both sides of a book, which no index has together."""
        asked = request.GET
        along_a_book = any(map(asked.get, ("source", "target"))) or (asked.get("book") and asked.get("since"))
        return ("-created_at", "-pk") if along_a_book else ("-pk",)

    @admin.display(description="credits")
    def credits(self, row: Transfer) -> str:
        return credits.whole(row.amount)


class OfWhat(Chosen):
    title = "what"
    parameter_name = "what"
    conditions: ClassVar[dict[str, Q]] = {name: Q(what=name) for name in Reversal.What.values}


@admin.register(Reversal)
class Reversals(Large):
    list_display: ClassVar[tuple[str, ...]] = (
        "created_at", "what", "stripe_id", "purchase_id", "cents", "restored_cents", "fee_cents",
    )  # fmt: skip
    list_filter: ClassVar[tuple[type[Asked], ...]] = (OfWhat, since("created_at"), until("created_at"))
    exclude: ClassVar[tuple[str, ...]] = ("purchase", "taking")


class Has(Chosen):
    title = "has"
    parameter_name = "has"
    conditions: ClassVar[dict[str, Q]] = {
        "balance": Q(book=None, balance__gt=0), "held": Q(book=None, held__gt=0), "debt": Q(book=None, debt__gt=0),
    }  # fmt: skip


@admin.register(Account)
class Accounts(Large):
    list_display: ClassVar[tuple[str, ...]] = ("id", "user", "book", "has", "is_held", "owes")
    list_filter: ClassVar[tuple[type[Asked], ...]] = (Has,)
    list_select_related: ClassVar[tuple[str, ...]] = ("user",)
    search_fields: ClassVar[tuple[str, ...]] = ("user__email__exact",)
    search_help_text = "The whole e-mail address of a customer."

    @admin.display(description="balance")
    def has(self, row: Account) -> str:
        return credits.whole(row.balance)

    @admin.display(description="set aside")
    def is_held(self, row: Account) -> str:
        return credits.whole(row.held)

    @admin.display(description="debt")
    def owes(self, row: Account) -> str:
        return credits.whole(row.debt)


class IsOpen(Chosen):
    title = "state"
    parameter_name = "state"
    conditions: ClassVar[dict[str, Q]] = {"open": Q(settled_at=None), "settled": Q(settled_at__isnull=False)}


@admin.register(Hold)
class Holds(Large):
    list_display: ClassVar[tuple[str, ...]] = ("id", "created_at", "wallet", "credits", "taken", "settled_at", "key")
    list_filter: ClassVar[tuple[type[Asked], ...]] = (IsOpen,)
    list_select_related: ClassVar[tuple[str, ...]] = ("wallet",)
    search_fields: ClassVar[tuple[str, ...]] = ("key__exact",)
    search_help_text = "The whole key of an operation, such as generation:…"
    exclude: ClassVar[tuple[str, ...]] = ("allowances",)

    @admin.display(description="set aside")
    def credits(self, row: Hold) -> str:
        return credits.whole(row.amount)

    @admin.display(description="taken")
    def taken(self, row: Hold) -> str:
        return "" if row.captured is None else credits.whole(row.captured)


class Came(Chosen):
    title = "state"
    parameter_name = "state"
    conditions: ClassVar[dict[str, Q]] = {"waiting": Q(outcome=""), "failing": Q(outcome="", tries__gt=0)} | {
        name: Q(outcome=name) for name in Delivery.Outcome.values
    }


@admin.register(Delivery)
class Deliveries(Large):
    """Whom it went to is the partner's own business: an address may be a secret."""

    lever = Lever.SEE_PEOPLE
    list_display: ClassVar[tuple[str, ...]] = (
        "id",
        "created_at",
        "user",
        "topic",
        "outcome",
        "tries",
        "due_at",
        "finished_at",
    )
    list_filter: ClassVar[tuple[type[Asked], ...]] = (Came, since("created_at"), until("created_at"))
    list_select_related: ClassVar[tuple[str, ...]] = ("user",)
    exclude: ClassVar[tuple[str, ...]] = ("url", "receiver", "endpoint")

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        return ("-created_at", "-pk") if request.GET.get("since") else ("-pk",)


def _ids(book: str) -> list[int]:
    """Asked beforehand: with a subquery the database would not read along the index of one account."""
    return list(Account.objects.filter(book=book).values_list("pk", flat=True))


def _last_shown(rows: "QuerySet[Transfer]") -> datetime | None:
    """The moment of the last row that the table has a page for, the newest first; None where it has all of them."""
    moments = rows.order_by("-created_at", "-pk").values_list("created_at", flat=True)
    return next(iter(moments[COUNTED - 1 : COUNTED]), None)


class OfCheck(Chosen):
    title = "kind"
    parameter_name = "kind"
    conditions: ClassVar[dict[str, Q]] = {name: Q(kind=name) for name in CheckRun.Kind.values}


@admin.register(CheckRun)
class CheckRuns(Large):
    list_display: ClassVar[tuple[str, ...]] = ("kind", "begun_at", "ended_at", "left", "findings")
    list_filter: ClassVar[tuple[type[Asked], ...]] = (OfCheck,)
