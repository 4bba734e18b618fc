"""Numbered checks of billing: each says what is wrong and what to do."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.db import DatabaseError, connections

from . import triggers
from .models import Transfer


@register(Tags.database)
def transfers_are_protected(*, databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """billing.E001; asked only where a database may be touched (`check --database`, migrate, start)."""
    found: list[CheckMessage] = []
    for alias in databases or ():
        connection = connections[alias]
        try:
            if Transfer._meta.db_table not in connection.introspection.table_names():
                continue
            names = triggers.missing(connection)
        except DatabaseError:
            continue
        if names:
            found.append(
                Error(
                    f"Transfers can be edited or deleted: the trigger {names[0]} is missing.",
                    hint="Run `python manage.py migrate --skip-checks`; it installs the triggers anew.",
                    id="billing.E001",
                )
            )
    return found


@register
def stripe_is_whole(**_: Any) -> list[CheckMessage]:
    """billing.E002"""
    if bool(settings.STRIPE_SECRET_KEY) == bool(settings.STRIPE_WEBHOOK_SECRET):
        return []
    return [
        Error(
            "Only one of STRIPE_SECRET_KEY and STRIPE_WEBHOOK_SECRET is set: payments could be taken and not credited.",
            hint="Set both, or neither to use the local stand-in.",
            id="billing.E002",
        )
    ]
