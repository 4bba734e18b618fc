"""The audit log: every act of staff, the newest first; one of them with what it changed; and all as CSV."""

import csv
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from accounts.models import User
from billing.statement_csv import safe
from krea_site import cursors
from krea_site.dashboard import act_words
from krea_site.dashboard.gate import staff
from krea_site.dashboard.roles import Lever
from krea_site.models import StaffAct
from krea_site.picture_filters import read_end, read_moment

ON_A_PAGE = 50
IN_A_CHUNK = 500
NAMES = ("who", "verb", "subject", "since", "until")
HEADS = ("Time (UTC)", "Who", "Role", "Verb", "Subject", "Why", "Before", "After", "Id")
LONGEST = 200
OWN = ("form",)  # by which a press is known again; nothing that changed


@dataclass(frozen=True)
class Filters:
    """`who` is the number or the address of somebody of the staff; `verb` whole, or its beginning up to a dot
    (`pictures.`); `subject` whole, or its kind up to a colon (`user:`). As with generations, `since` is included and a
    moment as `until` is not."""

    typed: Mapping[str, str]
    errors: Mapping[str, str]
    who: int | None = None
    since: datetime | None = None
    until: datetime | None = None

    @classmethod
    def read(cls, asked: Mapping[str, str]) -> "Filters":
        typed = {name: asked.get(name, "").strip()[:LONGEST] for name in NAMES}
        errors: dict[str, str] = {}
        read: dict[str, Any] = {}
        for name, reader in (("who", _who), ("since", read_moment), ("until", read_end)):
            try:
                read[name] = reader(typed[name]) if typed[name] else None
            except ValueError as error:
                errors[name] = str(error)
        return cls({name: text for name, text in typed.items() if text}, errors, **read)

    @property
    def query(self) -> str:
        return urlencode(self.typed)

    def rows(self) -> "QuerySet[StaffAct]":
        rows = StaffAct.objects.order_by("-pk")
        if self.errors:
            return rows.none()
        if self.who is not None:
            rows = rows.filter(actor=self.who)
        for name, end in (("verb", "."), ("subject", ":")):
            if text := self.typed.get(name, ""):
                rows = rows.filter(**{f"{name}__startswith" if text.endswith(end) else name: text})
        if self.since:
            rows = rows.filter(at__gte=self.since)
        return rows.filter(at__lt=self.until) if self.until else rows


@dataclass(frozen=True)
class Shown:
    """One act. `changes` are the names of what it tells of, each with its value before and after, None where there is
    none."""

    row: StaffAct

    @property
    def words(self) -> str:
        return act_words.of(self.row.verb)

    @property
    def address(self) -> str:
        return act_words.address(self.row.subject)

    @property
    def changes(self) -> list[tuple[str, str | None, str | None]]:
        before, after = self.row.before, self.row.after
        names = [name for name in dict.fromkeys((*before, *after)) if name not in OWN]
        return [(name.replace("_", " "), _said(before, name), _said(after, name)) for name in names]


@staff(Lever.SEE_ACTS)
@require_safe
def act_list(request: HttpRequest) -> HttpResponse:
    """`before` is the last act seen."""
    filters = Filters.read(request.GET.dict())
    rows = list(cursors.before(filters.rows().select_related("actor"), request.GET.get("before"))[: ON_A_PAGE + 1])
    known = {
        "acts": [Shown(row) for row in rows[:ON_A_PAGE]], "filters": filters,
        "following": rows[ON_A_PAGE - 1].pk if len(rows) > ON_A_PAGE else None,
        "verbs": sorted(act_words.VERBS.items(), key=lambda each: each[0]),
    }  # fmt: skip
    return render(request, "staff/acts.html", known, status=422 if filters.errors else 200)


@staff(Lever.SEE_ACTS)
@require_safe
def act(request: HttpRequest, id: UUID) -> HttpResponse:
    row = get_object_or_404(StaffAct.objects.select_related("actor"), pk=id)
    others = StaffAct.objects.filter(subject=row.subject).exclude(pk=id).select_related("actor").order_by("-pk")
    known = {"act": Shown(row), "others": [Shown(each) for each in others[:10]]}
    return render(request, "staff/act.html", known)


@staff(Lever.SEE_ACTS)
@require_safe
def as_csv(request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
    """The acts that the same filters let through, read and sent a part at a time."""
    filters = Filters.read(request.GET.dict())
    if filters.errors:
        return HttpResponse("\n".join(filters.errors.values()), status=422, content_type="text/plain; charset=utf-8")
    return StreamingHttpResponse(
        _parts(filters),
        content_type="text/csv; charset=utf-8; header=present",
        headers={"Content-Disposition": 'attachment; filename="acts.csv"'},
    )


def _parts(filters: Filters) -> Iterator[bytes]:
    yield _lines([HEADS])
    cursor: UUID | None = None
    while True:
        rows = filters.rows().select_related("actor")
        found = list((rows.filter(pk__lt=cursor) if cursor else rows)[:IN_A_CHUNK])
        yield _lines([_cells(row) for row in found])
        if len(found) < IN_A_CHUNK:
            return
        cursor = found[-1].pk


def _cells(row: StaffAct) -> tuple[str, ...]:
    at = row.at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
    texts = (str(row.actor), row.role, row.verb, row.subject, row.why, _json(row.before), _json(row.after), str(row.pk))
    return (at, *map(safe, texts))


def _lines(rows: list[tuple[str, ...]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_NONNUMERIC).writerows(rows)
    return text.getvalue().encode()


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def _said(values: dict[str, Any], name: str) -> str | None:
    if name not in values:
        return None
    value = values[name]
    return value if isinstance(value, str) else _json(value)


def _who(text: str) -> int:
    if "@" in text:
        return User.objects.filter(email=text.lower()).values_list("pk", flat=True).first() or 0
    if not text.isascii() or not text.isdecimal() or len(text) > 18:
        raise ValueError("who is the number of somebody of the staff, or their e-mail address.")
    return int(text)
