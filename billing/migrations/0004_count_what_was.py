"""Count what was moved and set aside before tallies and ceilings were kept: each transfer into its day's tally, each hold
into its wallet's day and month."""

from collections import defaultdict
from datetime import UTC, date
from typing import Any

from django.db import migrations
from django.db.models import Case, Count, F, Sum, When
from django.db.models.functions import TruncDate

AT_ONCE = 2000


def tally(apps: Any, _: Any) -> None:
    transfers, tallies = apps.get_model("billing", "Transfer").objects, apps.get_model("billing", "Tally")
    for side, account in (("out", "source"), ("in", "target"), ("owed", "debtor")):
        mine = transfers.filter(**{f"{account}__isnull": False, f"{account}__book": None}).order_by()
        days = mine.values_list(account, TruncDate("created_at", tzinfo=UTC), "kind", "subject")
        tallies.objects.bulk_create(
            (
                tallies(
                    wallet_id=wallet, day=day, kind=kind, side=side, subject=subject, movements=movements, amount=amount
                )
                for wallet, day, kind, subject, movements, amount in days.annotate(Count("pk"), Sum("amount"))
            ),
            batch_size=AT_ONCE,
        )


def count_use(apps: Any, _: Any) -> None:
    kept = Case(When(settled_at=None, then=F("amount")), default=F("captured"))
    holds = apps.get_model("billing", "Hold").objects.order_by().annotate(day=TruncDate("created_at", tzinfo=UTC))
    used: dict[tuple[int, str, date], int] = defaultdict(int)
    for wallet, day, amount in holds.values_list("wallet", "day").annotate(total=Sum(kept)):
        used[wallet, "day", day] += amount
        used[wallet, "month", day.replace(day=1)] += amount
    allowances = apps.get_model("billing", "Allowance")
    allowances.objects.bulk_create(
        (
            allowances(name=f"wallet:{wallet}", period=period, since=since, limit=None, used=amount)
            for (wallet, period, since), amount in used.items()
        ),
        batch_size=AT_ONCE,
    )


class Migration(migrations.Migration):
    dependencies = [("billing", "0003_statement")]

    operations = [
        migrations.RunPython(tally, migrations.RunPython.noop),
        migrations.RunPython(count_use, migrations.RunPython.noop),
    ]
