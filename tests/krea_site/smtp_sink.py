"""A mail server that keeps what it is given and refuses what it is told to: real SMTP, on a port of its own."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any


class Sink(socketserver.ThreadingTCPServer):
    """`mails` in the order of arrival; `replies` answers a verb such as RCPT or DATA with something else; `says`
    answers the last line of a mail; an empty answer hangs up."""

    allow_reuse_address = daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Conversation)
        self.mails: list[EmailMessage] = []
        self.replies: dict[str, str] = {}
        self.says = "250 taken"

    @property
    def port(self) -> int:
        return int(self.server_address[1])


class Conversation(socketserver.StreamRequestHandler):
    server: Sink

    def handle(self) -> None:
        if not self._say(self.server.replies.get("CONNECT", "220 sink")):
            return
        for line in self.rfile:
            verb = line[:4].decode().upper().strip()
            said = self.server.replies.get(verb, {"DATA": "354 go on", "QUIT": "221 bye"}.get(verb, "250 ok"))
            if not self._say(said) or verb == "QUIT":
                return
            if said.startswith("354") and not self._take():
                return

    def _take(self) -> bool:
        lines = []
        for line in self.rfile:
            if line == b".\r\n":
                break
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        if self.server.says.startswith("250") or not self.server.says:
            self.server.mails.append(_read(b"".join(lines)))
        return self._say(self.server.says)

    def _say(self, text: str) -> bool:
        """False when there is nothing to say, which is hanging up."""
        self.wfile.write(f"{text}\r\n".encode() if text else b"")
        return bool(text)


def _read(raw: bytes) -> EmailMessage:
    message: Any = message_from_bytes(raw, policy=policy.default)
    return message  # type: ignore[no-any-return]


@contextmanager
def open_sink() -> Iterator[Sink]:
    with Sink() as sink:
        thread = threading.Thread(target=sink.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield sink
        finally:
            sink.shutdown()
            thread.join()
