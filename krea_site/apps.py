from typing import Any

from django.apps import AppConfig, apps
from django.db.models.signals import post_migrate


class KreaSiteConfig(AppConfig):
    name = "krea_site"

    def ready(self) -> None:
        from . import checks, schedule  # noqa: F401, PLC0415  # models exist only now

        def after_migrate(**_: Any) -> None:
            schedule.install()

        # Told of django_q's own tables, since an app without models is told nothing.
        post_migrate.connect(
            after_migrate, sender=apps.get_app_config("django_q"), weak=False, dispatch_uid="krea_site"
        )
