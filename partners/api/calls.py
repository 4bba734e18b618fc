"""Every call of the native API, below /api/v1/."""

from django.urls import path

from . import events, generations, image_models, images, money, quotes, uploads, usage, webhooks

CALLS = [
    path("models", image_models.Models.as_view()),
    path("models/<str:id>", image_models.Model.as_view()),
    path("quotes", quotes.Quotes.as_view(), name="api-quotes"),
    path("generations", generations.Generations.as_view()),
    path("generations/<uuid:id>", generations.OneGeneration.as_view()),
    path("generations/<uuid:id>/cancel", generations.Cancel.as_view()),
    path("generations/<uuid:id>/events", events.GenerationEvents.as_view()),
    path("images/<uuid:id>", images.OneImage.as_view()),
    path("images/<uuid:id>/content", images.Content.as_view()),
    path("uploads", uploads.Uploads.as_view()),
    path("uploads/<uuid:id>", uploads.OneUpload.as_view()),
    path("uploads/<uuid:id>/content", uploads.Content.as_view()),
    path("events", events.Events.as_view()),
    path("balance", money.Balance.as_view()),
    path("ledger", money.Ledger.as_view()),
    path("usage", usage.Usage.as_view()),
    path("webhooks", webhooks.Webhooks.as_view()),
    path("webhooks/settings", webhooks.Settings.as_view()),
    path("webhooks/settings/rotate", webhooks.RotateCallbacks.as_view()),
    path("webhooks/callbacks", webhooks.Callbacks.as_view()),
    path("webhooks/callbacks/<uuid:delivery>", webhooks.OneCallback.as_view()),
    path("webhooks/callbacks/<uuid:delivery>/redeliver", webhooks.RedeliverCallback.as_view()),
    path("webhooks/<uuid:id>", webhooks.OneWebhook.as_view()),
    path("webhooks/<uuid:id>/rotate", webhooks.Rotate.as_view()),
    path("webhooks/<uuid:id>/test", webhooks.Test.as_view()),
    path("webhooks/<uuid:id>/redeliver", webhooks.RedeliverAll.as_view()),
    path("webhooks/<uuid:id>/deliveries", webhooks.Deliveries.as_view()),
    path("webhooks/<uuid:id>/deliveries/<uuid:delivery>", webhooks.OneDelivery.as_view()),
    path("webhooks/<uuid:id>/deliveries/<uuid:delivery>/redeliver", webhooks.Redeliver.as_view()),
]
