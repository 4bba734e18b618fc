"""Who waits for whose events in this process, and what is news for them.

Rows are read through a few threads, once for all who ask for the same. A wake-up (`wakeups`) says when to look, and one
poller is the net under it.
"""

import asyncio
import json
import resource
from collections import Counter, defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC
from typing import Any

import redis.asyncio
from django.conf import settings
from django.db import Error as DatabaseFault
from django.db import close_old_connections

from . import events, wakeups
from .models import Customer, Event, public_status

POLL_S = 0.5
POLL_BESIDE_REDIS_S = 5.0
SHARE_OF_FILES = 0.5  # of the open files that a process may have, what lines held open may take
_readers = ThreadPoolExecutor(max_workers=2, thread_name_prefix="live")


@dataclass(frozen=True)
class News:
    """Rows of one user in their order, none missing between them, and what a stream of ours says of them."""

    rows: list[Event]
    said: bytes


class TooMany(Exception):
    """One stream more is one too many: of this account where `is_account`, else of this process."""

    def __init__(self, *, is_account: bool) -> None:
        self.is_account = is_account
        super().__init__(is_account)


class Hub:
    """Who waits for whom in this process. Belongs to one event loop."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._waiting: dict[int, set[asyncio.Event]] = defaultdict(set)
        self._seen: dict[int, int] = {}
        self._reads: dict[tuple[int, int], asyncio.Task[News]] = {}
        self._streams: Counter[int] = Counter()  # open ones, by user
        self.waiting_calls = 0
        self._tasks: list[asyncio.Task[None]] = [asyncio.create_task(self._poll())]
        if settings.REDIS_URL:
            self._tasks.append(asyncio.create_task(self._subscribe()))
        wakeups.listen(self._ring_from_thread)

    def join(self, user_id: int) -> asyncio.Event:
        bell = asyncio.Event()
        self._waiting[user_id].add(bell)
        return bell

    def leave(self, user_id: int, bell: asyncio.Event) -> None:
        self._waiting[user_id].discard(bell)
        if not self._waiting[user_id]:
            del self._waiting[user_id]
            self._seen.pop(user_id, None)

    def open(self, user_id: int) -> asyncio.Event:
        """As `join`, for a stream. Raises TooMany."""
        if self._streams[user_id] >= settings.API_STREAMS:
            raise TooMany(is_account=True)
        if self.is_full:
            raise TooMany(is_account=False)
        self._streams[user_id] += 1
        return self.join(user_id)

    def close(self, user_id: int, bell: asyncio.Event) -> None:
        self.leave(user_id, bell)
        self._streams[user_id] -= 1
        if not self._streams[user_id]:
            del self._streams[user_id]

    @property
    def is_full(self) -> bool:
        """Whether this process holds as many streams and waiting calls as it may."""
        return self._streams.total() + self.waiting_calls >= most_lines()

    async def news(self, user_id: int, seq: int) -> News:
        """The user's events after `seq`: at least those that were committed before this was asked, read once for all
        who ask meanwhile; of very many, the first."""
        asked = (user_id, seq)
        if asked in self._reads:
            news = await asyncio.shield(self._reads[asked])
            if news.rows:
                return news
            # Nothing: but it was read before now, perhaps before the commit that rang. The next look was not.
        if asked not in self._reads:
            self._reads[asked] = asyncio.create_task(self._read(asked))
        return await asyncio.shield(self._reads[asked])

    async def _read(self, asked: tuple[int, int]) -> News:
        try:
            news: News = await in_reader(_news, *asked)
            return news
        finally:
            del self._reads[asked]

    def ring(self, user_id: int) -> None:
        for bell in self._waiting.get(user_id, ()):
            bell.set()

    def _ring_from_thread(self, user_id: int) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self.ring, user_id)

    async def _poll(self) -> None:
        """Compare the last numbers of all who are waited for: one query, however many streams."""
        while True:
            await asyncio.sleep(POLL_BESIDE_REDIS_S if settings.REDIS_URL else POLL_S)
            if not self._waiting:
                continue
            try:
                latest = await in_reader(_latest, list(self._waiting))
            except DatabaseFault:
                continue
            for user_id, seq in latest.items():
                if user_id in self._waiting and self._seen.get(user_id) != seq:
                    self._seen[user_id] = seq
                    self.ring(user_id)

    async def _subscribe(self) -> None:
        while True:
            try:
                async with redis.asyncio.from_url(settings.REDIS_URL) as client, client.pubsub() as channel:
                    await channel.subscribe(wakeups.CHANNEL)
                    async for message in channel.listen():
                        if message["type"] == "message":
                            self.ring(int(message["data"]))
            except (redis.RedisError, OSError):
                await asyncio.sleep(2)


_hubs: dict[int, Hub] = {}


def hub() -> Hub:
    """The hub of the running event loop."""
    loop = asyncio.get_running_loop()
    if id(loop) not in _hubs:
        _hubs[id(loop)] = Hub()
    return _hubs[id(loop)]


async def in_reader(work: Callable[..., Any], *args: Any) -> Any:
    """Run a short read in one of the readers' threads."""

    def run() -> Any:
        close_old_connections()
        return work(*args)

    return await asyncio.get_running_loop().run_in_executor(_readers, run)


async def rings(bell: asyncio.Event, within_s: float) -> bool:
    """Wait for a bell; False where it did not ring in time."""
    try:
        async with asyncio.timeout(max(0.0, within_s)):
            return await bell.wait()
    except TimeoutError:
        return False


def most_lines() -> int:
    """How many streams and waiting calls this process holds: what the setting says, or what its open files leave."""
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    most: int = settings.WEB_STREAMS
    return most if files == resource.RLIM_INFINITY else min(most, int(files * SHARE_OF_FILES))


def encode(row: Event) -> bytes:
    """One event as server-sent event: its data is one line of JSON, `{seq, type, created_at, data}`."""
    data = dict(row.data)
    if row.object_id is not None:
        data["id"] = str(row.object_id)
    if row.kind == events.IMAGE_UPDATED:
        data["status"] = public_status(data["status"])
    at = row.created_at.astimezone(UTC).isoformat().replace("+00:00", "Z")
    body = {"seq": row.seq, "type": row.kind, "created_at": at, "data": data}
    return f"id: {row.seq}\nevent: {row.kind}\ndata: {json.dumps(body, separators=(',', ':'))}\n\n".encode()


def _news(user_id: int, seq: int) -> News:
    rows = events.after(user_id, seq)
    return News(rows, b"".join(encode(row) for row in rows))


def _latest(user_ids: list[int]) -> dict[int, int]:
    return dict(Customer.objects.filter(user_id__in=user_ids).values_list("user_id", "seq"))
