"""One incoming call, read far enough to know what it is for."""

import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import parse_qs, parse_qsl

from starlette.requests import Request
from starlette.types import Receive, Scope

from standins.fal.drawing import Drawing
from standins.fal.faults import Rule


@dataclass
class Call:
    """`on` says what it is for, in the words of the fault rules; `found` are the named parts of its path.

    `body` is read beforehand except for uploads, which are read from `request` as they come.
    """

    on: str
    scope: Scope
    receive: Receive
    found: dict[str, str]
    headers: dict[str, str]
    body: bytes = b""
    endpoint: str = ""
    prompt: str = ""
    request_id: str = ""
    drawing: Drawing | None = None
    rule: Rule | None = None

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
    def every_query(self) -> dict[str, list[str]]:
        return parse_qs(self.raw_query, keep_blank_values=True)

    @property
    def base(self) -> str:
        """Our own address as the caller knows it, without a trailing slash."""
        return f"{self.scope['scheme']}://{self.headers.get('host', '127.0.0.1')}"

    @property
    def request(self) -> Request:
        return Request(self.scope, self.receive)

    def fault(self, name: str) -> Any:
        """What the rule that fired on this call says about `name`; None where none does."""
        return self.rule.action.get(name) if self.rule else None

    @property
    def is_json(self) -> bool:
        try:
            _ = self.json
        except ValueError:
            return False
        return True

    @cached_property
    def json(self) -> Any:
        """The body; ValueError where it is not JSON. An empty one is an empty object."""
        return json.loads(self.body, parse_constant=refuse_constant) if self.body else {}


def refuse_constant(name: str) -> Any:
    """NaN and its like are not JSON."""
    raise ValueError(f"{name} is not JSON.")
