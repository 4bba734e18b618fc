"""Every address of the site."""

from django.urls import include, path
from django.views.generic import RedirectView

from accounts.fresh import fresh_confirmation
from billing import stripe_hook, topup_pages
from generations import hooks
from krea_site import (
    components,
    debt_pages,
    export_pages,
    farewell_pages,
    health,
    inbox,
    mail_host_pages,
    money_pages,
    pack_pages,
    report_pages,
    staff_area,
    status,
    stripe_pages,
    texts,
)
from krea_site.mails import log as mail_log
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
    path("admin/", staff_area.home, name="staff-home"),
    path("admin/components/", components.components, name="staff-components"),
    path("admin/mails/", mail_log.mails, name="staff-mails"),
    path("admin/mails/<uuid:id>/", mail_log.mail, name="staff-mail"),
    path("admin/mails/<uuid:id>/again", mail_log.again, name="staff-mail-again"),
    path("admin/mail-hosts/", mail_host_pages.host_list, name="staff-mail-hosts"),
    path("admin/mail-hosts/add", mail_host_pages.add, name="staff-mail-hosts-add"),
    path("admin/mail-hosts/remove", mail_host_pages.remove, name="staff-mail-hosts-remove"),
    path("admin/packs/", pack_pages.pack_list, name="staff-packs"),
    path("admin/packs/add/<slug:what>/", pack_pages.add, name="staff-pack-add"),
    path("admin/packs/<uuid:id>/", pack_pages.change, name="staff-pack"),
    path("admin/packs/<uuid:id>/offer", pack_pages.offer, name="staff-pack-offer"),
    path("admin/purchases/", money_pages.purchase_list, name="staff-purchases"),
    path("admin/purchases/<uuid:id>/", money_pages.purchase, name="staff-purchase"),
    path("admin/purchases/<uuid:id>/refund", money_pages.refund, name="staff-purchase-refund"),
    path("admin/purchases/<uuid:id>/ask", money_pages.ask_again, name="staff-purchase-ask"),
    path("admin/debts/", debt_pages.debt_list, name="staff-debts"),
    path("admin/debts/<int:id>/", debt_pages.debt, name="staff-debt"),
    path("admin/stripe/", stripe_pages.events, name="staff-stripe"),
    path("admin/stripe/<str:id>/", stripe_pages.event, name="staff-stripe-event"),
    path("admin/stripe/<str:id>/repeat", stripe_pages.repeat, name="staff-stripe-repeat"),
    path("admin/texts/", text_pages.text_list, name="staff-texts"),
    path("admin/texts/<slug:slug>/", text_pages.edit, name="staff-text"),
    path("admin/reports/", report_pages.report_list, name="staff-reports"),
    path("admin/reports/<uuid:id>/", report_pages.report_page, name="staff-report"),
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
