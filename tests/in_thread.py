"""An ASGI application under uvicorn, on a real socket, in a thread of the test's own process."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

STARTS_WITHIN_S = 30.0
ENDS_WITHIN_S = 30.0


class NotStarted(Exception):
    """The server's thread ended, or did not come to listen in time."""


class _Running(threading.Thread):
    """`error`: what ended the server, where it did not end as it was told to."""

    def __init__(self, server: uvicorn.Server, listening: socket.socket) -> None:
        super().__init__(daemon=True)
        self.server, self.listening = server, listening
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            self.server.run(sockets=[self.listening])
        except BaseException as error:  # uvicorn leaves by SystemExit where the application cannot start
            self.error = error

    def wait_until_it_listens(self) -> None:
        deadline = time.monotonic() + STARTS_WITHIN_S
        while not self.server.started:
            if not self.is_alive():
                raise NotStarted("The server ended before it listened; its words stand above.") from self.error
            if time.monotonic() > deadline:
                raise NotStarted(f"The server did not come to listen within {STARTS_WITHIN_S:.0f} s.")
            time.sleep(0.01)


@contextmanager
def served(application: Any, *, send_buffer: int | None = None, **options: Any) -> Iterator[int]:
    """Its port on 127.0.0.1, for as long as it is wanted; then every connection is closed. `send_buffer` in bytes: a
    small one notices a reader who stops sooner. `options` are uvicorn's. Raises NotStarted."""
    listening = socket.create_server(("127.0.0.1", 0))
    if send_buffer is not None:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, send_buffer)
    server = uvicorn.Server(uvicorn.Config(application, **{"log_level": "warning", **options}))
    running = _Running(server, listening)
    running.start()
    try:
        running.wait_until_it_listens()
        yield int(listening.getsockname()[1])
    finally:
        server.should_exit = server.force_exit = True
        running.join(ENDS_WITHIN_S)
        listening.close()
    assert not running.is_alive(), "the server in the thread does not end"
    assert running.error is None, repr(running.error)
