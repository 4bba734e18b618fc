"""Give a transfer that somebody altered in the database its amount back."""

import logging
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from billing import chains
from billing.models import Transfer

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    help = (
        "For a transfer that `audit_ledger` names as altered: give it the amount back that the balances around it say. "
        "Refuses where they do not say it."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("transfer", help="the id that the audit names")

    def handle(self, *, transfer: str, **_: Any) -> None:
        try:
            mended = chains.mend(str(UUID(transfer)))
        except (ValueError, Transfer.DoesNotExist):
            raise CommandError(f"There is no transfer {transfer[:40]!r}.") from None
        except chains.NotMended as reason:
            raise CommandError(str(reason)) from None
        logger.warning("mend_transfer: %s; it has its amount back", mended)
        self.stdout.write(f"{mended}. It says {mended.expected} again. Run audit_ledger now.")
