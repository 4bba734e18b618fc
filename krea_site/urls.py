"""Every address of the site."""

from django.urls import include, path
from django.views.generic import RedirectView

from accounts.fresh import fresh_confirmation
from billing import stripe_hook, topup_pages
from generations import hooks
from krea_site import (
    export_pages,
    farewell_pages,
    health,
    impersonation,
    inbox,
    report_pages,
    status,
    texts,
)
from krea_site.texts import pages as text_pages
from partners import key_pages, webhook_pages

handler400 = "krea_site.error_pages.unreadable"
handler429 = "accounts.limits.too_many"
handler500 = "krea_site.error_pages.broken"

urlpatterns = [
    path("", include("generations.urls")),
    path("billing/", include("billing.urls")),
    # What charges a card later asks anew who it is; billing knows nothing of accounts.
    path("billing/top-up/agree", fresh_confirmation(topup_pages.agree), name="top-up-agree"),
    path("accounts/data/", export_pages.data, name="account-data"),
    path("accounts/data/delete/", farewell_pages.delete_account, name="account-delete"),
    path("accounts/", include("accounts.urls")),
    # Where password managers look for the page on which a password is changed.
    path(".well-known/change-password", RedirectView.as_view(pattern_name="account_change_password")),
    # What leads to a new secret asks anew who it is; partners know nothing of accounts.
    path("developers/keys/new/", fresh_confirmation(key_pages.make), name="key-make"),
    path("developers/keys/<uuid:id>/rotate/", fresh_confirmation(key_pages.rotate), name="key-rotate"),
    path("developers/webhooks/new/", fresh_confirmation(webhook_pages.make), name="webhook-make"),
    path("developers/webhooks/callbacks/", fresh_confirmation(webhook_pages.callbacks), name="webhook-callbacks"),
    path("developers/webhooks/<uuid:id>/rotate/", fresh_confirmation(webhook_pages.rotate), name="webhook-rotate"),
    path("developers/", include("partners.urls")),
    # Outside of the dashboard, which is closed to whoever looks in a customer's place.
    path("as-customer/end", impersonation.end, name="impersonation-end"),
    path("admin/", include("krea_site.dashboard.urls")),
    *[path(f"{slug}/", text_pages.text, {"slug": slug}, name=slug) for slug in texts.TITLES],
    path("report/", report_pages.report, name="report"),
    path("status/", status.status, name="status"),
    path("api/v1/", include("partners.api.urls")),
    path("fal/", include("partners.dialects.fal.urls")),
    path("v2/consumer/", include("partners.dialects.civitai.urls")),
    path("api/", include("partners.dialects.oxen.urls")),
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("inbox/", inbox.inbox, name="inbox"),
    path("webhooks/fal/<str:token>", hooks.fal),
    path("webhooks/stripe", stripe_hook.stripe),
]
