from typing import Any

from django.apps import AppConfig
from django.http import HttpRequest


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        from allauth.account.models import EmailAddress  # noqa: PLC0415  # models exist only now
        from allauth.account.signals import email_confirmed  # noqa: PLC0415
        from allauth.mfa.signals import authenticator_added  # noqa: PLC0415

        from . import factors  # noqa: PLC0415
        from .signals import email_verified  # noqa: PLC0415

        def ring(*, request: HttpRequest, email_address: EmailAddress, **_: Any) -> None:
            email_verified.send(
                sender=EmailAddress, user=email_address.user, address=email_address.email, request=request
            )

        email_confirmed.connect(ring, weak=False, dispatch_uid="accounts")
        authenticator_added.connect(factors.on_added, dispatch_uid="accounts")
