"""Tiny servers that answer as a test says, byte for byte, for what the stand-in is too well behaved to do."""

import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self


@dataclass(frozen=True)
class Heard:
    """One request as it came; header names in lower case."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


def reply(status: int, body: object = b"", **headers: str) -> bytes:
    """A whole answer; anything but bytes is sent as JSON. Underscores in header names stand for dashes."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    given = {name.replace("_", "-").lower(): value for name, value in headers.items()}
    lines = {"content-length": str(len(content)), "connection": "close"} | given
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"HTTP/1.1 {status} Whatever\r\n{head}\r\n".encode() + content


def trickle(answer: bytes, pause_s: float) -> Iterator[bytes]:
    """The same answer, its last hundred bytes one at a time."""
    yield answer[:-100]
    for byte in answer[-100:]:
        time.sleep(pause_s)
        yield bytes([byte])


CUT = b""  # close the line without a word
TLS_HELLO = b"\x16\x03"
Answer = bytes | Iterator[bytes] | None
Script = Callable[[Heard], Answer]


@dataclass
class Server:
    """Answers each connection's one request with what `script` returns for it; None keeps silent until the end."""

    script: Script
    heard: list[Heard] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._silent: list[socket.socket] = []
        self.port: int = self._listening.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join(5)
        for line in self._silent:
            line.close()

    def _serve(self) -> None:
        while True:
            try:
                line, _ = self._listening.accept()
            except OSError:
                return
            self._answer(line)

    def _answer(self, line: socket.socket) -> None:
        said: Answer = None
        try:
            heard = listen(line)
            self.heard.append(heard)
            said = self.script(heard)
            for part in [said] if isinstance(said, bytes) else said or ():
                line.sendall(part)
        except OSError:
            said = CUT
        if said is None:
            self._silent.append(line)
            return
        if said == CUT:  # with a reset, as a crash does
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        line.close()


def listen(line: socket.socket) -> Heard:
    """Read one request. OSError when the other side stops in the middle."""
    read = b""
    while b"\r\n\r\n" not in read:
        read += _more(line)
        if read.startswith(TLS_HELLO):
            raise OSError("only plain HTTP is spoken here")
    head, _, body = read.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    method, target, _ = first.split(" ")
    headers = {name.lower(): value for name, value in (one.split(": ", 1) for one in lines)}
    while len(body) < int(headers.get("content-length", "0")):
        body += _more(line)
    return Heard(method, target, headers, body)


def _more(line: socket.socket) -> bytes:
    chunk = line.recv(65536)
    if not chunk:
        raise OSError("the other side went away")
    return chunk


def closed_port() -> int:
    """A port where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port
