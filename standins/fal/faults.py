"""Faults on command: rules that match a call and say what goes wrong, and switches that hold for all."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from standins.fal.drawing import Drawing

PLACES = (
    "submit",
    "run",
    "status",
    "result",
    "cancel",
    "cdn",
    "webhook",
    "history",
    "upload",
    "jwks",
    "account",
    "usage",
    "events",
    "payloads",
)
CUTS = ("before_body", "before_reply", "mid_body")
WRONG_BYTES = ("garbage", "truncated", "empty", "html", "black", "gif", "wrong_type", "bomb", "huge")
ANYWHERE = {"delay_s", "answer_delay_s", "status", "body", "headers", "cut", "missing"}
ON_WEBHOOKS = {"never", "missing", "copies", "early", "late_s", "delay_s", "forged", "null_payload"}
ON_WEBHOOKS |= {"stale_timestamp", "timestamp_shift_s"}
ACTIONS = {
    **dict.fromkeys(PLACES, ANYWHERE),
    "result": ANYWHERE | {"gone"},
    "cancel": ANYWHERE | {"ignored"},
    "cdn": ANYWHERE | {"bytes"},
    "payloads": ANYWHERE | {"kept"},
    "webhook": ON_WEBHOOKS,
    "usage": ANYWHERE | {"off_micro_usd"},
}
LISTS = ("history", "usage", "events")
OF_A_MODEL = {"status", "body"}
MATCHERS = ("on", "endpoint", "prompt", "request_id", "times", "skip")


class BadControl(Exception):
    """What was sent to /__control cannot be understood; the text says why."""


@dataclass
class Rule:
    """One rule. `times` None fires for ever; the first `skip` matching calls pass unharmed."""

    id: int
    on: str
    action: dict[str, Any]
    endpoint: str | None = None
    prompt: str | None = None
    request_id: str | None = None
    times: int | None = 1
    skip: int = 0
    fired: int = 0

    def matches(self, *, endpoint: str, prompt: str, request_id: str) -> bool:
        """Whether the call or drawing with these facts is meant. Endpoint and id whole, the prompt in part."""
        return (
            (self.endpoint is None or self.endpoint == endpoint)
            and (self.prompt is None or self.prompt in prompt)
            and (self.request_id is None or self.request_id == request_id)
        )

    def told(self) -> dict[str, Any]:
        """As /__control shows it."""
        found = {name: getattr(self, name) for name in ("endpoint", "prompt", "request_id")}
        matchers = {name: value for name, value in found.items() if value is not None}
        return {
            "id": self.id,
            "on": self.on,
            **matchers,
            "times": self.times,
            "skip": self.skip,
            "fired": self.fired,
            **self.action,
        }


@dataclass
class Switches:
    """What holds for all calls until it is changed."""

    speed: float = 1.0
    concurrency: int = 10
    latency_s: float | None = None
    locked: str = ""
    down: bool | int = False
    keys: list[str] | None = None
    history_shows: str = "ended"
    admin_key: bool = True
    prices: dict[str, int] | None = None
    balance_usd: int | float | None = None
    locks_at_zero: bool = False


@dataclass
class Faults:
    """The rules and failures that are set at present."""

    rules: list[Rule] = field(default_factory=list)
    failures: list[Rule] = field(default_factory=list)
    last_id: int = 0

    def add(self, given: dict[str, Any]) -> Rule:
        """Set one rule that `check_rule` has nothing against."""
        rule = self._rule(given, action_of(given))
        self.rules.append(rule)
        return rule

    def add_failure(self, given: dict[str, Any]) -> Rule:
        """Have drawings that match end with an error of the image model."""
        rule = self._rule({**given, "on": "model"}, action_of(given))
        self.failures.append(rule)
        return rule

    def take(
        self,
        on: str,
        *,
        endpoint: str = "",
        prompt: str = "",
        request_id: str = "",
        only: Callable[[dict[str, Any]], bool] = lambda _: True,
    ) -> Rule | None:
        """The first rule for this call whose action `only` accepts, noted as fired; None where none does."""
        rules = self.failures if on == "model" else self.rules
        for rule in rules:
            # A rule that hides or spoils lines of a list names what those are about, not the call for them.
            hides = on in LISTS and bool({"missing", "off_micro_usd"} & set(rule.action))
            meant = hides or rule.matches(endpoint=endpoint, prompt=prompt, request_id=request_id)
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

    def take_for(
        self, on: str, drawing: Drawing, only: Callable[[dict[str, Any]], bool] = lambda _: True
    ) -> Rule | None:
        """The same, for something that is about one drawing."""
        return self.take(
            on,
            endpoint=drawing.endpoint_id,
            prompt=drawing.prompt,
            request_id=drawing.id,
            only=only,
        )

    def clear(self) -> None:
        self.rules.clear()
        self.failures.clear()

    def _rule(self, given: dict[str, Any], action: dict[str, Any]) -> Rule:
        self.last_id += 1
        return Rule(
            id=self.last_id,
            on=given["on"],
            action=action,
            endpoint=given.get("endpoint"),
            prompt=given.get("prompt"),
            request_id=given.get("request_id"),
            times=given.get("times", 1),
            skip=int(given.get("skip", 0)),
        )


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


def check_failure(given: Any) -> None:
    """BadControl where a failure cannot be understood."""
    if not isinstance(given, dict) or set(action_of(given)) - OF_A_MODEL:
        raise BadControl("a failure is an object with matchers, `status` and `body`")
