"""The door: knows which call is which, logs it, lets the faults happen, hands on the rest."""

import asyncio
import re
import time

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from standins.stripe import control
from standins.stripe.api import Api, any_error, told
from standins.stripe.call import Call
from standins.stripe.calls import LONGEST_BODY, Entry
from standins.stripe.doors import Door, door
from standins.stripe.idempotency import Answer
from standins.stripe.objects import new_id
from standins.stripe.world import World
from standins.wire import Halved, cut, headers_of, read_body

WRONG = {
    "garbage": (b"\x00\x01\xfe\xff not json at all {{{", "application/json"),
    "empty": (b"", "application/json"),
    "html": (b"<html><body><h1>502 Bad Gateway</h1></body></html>", "text/html"),
}


DOORS: tuple[Door, ...] = (
    door("GET", "/healthz", "", control.healthz),
    door("GET", "/__log", "", control.log),
    door("GET", "/__events", "", control.events),
    door("(?:GET|POST)", "/__control", "", control.control),
)


class App:
    """The ASGI application."""

    def __init__(self, world: World, pages: tuple[Door, ...] = ()) -> None:
        self.world, self.doors = world, (*DOORS, *pages)
        self.api = Api(world)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        found = self._recognise(scope)
        on = found[0].on if found else "api"
        call = Call(on, scope, receive, found[1].groupdict() if found else {}, headers_of(scope), new_id("req", 14))
        try:
            call.body = await read_body(receive)
        except ValueError as error:
            await Response(str(error), 413)(scope, receive, send)
            return
        if found and not on:
            response = await found[0].handler(self.world, call)
            self.world.finish()
            await response(scope, receive, send)
        else:
            await self._perform(call, found[0] if found else None, send)

    def _recognise(self, scope: Scope) -> tuple[Door, re.Match[str]] | None:
        method = "GET" if scope["method"] == "HEAD" else scope["method"]
        for one in self.doors:
            if re.fullmatch(one.method, method) and (match := one.path.fullmatch(scope["path"])):
                return one, match
        return None

    async def _perform(self, call: Call, page: Door | None, send: Send) -> None:
        """One call, of the API or of a page: logged, perhaps spoiled, answered."""
        entry = entry_of(call)
        self.world.calls.add(entry)
        if self.world.switches.down is True:
            await cut(call.scope, call.receive)
            return
        about = f"{call.path} {call.raw_query} {call.text}"
        call.rule = self.world.faults.take(call.on, method=call.method, path=call.path, about=about)
        entry.fault = call.rule.id if call.rule else None
        try:
            early = None if page else self.api.begin(call)
            if wait := call.fault("delay_s"):
                await asyncio.sleep(wait)
            if call.fault("cut") == "before_body":
                await cut(call.scope, call.receive)
                return
            response = await self._answer(call, page, early)
            await self.world.deliveries.send_early()
            if wait := call.fault("answer_delay_s"):
                await asyncio.sleep(wait)
        finally:
            self.api.end(call)
        await deliver(call, response, send, entry)
        entry.replayed = "idempotent-replayed" in response.headers
        entry.took_s = round(time.time() - entry.at, 4)

    async def _answer(self, call: Call, page: Door | None, early: Response | None) -> Response:
        """What is said, which a rule may replace before the work is done, or after it."""
        instead = self._instead(call)
        if instead is None or (call.fault("after") and early is None):
            response = early or await self._work(call, page)
            return spoken(call, instead) if instead else response
        if page or early:
            return spoken(call, instead)
        return dressed(call, self.api.answer(call, instead))

    async def _work(self, call: Call, page: Door | None) -> Response:
        if page is None:
            return self.api.answer(call)
        response = await page.handler(self.world, call)
        self.world.finish()
        return response

    def _instead(self, call: Call) -> Answer | None:
        """The error that a rule or a switch wants to be said."""
        status = int(call.fault("status") or self.world.switches.down or 0)
        if not status:
            return None
        body = call.fault("body")
        text = body if isinstance(body, str) else any_error(status, call.fault("error"))
        return Answer(status, text, call.request_id)


def spoken(call: Call, answer: Answer) -> Response:
    """The status and body that a rule asks for."""
    return dressed(call, told(call, answer))


def dressed(call: Call, response: Response) -> Response:
    for name, value in (call.fault("headers") or {}).items():
        response.headers[str(name)] = str(value)
    return response


async def deliver(call: Call, response: Response, send: Send, entry: Entry) -> None:
    how = call.fault("cut")
    if how == "before_reply":
        await cut(call.scope, call.receive)
        return
    entry.status = response.status_code
    wrong = call.fault("bytes")
    if wrong == "truncated":
        body = bytes(response.body)
        response = Response(body[: len(body) // 2], response.status_code, media_type="application/json")
    elif wrong:
        body, kind = WRONG[wrong]
        response = Response(body, response.status_code, media_type=kind)
    if how == "mid_body":
        await response(call.scope, call.receive, Halved(send))
        await cut(call.scope, call.receive)
        return
    await response(call.scope, call.receive, send)


def entry_of(call: Call) -> Entry:
    return Entry(
        on=call.on,
        method=call.method,
        path=call.path,
        query=call.raw_query,
        body=call.text[:LONGEST_BODY],
        idempotency_key=call.idempotency_key,
        request_id=call.request_id,
    )
