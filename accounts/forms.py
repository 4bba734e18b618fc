"""allauth's forms, with words that help: every field says what it wants, and every error what to do."""

from dataclasses import dataclass
from typing import Any

from allauth.account import forms as account
from allauth.account.models import EmailAddress
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base import forms as base
from allauth.mfa.models import Authenticator
from allauth.mfa.totp import forms as totp
from allauth.mfa.webauthn import forms as webauthn
from django import forms
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponseBase

from . import addresses, codes

PASSWORD_LENGTH_MOST = 1000
PASSWORD_RULES = (
    "At least 10 characters, such as four or five words. It must not be a common password or resemble your address."
)


@dataclass(frozen=True)
class Words:
    label: str
    missing: str
    help: str = ""
    attributes: tuple[tuple[str, str], ...] = ()


_ADDRESS = (("autocapitalize", "none"), ("spellcheck", "false"))
_CODE = (("inputmode", "numeric"), ("autocapitalize", "none"), ("spellcheck", "false"))
WORDS = {
    "login": Words("E-mail address", "Enter your e-mail address.", "", (("autocomplete", "username"), *_ADDRESS)),
    "email": Words("E-mail address", "Enter your e-mail address.", "", (("autocomplete", "username"), *_ADDRESS)),
    "password": Words("Password", "Enter your password."),
    "oldpassword": Words("Current password", "Enter your current password."),
    "password1": Words("Password", "Choose a password.", PASSWORD_RULES),
    "code": Words("Code", "Enter the code.", "", _CODE),
    "name": Words("Name", "Give it a name.", "So that you know it again, such as “Phone” or “Blue key”."),
}


class Helpful(forms.Form):
    """Our words in place of allauth's, no placeholder that repeats a label, and the cursor in the first wrong field."""

    words: dict[str, Words] = {}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields.pop("password2", None)  # one field, which can be shown, instead of the same word twice
        for name, words in {**WORDS, **self.words}.items():
            if name in self.fields:
                _say(self.fields[name], words)

    def full_clean(self) -> None:
        super().full_clean()
        wrong = next((name for name in self.fields if name in self.errors), None)
        if wrong is not None and not self.fields[wrong].widget.is_hidden:
            self.fields[wrong].widget.attrs["autofocus"] = True


def _say(field: forms.Field, words: Words) -> None:
    field.label, field.help_text = words.label, words.help
    field.error_messages["required"] = words.missing
    attributes = field.widget.attrs
    attributes.pop("placeholder", None)
    attributes.update(words.attributes)
    if isinstance(field, forms.EmailField):
        field.error_messages["invalid"] = "Enter an e-mail address such as name@example.com."
    if isinstance(field.widget, forms.PasswordInput):
        attributes["maxlength"] = str(PASSWORD_LENGTH_MOST)
        field.validators.append(MaxLengthValidator(PASSWORD_LENGTH_MOST))  # hashing a megabyte takes its time


class Login(Helpful, account.LoginForm):  # type: ignore[misc]  # allauth has no types
    pass


class SignUp(Helpful, account.SignupForm):  # type: ignore[misc]
    def validate_unique_email(self, value: str) -> str:
        self.account_already_exists = addresses.owner(value) is not None
        return value

    def try_save(self, request: HttpRequest) -> tuple[AbstractBaseUser | None, HttpResponseBase | None]:
        """The new user; or none, and the answer, which is the same for an address that has an account."""
        if self.account_already_exists:
            make_password(self.cleaned_data["password1"])  # takes as long as it does for a new account
            return self._save(request)
        try:
            return self._save(request)
        except IntegrityError:  # the same person twice at once, and the other one was quicker
            self.account_already_exists = True
            return self._save(request)

    def _save(self, request: HttpRequest) -> tuple[AbstractBaseUser | None, HttpResponseBase | None]:
        user, answer = super().try_save(request)
        if user is not None:
            # allauth leaves it out where somebody else wishes to change to this address.
            EmailAddress.objects.get_or_create(user=user, email=user.email, defaults={"primary": True})
        return user, answer


