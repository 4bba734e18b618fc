"""The stage as real processes: the stand-in for fal, the web process, and once before it the play that makes the rows.

No worker and no follower runs, so that what is under way stays under way.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.standins.launch import ROOT, free_port, start_standin

STARTS_WITHIN_S = 60.0
PUBLIC_URL = "http://localhost:8000"  # what pages and mails say, whatever the port is
AT_FAL = 2  # slots at fal, so that a few pictures make a queue


@dataclass(frozen=True)
class House:
    """`cookies`: the session of each who is logged in; `places`: what addresses are made of, such as an image's id."""

    url: str
    cookies: dict[str, str]
    places: dict[str, str]
    log: Path


@contextmanager
def open_house(folder: Path) -> Iterator[House]:
    """Built in `folder`, and taken down afterwards."""
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "site.log"
    with start_standin(folder, speed=0.01, concurrency=AT_FAL) as standin, log.open("ab") as output:
        port = free_port()
        env = _environment(folder, port, standin.port)
        made = folder / "made.json"
        subprocess.run(
            [sys.executable, "-m", "tests.sights.play", str(made)], cwd=ROOT, env=env, check=True, timeout=300
        )
        told = json.loads(made.read_text())
        web = [sys.executable, "-m", "krea_site.serve", "--bind", f"127.0.0.1:{port}"]
        process = subprocess.Popen(web, cwd=ROOT, env=env, stdout=output, stderr=output)
        try:
            house = House(f"http://localhost:{port}", told["cookies"], told["places"], log)
            _wait(house, process)
            yield house
        finally:
            process.terminate()
            process.wait(timeout=20)


def _environment(folder: Path, port: int, standin_port: int) -> dict[str, str]:
    unset = ("FAL_KEY", "REDIS_URL", "EMAIL_URL", "FAL_QUEUE_URL", "S3_BUCKET", "EGRESS_PROXY", "DEBUG")
    env = {
        **os.environ,
        **dict.fromkeys(unset, ""),
        "DJANGO_SETTINGS_MODULE": "tests.sights.settings",
        "VAR_DIR": str(folder / "var"),
        "DATABASE_URL": f"sqlite:///{folder}/db.sqlite3",
        "PORT": str(port),
        "PUBLIC_URL": PUBLIC_URL,
        "STANDIN_FAL_PORT": str(standin_port),
        "FAL_CONCURRENCY": str(AT_FAL),
        "FAL_WEBHOOKS": "off",
        "SECRET_KEY": "only-for-the-stage-0123456789-abcdefghijklmnopqrstuvwxyz",
    }
    env.pop("COVERAGE_PROCESS_START", None)
    return env


def _wait(house: House, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + STARTS_WITHIN_S
    while not _answers(house.url):
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"The stage did not open:\n{house.log.read_text()[-4000:]}")
        time.sleep(0.05)


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/healthz", timeout=2, trust_env=False).status_code == 200
    except httpx.TransportError:
        return False
