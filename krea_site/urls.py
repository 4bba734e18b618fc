"""Every address of the site."""

from django.urls import include, path

from generations import hooks
from krea_site import health, inbox

urlpatterns = [
    path("", include("generations.urls")),
    path("billing/", include("billing.urls")),
    path("accounts/", include("allauth.urls")),
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("inbox/", inbox.inbox, name="inbox"),
    path("webhooks/fal/<str:token>", hooks.fal),
]
