"""How every stand-in serves: one process, one event loop, until SIGTERM or SIGINT."""

import signal
from collections.abc import Awaitable, Callable

import uvicorn
import uvloop
from starlette.types import ASGIApp

from standins.wire import CuttableProtocol

KEEP_ALIVE_S = 75  # longer than clients keep idle connections, so that it is never we who close one in use


async def serve(app: ASGIApp, *, name: str, host: str, port: int) -> None:
    """Answer calls until a signal ends it."""
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        http=CuttableProtocol,
        lifespan="off",
        ws="none",
        log_level="warning",
        access_log=False,
        server_header=False,
        backlog=4096,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=1,
    )
    print(f"The stand-in for {name} is on http://{host}:{port}", flush=True)
    await uvicorn.Server(config).serve()


def run(main: Callable[[], Awaitable[None]]) -> None:
    """Run a stand-in's main coroutine; the signal that ends it is not an error."""
    for one in (signal.SIGINT, signal.SIGTERM):
        # While it serves, uvicorn has its own handlers; afterwards it raises the signal once more, for these.
        signal.signal(one, lambda *_: None)

    async def whole() -> None:
        await main()

    uvloop.run(whole())
