"""The audit log: every act of staff, written down in the transaction of the act itself.

A view that changes something says `acts.write(request, …)` inside the `atomic` block of the change. The guard of the
pages (`gate.staff`) refuses to answer well for a POST that wrote nothing and did not say `acts.nothing_done(request)`.
"""

from collections.abc import Mapping
from typing import Any

from django.db import connection
from django.http import HttpRequest

from billing import triggers
from krea_site.dashboard import roles
from krea_site.models import StaffAct

TABLE = "krea_site_staffact"
triggers.APPEND_ONLY.append(TABLE)


def write(
    request: HttpRequest,
    verb: str,
    subject: str,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    why: str = "",
) -> StaffAct:
    """Write down one act of the person of this request. `verb` such as `people.suspend`, `subject` such as `user:4`;
    `before` and `after` are JSON values of what changed, without prompts, secrets and e-mail addresses. Must be called
    inside the transaction of what it tells of, so that neither is there without the other."""
    actor: Any = getattr(request, "impersonator", None) or request.user
    act = of(actor, verb, subject, before=before, after=after, why=why)
    request.acts = [*getattr(request, "acts", []), act]  # type: ignore[attr-defined]
    return act


def of(
    actor: Any,
    verb: str,
    subject: str,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    why: str = "",
    role: str | None = None,
) -> StaffAct:
    """The same without a request: what ends by itself for somebody, or a command (`role` is then "command")."""
    if not connection.in_atomic_block:
        raise RuntimeError("An act is written down in the transaction of what was done.")
    return StaffAct.objects.create(
        actor=actor, role=(roles.of(actor) or "") if role is None else role, verb=verb, subject=subject,
        before=dict(before or {}), after=dict(after or {}), why=why,
    )  # fmt: skip


def nothing_done(request: HttpRequest) -> None:
    """Say that this POST changed nothing: a preview, or a button that was pressed twice."""
    request.acts = getattr(request, "acts", [])  # type: ignore[attr-defined]


def was_told(request: HttpRequest) -> bool:
    return hasattr(request, "acts")
