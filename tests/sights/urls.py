"""The site's addresses, and more: one for each error that a page can end with, and pages as they are while fal takes no
orders or nobody new is let in."""

from typing import cast

from allauth.account.views import signup
from allauth.mfa.totp.internal import auth as totp
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.test import override_settings
from django.urls import path

from accounts import limits
from generations import fal_state, studio
from krea_site import status
from krea_site import urls as site

ERRORS: dict[int, type[Exception]] = {
    400: SuspiciousOperation,
    403: PermissionDenied,
    413: RequestDataTooBig,
    500: ArithmeticError,
    503: OperationalError,
}
totp.generate_totp_secret = lambda: "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"  # one picture of it, not another one each time


def fail(request: HttpRequest, status: int) -> HttpResponse:
    if status == 429:
        return limits.too_many(request)
    raise ERRORS[status]("On the stage.")


def status_while_locked(request: HttpRequest) -> HttpResponse:
    fal_state.locked("On the stage.")
    try:
        return status.status(request)
    finally:
        fal_state.accepted()


def studio_while_locked(request: HttpRequest) -> HttpResponse:
    fal_state.locked("On the stage.")
    try:
        return studio.studio(request)
    finally:
        fal_state.accepted()


def closed_signup(request: HttpRequest) -> HttpResponse:
    with override_settings(SIGNUP_OPEN=False):
        answer = signup(request)
        return cast(HttpResponse, answer.render() if hasattr(answer, "render") else answer)


urlpatterns = [
    *site.urlpatterns,
    path("sights/<int:status>/", fail),
    path("sights/signup-closed/", closed_signup),
    path("sights/status-locked/", status_while_locked),
    path("sights/studio-locked/", studio_while_locked),
]
handler400, handler429, handler500 = site.handler400, site.handler429, site.handler500
