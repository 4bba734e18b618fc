"""What somebody is told who asks too often: when to try again.

allauth counts, in the shared cache; this reads its counts. Which limit was reached is found by the address of the page.
"""

import math
import time
from http import HTTPStatus

from allauth.core.internal import ratelimit
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render

ACCOUNT, MFA = "allauth.account", "allauth.mfa"
ACTIONS = {
    "account_login": (ACCOUNT, "login"),
    "account_signup": (ACCOUNT, "signup"),
    "account_email": (ACCOUNT, "manage_email"),
    "account-email-change": (ACCOUNT, "manage_email"),
    "account_change_password": (ACCOUNT, "change_password"),
    "account_set_password": (ACCOUNT, "change_password"),
    "account_reset_password": (ACCOUNT, "reset_password"),
    "account_reset_password_from_key": (ACCOUNT, "reset_password_from_key"),
    "account_reauthenticate": (ACCOUNT, "reauthenticate"),
    "mfa_reauthenticate": (ACCOUNT, "reauthenticate"),
    "mfa_reauthenticate_webauthn": (ACCOUNT, "reauthenticate"),
    "mfa_login_webauthn": (MFA, "webauthn_login"),
}
USUAL_S = 60
GUESSES_S = 300  # the window of ACCOUNT_RATE_LIMITS["login_failed"] for one person
TOO_MANY = {"too_many_login_attempts", "rate_limited"}


def too_many(request: HttpRequest) -> HttpResponse:
    """The page that says so, with status 429 and when to try again, in words and as Retry-After in seconds."""
    seconds = wait_s(request)
    page = render(request, "account/too_many.html", {"wait": in_words(seconds)}, status=HTTPStatus.TOO_MANY_REQUESTS)
    page["Retry-After"] = str(seconds)
    return page


def mark(response: HttpResponseBase, form: object) -> HttpResponseBase:
    """The same status for a form that was refused because of too many guesses; it says itself how long to wait."""
    errors = getattr(form, "errors", {})
    if any(error.code in TOO_MANY for field in errors.values() for error in field.as_data()):
        response.status_code = HTTPStatus.TOO_MANY_REQUESTS
        response["Retry-After"] = str(GUESSES_S)
    return response


def wait_s(request: HttpRequest) -> int:
    """Whole seconds until the limit of this page lets the request through."""
    match = request.resolver_match
    app, action = ACTIONS.get(match.url_name or "", (ACCOUNT, "")) if match else (ACCOUNT, "")
    waits = [_wait_s(request, app, action, rate) for rate in ratelimit.get_rates(app=app, action=action)]
    return math.ceil(max([*waits, 0])) or USUAL_S


def _wait_s(request: HttpRequest, app: str, action: str, rate: ratelimit.Rate) -> float:
    named = request.POST.get("email", "").lower()
    hits = cache.get(ratelimit.get_cache_key(request, app=app, action=action, rate=rate, key=named), [])
    if len(hits) < rate.amount:
        return 0
    return float(hits[rate.amount - 1] + rate.duration - time.time())  # newest first: when this one is forgotten


def in_words(seconds: int) -> str:
    if seconds <= 90:
        return f"{seconds} second{'' if seconds == 1 else 's'}"
    minutes = math.ceil(seconds / 60)
    return f"{minutes} minutes" if minutes <= 90 else f"{math.ceil(minutes / 60)} hours"
