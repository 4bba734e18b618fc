"""The queue in pretended time: fal draws so many at once, first come, first served, each for its typical seconds."""

from collections import deque
from heapq import heappop, heappush
from uuid import UUID

from django.conf import settings

from generations import dispatch, draws, lifecycle
from generations.models import Draw, Generation, Image, Status
from tests.faults.pretend_fal import DELIVERED


class Clockwork:
    """`now` in seconds from the beginning; `done` says when each image was stored, in the order of their ends."""

    def __init__(self) -> None:
        self.now = 0.0
        self.done: dict[UUID, float] = {}
        self._waiting: deque[Draw] = deque()
        self._ends: list[tuple[float, int, Draw]] = []
        self._begun = 0

    def run(self, *, until: float | None = None, images: int | None = None, of: Generation | None = None) -> None:
        """Draw until a moment, until so many images are stored, or until a generation is finished."""
        wanted = set(Image.objects.filter(generation=of).values_list("id", flat=True)) if of else None
        while True:
            self._send()
            if images is not None and len(self.done) >= images:
                return
            if wanted is not None and wanted <= self.done.keys():
                return
            if not self._ends or (until is not None and self._ends[0][0] > until):
                self.now = self.now if until is None else until
                return
            self._end_one()

    def wait_of(self, generation: Generation, *, asked_at: float) -> float:
        """Seconds from the order to the last picture."""
        return max(self.done[image.id] for image in Image.objects.filter(generation=generation)) - asked_at

    def _send(self) -> None:
        dispatch.run()
        new = Draw.objects.select_related("image__generation").filter(image__status=Status.SENDING)
        for draw in new.order_by("image__turn", "image_id"):
            draws.claim(draw)
            draws.accepted(draw, f"request-{draw.pk}")
            self._waiting.append(draw)
        while self._waiting and len(self._ends) < settings.FAL_CONCURRENCY:
            draw = self._waiting.popleft()
            self._begun += 1
            heappush(self._ends, (self.now + draw.image.generation.model.typical_seconds, self._begun, draw))

    def _end_one(self) -> None:
        self.now, _, draw = heappop(self._ends)
        draws.answered(draw, *DELIVERED)
        lifecycle.finish(draw.image, Status.STORED, draw=draw, sha256=draw.pk.hex * 2)
        self.done[draw.image_id] = self.now
