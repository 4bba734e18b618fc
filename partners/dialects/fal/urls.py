"""Every address below /fal/."""

from django.urls import path, re_path

from . import schema, views
from .proxy import proxy

REQUEST = "queue/<path:app>/requests/<uuid:id>"

urlpatterns = [
    path(REQUEST, views.Result.as_view()),
    path(f"{REQUEST}/response", views.Result.as_view()),
    path(f"{REQUEST}/status", views.Status.as_view()),
    path(f"{REQUEST}/status/stream", views.StatusStream.as_view()),
    path(f"{REQUEST}/cancel", views.Cancel.as_view()),
    path("queue/<path:endpoint>", views.Submit.as_view()),
    path("run/<path:endpoint>", views.Run.as_view()),
    path("proxy", proxy),
    path("api/openapi/queue/openapi.json", schema.openapi),
    re_path(r"", views.Unknown.as_view()),
]
