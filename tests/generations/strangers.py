"""Servers of strangers for tests: real ones on loopback, each as helpful or as nasty as its story needs."""

import datetime
import select
import socket
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

Reply = Callable[["Visit"], None]
Open = Callable[..., "Stranger"]


class Visit(BaseHTTPRequestHandler):
    """One request to a stranger; its reply is a function of it."""

    protocol_version = "HTTP/1.1"
    server: "Stranger"
    body: bytes

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except OSError:  # the other side went away, as it should from a nasty server
            self.close_connection = True

    def answer(self) -> None:
        self.body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.seen.append(self)
        with self.server.counting:
            self.server.inside += 1
            self.server.most_inside = max(self.server.most_inside, self.server.inside)
        try:
            self.server.reply(self)
        finally:
            with self.server.counting:
                self.server.inside -= 1

    do_GET = do_HEAD = do_POST = do_CONNECT = answer

    def give(self, status: int = 200, body: bytes = b"", **headers: str) -> None:
        """An honest answer. Header names are written with underscores."""
        self.send_response(status)
        for name, value in {"Content_Length": str(len(body)), **headers}.items():
            if value:
                self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def drip(self, *pieces: bytes, every_s: float = 0.02) -> None:
        """Raw bytes, one piece after the other, the last one until the other side has had enough."""
        self.close_connection = True
        for piece in pieces:
            self.wfile.write(piece)
        while not self._is_alone():
            time.sleep(every_s)
            self.wfile.write(pieces[-1])

    def _is_alone(self) -> bool:
        try:
            return not self.connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False

    def log_message(self, format: str, *args: Any) -> None:
        pass


@dataclass
class _Seen:
    reply: Reply
    seen: list[Visit] = field(default_factory=list)
    inside: int = 0
    most_inside: int = 0
    counting: threading.Lock = field(default_factory=threading.Lock)


class Stranger(_Seen, ThreadingHTTPServer):
    """A server in a thread, on a free port of `address`."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, reply: Reply, address: str, port: int, certificate: Path | None) -> None:
        _Seen.__init__(self, reply)
        ThreadingHTTPServer.__init__(self, (address, port), Visit)
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.socket = context.wrap_socket(self.socket, server_side=True)
        self.thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self.thread.start()

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass

    def leave(self) -> None:
        self.shutdown()
        self.server_close()


def certificate_for(name: str, folder: Path) -> Path:
    """A certificate for `name` with its key, signed by itself, so that it may be trusted by SSL_CERT_FILE too."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / f"{name}.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    return file


def tunnel(visit: Visit, port: int) -> None:
    """What a proxy does for CONNECT: carry bytes both ways until one side ends."""
    visit.send_response(200)
    visit.end_headers()
    with socket.create_connection(("127.0.0.1", port)) as there:
        ends = {visit.connection: there, there: visit.connection}
        while True:
            for end in select.select(list(ends), [], [], 10)[0]:
                piece = end.recv(65536)
                if not piece:
                    visit.close_connection = True
                    return
                ends[end].sendall(piece)
