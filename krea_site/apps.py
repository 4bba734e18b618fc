from typing import Any

from django.apps import AppConfig, apps
from django.db.models.signals import post_migrate


class KreaSiteConfig(AppConfig):
    name = "krea_site"

    def ready(self) -> None:
        from accounts.signals import email_verified  # noqa: PLC0415  # models exist only now
        from partners.signals import endpoint_disabled, key_found  # noqa: PLC0415

        from . import checks, mail_hosts, partner_mails, schedule, trial  # noqa: F401, PLC0415

        email_verified.connect(trial.on_email_verified, dispatch_uid="krea_site.trial")
        endpoint_disabled.connect(partner_mails.on_endpoint_disabled, dispatch_uid="krea_site.partner_mails")
        key_found.connect(partner_mails.on_key_found, dispatch_uid="krea_site.partner_mails")

        def after_migrate(**_: Any) -> None:
            schedule.install()
            mail_hosts.seed()

        # Told of django_q's own tables, since an app without models is told nothing.
        post_migrate.connect(
            after_migrate, sender=apps.get_app_config("django_q"), weak=False, dispatch_uid="krea_site"
        )
