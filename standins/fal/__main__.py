"""`python -m standins.fal --port 8001`: serves until it is told to stop."""

import argparse
import os
from functools import partial
from pathlib import Path

from starlette.middleware.cors import CORSMiddleware

from standins import serving
from standins.fal.app import App
from standins.fal.faults import Switches
from standins.fal.world import World

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
    try:
        await serving.serve(app, name="fal", host=given.host, port=given.port)
    finally:
        await world.close()


def main() -> None:
    given = arguments()
    serving.run(partial(serve, given))


if __name__ == "__main__":
    main()
