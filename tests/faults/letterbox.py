"""Where fal's webhooks land while our web process is dead or not yet asked: files, handed to our view one by one."""

import json
import os
import signal
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import TracebackType
from typing import Self

from django.test import RequestFactory
from django.urls import resolve


class Letterbox:
    """A server in a process of its own, and the folder that it writes to. Fork after `__enter__` as you like."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.refusals: list[str] = []
        self._handled: set[Path] = set()
        folder.mkdir(parents=True, exist_ok=True)

    def __enter__(self) -> Self:
        server = HTTPServer(("127.0.0.1", 0), _writing_to(self.folder))
        self.url = f"http://127.0.0.1:{server.server_port}"
        self._process = os.fork()
        if self._process == 0:
            server.serve_forever()
        server.server_close()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.kill(self._process, signal.SIGKILL)
        os.waitpid(self._process, 0)

    def empty(self) -> None:
        for letter in self.folder.glob("*.json"):
            letter.unlink()

    def deliver(self) -> None:
        """Hand every letter to our view, once in this process: another process may have had it before."""
        for letter in sorted(self.folder.glob("*.json")):
            if letter not in self._handled:
                self._handled.add(letter)
                self._hand_over(json.loads(letter.read_text()))

    def _hand_over(self, told: dict[str, str]) -> None:
        headers = json.loads(told["headers"])
        request = RequestFactory().post(
            told["path"], data=told["body"], content_type="application/json", headers=headers
        )  # fmt: skip
        match = resolve(told["path"])
        answer = match.func(request, *match.args, **match.kwargs)
        if answer.status_code != 200:
            self.refusals.append(f"a webhook was answered {answer.status_code}")


def _writing_to(folder: Path) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            headers = {name: value for name, value in self.headers.items() if name.lower().startswith("x-fal")}
            letter = folder / f"{len(list(folder.iterdir())):06}.json"
            draft = letter.with_suffix(".draft")
            draft.write_text(json.dumps({"path": self.path, "headers": json.dumps(headers), "body": body}))
            draft.rename(letter)
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler
