"""The draft: the studio's form as it stands, kept as it is typed, one for each user.

Every page of the studio saves under a random name of its own and says from which version of the draft it began. A page
may always replace what it saved itself; what was saved elsewhere meanwhile is never replaced unless somebody says so
(`Changed`). Whatever gives way to something else is set aside, and can be taken back.
"""

import json
import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone

from . import catalogue, visits
from .forms import StudioForm, known_model
from .models import Draft
from .visits import Visit

MOST_BYTES = 100_000  # of JSON: a prompt, ten references and three LoRAs, each as long as may be, are half of it
MOST_FIELDS = 400
A_START = 60  # characters of a prompt, to know a draft by
NAME = re.compile(r"[a-z][a-z0-9_]{0,59}(\.[a-z0-9_]{1,60}){0,2}")
PAGE = re.compile(r"[A-Za-z0-9_-]{16,48}")
# What a form carries besides what is typed: the page's own marks, and the button that was pressed.
NOT_TYPED = visits.OF_ONE_SENDING | {"member", "draft_page", "draft_version", "draft_turn", "draft_recalled"}
ACTS = ("keep", "load", "back", "forget")  # of the form's buttons named `do`, those about the draft itself

Typed = dict[str, str]


class BadDraft(Exception):
    """It cannot be kept; `field` is the name that is wrong, or empty."""

    def __init__(self, detail: str, field: str = "") -> None:
        self.detail, self.field = detail, field
        super().__init__(detail)


class Changed(Exception):
    """It was changed elsewhere since the page was opened; nothing was saved. `draft` is what is there."""

    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        super().__init__("The draft was changed elsewhere.")


@dataclass(frozen=True)
class Mark:
    """What a page says of itself when it saves. `version` is that of the draft from which it began; `turn` counts its
    own saves, which may overtake one another (0: not counted); a page that was filled from a picture is `recalled`: the
    draft that was there before is set aside."""

    page: str
    version: int
    turn: int = 0
    is_recalled: bool = False

    @classmethod
    def new(cls, version: int, *, is_recalled: bool = False) -> "Mark":
        """For a page that is just being opened."""
        return cls(secrets.token_urlsafe(18), version, is_recalled=is_recalled)

    @classmethod
    def read(cls, posted: Mapping[str, str]) -> "Mark | None":
        """None where the form says nothing of a draft, or nonsense."""
        page = posted.get("draft_page", "")
        if not PAGE.fullmatch(page):
            return None
        version, turn = _count(posted.get("draft_version", "")), _count(posted.get("draft_turn", ""))
        return cls(page, -1 if version is None else version, turn or 0, posted.get("draft_recalled") == "1")


@dataclass(frozen=True)
class Shown:
    """The draft as a page shows it. `aside` is how the one that was set aside begins, empty where there is none;
    `is_changed`: what is on the page was not saved, since another page saved meanwhile; `problem`: nor will it be."""

    mark: Mark
    member: str
    is_kept: bool = False
    is_changed: bool = False
    problem: str = ""
    aside: str = ""


def of(user: Any) -> Draft:
    """The user's draft, or a new one that is not in the database yet."""
    return Draft.objects.filter(user_id=user.pk).first() or Draft(user_id=user.pk)


def form_of(typed: Typed) -> StudioForm:
    """A draft as a form. Where its image model is no longer offered, the default one takes its place."""
    model = known_model(typed.get("model", ""))
    return StudioForm(model, typed) if model else StudioForm(_default(), typed).for_model(_default())


def clean(fields: Iterable[tuple[str, str]]) -> Typed:
    """What was typed among the fields of a form. Raises BadDraft for names that no form of ours has, and for what is
    too large."""
    typed = {name: value.replace("\0", "") for name, value in fields if name not in NOT_TYPED}
    for name in typed:
        if not NAME.fullmatch(name):
            raise BadDraft(
                f"{name[:60]!r} is no field of the studio: names are lower-case letters, digits and underscores, "
                "in at most three parts with dots between.",
                name[:60],
            )
    if len(typed) > MOST_FIELDS:
        raise BadDraft(f"A draft has at most {MOST_FIELDS} fields; this one has {len(typed)}.")
    size = len(json.dumps(typed, ensure_ascii=False).encode(errors="replace"))
    if size > MOST_BYTES:
        longest = max(typed, key=lambda name: len(typed[name]))
        raise BadDraft(
            f"A draft is at most {MOST_BYTES // 1000} kB of text; this one is {size // 1000 + 1} kB.", longest
        )
    return typed


@transaction.atomic
def save(user: Any, typed: Typed, mark: Mark) -> Draft:
    """Keep what was typed. Saying it again changes nothing. Raises Changed."""
    row = _locked(user)
    is_own = row.page == mark.page
    if _same(typed, row.typed) or (is_own and 0 < mark.turn <= row.turn):
        return row
    if not is_own and row.version != mark.version:
        raise Changed(row)
    if mark.is_recalled and not is_own and _is_worth_keeping(row.typed):
        row.aside = row.typed
    return _write(row, typed, mark)


