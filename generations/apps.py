from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class GenerationsConfig(AppConfig):
    name = "generations"

    def ready(self) -> None:
        from billing.signals import wallet_moved  # noqa: PLC0415  # models exist only now

        from . import checks, events, fal_state, search_index  # noqa: F401, PLC0415

        wallet_moved.connect(events.balance_moved, dispatch_uid="generations.events")

        def after_migrate(*, using: str, **_: Any) -> None:
            search_index.after_migrate(using=using)
            fal_state.row()

        post_migrate.connect(after_migrate, sender=self, weak=False, dispatch_uid="generations")
