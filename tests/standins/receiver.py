"""A small web server that notes what it is sent and answers what it is told: the other end of a webhook."""

import json
import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

ARRIVES_WITHIN_S = 10.0


@dataclass
class Received:
    """One request that came in; header names in lower case."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Receiver:
    """`answers` are the statuses to give, in their order, then 200 for ever; `pictures` are served by path."""

    url: str = ""
    answers: list[int] = field(default_factory=list)
    pictures: dict[str, bytes] = field(default_factory=dict)
    arrivals: "queue.Queue[Received]" = field(default_factory=queue.Queue)

    def next(self) -> Received:
        """The next request, waited for."""
        return self.arrivals.get(timeout=ARRIVES_WITHIN_S)

    def serve_picture(self, name: str, data: bytes) -> str:
        """Serve these bytes; returns their address."""
        self.pictures[f"/{name}"] = data
        return f"{self.url}/{name}"


@contextmanager
def running_receiver() -> Iterator[Receiver]:
    """One that listens on a free port of the loopback."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            receiver.arrivals.put(Received(self.path, headers, body))
            self.send_response(receiver.answers.pop(0) if receiver.answers else 200)
            self.send_header("location", "/elsewhere")
            self.send_header("content-length", "0")
            self.end_headers()

        def do_GET(self) -> None:
            data = receiver.pictures.get(self.path)
            self.send_response(200 if data else 404)
            self.send_header("content-length", str(len(data or b"")))
            self.end_headers()
            self.wfile.write(data or b"")

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
