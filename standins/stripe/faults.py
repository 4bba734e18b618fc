"""Faults on command: rules that match a call or an event and say what goes wrong, and switches that hold for all."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

PLACES = ("api", "event", "page")
CUTS = ("before_body", "before_reply", "mid_body")
WRONG_BYTES = ("garbage", "truncated", "empty", "html")
ON_CALLS = {"delay_s", "answer_delay_s", "status", "error", "body", "headers", "cut", "bytes", "after", "kept"}
ON_EVENTS = {"never", "copies", "early", "late_s", "forged", "altered", "oversized", "stale_timestamp"}
ON_EVENTS |= {"timestamp_shift_s", "instead"}
ACTIONS: Mapping[str, set[str]] = {"api": ON_CALLS, "page": ON_CALLS, "event": ON_EVENTS}
MATCHERS = ("on", "method", "path", "type", "about", "times", "skip")


class BadControl(Exception):
    """What was sent to /__control cannot be understood; the text says why."""


@dataclass
class Rule:
    """One rule. `times` None fires for ever; the first `skip` matching ones pass unharmed."""

    id: int
    on: str
    action: dict[str, Any]
    method: str | None = None
    path: str | None = None
    type: str | None = None
    about: str | None = None
    times: int | None = 1
    skip: int = 0
    fired: int = 0

    def matches(self, *, method: str, path: str, type: str, about: str) -> bool:
        """`path` and `type` are patterns with *, `about` is a part of what the call or event says."""
        return (
            (self.method is None or self.method == method)
            and (self.path is None or fnmatchcase(path, self.path))
            and (self.type is None or fnmatchcase(type, self.type))
            and (self.about is None or self.about in about)
        )

    def told(self) -> dict[str, Any]:
        found = {name: getattr(self, name) for name in ("method", "path", "type", "about")}
        matchers = {name: value for name, value in found.items() if value is not None}
        count = {"times": self.times, "skip": self.skip, "fired": self.fired}
        return {"id": self.id, "on": self.on, **matchers, **count, **self.action}


@dataclass
class Switches:
    """What holds for all calls and events until it is changed."""

    webhook_url: str = ""
    webhook_secret: str = ""
    hold: bool = False
    down: bool | int = False
    keys: list[str] | None = None
    calls_a_second: int | None = None
    tax_percent: dict[str, float] = field(default_factory=lambda: {"DE": 19, "AT": 20, "FR": 20, "GB": 20, "US": 8})


@dataclass
class Faults:
    """The rules that are set at present."""

    rules: list[Rule] = field(default_factory=list)
    last_id: int = 0

    def add(self, given: dict[str, Any]) -> Rule:
        """Set one rule that `check_rule` has nothing against."""
        self.last_id += 1
        matchers = {name: given[name] for name in MATCHERS if name in given}
        rule = Rule(id=self.last_id, action=action_of(given), **matchers)
        self.rules.append(rule)
        return rule

    def take(
        self,
        on: str,
        *,
        method: str = "",
        path: str = "",
        type: str = "",
        about: str = "",
        only: Callable[[dict[str, Any]], bool] = lambda _: True,
    ) -> Rule | None:
        """The first rule for this call or event whose action `only` accepts, noted as fired; None where none is."""
        for rule in self.rules:
            meant = rule.matches(method=method, path=path, type=type, about=about)
            if rule.on != on or not meant or rule.times == 0 or not only(rule.action):
                continue
            if rule.skip > 0:
                rule.skip -= 1
                continue
            if rule.times is not None:
                rule.times -= 1
            rule.fired += 1
            return rule
        return None

    def clear(self) -> None:
        self.rules.clear()


def action_of(given: dict[str, Any]) -> dict[str, Any]:
    """All of a rule that does not say whom it meets."""
    return {name: value for name, value in given.items() if name not in MATCHERS}


def check_rule(given: Any) -> None:
    """BadControl where a rule cannot be understood."""
    if not isinstance(given, dict) or given.get("on") not in PLACES:
        raise BadControl(f"a rule is an object whose `on` is one of {', '.join(PLACES)}")
    action = action_of(given)
    if not action:
        raise BadControl("the rule has no action")
    if unknown := sorted(set(action) - ACTIONS[given["on"]]):
        raise BadControl(f"unknown on {given['on']}: {', '.join(unknown)}")
    if action.get("cut", CUTS[0]) not in CUTS:
        raise BadControl(f"`cut` is one of {', '.join(CUTS)}")
    if action.get("bytes", WRONG_BYTES[0]) not in WRONG_BYTES:
        raise BadControl(f"`bytes` is one of {', '.join(WRONG_BYTES)}")
