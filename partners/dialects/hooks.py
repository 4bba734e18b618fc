"""In whose words is told what an order named an address of its own for. A dialect that takes such addresses has a
`hooks.py` of one shape, and its orders carry its name as `Order.dialect`; `partners.webhooks` writes the deliveries,
makes the calls and tries again, as for all others."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from generations.models import Event
from partners.models import Delivery, Order
from partners.webhooks.telling import Telling

from .civitai import hooks as civitai
from .fal import hooks as fal


@dataclass(frozen=True)
class Hooks:
    """`tellings`: what is told of an event of the order's generation, or of one of its images, in order. `body`: what
    is sent, made anew for each try; raises NothingToTell when it is gone. `headers`: the signature of a call, where it
    is not that of all others; raises `sealed.Unreadable`. `ladder`: the waits after each try that failed, where they
    are not those of all others. `is_over`: whether a status, or the code of a call that could not be made, ends it."""

    tellings: Callable[[Order, Event], Iterable[Telling]]
    body: Callable[[Delivery], bytes]
    headers: Callable[[Delivery, bytes, datetime], dict[str, str]] | None = None
    ladder: tuple[timedelta, ...] | None = None
    is_over: Callable[[int | None, str], bool] = lambda status, code: False


HOOKS = {
    "civitai": Hooks(civitai.tellings, civitai.body),
    "fal": Hooks(fal.tellings, fal.body, fal.headers, fal.LADDER, fal.is_over),
}
