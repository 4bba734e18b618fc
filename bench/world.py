"""A site of its own for one benchmark: folder, database, ports and processes, and nothing of it left afterwards.

Everything listens on 127.0.0.1 alone. Each process is on a leash, so that it ends also when the benchmark is killed.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from bench.database import POSTGRES, of_kind

ROOT = Path(__file__).parents[1]
STARTS_WITHIN_S = 60.0
ENDS_WITHIN_S = 15.0
# Set and empty: neither the caller's environment nor a .env file has a say.
UNSET = (
    "FAL_KEY", "FAL_QUEUE_URL", "FAL_RUN_URL", "FAL_REST_URL", "FAL_API_URL", "FAL_JWKS_URL", "FAL_MEDIA_HOSTS",
    "STRIPE_SECRET_KEY", "EMAIL_URL", "REDIS_URL", "S3_BUCKET", "EGRESS_PROXY", "SENTRY_DSN", "ALLOWED_HOSTS",
)  # fmt: skip


@dataclass(frozen=True)
class Plan:
    """What a benchmark needs. `latency_s`: how long the stand-in takes for every picture."""

    database: str = "sqlite"
    server: str = POSTGRES
    webhooks: bool = True
    workers: int = 2
    concurrency: int = 2000
    latency_s: float = 10.0
    redis: str = ""
    web_processes: int | None = None  # None: as `manage.py run` has them
    settings: tuple[tuple[str, str], ...] = ()  # more of them, by name


@dataclass
class World:
    """The running site. `pids` are its processes by role."""

    plan: Plan
    folder: Path
    url: str
    standin_url: str
    environment: dict[str, str]
    processes: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)

    @property
    def port(self) -> int:
        return int(self.environment["PORT"])

    @property
    def pids(self) -> dict[int, str]:
        return {process.pid: role for role, process in self.processes.items()}

    def start(self, role: str, *program: str, fds: tuple[int, ...] = ()) -> None:
        command = [sys.executable, "-m", "krea_site.leash", str(os.getpid()), *program]
        with (self.folder / "output.txt").open("ab") as output:
            self.processes[role] = subprocess.Popen(
                command, cwd=ROOT, env=self.environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                pass_fds=fds, start_new_session=True,
            )  # fmt: skip

    def play(self, scene: str, *, within_s: float, **given: Any) -> dict[str, Any]:
        """Run a scene of `bench.scenes` in a process of its own and return what it tells."""
        told = self.folder / f"{scene}.json"
        command = [sys.executable, "-m", "bench.scenes", scene, json.dumps(given), str(told)]
        subprocess.run(command, cwd=ROOT, env=self.environment, check=True, timeout=within_s)
        found: dict[str, Any] = json.loads(told.read_text())
        return found

    def manage(self, *command: str) -> None:
        subprocess.run([sys.executable, "manage.py", *command], cwd=ROOT, env=self.environment, check=True)

    def output(self) -> str:
        """What the processes wrote, for when something is wrong."""
        return (self.folder / "output.txt").read_text(errors="replace")[-4000:]

    def end(self) -> None:
        """Ask every process to end, then kill what is left of each group."""
        for process in self.processes.values():
            process.send_signal(signal.SIGTERM)
        ends_at = time.monotonic() + ENDS_WITHIN_S
        for process in self.processes.values():
            with suppress(subprocess.TimeoutExpired):
                process.wait(max(0.1, ends_at - time.monotonic()))
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@contextmanager
def world(plan: Plan, *, only_web: bool = False) -> Iterator[World]:
    """A site that answers. `only_web`: without worker and follower."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="krea-bench-")))
        url = stack.enter_context(of_kind(plan.database, server=plan.server, folder=folder))
        door = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=2048))
        made = _made(plan, folder, url, door)
        made.manage("migrate", "--verbosity", "0")
        stack.callback(made.end)
        _start(made, door, only_web=only_web)
        _wait(made)
        yield made


@contextmanager
def site(plan: Plan) -> Iterator[World]:
    """The site as `manage.py run` starts it, without the stopwatch."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="krea-bench-")))
        url = stack.enter_context(of_kind(plan.database, server=plan.server, folder=folder))
        with socket.create_server(("127.0.0.1", 0)) as door:
            made = _made(plan, folder, url, door)
        made.environment["DJANGO_SETTINGS_MODULE"] = "krea_site.settings"
        stack.callback(made.end)
        made.start("site", "manage.py", "run")
        _wait(made)
        yield made


def _made(plan: Plan, folder: Path, url: str, door: socket.socket) -> World:
    port, standin_port = door.getsockname()[1], free_port()
    environment = {
        **os.environ,
        **dict.fromkeys(UNSET, ""),
        "DJANGO_SETTINGS_MODULE": "bench.settings",
        "VAR_DIR": str(folder),
        "DATABASE_URL": url,
        "REDIS_URL": plan.redis,
        "PORT": str(port),
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
        "STANDIN_FAL_PORT": str(standin_port),
        "FAL_CONCURRENCY": str(plan.concurrency),
        "FAL_WEBHOOKS": "on" if plan.webhooks else "off",
        "WORKERS": str(plan.workers),
        "LOG_LEVEL": "WARNING",
        **dict(plan.settings),
    }
    standin = f"http://127.0.0.1:{standin_port}"
    return World(plan, folder, f"http://127.0.0.1:{port}", standin, environment)


def _start(made: World, door: socket.socket, *, only_web: bool) -> None:
    port = made.standin_url.rpartition(":")[2]
    made.start("stand-in", "-m", "standins.fal", "--port", port, "--concurrency", str(made.plan.concurrency))
    # One web process on SQLite, which has one writer; one a core on PostgreSQL.
    usual = 1 if made.plan.database == "sqlite" else os.cpu_count() or 1
    for number in range(made.plan.web_processes or usual):
        role = f"web {number + 1}"
        made.start(role, "-m", "krea_site.serve", "--fd", str(door.fileno()), fds=(door.fileno(),))
    if not only_web:
        made.start("worker", "manage.py", "qcluster")
        made.start("follower", "manage.py", "follow")


def _wait(made: World) -> None:
    ends_at = time.monotonic() + STARTS_WITHIN_S
    for url in (f"{made.standin_url}/healthz", f"{made.url}/healthz"):
        while not _answers(url):
            dead = [role for role, process in made.processes.items() if process.poll() is not None]
            if dead or time.monotonic() > ends_at:
                raise RuntimeError(f"{', '.join(dead) or url} did not start:\n{made.output()}")
            time.sleep(0.1)
    httpx.post(f"{made.standin_url}/__control", json={"latency_s": made.plan.latency_s}).raise_for_status()


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2, trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
