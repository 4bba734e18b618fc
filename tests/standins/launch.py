"""Starts stand-ins for fal and Stripe as processes of their own, for any test that wants one.

with start_standin(tmp_path) as fal:
    fal.control(fail={"prompt": "a fox", "status": 500})
    ... call fal.url + "/queue/krea/v2/large/text-to-image" ...
    assert fal.summary()["billed_draws"] == 1

with start_stripe(tmp_path) as stripe:
    ... make a session with stripe.StripeClient(STRIPE_KEY, base_addresses={"api": stripe.url}) ...
    stripe.act("pay", session=session.id, card="visa")
    assert [event["type"] for event in stripe.events()][-1] == "charge.updated"
"""

import secrets
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

ROOT = Path(__file__).parents[2]
STARTS_WITHIN_S = 20.0
PORTS = range(12_000, 32_000)
KEY = "Key standin:standin"
STRIPE_KEY = "sk_test_standin"
STRIPE_SECRET = "whsec_standin"


class Process:
    """One running stand-in. Its state folder survives `kill` and `restart`; its rules and its log do not."""

    def __init__(self, name: str, module: str, state_dir: Path, port: int, options: dict[str, object]) -> None:
        self.name, self.module, self.state_dir, self.port = name, module, state_dir, port
        self.options = options
        self.url = f"http://127.0.0.1:{port}"
        self._process: subprocess.Popen[bytes] | None = None
        self._client = httpx.Client(base_url=self.url, timeout=60, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def control(self, rules: list[dict[str, Any]] | None = None, /, **asked: Any) -> dict[str, Any]:
        """Tell it what to do; ValueError with its reason where it cannot. Returns the settings as they then are."""
        body = asked if rules is None else {**asked, "rules": rules}
        told: dict[str, Any] = self._read(self._client.post("/__control", json=body))
        return told

    def log(self, **wanted: Any) -> list[dict[str, Any]]:
        """The calls it got that fit (`on`, `path`, `status`, …; README.md lists more), in their order."""
        found: list[dict[str, Any]] = self._read(self._client.get("/__log", params=wanted))["calls"]
        return found

    def summary(self) -> dict[str, Any]:
        """Counts of what it did."""
        told: dict[str, Any] = self._read(self._client.get("/__log", params={"limit": 0}))["summary"]
        return told

    @property
    def pid(self) -> int:
        """The number of its process; RuntimeError while it is not running."""
        if self._process is None:
            raise RuntimeError(f"The stand-in for {self.name} is not running.")
        return self._process.pid

    def start(self) -> None:
        """Start the process and wait until it answers."""
        options = {"port": self.port, "state-dir": self.state_dir, **self.options}
        words = [f"--{name}={value}" for name, value in options.items()]
        command = [sys.executable, "-m", self.module, *words]
        self._process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + STARTS_WITHIN_S
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"The stand-in for {self.name} did not start.")
            time.sleep(0.02)

    def stop(self) -> None:
        """End it in good order. Twice is once."""
        self._end(signal_name="terminate")

    def kill(self) -> None:
        """End it as a crash would."""
        self._end(signal_name="kill")

    def restart(self) -> None:
        """Start it again on the same port and state, after ending it if it still runs."""
        self.stop()
        self.start()

    def _end(self, *, signal_name: str) -> None:
        process, self._process = self._process, None
        if process:
            getattr(process, signal_name)()
            process.wait(timeout=10)

    def _answers(self) -> bool:
        try:
            return self._client.get("/healthz").status_code == 200
        except httpx.TransportError:
            return False

    def _read(self, response: httpx.Response) -> Any:
        told: Any = response.json()
        if response.status_code != 200:
            raise ValueError(told["detail"])
        return told


class StandIn(Process):
    """A running stand-in for fal."""


class StripeStandIn(Process):
    """A running stand-in for Stripe."""

    def act(self, name: str, /, **given: Any) -> Any:
        """What a customer, a bank or the dashboard does (`pay`, `dispute`, …; README.md lists them), and its result."""
        return self.control(act=name, **given)["result"]

    def events(self, *, raw: bool = False, **wanted: str) -> list[dict[str, Any]]:
        """All events, oldest first; `type` and `about` (an id that is in it) choose some. `raw`: {id, type, body,
        signature}, signed now, to deliver by oneself."""
        params = {**wanted, **({"raw": "1"} if raw else {})}
        found: list[dict[str, Any]] = self._read(self._client.get("/__events", params=params))
        return found

    def types(self, *, type: str = "", about: str = "") -> list[str]:
        """The types of all events, oldest first."""
        return [event["type"] for event in self.events(type=type, about=about)]

    def advance(self, **units: int) -> dict[str, Any]:
        """Let its clock run on: days=31, hours=1, seconds=5. What falls due happens, and its events arrive."""
        spans = {"days": 86_400, "hours": 3600, "minutes": 60, "seconds": 1}
        return self.control(advance_s=sum(spans[name] * count for name, count in units.items()))


def start_standin(tmp_path: Path, *, speed: float = 0.01, concurrency: int = 10, port: int = 0) -> StandIn:
    """A running stand-in for fal with its state under `tmp_path`; port 0 takes a free one. Use it with `with`."""
    options: dict[str, object] = {"speed": speed, "concurrency": concurrency}
    standin = StandIn("fal", "standins.fal", tmp_path / "standin-fal", port or free_port(), options)
    standin.start()
    return standin


def start_stripe(
    tmp_path: Path, *, webhook_url: str = "", webhook_secret: str = STRIPE_SECRET, port: int = 0
) -> StripeStandIn:
    """A running stand-in for Stripe with its state under `tmp_path`, which sends its events to `webhook_url`."""
    options: dict[str, object] = {"webhook-url": webhook_url, "webhook-secret": webhook_secret}
    place = tmp_path / "standin-stripe"
    standin = StripeStandIn("Stripe", "standins.stripe", place, port or free_port(), options)
    standin.start()
    return standin


def free_port(in_a_row: int = 1) -> int:
    """The first of so many neighbouring ports that nobody listens on. Below those that systems give to outgoing
    connections: else any connection could take one between this look and the listening."""
    while True:
        port = secrets.choice(PORTS)
        if all(_is_free(port + step) for step in range(in_a_row)):
            return port


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
