"""The web process: pages and API go to Django in a fixed pool of threads, each with its lasting database connection;
whatever a slow or waiting reader can hold open is a plain coroutine beside it that holds neither."""

import os
import time

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "krea_site.settings")
django.setup()

from generations import collect, live, share_door  # noqa: E402
from generations.pictures import serve as pictures  # noqa: E402
from krea_site import export_door, front, health, request_ids, statement_csv, traffic  # noqa: E402
from krea_site.front import Receive, Scope, Send  # noqa: E402
from krea_site.metrics import door as metrics  # noqa: E402

HOPELESS_S = 60
_hopeless: dict[str, float] = {}


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "lifespan":
        await _lifespan(receive, send)
    elif scope["type"] != "http":
        await send({"type": "websocket.close", "code": 1000})
    else:
        await request_ids.serve(_answer, scope, receive, send)


async def _answer(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["path"].startswith("/pictures/"):
        traffic.goes_to("pictures")
        await pictures.serve(scope, receive, send, restore)
    elif share_door.PATH.fullmatch(scope["path"]):
        traffic.goes_to("shared-pictures")
        await share_door.serve(scope, receive, send, restore)
    elif scope["path"] in ("/healthz", "/readyz"):
        traffic.goes_to(scope["path"].strip("/"))
        await health.serve(scope, send)
    elif scope["path"] == metrics.PATH:
        traffic.goes_to("metrics")
        await metrics.serve(scope, send)
    elif export_door.PATH.fullmatch(scope["path"]):
        traffic.goes_to("exports")
        await export_door.serve(scope, receive, send)
    elif scope["path"] == statement_csv.PATH:
        traffic.goes_to("statement-csv")
        await statement_csv.serve(scope, receive, send)
    elif scope["path"] == "/live/":
        traffic.goes_to("live")
        await live.serve(scope, receive, send)
    else:
        await front.serve(scope, receive, send, restore)


async def restore(name: str) -> bool:
    """Fetch a lost file again, one at a time, and not again for a while where that failed."""
    if time.monotonic() < _hopeless.get(name, 0):
        return False
    is_back: bool = await live.in_reader(collect.restore, name)
    if not is_back:
        if len(_hopeless) > 1000:
            _hopeless.clear()
        _hopeless[name] = time.monotonic() + HOPELESS_S
    return is_back


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        kind = (await receive())["type"]
        await send({"type": f"{kind}.complete"})
        if kind == "lifespan.shutdown":
            return
