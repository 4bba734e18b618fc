"""A load of HTTP calls: connections that each send the next call as soon as the one before is answered."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

Call = Callable[[int], bytes]
PATIENCE_S = 60.0


@dataclass
class Answered:
    """What came back within the time: how many of each status, and the seconds that each call took."""

    seconds: float
    statuses: Counter[int] = field(default_factory=Counter)
    took_s: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Calls a second."""
        return round(len(self.took_s) / self.seconds, 1)


def load(port: int, call: Call, *, connections: int, seconds: float) -> Answered:
    """Send calls to a port of this machine for so many seconds. `call` gives the bytes of the next one, by the number
    of the connection that sends it."""
    return asyncio.run(_load(port, call, connections, seconds))


def post(path: str, body: bytes, **headers: str) -> bytes:
    """A POST of JSON on a connection that stays."""
    told = {"Host": "127.0.0.1", "Content-Type": "application/json", "Content-Length": str(len(body)), **headers}
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in told.items())
    return f"POST {path} HTTP/1.1\r\n{lines}\r\n".encode() + body


async def _load(port: int, call: Call, connections: int, seconds: float) -> Answered:
    found, ends_at = Answered(seconds), time.monotonic() + seconds
    await asyncio.gather(*(_connection(port, call, number, ends_at, found) for number in range(connections)))
    return found


async def _connection(port: int, call: Call, number: int, ends_at: float, found: Answered) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        while (began := time.monotonic()) < ends_at:
            writer.write(call(number))
            async with asyncio.timeout(PATIENCE_S):
                head = await reader.readuntil(b"\r\n\r\n")
                await reader.readexactly(length(head))
            found.took_s.append(time.monotonic() - began)
            found.statuses[int(head.split(b" ", 2)[1])] += 1
    finally:
        writer.close()


def length(head: bytes) -> int:
    """Of the body that follows a head."""
    lines = head.lower().split(b"\r\n")
    return next(int(line.partition(b":")[2]) for line in lines if line.startswith(b"content-length:"))