class AddEmail(Helpful, account.AddEmailForm):  # type: ignore[misc]
    words = {
        "email": Words(
            "New e-mail address", "Enter the new e-mail address.", "", (("autocomplete", "email"), *_ADDRESS)
        )
    }


class ChangePassword(Helpful, account.ChangePasswordForm):  # type: ignore[misc]
    words = {"password1": Words("New password", "Choose a new password.", PASSWORD_RULES)}


class SetPassword(Helpful, account.SetPasswordForm):  # type: ignore[misc]
    pass


class ResetPassword(Helpful, account.ResetPasswordForm):  # type: ignore[misc]
    users: list[AbstractBaseUser]

    def clean_email(self) -> str:
        email: str = super().clean_email()
        owner = addresses.owner(email)
        self.users = [user for user in self.users if user == owner]
        return email


class ResetPasswordFromKey(Helpful, account.ResetPasswordKeyForm):  # type: ignore[misc]
    words = {"password1": Words("New password", "Choose a new password.", PASSWORD_RULES)}


class Reauthenticate(Helpful, account.ReauthenticateForm):  # type: ignore[misc]
    pass


class UsedOnce(forms.Form):
    """A code of an authenticator app opens one door once, for as long as it is valid."""

    user: Any

    def clean_code(self) -> str:
        if codes.is_used(self.user, self.cleaned_data["code"]):
            raise get_adapter().validation_error("used_code")
        code: str = super().clean_code()  # type: ignore[misc]
        factor = getattr(self, "authenticator", None)
        is_of_app = factor is None or factor.type == Authenticator.Type.TOTP
        if is_of_app and not codes.use(self.user, code):
            raise get_adapter().validation_error("used_code")
        return code


class Authenticate(UsedOnce, Helpful, base.AuthenticateForm):  # type: ignore[misc]
    words = {
        "code": Words("Code", "Enter the code.", "Six digits from your authenticator app, or a recovery code.", _CODE)
    }


class ReauthenticateByCode(UsedOnce, Helpful, base.ReauthenticateForm):  # type: ignore[misc]
    words = Authenticate.words


class ActivateApp(UsedOnce, Helpful, totp.ActivateTOTPForm):  # type: ignore[misc]
    words = {"code": Words("Code from the app", "Enter the code that the app shows.", "Six digits.", _CODE)}


class Answered(forms.Form):
    """What a browser answers is checked by a library that may stumble over anything else."""

    def clean(self) -> dict[str, Any] | None:
        try:
            cleaned: dict[str, Any] | None = super().clean()
        except (ValueError, TypeError, KeyError, AttributeError):
            raise unreadable() from None
        return cleaned


def unreadable() -> ValidationError:
    error: ValidationError = get_adapter().validation_error("unreadable_key")
    return error


class AddPasskey(Helpful, Answered, webauthn.AddWebAuthnForm):  # type: ignore[misc]
    words = {
        "credential": Words("Passkey", "The browser gave no passkey. Try again, in a browser that runs JavaScript."),
        "passwordless": Words(
            "Log in with it alone",
            "",
            "Without e-mail address and password. Your device asks for its screen lock or PIN instead.",
        ),
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["passwordless"].initial = True
        self.fields["name"].widget.attrs["maxlength"] = "60"
        self.order_fields(["name", "passwordless", "credential"])


class RenamePasskey(Helpful, webauthn.EditWebAuthnForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].widget.attrs["maxlength"] = "60"


class _ByPasskey(forms.Form):
    """A browser's answer with a passkey, read with care."""

    def clean_credential(self) -> Authenticator:
        try:
            return super().clean_credential()  # type: ignore[misc]
        except (ValueError, TypeError, KeyError, AttributeError):
            raise unreadable() from None


class AuthenticateByPasskey(_ByPasskey, webauthn.AuthenticateWebAuthnForm):  # type: ignore[misc]
    pass


class LoginByPasskey(_ByPasskey, webauthn.LoginWebAuthnForm):  # type: ignore[misc]
    pass


class ReauthenticateByPasskey(_ByPasskey, webauthn.ReauthenticateWebAuthnForm):  # type: ignore[misc]
    pass
