"""The door: knows which call is which, logs it, lets the faults happen, asks for the key, hands on the rest."""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from standins.fal import cdn, control, money_api, pages, platform_api, queue_api, rest_api
from standins.fal.answers import answer, detail
from standins.fal.call import Call
from standins.fal.calls import LONGEST_BODY, Entry
from standins.fal.faults import LISTS
from standins.fal.world import World
from standins.wire import Halved, cut, headers_of, read_body

Handler = Callable[[World, Call], Awaitable[Response]]


@dataclass(frozen=True)
class Route:
    """`on` is the place in the words of the fault rules; "" for our own pages: they never fail, nobody logs them."""

    method: str
    path: re.Pattern[str]
    on: str
    handler: Handler
    key: bool = True
    streams: bool = False


def route(method: str, path: str, on: str, handler: Handler, *, key: bool = True, streams: bool = False) -> Route:
    return Route(method, re.compile(path), on, handler, key, streams)


REQUEST = r"/queue/(?P<app>.+)/requests/(?P<id>[^/]+)"
NAME = r"(?P<name>[^/]+)"
ROUTES = (
    route("GET", REQUEST + "/status", "status", queue_api.status),
    route("POST", r"/queue/(?P<endpoint>.+)", "submit", queue_api.submit),
    route("GET", REQUEST + "/status/stream", "status", queue_api.stream),
    route("GET", REQUEST + "(?:/response)?", "result", queue_api.result),
    route("PUT", REQUEST + "/cancel", "cancel", queue_api.cancel),
    route("GET", r"/cdn/files/drawn/(?P<name>(?P<id>[0-9a-f-]{36})[^/]*)", "cdn", cdn.drawn, key=False),
    route("GET", r"/cdn/files/uploads/" + NAME, "cdn", cdn.uploaded, key=False),
    route("POST", r"/run/(?P<endpoint>.+)", "run", queue_api.run),
    route("POST", r"/rest/storage/auth/token", "upload", rest_api.token),
    route("POST", r"/rest/storage/upload/initiate", "upload", rest_api.initiate),
    route("POST", r"/rest/storage/upload/initiate-multipart", "upload", rest_api.initiate_parts),
    route("POST", r"/cdn/files/upload", "upload", rest_api.upload, key=False, streams=True),
    route("POST", r"/cdn/files/upload/multipart", "upload", rest_api.begin_parts, key=False),
    route("PUT", f"/cdn/put/{NAME}", "upload", rest_api.put, key=False, streams=True),
    route("PUT", f"/cdn/put/{NAME}/(?P<part>[0-9]+)", "upload", rest_api.put_part, key=False, streams=True),
    route("POST", f"/cdn/put/{NAME}/complete", "upload", rest_api.complete, key=False),
    route(
        "PUT",
        f"/cdn/files/uploads/{NAME}/multipart/[^/]+/(?P<part>[0-9]+)",
        "upload",
        rest_api.put_part,
        key=False,
        streams=True,
    ),
    route("POST", f"/cdn/files/uploads/{NAME}/multipart/[^/]+/complete", "upload", rest_api.complete, key=False),
    route("GET", r"(?:/rest)?/\.well-known/jwks\.json", "jwks", platform_api.jwks, key=False),
    route("GET", r"/api/models/requests/by-endpoint", "history", platform_api.history),
    route("DELETE", r"/api/models/requests/(?P<id>[^/]+)/payloads", "payloads", platform_api.erase),
    route("GET", r"/api/models/pricing", "account", platform_api.pricing),
    route("GET", r"/api/models/usage", "usage", money_api.usage),
    route("GET", r"/api/models/billing-events", "events", money_api.billing_events),
    route("GET", r"/api/account/billing", "account", money_api.balance),
    route("GET", r"/api/meta", "account", platform_api.meta),
    route("GET", r"/", "", pages.index, key=False),
    route("GET", r"/thumbnails/(?P<id>[^/]+)", "", pages.thumbnail, key=False),
    route("GET", r"/healthz", "", control.healthz, key=False),
    route("GET", r"/__log", "", control.log, key=False),
    route("(?:GET|POST)", r"/__control", "", control.control, key=False),
)


