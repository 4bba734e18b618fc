"""Whether the database is as the code needs it; a local one is brought there on the spot."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor


class Behind(Exception):
    """The database lacks migrations, and is not ours alone to change."""


def migrate() -> None:
    """Bring the database to the newest migration; two who do so on one machine take turns."""
    with _alone():
        call_command("migrate", interactive=False, verbosity=0)


def migrate_local() -> bool:
    """Bring this machine's own SQLite file up to date; whether there was something to do. Raises Behind for another
    database, where other machines may run on the old tables."""
    if not is_behind():
        return False
    if settings.IS_POSTGRES:
        raise Behind
    migrate()
    return True


def is_behind() -> bool:
    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


@contextmanager
def _alone() -> Iterator[None]:
    settings.VAR_DIR.mkdir(parents=True, exist_ok=True)
    with (settings.VAR_DIR / "migrate.lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
