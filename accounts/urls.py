"""The addresses of the account: those of allauth's that are used, under allauth's names, and ours beside them."""

from typing import Any

from allauth.account import views as account
from allauth.mfa.base import views as base
from allauth.mfa.recovery_codes import views as recovery_codes
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as webauthn
from django.urls import URLPattern, include, path, re_path
from django.views.decorators.cache import never_cache

from . import views
from .fresh import fresh_confirmation, fresh_factor


def page(route: str, view: Any, name: str) -> URLPattern:
    """A page that is kept in no cache: it is somebody's own, or on the way in."""
    found: URLPattern = path(route, never_cache(view), name=name)
    return found


def guarded(route: str, view: Any, name: str) -> URLPattern:
    """One that asks anew who it is."""
    return path(route, fresh_confirmation(view), name=name)


entrance = [
    page("login/", views.Login.as_view(), "account_login"),
    page("logout/", account.logout, "account_logout"),
    page("signup/", account.signup, "account_signup"),
    page("inactive/", account.account_inactive, "account_inactive"),
    page("confirm-email/", account.email_verification_sent, "account_email_verification_sent"),
    re_path(
        r"^confirm-email/(?P<key>[-:\w]+)/$", never_cache(views.ConfirmEmail.as_view()), name="account_confirm_email"
    ),
    page("reauthenticate/", views.Reauthenticate.as_view(), "account_reauthenticate"),
]

passwords = [
    page("change/", fresh_factor(account.password_change), "account_change_password"),
    page("set/", fresh_factor(account.password_set), "account_set_password"),
    page("reset/", account.password_reset, "account_reset_password"),
    page("reset/done/", account.password_reset_done, "account_reset_password_done"),
    page("reset/key/done/", account.password_reset_from_key_done, "account_reset_password_from_key_done"),
    re_path(
        r"^reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        never_cache(account.password_reset_from_key),
        name="account_reset_password_from_key",
    ),
]

second_factor = [
    page("", base.index, "mfa_index"),
    page("authenticate/", views.Authenticate.as_view(), "mfa_authenticate"),
    page("reauthenticate/", views.ReauthenticateByCode.as_view(), "mfa_reauthenticate"),
    guarded("totp/activate/", views.ActivateApp.as_view(), "mfa_activate_totp"),
    guarded("totp/deactivate/", totp.deactivate_totp, "mfa_deactivate_totp"),
    guarded("recovery-codes/", views.RecoveryCodes.as_view(), "mfa_view_recovery_codes"),
    guarded("recovery-codes/generate/", recovery_codes.generate_recovery_codes, "mfa_generate_recovery_codes"),
    guarded("recovery-codes/download/", recovery_codes.download_recovery_codes, "mfa_download_recovery_codes"),
    page("webauthn/", webauthn.list_webauthn, "mfa_list_webauthn"),
    guarded("webauthn/add/", views.AddPasskey.as_view(), "mfa_add_webauthn"),
    page("webauthn/login/", views.LoginByPasskey.as_view(), "mfa_login_webauthn"),
    page("webauthn/reauthenticate/", views.ReauthenticateByPasskey.as_view(), "mfa_reauthenticate_webauthn"),
    guarded("webauthn/keys/<int:pk>/edit/", webauthn.edit_webauthn, "mfa_edit_webauthn"),
    guarded("webauthn/keys/<int:pk>/remove/", webauthn.remove_webauthn, "mfa_remove_webauthn"),
]

urlpatterns = [
    page("", views.home, "account-home"),
    *entrance,
    page("email/", views.email, "account_email"),
    guarded("email/change/", views.ChangeEmail.as_view(), "account-email-change"),
    path("password/", include(passwords)),
    path("2fa/", include(second_factor)),
    page("sessions/", views.session_list, "usersessions_list"),
    page("sessions/<int:pk>/end/", views.end_session, "account-session-end"),
]
