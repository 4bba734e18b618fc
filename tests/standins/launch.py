"""Starts a stand-in for fal as a process of its own, for any test that wants one.

with start_standin(tmp_path) as fal:
    fal.control(fail={"prompt": "a fox", "status": 500})
    ... call fal.url + "/queue/krea/v2/large/text-to-image" ...
    assert fal.summary()["billed_draws"] == 1
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


class StandIn:
    """One running stand-in. Its state folder survives `kill` and `restart`; its rules and its log do not."""

    def __init__(self, state_dir: Path, *, speed: float, concurrency: int, port: int) -> None:
        self.state_dir, self.speed, self.concurrency, self.port = state_dir, speed, concurrency, port
        self.url = f"http://127.0.0.1:{port}"
        self._process: subprocess.Popen[bytes] | None = None
        self._client = httpx.Client(base_url=self.url, timeout=30, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def control(self, rules: list[dict[str, Any]] | None = None, /, **asked: Any) -> dict[str, Any]:
        """Tell it what to do; ValueError with its reason where it cannot. Returns the settings as they then are."""
        body = asked if rules is None else {**asked, "rules": rules}
        return self._read(self._client.post("/__control", json=body))

    def log(self, **wanted: Any) -> list[dict[str, Any]]:
        """The calls it got that fit (`on`, `prompt`, `endpoint`, `request_id`, `status`, …), in their order."""
        found: list[dict[str, Any]] = self._read(self._client.get("/__log", params=wanted))["calls"]
        return found

    def summary(self) -> dict[str, Any]:
        """Counts: calls by place, requests by status, webhooks by state, billed draws, their cost."""
        told: dict[str, Any] = self._read(self._client.get("/__log", params={"limit": 0}))["summary"]
        return told

    @property
    def pid(self) -> int:
        """The number of its process; RuntimeError while it is not running."""
        if self._process is None:
            raise RuntimeError("The stand-in for fal is not running.")
        return self._process.pid

    def start(self) -> None:
        """Start the process and wait until it answers."""
        command = [sys.executable, "-m", "standins.fal", "--port", str(self.port), "--speed", str(self.speed)]
        command += ["--concurrency", str(self.concurrency), "--state-dir", str(self.state_dir)]
        self._process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + STARTS_WITHIN_S
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("The stand-in for fal did not start.")
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

    def _read(self, response: httpx.Response) -> dict[str, Any]:
        told: dict[str, Any] = response.json()
        if response.status_code != 200:
            raise ValueError(told["detail"])
        return told


def start_standin(tmp_path: Path, *, speed: float = 0.01, concurrency: int = 10, port: int = 0) -> StandIn:
    """A running stand-in with its state under `tmp_path`; port 0 takes a free one. Use it with `with`."""
    standin = StandIn(tmp_path / "standin-fal", speed=speed, concurrency=concurrency, port=port or free_port())
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
