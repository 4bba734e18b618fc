"""Where the site differs from allauth's ways."""

from contextlib import suppress
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import qrcode  # type: ignore[import-untyped]
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress
from allauth.core import context as allauth_context
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.core.mail import EmailMessage
from django.db import IntegrityError, transaction
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from qrcode.image.svg import SvgPathFillImage  # type: ignore[import-untyped]

from . import devices, factors, sealed
from .letters import compose
from .models import User

UNKNOWN = "account/email/unknown_account"
WAYS = {
    "reauthenticate": "Use your password",
    "mfa_reauthenticate": "Use a code",
    "mfa_reauthenticate:webauthn": "Use a passkey",
}


class Adapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth has no types
    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "account_inactive": "This account is closed.",
        "duplicate_email": "This is the address of your account already.",
        "email_password_mismatch": "There is no account with this e-mail address and this password.",
        "enter_current_password": "This is not your current password.",
        "incorrect_code": "This code is not right. An app's code changes every 30 seconds; a recovery code works once.",
        "incorrect_password": "This is not your password.",
        "rate_limited": "Too many attempts. Wait five minutes, then try again.",
        "too_many_login_attempts": "Too many attempts. Wait five minutes, then try again.",
    }

    def render_mail(
        self, template_prefix: str, email: str, context: dict[str, Any], headers: dict[str, str] | None = None
    ) -> EmailMessage:
        """The mail in the site's own look, from one template: `<prefix>_message.txt`."""
        device = devices.in_words(context.get("user_agent", ""))
        return compose(email, f"{template_prefix}_message.txt", {**context, "device": device})

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Links in mails go to the site's own address, whatever name the request came in by. Who is suspended and asks
        for a new password is not told that there is no account."""
        if template_prefix == UNKNOWN and any(user.is_suspended for user in User.objects.filter(email=email.lower())):
            template_prefix, context = "account/email/account_suspended", {**context, **whom_to_write_to()}
        super().send_mail(template_prefix, email, {key: _ours(key, value) for key, value in context.items()})

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return bool(settings.SIGNUP_OPEN)

    def save_user(self, request: HttpRequest, user: User, form: BaseForm, commit: bool = True) -> User:
        """The password is hashed before anything is locked: that takes long, and SQLite has one writer."""
        super().save_user(request, user, form, commit=False)
        if commit:
            with transaction.atomic():
                user.save()
        return user

    def confirm_email(self, request: HttpRequest, email_address: EmailAddress) -> bool:
        """False where the address became somebody else's meanwhile."""
        # Whatever follows from it is written down with it, or neither is; the database knows one owner of an address.
        with suppress(IntegrityError), transaction.atomic():
            return bool(super().confirm_email(request, email_address))
        failed, known = "account/messages/email_confirmation_failed.txt", {"email": email_address.email}
        self.add_message(request, messages.ERROR, failed, known)
        return False

    def respond_user_inactive(self, request: HttpRequest, user: AbstractBaseUser) -> HttpResponse:
        """Said only to whoever has just shown that the account is theirs."""
        if isinstance(user, User) and user.is_suspended:
            return render(request, "account/suspended.html", whom_to_write_to(), status=403)
        return redirect("account_inactive")

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("account-home")

    def get_reauthentication_methods(self, user: AbstractBaseUser | AnonymousUser) -> list[dict[str, Any]]:
        """Who has a second factor confirms with it: a password that somebody else knows opens nothing dangerous."""
        ways = [{**way, "description": WAYS[way["id"]]} for way in super().get_reauthentication_methods(user)]
        by_factor = [way for way in ways if way["id"] != "reauthenticate"]
        if by_factor and not factors.has_app(user):
            by_factor.reverse()  # a passkey before a recovery code
        return by_factor or ways

    def is_safe_url(self, url: str | None) -> bool:
        """Whether one may be sent on to this address: a path, or a page of the very site that was asked."""
        request = allauth_context.request
        return url_has_allowed_host_and_scheme(url, {request.get_host()}, require_https=request.is_secure())

    def is_ajax(self, request: HttpRequest) -> bool:
        """Every page answers as a page: allauth's second reading of each as JSON is not used."""
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        """The client's address, as the server found it behind TRUSTED_PROXIES. One of IPv4 in the clothes of IPv6 is
        told as what it is: else all of them would share the limits of one network."""
        address = ip_address(super().get_client_ip(request))
        return str(getattr(address, "ipv4_mapped", None) or address)


def whom_to_write_to() -> dict[str, str]:
    """What the words about a suspension need to say where to complain."""
    return {"reply_to": settings.MAIL_REPLY_TO, "imprint": settings.PUBLIC_URL + reverse("imprint")}


def _ours(key: str, value: Any) -> Any:
    if not key.endswith("_url") or not isinstance(value, str):
        return value
    parts = urlsplit(value)
    return f"{settings.PUBLIC_URL}{parts.path}" + (f"?{parts.query}" if parts.query else "")


class MFAAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "cannot_delete_authenticator": "This cannot be switched off.",
        "cannot_generate_recovery_codes": "Recovery codes stand in for a second factor. Add one first.",
        "incorrect_code": Adapter.error_messages["incorrect_code"],
        "unreadable_key": "The passkey could not be read. Load the page again and try once more.",
        "unverified_email": "Confirm your e-mail address first. The mail with the link is in your inbox.",
        "used_code": "This code was used before. Wait for the next one.",
    }

    def encrypt(self, text: str) -> str:
        return sealed.seal(text)

    def decrypt(self, encrypted_text: str) -> str:
        return sealed.unseal(encrypted_text)

    def get_totp_issuer(self) -> str:
        return str(settings.SITE_NAME)

    def build_totp_svg(self, url: str) -> str:
        """Black on white in a dark page too: cameras want it so."""
        made = qrcode.make(url, image_factory=SvgPathFillImage, border=2)
        return str(made.to_string(encoding="unicode"))

    def generate_authenticator_name(self, user: AbstractBaseUser, type: Authenticator.Type) -> str:
        count = Authenticator.objects.filter(user_id=user.pk, type=type).count()
        return "Passkey" if count == 0 else f"Passkey {count + 1}"

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        """Passkeys belong to the site's own name, whatever name the request came in by."""
        return {"id": settings.PUBLIC_HOST, "name": settings.SITE_NAME}
