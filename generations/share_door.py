"""Hand out the pictures of links: the ASGI application behind /s/<token>/picture.

The address that previews name: as lasting as its link, and no longer. The link is looked up at every reading, and what
was read is kept for a minute at most. The page itself shows signed addresses; the original has no other.
"""

import re
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from . import live, shares
from .pictures import links
from .pictures import serve as pictures

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

PATH = re.compile(rf"/s/(?P<token>{shares.TOKEN.pattern})/picture", re.ASCII)
KEPT_S = 60
UNLISTED = (b"x-robots-tag", b"noindex")


async def serve(
    scope: MutableMapping[str, Any], receive: Receive, send: Send, restore: pictures.Restore = pictures.nowhere
) -> None:
    """Answer one GET or HEAD of anybody: 200, 206, 304, 404, 405 or 416."""

    async def unlisted(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message["headers"], UNLISTED]}
        await send(message)

    if scope["method"] not in {"GET", "HEAD"}:
        return await pictures.say(unlisted, 405, "Only GET and HEAD are answered here.", [(b"allow", b"GET, HEAD")])
    found = PATH.fullmatch(scope["path"])
    name = await live.in_reader(shares.card_name, found["token"]) if found else None
    if name is None:
        return await pictures.say(unlisted, 404, "This picture is not here any more.")
    granted = links.Granted(int(time.time()) + KEPT_S, filename=None)
    await pictures.hand_out(scope, receive, unlisted, name, granted, restore)
