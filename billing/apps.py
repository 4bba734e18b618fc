from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class BillingConfig(AppConfig):
    name = "billing"

    def ready(self) -> None:
        from . import checks, ledger, packs, prices, topup_attempts, triggers  # noqa: F401, PLC0415  # models exist only now
        from .signals import purchase_paid, purchase_reversed  # noqa: PLC0415

        purchase_paid.connect(topup_attempts.on_purchase_paid, dispatch_uid="billing.topup_attempts")
        purchase_reversed.connect(topup_attempts.on_purchase_reversed, dispatch_uid="billing.topup_attempts")

        def after_migrate(*, using: str, **_: Any) -> None:
            triggers.after_migrate(using=using)
            prices.seed()
            packs.seed()
            ledger.open_books()

        post_migrate.connect(after_migrate, sender=self, weak=False, dispatch_uid="billing")
