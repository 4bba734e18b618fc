"""A load of HTTP calls at a pace: each is due at its moment, however long others take. What a call takes counts from
when it was due, so that a server that stops for a second is seen to have stopped for all who would have come."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from bench.load import PATIENCE_S, length

Call = Callable[[], bytes]


@dataclass
class Flow:
    """Calls of one kind: so many a second, shared out to connections. `call` gives the bytes of the next one."""

    call: Call
    a_second: float
    connections: int
    statuses: Counter[int] = field(default_factory=Counter)
    took_s: list[float] = field(default_factory=list)


def run(port: int, flows: list[Flow], *, seconds: float) -> None:
    """All flows at once, to a port of this machine."""
    asyncio.run(_run(port, flows, seconds))


async def _run(port: int, flows: list[Flow], seconds: float) -> None:
    began = time.monotonic() + 0.5
    lines = [
        _line(port, flow, began + number / flow.a_second, flow.connections / flow.a_second, began + seconds)
        for flow in flows
        for number in range(flow.connections)
    ]
    await asyncio.gather(*lines)


async def _line(port: int, flow: Flow, due: float, every_s: float, ends_at: float) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        while due < ends_at:
            await asyncio.sleep(max(due - time.monotonic(), 0))
            writer.write(flow.call())
            async with asyncio.timeout(PATIENCE_S):
                head = await reader.readuntil(b"\r\n\r\n")
                await reader.readexactly(length(head))
            flow.took_s.append(time.monotonic() - due)
            flow.statuses[int(head.split(b" ", 2)[1])] += 1
            due += every_s
    finally:
        writer.close()
