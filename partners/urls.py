"""The addresses of the pages for developers. Those that ask anew who it is stand in `krea_site.urls`, before these."""

from django.urls import path

from . import delivery_pages, developer_pages, found_keys, guide_pages, key_pages, usage_pages, webhook_pages

urlpatterns = [
    path("", developer_pages.overview, name="developers"),
    path("guide/<slug:slug>/", guide_pages.guide, name="guide"),
    path("found-key/", found_keys.report, name="found-key"),
    path("keys/", key_pages.key_list, name="keys"),
    path("keys/<uuid:id>/", key_pages.key, name="key"),
    path("keys/<uuid:id>/revoke/", key_pages.revoke, name="key-revoke"),
    path("webhooks/", webhook_pages.webhooks, name="webhooks"),
    path("webhooks/orders/", delivery_pages.callbacks, name="callback-log"),
    path("webhooks/orders/<uuid:delivery>/", delivery_pages.callback, name="callback"),
    path("webhooks/orders/<uuid:delivery>/again", delivery_pages.callback_again, name="callback-again"),
    path("webhooks/<uuid:id>/", webhook_pages.webhook, name="webhook"),
    path("webhooks/<uuid:id>/switch", webhook_pages.switch, name="webhook-switch"),
    path("webhooks/<uuid:id>/delete/", webhook_pages.delete, name="webhook-delete"),
    path("webhooks/<uuid:id>/test", delivery_pages.test, name="webhook-test"),
    path("webhooks/<uuid:id>/again", delivery_pages.again_since, name="webhook-again"),
    path("webhooks/<uuid:id>/deliveries/<uuid:delivery>/", delivery_pages.delivery, name="delivery"),
    path("webhooks/<uuid:id>/deliveries/<uuid:delivery>/again", delivery_pages.again, name="delivery-again"),
    path("usage/", usage_pages.usage_page, name="usage"),
    path("usage/csv", usage_pages.usage_csv, name="usage-csv"),
]
