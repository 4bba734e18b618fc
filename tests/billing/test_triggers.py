"""The promise of the database outlives a later migration of the same table."""

from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import connection, models
from django.db.migrations.operations import AlterField
from django.db.migrations.state import ProjectState
from django.db.utils import DatabaseError

from billing import checks, triggers
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
        assert triggers.missing(connection) == [name for name in triggers.triggers() if "transfer" in name]  # the trap
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


@pytest.mark.django_db
def test_migrate_can_begin_where_a_table_is_still_to_be_made() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE krea_site_staffact")

    assert triggers.missing(connection) == []
    assert checks.transfers_are_protected(databases=["default"]) == []


@pytest.mark.django_db(transaction=True)
def test_what_the_check_says_to_do_about_a_missing_trigger_helps() -> None:
    triggers.remove(connection)
    (error,) = checks.transfers_are_protected(databases=["default"])

    with pytest.raises(SystemCheckError):
        call_command("migrate", verbosity=0, skip_checks=False)
    assert "migrate --skip-checks" in str(error.hint)
    call_command("migrate", verbosity=0, skip_checks=True)

    assert triggers.missing(connection) == []