class App:
    """The ASGI application."""

    def __init__(self, world: World) -> None:
        self.world = world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        found = recognise(scope)
        if found is None:
            await answer({"detail": f"Path {scope['path']} not found"}, 404)(scope, receive, send)
            return
        chosen, match = found
        call = Call(chosen.on, scope, receive, match.groupdict(), headers_of(scope))
        if not chosen.streams:
            try:
                call.body = await read_body(receive)
            except ValueError as error:
                await detail(str(error), 413)(scope, receive, send)
                return
        identify(self.world, call)
        if call.on:
            await self._perform(chosen, call, send)
        else:
            await (await chosen.handler(self.world, call))(scope, receive, send)

    async def _perform(self, chosen: Route, call: Call, send: Send) -> None:
        """One call of fal's protocol: logged, perhaps spoiled, answered."""
        entry = entry_of(call)
        self.world.calls.add(entry)
        down = self.world.switches.down
        if down is True:
            await cut(call.scope, call.receive)
            return
        call.rule = self.world.faults.take(
            call.on, endpoint=call.endpoint, prompt=call.prompt, request_id=call.request_id
        )
        entry.fault = call.rule.id if call.rule else None
        if wait := call.fault("delay_s"):
            await asyncio.sleep(wait)
        if call.fault("cut") == "before_body":
            await cut(call.scope, call.receive)
            return
        response = detail("Service unavailable", down) if down else await self._answer(chosen, call)
        entry.request_id = call.request_id or response.headers.get("x-fal-request-id", "")
        if wait := call.fault("answer_delay_s"):
            await asyncio.sleep(wait)
        await self._deliver(call, response, send, entry)
        entry.took_s = round(time.time() - entry.at, 4)

    async def _answer(self, chosen: Route, call: Call) -> Response:
        if status := call.fault("status"):
            return spoken(call, int(status))
        if call.fault("missing") and call.on not in (*LISTS, "webhook"):
            return answer({"detail": "Not found"}, 404)
        if chosen.key and (refusal := wrong_key(self.world, call)):
            return refusal
        return await chosen.handler(self.world, call)

    async def _deliver(self, call: Call, response: Response, send: Send, entry: Entry) -> None:
        how = call.fault("cut")
        if how == "before_reply":
            await cut(call.scope, call.receive)
            return
        entry.status = response.status_code
        if how == "mid_body":
            await response(call.scope, call.receive, Halved(send))
            await cut(call.scope, call.receive)
            return
        await response(call.scope, call.receive, send)


def recognise(scope: Scope) -> tuple[Route, re.Match[str]] | None:
    """Which call this is; HEAD is asked for as GET."""
    method = "GET" if scope["method"] == "HEAD" else scope["method"]
    for one in ROUTES:
        if re.fullmatch(one.method, method) and (match := one.path.fullmatch(scope["path"])):
            return one, match
    return None


def identify(world: World, call: Call) -> None:
    """Find out what a call is about: the drawing in its path, or the endpoint and prompt that it brings."""
    drawing = world.records.get(call.found.get("id", ""))
    app = call.found.get("app")
    if drawing and (app is None or app in (drawing.endpoint.owner_alias, drawing.endpoint_id)):
        call.drawing = drawing
        call.endpoint, call.prompt, call.request_id = drawing.endpoint_id, drawing.prompt, drawing.id
    elif "endpoint" in call.found:
        call.endpoint = call.found["endpoint"]
        given = call.json if call.is_json else None
        prompt = given.get("prompt") if isinstance(given, dict) else None
        call.prompt = prompt if isinstance(prompt, str) else ""


def entry_of(call: Call) -> Entry:
    return Entry(
        on=call.on,
        method=call.method,
        path=call.path,
        query=call.raw_query,
        headers=call.headers,
        body=call.body[:LONGEST_BODY],
        endpoint=call.endpoint,
        prompt=call.prompt,
        request_id=call.request_id,
    )


def wrong_key(world: World, call: Call) -> Response | None:
    """401 in fal's words; None when the key is good."""
    scheme, _, key = call.headers.get("authorization", "").partition(" ")
    if not key:
        return detail("Authentication is required to access this application", 401)
    if scheme != "Key":
        return detail("invalid key credentials", 401)
    if ":" not in key:
        return detail("Invalid Key Authorization header format. Expected '<key_id>:<key_secret>'.", 401)
    known = world.switches.keys
    if known is not None and key not in known:
        return detail("No user found for Key ID and Secret", 401)
    return None


def spoken(call: Call, status: int) -> Response:
    """The status, body and headers that a rule asks for."""
    body = call.fault("body")
    headers = {str(name): str(value) for name, value in (call.fault("headers") or {}).items()}
    if isinstance(body, str):
        return Response(body, status, headers, headers.get("content-type", "text/html"))
    return answer({"detail": "As commanded"} if body is None else body, status, headers)
