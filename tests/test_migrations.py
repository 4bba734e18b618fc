"""Old code survives new tables: while an upgrade runs, the former release still writes into the migrated database.

RELEASED names the last migration of each app that a release has brought out; what is newer is looked at here. An
exception stands in EXCUSED with its reason. docs/operations.md tells how to add, fill and tighten in three releases.
"""

from collections.abc import Iterator

from django.db import models
from django.db.migrations import Migration
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations import (
    AddConstraint,
    AddField,
    AddIndex,
    AlterField,
    AlterModelTable,
    AlterUniqueTogether,
    CreateModel,
    DeleteModel,
    RemoveField,
    RenameField,
    RenameModel,
    SeparateDatabaseAndState,
)
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState
from django.db.models.fields import NOT_PROVIDED

RELEASED = {"accounts": 1, "billing": 5, "generations": 6, "krea_site": 4, "partners": 9}
GONE = (RemoveField, RenameField, RenameModel, DeleteModel, AlterModelTable, AlterUniqueTogether)
# Tables that grow with history: to build an index on one locks its writers for seconds.
LARGE = {
    "billing.transfer", "billing.hold", "billing.tally", "generations.generation", "generations.image",
    "generations.draw", "generations.event", "generations.promptwords", "partners.order", "partners.delivery",
}  # fmt: skip
SECONDS = "built in seconds, after hours; docs/operations.md, Upgrading, says how long for how many rows"
EXCUSED = {  # what a finding begins with: why old code survives it all the same
    "billing.0006_dashboard: billing.hold gets the constraint hold_returned_within": "old code leaves `returned` at 0",
    "billing.0006_dashboard: billing.price gets the constraint price_": "old code writes prices in migrations alone",
    "generations.0007_dashboard: generations.draw gets the index": SECONDS,
    "generations.0007_dashboard: generations.generation gets the index": SECONDS,
    "generations.0007_dashboard: generations.image gets the index": SECONDS,
}


def test_code_of_the_former_release_survives_every_new_migration() -> None:
    found = [finding for finding in findings() if not finding.startswith(tuple(EXCUSED))]

    assert found == []


def test_every_excuse_is_still_needed() -> None:
    there = list(findings())

    assert [excuse for excuse in EXCUSED if not any(finding.startswith(excuse) for finding in there)] == []


def findings() -> Iterator[str]:
    """One sentence for each operation that old code may not survive, as `app.migration: what`."""
    loader = MigrationLoader(None)
    state = ProjectState()
    for key in plan(loader):
        migration = loader.disk_migrations[key]
        is_new = key[0] in RELEASED and int(key[1][:4]) > RELEASED[key[0]]
        made = {each.name_lower for each in migration.operations if isinstance(each, CreateModel)} if is_new else set()
        for operation in migration.operations:
            on_tables = (
                operation.database_operations if isinstance(operation, SeparateDatabaseAndState) else [operation]
            )
            for done in on_tables:
                if is_new:
                    yield from (f"{key[0]}.{key[1]}: {what}" for what in judged(migration, done, state, made))
            operation.state_forwards(key[0], state)


def plan(loader: MigrationLoader) -> list[tuple[str, str]]:
    """Every migration, each after those that it depends on."""
    order: dict[tuple[str, str], None] = {}
    for leaf in sorted(loader.graph.leaf_nodes()):
        order |= dict.fromkeys(loader.graph.forwards_plan(leaf))
    return list(order)


def judged(migration: Migration, operation: Operation, state: ProjectState, made: set[str]) -> Iterator[str]:
    name = str(getattr(operation, "model_name", getattr(operation, "name", ""))).lower()
    if isinstance(operation, GONE):
        yield f"{type(operation).__name__} {name} {getattr(operation, 'name', '')}: old code still reads it"
    if name in made or not name:
        return
    label = f"{migration.app_label}.{name}"
    if isinstance(operation, AddField) and needs_a_value(operation.field):
        yield f"{label}.{operation.name} is neither null nor has a db_default: old code's INSERT names it not"
    if isinstance(operation, AlterField):
        before = state.models[migration.app_label, name].fields[operation.name]
        if before.null and not operation.field.null:
            yield f"{label}.{operation.name} becomes NOT NULL: old code may still leave it out"
        if is_shorter(before, operation.field):
            yield f"{label}.{operation.name} becomes shorter: old code may still write more"
    if isinstance(operation, AddConstraint):
        yield f"{label} gets the constraint {operation.constraint.name}: old code may not keep it"
    if isinstance(operation, AddIndex) and label in LARGE:
        yield f"{label} gets the index {operation.index.name}: writers wait while it is built"


def needs_a_value(field: "models.Field[object, object]") -> bool:
    has_column = not isinstance(field, models.ManyToManyField)
    return has_column and not field.null and field.db_default is NOT_PROVIDED


def is_shorter(before: "models.Field[object, object]", after: "models.Field[object, object]") -> bool:
    lengths = (getattr(before, "max_length", None), getattr(after, "max_length", None))
    return lengths[1] is not None and (lengths[0] is None or lengths[1] < lengths[0])
