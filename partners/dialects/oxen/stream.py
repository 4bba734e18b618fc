"""The stream of completions: what ended lately is told again to whoever comes, since samples order first and listen
afterwards; then what ends."""

from datetime import timedelta

from django.utils import timezone

from generations import events
from generations.live import Teller
from generations.models import Event, Generation, Image
from partners.dialects import seen

from . import wire

TOLD_AGAIN_FOR = timedelta(minutes=10)
ONCE_MORE_S = 1.0  # a second write some time after an event makes a reader notice that its own reader has gone
TIMES = 3


class CompletionTeller(Teller):
    def __init__(self, user_id: int) -> None:
        self.user_id = user_id
        self._once_more = 0

    def opening(self) -> bytes:
        return b": listening\n\n"

    def tell(self, rows: list[Event]) -> bytes:
        ended = {row.object_id: row.seq for row in rows if row.object_id and row.kind == events.GENERATION_FINISHED}
        found = Generation.objects.filter(user_id=self.user_id, pk__in=list(ended)).prefetch_related("images")
        told = {each.row.pk: wire.event(each, address) for each in seen.seen(found)}
        if not told:
            return b""
        self._again(TIMES)
        return b"".join(f"id: {ended[id]}\n".encode() + told[id] for id in ended if id in told) + wire.PADDING

    def idle(self) -> bytes:
        self._again(self._once_more - 1)
        return b": keep-alive\n\n"

    def _again(self, times: int) -> None:
        self._once_more = max(times, 0)
        self.keep_alive_s = ONCE_MORE_S if self._once_more else None


def since(user_id: int) -> int:
    """The number of the last event that is not told again."""
    rows = Event.objects.filter(user_id=user_id, created_at__gte=timezone.now() - TOLD_AGAIN_FOR)
    first = rows.order_by("seq").values_list("seq", flat=True).first()
    return events.latest(user_id) if first is None else first - 1


def address(image: Image) -> str:
    return seen.link(image).address