@transaction.atomic
def keep(user: Any, typed: Typed, mark: Mark) -> Draft:
    """Keep what was typed whatever was changed elsewhere, which is set aside."""
    row = _locked(user)
    if _same(typed, row.typed):
        return row
    if _is_worth_keeping(row.typed):
        row.aside = row.typed
    return _write(row, typed, mark)


@transaction.atomic
def set_aside(user: Any, typed: Typed) -> Draft:
    """Put beside the draft what cannot be the draft any more; the draft stays as it is."""
    row = _locked(user)
    if _is_worth_keeping(typed) and not _same(typed, row.typed):
        row.aside = typed
        row.save()
    return row


@transaction.atomic
def take_back(user: Any, typed: Typed, mark: Mark) -> Draft:
    """The draft that was set aside, or that is to give way to this page's recalled settings, in place of what is typed
    on the page, which is set aside itself. Saying it again changes nothing."""
    row = _locked(user)
    gives_way = mark.is_recalled and row.page != mark.page
    other = row.typed if gives_way else row.aside
    if not other or _same(typed, row.aside):
        return row
    row.aside = typed if _is_worth_keeping(typed) and not _same(typed, other) else {}
    return _write(row, other, mark)


def forget(user: Any) -> None:
    """Forget what was set aside."""
    Draft.objects.filter(user_id=user.pk).update(aside={})


def act(request: Visit, form: StudioForm) -> StudioForm:
    """What a button about the draft itself leaves in the form: as it was, where that cannot be kept."""
    mark, do, user = Mark.read(request.POST), request.POST["do"], request.user
    try:
        typed = clean(form.typed.items())
    except BadDraft:
        return form
    if do == "forget":
        forget(user)
    elif mark is not None and do == "keep":
        keep(user, typed, mark)
    elif mark is not None and do == "load":
        return form_of(set_aside(user, typed).typed)
    elif mark is not None and do == "back":
        return form_of(take_back(user, typed, mark).typed)
    return form


def shown(request: Visit, form: StudioForm) -> Shown:
    """The marks that a page of this form carries. A form that was sent is saved on the way."""
    mark = Mark.read(request.POST) if request.method == "POST" else None
    if mark is None:
        return _opened(request, form)
    whose = visits.member(request.user)
    if request.POST.get("do") == "load":  # what is there, on this page from now on
        mark = Mark(mark.page, of(request.user).version)
    try:
        row = save(request.user, clean(form.typed.items()), mark)
    except Changed:
        return Shown(mark, whose, is_changed=True)
    except BadDraft as bad:
        return Shown(mark, whose, problem=bad.detail)
    return Shown(Mark(mark.page, row.version), whose, is_kept=True, aside=words(row.aside))


def note(request: Visit, form: StudioForm) -> None:
    """Save a form that was sent, as far as it can be."""
    shown(request, form)


def words(typed: Typed) -> str:
    """How a draft begins, to know it by; empty where there is nothing in it."""
    if not _is_worth_keeping(typed):
        return ""
    prompt = " ".join(typed.get("prompt", "").split())
    if not prompt:
        return "without a prompt"
    return prompt if len(prompt) <= A_START else f"{prompt[: A_START - 1].rstrip()}\N{HORIZONTAL ELLIPSIS}"


def _opened(request: Visit, form: StudioForm) -> Shown:
    row = of(request.user)
    is_recalled = "from" in request.GET
    mark = Mark.new(row.version, is_recalled=is_recalled)
    gives_way = row.typed if is_recalled and not _same(row.typed, form.typed) else row.aside
    return Shown(mark, visits.member(request.user), is_kept=bool(row.version), aside=words(gives_way))


def _locked(user: Any) -> Draft:
    rows = Draft.objects.select_for_update().filter(user_id=user.pk)
    found = rows.first()
    if found is None:
        Draft.objects.get_or_create(user_id=user.pk)
        found = rows.get()
    return found


def _write(row: Draft, typed: Typed, mark: Mark) -> Draft:
    row.turn = mark.turn or (row.turn if row.page == mark.page else 0)
    row.typed, row.page = typed, mark.page
    row.version += 1
    row.updated_at = timezone.now()
    row.save()
    return row


def _same(one: Typed, other: Typed) -> bool:
    return _filled(one) == _filled(other)


def _filled(typed: Typed) -> Typed:
    """What is in it, as one reads it: browsers send line breaks as two characters."""
    return {name: value.replace("\r\n", "\n") for name, value in typed.items() if value}


def _is_worth_keeping(typed: Typed) -> bool:
    """Whether anything in it took trouble: a prompt, a reference, a LoRA."""
    return any(value.strip() for name, value in typed.items() if name == "prompt" or name.count(".") == 2)


def _default() -> catalogue.ImageModel:
    return catalogue.get(catalogue.DEFAULT)


def _count(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None
