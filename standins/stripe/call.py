"""One incoming call, read far enough to know what it is for."""

import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl

from starlette.types import Receive, Scope

from standins.stripe.faults import Rule


@dataclass
class Call:
    """`found` are the named parts of its path, `params` what it says, checked and read.

    `began`: its idempotency key is ours until it ends.
    """

    on: str
    scope: Scope
    receive: Receive
    found: dict[str, str]
    headers: dict[str, str]
    request_id: str
    body: bytes = b""
    rule: Rule | None = None
    params: dict[str, Any] = field(default_factory=dict)
    expand: list[str] = field(default_factory=list)
    account: str = ""
    began: bool = False

    @property
    def method(self) -> str:
        return str(self.scope["method"])

    @property
    def path(self) -> str:
        return str(self.scope["path"])

    @property
    def raw_query(self) -> str:
        return str(self.scope["query_string"].decode("latin-1"))

    @cached_property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(self.raw_query, keep_blank_values=True))

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode("utf-8", "replace")

    @cached_property
    def form(self) -> dict[str, str]:
        """A plain form, as pages send it."""
        return dict(parse_qsl(self.text, keep_blank_values=True))

    @property
    def json(self) -> Any:
        """The body; ValueError where it is not JSON. An empty one is an empty object."""
        return json.loads(self.body) if self.body else {}

    @property
    def idempotency_key(self) -> str:
        return self.headers.get("idempotency-key", "") if self.method == "POST" else ""

    def fault(self, name: str) -> Any:
        """What the rule that fired on this call says about `name`; None where none does."""
        return self.rule.action.get(name) if self.rule else None
