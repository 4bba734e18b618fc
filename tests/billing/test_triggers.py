"""The promise of the database outlives a later migration of the same table."""

from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, models
from django.db.migrations.operations import AlterField
from django.db.migrations.state import ProjectState
from django.db.utils import DatabaseError

from billing import triggers
from billing.models import Transfer
from tests.conftest import make_user


def alter_memo(length: int) -> None:
    """What a migration does that changes a column of the transfers; SQLite rebuilds the whole table for it."""
    before = ProjectState.from_apps(Transfer._meta.apps)
    after = before.clone()
    change = AlterField("transfer", "memo", models.CharField(max_length=length, null=length % 2 == 1))
    change.state_forwards("billing", after)
    with connection.schema_editor() as editor:
        change.database_forwards("billing", editor, before, after)


@pytest.mark.django_db(transaction=True)
def test_triggers_and_checks_survive_a_later_migration() -> None:
    make_user("alice@example.com", 5_00)

    alter_memo(301)
    if connection.vendor == "sqlite":
        assert triggers.missing(connection) == list(triggers.TRIGGERS)  # the trap
    call_command("migrate", verbosity=0)

    assert triggers.missing(connection) == []
    refused: list[tuple[str, list[Any]]] = [
        ("UPDATE billing_transfer SET amount = 1", []),
        ("DELETE FROM billing_transfer", []),
        ("UPDATE billing_account SET held = balance + 1 WHERE user_id IS NOT NULL", []),
        ("UPDATE billing_account SET held = -1", []),
    ]
    for sql, params in refused:
        with pytest.raises(DatabaseError), connection.cursor() as cursor:
            cursor.execute(sql, params)
    assert Transfer.objects.get().amount == 5_00
    alter_memo(300)
    call_command("migrate", verbosity=0)
