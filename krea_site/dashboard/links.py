"""From a figure to the rows behind it: addresses of lists that show exactly these, where the reader may open them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from krea_site.dashboard.periods import Span
from krea_site.dashboard.roles import Lever


@dataclass(frozen=True)
class Links:
    """What a member of staff with these levers may open. Each method gives an address, or "" where it is not theirs;
    `span` bounds what is counted in a period."""

    levers: frozenset[Lever]
    span: Span | None = None

    def of(self, span: Span | None) -> "Links":
        return Links(self.levers, span)

    def generations(self, **asked: str) -> str:
        return self._to(Lever.SEE_ROADS, "staff-generations", asked)

    def images(self, **asked: str) -> str:
        return self._to(Lever.SEE_ROADS, "admin:generations_image_changelist", asked)

    def draws(self, **asked: str) -> str:
        return self._to(Lever.SEE_ROADS, "admin:generations_draw_changelist", asked)

    def transfers(self, **asked: str) -> str:
        return self._to(Lever.SEE_MONEY, "admin:billing_transfer_changelist", asked)

    def purchases(self, **asked: str) -> str:
        return self._to(Lever.SEE_MONEY, "staff-purchases", asked)

    def reversals(self, **asked: str) -> str:
        return self._to(Lever.SEE_MONEY, "admin:billing_reversal_changelist", asked)

    def wallets(self, **asked: str) -> str:
        return self._to(Lever.SEE_MONEY, "admin:billing_account_changelist", asked)

    def holds(self, **asked: str) -> str:
        return self._to(Lever.SEE_MONEY, "admin:billing_hold_changelist", asked)

    def deliveries(self, **asked: str) -> str:
        return self._to(Lever.SEE_PEOPLE, "admin:partners_delivery_changelist", asked)

    def events(self, **asked: str) -> str:
        return self._to(Lever.SEE_MONEY, "staff-stripe", asked, "#events")

    def beats(self) -> str:
        return self._to(Lever.SEE, "admin:generations_beat_changelist", {})

    def page(self, lever: Lever, url_name: str) -> str:
        return reverse(url_name) if lever in self.levers else ""

    def _to(self, lever: Lever, url_name: str, asked: Mapping[str, str], fragment: str = "") -> str:
        if lever not in self.levers:
            return ""
        bounds: dict[str, Any] = {}
        if self.span is not None:
            bounds = {"since": iso(self.span.start), "until": iso(self.span.end)}
        query = urlencode({**asked, **bounds})
        return reverse(url_name) + (f"?{query}" if query else "") + fragment


def iso(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%MZ}"
