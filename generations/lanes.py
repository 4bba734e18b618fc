"""The two lanes of the task queue: what is over in a moment goes before what takes long; within a lane, in order.

In one lane, the sends of one customer would wait behind another's hundreds of pictures that are being stored, and fal's
slots would stand idle meanwhile. Workers take from the slow lane only when the quick one is empty; that comes soon,
since no more can be sent than fal has slots.
"""

from time import sleep
from typing import Any

from django.db import connections
from django.utils import timezone
from django_q.brokers.orm import ORM
from django_q.brokers.redis_broker import Redis
from django_q.conf import Conf
from django_q.models import OrmQ

QUICK: str = Conf.CLUSTER_NAME
SLOW = f"{QUICK}-slow"
HASTE = {"sqlite": "PRAGMA synchronous = NORMAL", "postgresql": "SET synchronous_commit TO off"}


class OnDatabase(ORM):  # type: ignore[misc]  # django-q2 has no types
    """Jobs are rows, keyed by their lane."""

    _hasty: Any = None

    def dequeue(self) -> list[tuple[int, str]] | None:
        self._need_no_disk()
        for lane in (self.list_key, SLOW):
            rows = self.get_connection().filter(key=lane, lock__lt=timezone.now()).order_by("id")
            taken = [(row.pk, row.payload) for row in rows[: Conf.BULK] if self._lock(row)]
            if taken:
                return taken
        sleep(Conf.POLL)
        return None

    def _lock(self, row: OrmQ) -> bool:
        """Whether this cluster was the quickest to take the job."""
        mine = self.get_connection().filter(pk=row.pk, lock=row.lock)
        return bool(mine.update(lock=self.timeout(row)))

    def acknowledge(self, task_id: int) -> None:
        self._need_no_disk()
        super().acknowledge(task_id)

    def _need_no_disk(self) -> None:
        """Let the commits of this connection not wait for the disk: only the cluster's own bookkeeping uses it, and a
        job that a power cut brings back finds nothing to do."""
        connection = connections[Conf.ORM]
        connection.ensure_connection()
        if connection.connection is not self._hasty and not connection.in_atomic_block:
            self._hasty = connection.connection
            with connection.cursor() as cursor:
                cursor.execute(HASTE[connection.vendor])


class OnRedis(Redis):  # type: ignore[misc]
    """Jobs are entries of two lists; BLPOP looks at them in this order."""

    def dequeue(self) -> list[tuple[None, bytes]] | None:
        taken = self.connection.blpop([self.list_key, f"django_q:{SLOW}:q"], 1)
        return [(None, taken[1])] if taken else None
