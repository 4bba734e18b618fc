"""Many threads at the same moment, each with a database connection of its own, as processes have."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import connection

PATIENCE_S = 60.0
ON_POSTGRES = [
    pytest.mark.postgres,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(
        not django_settings.IS_POSTGRES,
        reason="races need PostgreSQL: set DATABASE_URL=postgres://…, SQLite lets one writer in at a time",
    ),
]


def together(works: Sequence[Callable[[], Any]]) -> list[Any]:
    """What each of the works returned or raised, in their order. All are connected before any of them begins."""
    barrier = threading.Barrier(len(works))

    def run(work: Callable[[], Any]) -> Any:
        try:
            connection.ensure_connection()
            barrier.wait(PATIENCE_S)
            return work()
        except Exception as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


def crowd(work: Callable[[], Any], size: int = 32) -> list[Any]:
    """The same work by so many at once."""
    return together([work] * size)


def failures(results: Sequence[object], *expected: type[Exception]) -> list[object]:
    """What was raised and is none of the expected: a deadlock, a broken rule."""
    return [result for result in results if isinstance(result, Exception) and not isinstance(result, expected)]
