"""The whole site as real processes, for journeys and browsers: `manage.py run` on files and ports of its own."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psycopg
import redis

from tests import migrated
from tests.standins.launch import ROOT, free_port

STARTS_WITHIN_S = 90
POSTGRES = os.environ.get("TEST_POSTGRES_URL", "postgres://root@127.0.0.1:5432/root")
REDIS = os.environ.get("TEST_REDIS_URL", "redis://127.0.0.1:6379/11")


class LiveSite:
    """A running site; its database is reached through `actor`, a process with the same environment."""

    def __init__(self, folder: Path, **env: str) -> None:
        self.port = free_port(in_a_row=3)  # the next one is that of fal's stand-in, then that of Stripe's
        self.url = f"http://localhost:{self.port}"
        self.folder = folder
        unset = dict.fromkeys(("FAL_KEY", "PUBLIC_URL", "REDIS_URL", "EMAIL_URL", "FAL_QUEUE_URL", "FAL_WEBHOOKS"), "")
        unset |= dict.fromkeys(("STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET", "STRIPE_API_URL"), "")
        unset |= dict.fromkeys(("STANDIN_FAL_PORT", "STANDIN_STRIPE_PORT"), "")
        settled = {"PORT": str(self.port), "VAR_DIR": str(folder), "STANDIN_SPEED": "0.05"}
        settled["DATABASE_URL"] = f"sqlite:///{folder}/db.sqlite3"
        self.env = {**os.environ, **unset, **settled, **env}
        self.env.pop("COVERAGE_PROCESS_START", None)
        self.log = folder / "site.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._beside: subprocess.Popen[str] | None = None

    def start(self, *, fresh: bool = False) -> None:
        """`fresh`: it makes its database itself, as on a new machine."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if not fresh and self.env["DATABASE_URL"].startswith("sqlite"):
            migrated.lay(self.folder / "db.sqlite3")
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "manage.py", "run"], cwd=ROOT, env=self.env, stdout=log, stderr=log
            )
        deadline = time.monotonic() + STARTS_WITHIN_S
        while not self.is_ready():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"The site did not start:\n{self.log.read_text()[-4000:]}")
            time.sleep(0.1)

    def stop(self) -> None:
        if self._beside is not None:
            self._beside.communicate(timeout=40)
            self._beside = None
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(timeout=40)
            self._process = None

    def is_ready(self) -> bool:
        try:
            return httpx.get(f"{self.url}/readyz", timeout=5).status_code == 200
        except httpx.TransportError:
            return False

    @property
    def demo(self) -> dict[str, str]:
        """E-mail, password and API key of the demo customer."""
        told: dict[str, str] = json.loads((self.folder / "demo.json").read_text())
        return told

    def manage(self, *args: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "manage.py", *args]
        return subprocess.run(command, cwd=ROOT, env=self.env, check=check, capture_output=True, text=True, timeout=180)

    def run(self, code: str) -> str:
        """What Python code prints that runs with the site's own database, in a process beside it that stays."""
        if self._beside is None:
            self._beside = subprocess.Popen(
                [sys.executable, "-m", "tests.beside"],
                cwd=ROOT, env=self.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            )  # fmt: skip
        assert self._beside.stdin is not None and self._beside.stdout is not None
        self._beside.stdin.write(json.dumps(code) + "\n")
        self._beside.stdin.flush()
        told = json.loads(self._beside.stdout.readline())
        assert told["error"] is None, told["error"]
        return str(told["printed"])

    def actor(self, *args: str) -> Any:
        """What tests/journeys/actor.py does with the site's own database, as JSON."""
        command = [sys.executable, "-m", "tests.journeys.actor", *args]
        done = subprocess.run(command, cwd=ROOT, env=self.env, capture_output=True, text=True, timeout=240)
        assert done.returncode == 0, done.stderr[-3000:]
        return json.loads(done.stdout)

    def processes(self, word: str) -> list[int]:
        """Those of the site whose command line has `word`."""
        assert self._process is not None
        return [pid for pid in _descendants(self._process.pid) if word in _command_line(pid)]

    def kill(self, word: str) -> int:
        """SIGKILL every process of the site whose command line has `word`; how many there were."""
        victims = self.processes(word)
        for pid in victims:
            os.kill(pid, signal.SIGKILL)
        return len(victims)

    def login(self, page: Any) -> None:
        """Log the demo customer in, in a Playwright page."""
        page.goto(f"{self.url}/accounts/login/")
        page.fill("input[name=login]", self.demo["email"])
        page.fill("input[name=password]", self.demo["password"])
        page.press("input[name=password]", "Enter")
        page.wait_for_url("**/studio/**")


@contextmanager
def running_site(folder: Path, **env: str) -> Iterator[LiveSite]:
    with _running(LiveSite(folder, **env), fresh=False) as site:
        yield site


@contextmanager
def new_site(folder: Path) -> Iterator[LiveSite]:
    """One that makes its database itself, as on a new machine."""
    with _running(LiveSite(folder), fresh=True) as site:
        yield site


@contextmanager
def _running(site: LiveSite, *, fresh: bool) -> Iterator[LiveSite]:
    try:
        site.start(fresh=fresh)
        yield site
    finally:
        site.stop()


@contextmanager
def postgres_database(name: str, *, is_empty: bool = False) -> Iterator[str]:
    """A fresh database on the local PostgreSQL, migrated unless it is to be empty; its address."""
    base, _, _ = POSTGRES.rpartition("/")
    (migrated.create if is_empty else migrated.clone)(POSTGRES, name)
    try:
        yield f"{base}/{name}"
    finally:
        migrated.drop(POSTGRES, name)


def postgres_is_reachable() -> bool:
    try:
        psycopg.connect(POSTGRES.replace("postgres://", "postgresql://"), connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def redis_is_reachable() -> bool:
    try:
        return bool(redis.Redis.from_url(REDIS, socket_connect_timeout=2).ping())
    except redis.RedisError:
        return False


def _descendants(pid: int) -> list[int]:
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except (FileNotFoundError, ProcessLookupError):
                continue
            children.setdefault(parent, []).append(int(entry.name))
    found, waiting = [], [pid]
    while waiting:
        for child in children.get(waiting.pop(), []):
            found.append(child)
            waiting.append(child)
    return found


def _command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except (FileNotFoundError, ProcessLookupError):
        return ""
