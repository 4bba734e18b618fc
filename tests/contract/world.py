"""A running site with a real key, a stranger's server beside it, and schemathesis between them."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image

from tests.live_site import LiveSite, running_site
from tests.standins.launch import ROOT

SETTINGS = "tests/contract/schemathesis.toml"
CREDITS = "10000000"


@dataclass(frozen=True)
class World:
    """A running site, its key, and a stranger's address, which has a picture and takes webhooks."""

    site: LiveSite
    key: str
    stranger: str


@contextmanager
def world(folder: Path) -> Iterator[World]:
    with _stranger() as host, running_site(folder, API_CALLS_A_MINUTE="1000000", SAFE_FETCH_ALLOW=host) as site:
        site.manage("grant_credits", site.demo["email"], CREDITS, "--reason", "For the contract")
        yield World(site, site.demo["api_key"], f"http://{host}")


def run(there: World, report: Path, examples: int, *more: str) -> subprocess.CompletedProcess[bytes]:
    """schemathesis against this world; its report as JSON in the folder `report`."""
    command = [
        sys.executable, "-m", "schemathesis.cli", "--config-file", SETTINGS,
        "run", f"{there.site.url}/api/v1/openapi.json",
        "--header", f"Authorization: Bearer {there.key}", "--max-examples", str(examples), "--workers", "2",
        "--report", "json", "--report-json-path", str(report), *more,
    ]  # fmt: skip
    env = {**os.environ, "PYTHONPATH": str(ROOT), "CONTRACT_STRANGER": there.stranger}
    return subprocess.run(command, cwd=ROOT, env=env, check=False)


def told(report: Path) -> str:
    """The figures of a report, in a few lines."""
    found: dict[str, Any] = json.loads(report.read_text())
    cases, operations = found["test_cases"], found["operations"]
    return (
        f"{operations['tested']} of {operations['total']} operations, {cases['generated']} calls, "
        f"{cases['unique_failures']} kinds of failure, in {found['running_time']:.0f} s (seed {found['seed']})"
    )


@contextmanager
def _stranger() -> Iterator[str]:
    """A server that answers every GET with a picture and every POST with 204; its host and port."""
    file = BytesIO()
    Image.new("RGB", (256, 256), "teal").save(file, "PNG")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(200, file.getvalue())

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("content-length", 0)))
            self._answer(204, b"")

        def _answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("content-type", "image/png")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()
