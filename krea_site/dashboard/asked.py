"""Filters of tables that an address asks for, such as `?since=…&until=…`: they stay in the address from page to page,
and are shown beside the table while they hold, to be taken away again."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar

from django.contrib.admin import SimpleListFilter
from django.db.models import Q, QuerySet
from django.http import HttpRequest


class Asked(SimpleListFilter):
    """One word of the address. `condition` says what it means; for a word that means nothing, no row is shown."""

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        word = request.GET.get(str(self.parameter_name), "")
        return [(word, word)] if word else []

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        word = self.value()
        if not word:
            return queryset
        condition = self.condition(word)
        return queryset.none() if condition is None else queryset.filter(condition)

    def condition(self, word: str) -> Q | None:
        raise NotImplementedError


class Chosen(Asked):
    """One of some words, all of which are shown."""

    conditions: ClassVar[Mapping[str, Q]]

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(word, word.replace("_", " ")) for word in self.conditions]

    def condition(self, word: str) -> Q | None:
        return self.conditions.get(word)


def since(field: str) -> type[Asked]:
    """From a moment on, which is included; `2026-11-30T18:00Z`."""
    return _bound("since", f"{field}__gte")


def until(field: str) -> type[Asked]:
    """Before a moment."""
    return _bound("until", f"{field}__lt")


def _bound(name: str, lookup: str) -> type[Asked]:
    class Bound(Asked):
        title = name
        parameter_name = name

        def condition(self, word: str) -> Q | None:
            try:
                moment = datetime.fromisoformat(word.replace(" ", "+"))
            except ValueError:
                return None
            return Q(**{lookup: moment if moment.tzinfo else moment.replace(tzinfo=UTC)})

    return Bound
