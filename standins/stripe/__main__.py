"""`python -m standins.stripe --port 8002`: serves until it is told to stop."""

import argparse
from functools import partial
from pathlib import Path

from standins import serving
from standins.stripe.app import App
from standins.stripe.deeds import DEEDS
from standins.stripe.faults import Switches
from standins.stripe.pages.doors import DOORS
from standins.stripe.world import World

SECRET = "whsec_standin"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="standins.stripe", description="A local stand-in for Stripe.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--url", default="", help="its address as a browser knows it")
    parser.add_argument("--webhook-url", default="", help="who hears of all events")
    parser.add_argument("--webhook-secret", default=SECRET)
    parser.add_argument("--state-dir", type=Path, default=None)
    return parser.parse_args()


async def serve(given: argparse.Namespace) -> None:
    """One process, one event loop, until SIGTERM or SIGINT."""
    switches = Switches(webhook_url=given.webhook_url, webhook_secret=given.webhook_secret)
    url = given.url or f"http://{given.host}:{given.port}"
    world = World(url=url.rstrip("/"), switches=switches, deeds=DEEDS, state_dir=given.state_dir)
    try:
        await serving.serve(App(world, DOORS), name="Stripe", host=given.host, port=given.port)
    finally:
        await world.close()


if __name__ == "__main__":
    serving.run(partial(serve, arguments()))
