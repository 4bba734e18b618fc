"""The pages of the account: allauth's, where they differ from its own, and ours beside them."""

import json
from typing import Any

from allauth.account import views as account
from allauth.account.utils import get_next_redirect_url, passthrough_next_redirect_url
from allauth.decorators import rate_limit
from allauth.mfa.base import views as base
from allauth.mfa.recovery_codes import views as recovery_codes
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as webauthn
from allauth.mfa.webauthn.internal import auth as passkeys
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import REDIRECT_FIELD_NAME, logout
from django.contrib.auth.decorators import login_required
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django.views.generic.edit import FormView

from . import addresses, factors, limits, sessions
from .models import User

TOO_SOON = "A mail went to {} moments ago. Wait three minutes before you ask for another one."


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user


@require_safe
@login_required
def home(request: HttpRequest) -> HttpResponse:
    user = _user(request)
    known = {
        "is_confirmed": addresses.is_confirmed(user),
        "wished": addresses.wished(user),
        "factors": factors.of(user),
        "places": sessions.places(request),
    }
    return render(request, "account/home.html", known)


# E-mail ---------------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@rate_limit(action="manage_email")  # type: ignore[untyped-decorator]  # allauth has no types
def email(request: HttpRequest) -> HttpResponse:
    """The address and the one that waits for confirmation; POST with `send` or `cancel` is about the latter."""
    user = _user(request)
    wished = addresses.wished(user)
    if request.method == "POST":
        if wished is not None and "cancel" in request.POST:
            wished.delete()
            messages.success(request, f"Your address stays {user.email}.")
        elif wished is not None and "send" in request.POST and not addresses.send_mail(request, wished):
            messages.warning(request, TOO_SOON.format(wished.email))
        return redirect("account_email")
    return render(request, "account/email.html", {"is_confirmed": addresses.is_confirmed(user), "wished": wished})


class ChangeEmail(account.EmailView):  # type: ignore[misc]
    """A new address. It takes the place of the present one when its mailbox has confirmed it."""

    template_name = "account/email_change.html"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not addresses.is_confirmed(_user(request)):
            addresses.send_confirmation(request, _user(request))
            return render(request, "account/verified_email_required.html")
        answer: HttpResponseBase = super().dispatch(request, *args, **kwargs)
        return answer

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return FormView.post(self, request, *args, **kwargs)

    def form_valid(self, form: Form) -> HttpResponse:
        address = form.cleaned_data["email"]
        if not addresses.wish(self.request, _user(self.request), address):
            messages.warning(self.request, TOO_SOON.format(address))
        return redirect("account_email")


class ConfirmEmail(account.ConfirmEmailView):  # type: ignore[misc]
    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        if self.object:
            owner = addresses.owner(self.object.email_address.email)
            context["can_confirm"] = owner is None or owner.pk == self.object.email_address.user_id
        return context


# Log-in and confirmation ------------------------------------------------------------------------------


class Marked:
    """A form that was refused because of too many guesses answers 429."""

    def form_invalid(self, form: Form) -> HttpResponseBase:
        return limits.mark(super().form_invalid(form), form)  # type: ignore[misc]


class Login(Marked, account.LoginView):  # type: ignore[misc]
    pass


class Reauthenticate(Marked, account.ReauthenticateView):  # type: ignore[misc]
    pass


class ReauthenticateByCode(Marked, base.ReauthenticateView):  # type: ignore[misc]
    pass


class PasskeyOptions:
    """What the browser needs for a passkey, as JSON for an attribute of the form: pages have no script of their own."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)  # type: ignore[misc]
        options = context["js_data"].get("creation_options") or context["js_data"]["request_options"]
        return {**context, "options": json.dumps(options)}


class Authenticate(Marked, PasskeyOptions, base.AuthenticateView):  # type: ignore[misc]
    """The second step of a log-in."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {**super().get_context_data(**kwargs), "has_keys": factors.of(self.stage.login.user).passkeys > 0}


class ReauthenticateByPasskey(PasskeyOptions, webauthn.ReauthenticateWebAuthnView):  # type: ignore[misc]
    def form_invalid(self, form: Form) -> HttpResponseBase:
        return limits.mark(self.render_to_response(self.get_context_data(form=form)), form)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {**super().get_context_data(**kwargs), **kwargs}


class LoginByPasskey(webauthn.LoginWebAuthnView):  # type: ignore[misc]
    """GET with JSON asked for: what the browser needs. POST: its answer."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.accepts("application/json") or request.accepts("text/html"):
            return redirect("account_login")
        return JsonResponse(passkeys.begin_authentication(user=None))

    def form_invalid(self, form: Form) -> HttpResponse:
        messages.error(self.request, "This passkey was not accepted. Log in with your e-mail address and password.")
        return redirect(passthrough_next_redirect_url(self.request, reverse("account_login"), REDIRECT_FIELD_NAME))


class GoesOn:
    """A page on the way to somewhere: `next` is taken along, and followed once there is nothing to show first."""

    request: HttpRequest

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {**super().get_context_data(**kwargs), "following": get_next_redirect_url(self.request)}  # type: ignore[misc]

    def get_success_url(self) -> str:
        codes, following = reverse("mfa_view_recovery_codes"), get_next_redirect_url(self.request)
        usual: str = super().get_success_url()  # type: ignore[misc]
        if not following:
            return usual
        return f"{codes}?{urlencode({REDIRECT_FIELD_NAME: following})}" if usual == codes else str(following)


class ActivateApp(GoesOn, totp.ActivateTOTPView):  # type: ignore[misc]
    pass


class RecoveryCodes(recovery_codes.ViewRecoveryCodesView):  # type: ignore[misc]
    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {**super().get_context_data(**kwargs), "following": get_next_redirect_url(self.request)}


class AddPasskey(GoesOn, PasskeyOptions, webauthn.AddWebAuthnView):  # type: ignore[misc]
    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {**super().get_context_data(**kwargs), **kwargs}


# Sessions -----------------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def session_list(request: HttpRequest) -> HttpResponse:
    """Where the person is logged in; POST logs them out everywhere else."""
    if request.method == "POST":
        ended = sessions.end_others(request)
        messages.success(request, f"Logged out of {ended} other session{'' if ended == 1 else 's'}.")
        return redirect("usersessions_list")
    return render(request, "usersessions/usersession_list.html", {"places": sessions.places(request)})


@require_POST
@login_required
def end_session(request: HttpRequest, pk: int) -> HttpResponse:
    """Log out of one place, this one or another."""
    is_this_one = any(place.pk == pk and place.is_this_one for place in sessions.places(request))
    if not sessions.end(_user(request), pk):
        raise Http404("No such session of this person.")
    if is_this_one:
        logout(request)
        return redirect(settings.LOGOUT_REDIRECT_URL)
    messages.success(request, "That session was logged out.")
    return redirect("usersessions_list")
