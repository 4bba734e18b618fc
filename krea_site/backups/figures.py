"""A database in numbers, read without the models of this release: a set may come from an older one."""

from django.db import connections
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import Sum

from billing.models import Account, Transfer
from krea_site.backups.manifest import Figures


def of(using: str) -> Figures:
    recorded = MigrationRecorder(connections[using]).applied_migrations()
    return Figures(tables(using), _ledger(using), sorted(f"{app}.{name}" for app, name in recorded))


def tables(using: str) -> dict[str, int]:
    """The rows of every table."""
    connection = connections[using]
    quote = connection.ops.quote_name
    found = {}
    with connection.cursor() as cursor:
        for name in sorted(connection.introspection.table_names(cursor)):
            cursor.execute(f"SELECT COUNT(*) FROM {quote(name)}")
            found[name] = cursor.fetchone()[0]
    return found


def _ledger(using: str) -> dict[str, int]:
    """What each book gave and received in all, and what the wallets hold."""
    moved = Transfer.objects.using(using)
    books = dict(Account.objects.using(using).exclude(book=None).values_list("pk", "book"))
    found = {"moved": moved.aggregate(all=Sum("amount", default=0))["all"]}
    for side in ("source", "target"):
        for account, amount in moved.filter(**{f"{side}__in": books}).values_list(side).annotate(Sum("amount")):
            found[f"{books[account]} as {side}"] = amount
    wallets = Account.objects.using(using).filter(book=None)
    for name in ("balance", "held", "debt"):
        found[f"wallets: {name}"] = wallets.aggregate(all=Sum(name, default=0))["all"]
    return found
