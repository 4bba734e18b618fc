from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class BillingConfig(AppConfig):
    name = "billing"

    def ready(self) -> None:
        from . import checks, ledger, prices, triggers  # noqa: F401, PLC0415  # models exist only now

        def after_migrate(*, using: str, **_: Any) -> None:
            triggers.after_migrate(using=using)
            prices.seed()
            ledger.open_books()

        post_migrate.connect(after_migrate, sender=self, weak=False, dispatch_uid="billing")
