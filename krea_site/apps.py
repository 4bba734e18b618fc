import gc
from typing import Any

from django.apps import AppConfig, apps
from django.db.models.signals import post_migrate

from krea_site import USUAL_THRESHOLD


class KreaSiteConfig(AppConfig):
    name = "krea_site"

    def ready(self) -> None:
        from accounts.signals import email_verified  # noqa: PLC0415  # models exist only now
        from billing import signals as money  # noqa: PLC0415
        from generations import live  # noqa: PLC0415
        from generations.signals import generation_settled  # noqa: PLC0415
        from partners.signals import endpoint_disabled, key_found  # noqa: PLC0415

        from . import (  # noqa: F401, PLC0415
            billing_mails,
            checks,
            impersonation,
            mail_hosts,
            nudges,
            partner_mails,
            retries,
            schedule,
            sentry,
            task_logs,
            trial,
        )

        sentry.begin()
        task_logs.connect()
        money.task_wanted.connect(nudges.on_task_wanted, dispatch_uid="krea_site.nudges")
        for signal, receiver in (
            (money.purchase_paid, billing_mails.on_purchase_paid),
            (money.purchase_ended, billing_mails.on_purchase_ended),
            (money.subscription_behind, billing_mails.on_subscription_behind),
            (money.dispute_opened, billing_mails.on_dispute_opened),
            (money.top_up_ended, billing_mails.on_top_up_ended),
            (money.top_up_switched_off, billing_mails.on_top_up_switched_off),
            (money.top_up_ceiling_reached, billing_mails.on_top_up_ceiling_reached),
            (money.balance_low, billing_mails.on_balance_low),
        ):
            signal.connect(receiver, dispatch_uid="krea_site.billing_mails")
        email_verified.connect(trial.on_email_verified, dispatch_uid="krea_site.trial")
        generation_settled.connect(retries.on_generation_settled, dispatch_uid="krea_site.retries")
        endpoint_disabled.connect(partner_mails.on_endpoint_disabled, dispatch_uid="krea_site.partner_mails")
        key_found.connect(partner_mails.on_key_found, dispatch_uid="krea_site.partner_mails")

        live.STAND_INS.append(impersonation.stand_in)

        def after_migrate(**_: Any) -> None:
            schedule.install()
            mail_hosts.seed()

        # Told of django_q's own tables, since an app without models is told nothing.
        post_migrate.connect(
            after_migrate, sender=apps.get_app_config("django_q"), weak=False, dispatch_uid="krea_site"
        )
        # Models and modules are never garbage: no later look goes through them, nor does the last one at the end; and
        # what a worker's forks share with it is not written to.
        gc.freeze()
        gc.set_threshold(*USUAL_THRESHOLD)
