"""`python -m standins.fal --port 8001`: serves until it is told to stop."""

import argparse
import os
import signal
from pathlib import Path

import uvicorn
import uvloop
from starlette.middleware.cors import CORSMiddleware

from standins.fal.app import App
from standins.fal.faults import Switches
from standins.fal.wire import CuttableProtocol
from standins.fal.world import World

KEEP_ALIVE_S = 75  # longer than clients keep idle connections, so that it is never we who close one in use
EXPOSED = ["x-fal-request-id", "x-fal-billable-units", "x-fal-error-type", "etag"]


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="standins.fal", description="A local stand-in for fal.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--speed", type=float, default=float(os.environ.get("STANDIN_SPEED") or 1))
    parser.add_argument("--concurrency", type=int, default=10)
    parser.add_argument("--state-dir", type=Path, default=None)
    return parser.parse_args()


async def serve(given: argparse.Namespace) -> None:
    """One process, one event loop, until SIGTERM or SIGINT."""
    world = World(Switches(speed=given.speed, concurrency=given.concurrency), given.state_dir)
    app = CORSMiddleware(
        App(world), allow_origins=["*"], allow_methods=["*"], allow_headers=["*"], expose_headers=EXPOSED
    )
    config = uvicorn.Config(
        app,
        host=given.host,
        port=given.port,
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
    print(f"The stand-in for fal is on http://{given.host}:{given.port}", flush=True)
    try:
        await uvicorn.Server(config).serve()
    finally:
        await world.close()


def main() -> None:
    given = arguments()
    for one in (signal.SIGINT, signal.SIGTERM):
        # While it serves, uvicorn has its own handlers; afterwards it raises the signal once more, for these.
        signal.signal(one, lambda *_: None)
    uvloop.run(serve(given))


if __name__ == "__main__":
    main()
