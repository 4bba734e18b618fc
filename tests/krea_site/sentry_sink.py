"""Sentry's side for a test: takes envelopes over real HTTP and keeps their events; told to, it hangs or fails."""

import gzip
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Sink:
    def __init__(self) -> None:
        self.raw: list[str] = []
        self.status = 200
        self.hangs_s = 0.0
        self.port = 0

    @property
    def dsn(self) -> str:
        return f"http://public@127.0.0.1:{self.port}/1"

    @property
    def events(self) -> list[dict[str, Any]]:
        """What was reported; an envelope is lines of JSON, of which each event follows its header."""
        found = []
        for text in list(self.raw):
            lines = text.splitlines()
            for header, body in zip(lines[1::2], lines[2::2], strict=False):
                if json.loads(header).get("type") == "event":
                    found.append(json.loads(body))
        return found

    def wait_for(self, number: int, within_s: float = 20) -> list[dict[str, Any]]:
        deadline = time.monotonic() + within_s
        while len(self.events) < number and time.monotonic() < deadline:
            time.sleep(0.05)
        return self.events


@contextmanager
def sentry_sink() -> Iterator[Sink]:
    sink = Sink()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            sink.raw.append(body.decode())
            time.sleep(sink.hangs_s)
            self.send_response(sink.status)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: Any) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    sink.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield sink
    finally:
        server.shutdown()
        server.server_close()
