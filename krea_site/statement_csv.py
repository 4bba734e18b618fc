"""The statement as a file: the ASGI application behind /billing/statement.csv.

It stands beside Django, so that a reader who is slow, or never reads, holds neither a page thread nor a database
connection: one thread of its own reads chunk after chunk, each only when its reader has taken the one before.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar
from urllib.parse import quote

from django.conf import settings
from django.db import close_old_connections
from django.http import QueryDict
from django.shortcuts import resolve_url

from accounts.fresh import is_stood_in
from billing import filters, statement_csv
from billing.filters import BadFilter, Filter
from billing.models import Account
from billing.statement import Place
from generations import live
from generations.live import Receive, Scope, Send
from krea_site.pouring import pour

PATH = "/billing/statement.csv"
P = ParamSpec("P")
T = TypeVar("T")
Headers = list[tuple[bytes, bytes]]

_reading = ThreadPoolExecutor(max_workers=1, thread_name_prefix="statement")
_PLAIN: Headers = [
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'"),
    (b"referrer-policy", b"same-origin"),
]


async def serve(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a GET or HEAD with the filtered statement of whoever is logged in; nobody is sent to log in."""
    query = scope["query_string"].decode("latin-1")
    if scope["method"] not in ("GET", "HEAD"):
        return await _say(send, 405, "Only GET and HEAD are answered here.", [(b"allow", b"GET, HEAD")])
    request = await live.in_reader(live.logged_in, scope)
    if request is not None and is_stood_in(request):
        return await _say(send, 403, "This is the customer's own file; staff reads the statement in the dashboard.")
    if request is None:
        log_in = f"{resolve_url(settings.LOGIN_URL)}?next={quote(f'{PATH}?{query}' if query else PATH)}"
        return await _say(send, 302, "Log in first.", [(b"location", log_in.encode("latin-1"))])
    try:
        chosen = filters.read(QueryDict(query).dict())
    except BadFilter as bad:
        return await _say(send, 400, str(bad))
    disposition = f'attachment; filename="{statement_csv.file_name(chosen)}"'.encode()
    headers = [(b"content-type", b"text/csv; charset=utf-8; header=present"), (b"content-disposition", disposition)]
    wallet = await _in_thread(_wallet, request.user.pk)
    first = await _in_thread(statement_csv.chunk, wallet, chosen, None)  # before anything is promised
    await send({"type": "http.response.start", "status": 200, "headers": [*headers, *_PLAIN]})
    if scope["method"] == "HEAD":
        return await send({"type": "http.response.body", "body": b""})
    await pour(_pieces(wallet, chosen, first), receive, send)


async def _pieces(
    wallet: Account | None, chosen: Filter, first: tuple[bytes, Place | None]
) -> AsyncGenerator[bytes, None]:
    body, after = statement_csv.head() + first[0], first[1]
    yield body
    while after is not None:
        body, after = await _in_thread(statement_csv.chunk, wallet, chosen, after)
        yield body


def _wallet(user_id: int) -> Account | None:
    return Account.objects.filter(user_id=user_id).first()


async def _say(send: Send, status: int, text: str, headers: Headers | None = None) -> None:
    plain = [(b"content-type", b"text/plain; charset=utf-8"), *_PLAIN, *(headers or [])]
    await send({"type": "http.response.start", "status": status, "headers": plain})
    await send({"type": "http.response.body", "body": f"{text}\n".encode()})


async def _in_thread(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    def run() -> T:
        close_old_connections()
        return work(*args, **kwargs)

    return await asyncio.get_running_loop().run_in_executor(_reading, run)
