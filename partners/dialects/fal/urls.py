"""Every address below /fal/."""

from django.urls import path, re_path

from . import schema, storage, views
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
    path("rest/storage/upload/initiate", storage.Initiate.as_view()),
    path("rest/storage/upload/initiate-multipart", storage.InParts.as_view()),
    path("rest/storage/auth/token", storage.Token.as_view()),
    path("rest/put/<str:secret>", storage.Put.as_view()),
    path("rest/files/upload", storage.Upload.as_view()),
    path("rest/files/upload/multipart", storage.InParts.as_view(authentication_classes=(storage.ByToken,))),
    path("rest/files/<str:secret>/<str:name>", storage.read),
    path(".well-known/jwks.json", views.jwks),
    path("rest/.well-known/jwks.json", views.jwks),
    path("proxy", proxy),
    path("api/openapi/queue/openapi.json", schema.openapi),
    re_path(r"", views.Unknown.as_view()),
]
