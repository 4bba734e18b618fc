"""What is to happen at a time of the stand-in's clock: rows in the store, worked off in their order."""

import heapq

from standins.stripe.clock import Clock
from standins.stripe.objects import Object, new_id
from standins.stripe.store import Store

KIND = "_due"


class Due:
    """Each entry is done once, never before its time; those of one second in the order they were asked for."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self.store, self.clock = store, clock
        self._heap: list[tuple[int, int, str]] = []
        self._order = 0
        self._rows: dict[tuple[str, str], dict[str, Object]] = {}
        for row in store.oldest_first(KIND):
            self._push(row)

    def at(self, moment: int, deed: str, about: str) -> None:
        row = {"object": KIND, "id": new_id("due", 12), "at": moment, "deed": deed, "about": about}
        self.store.add(row)
        self._push(row)

    def forget(self, deed: str, about: str) -> None:
        """What was asked for is not to happen."""
        for row in self._rows.pop((deed, about), {}).values():
            self.store.remove(row)

    def next_at(self) -> int | None:
        """When the next entry is due."""
        while self._heap and self.store.get(KIND, self._heap[0][2]) is None:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def take(self, until: int) -> Object | None:
        """The next entry that is due until then, which is now in the caller's hands."""
        moment = self.next_at()
        if moment is None or moment > until:
            return None
        row = self.store.get(KIND, heapq.heappop(self._heap)[2])
        assert row is not None
        self.store.remove(row)
        self._rows.get((row["deed"], row["about"]), {}).pop(row["id"], None)
        return row

    def clear(self) -> None:
        self._heap.clear()
        self._rows.clear()

    def _push(self, row: Object) -> None:
        self._order += 1
        self._rows.setdefault((row["deed"], row["about"]), {})[row["id"]] = row
        heapq.heappush(self._heap, (row["at"], self._order, row["id"]))
