"""Every address below /api/ai/, and the stream of events beside it."""

from django.urls import path, re_path

from . import views

urlpatterns = [
    path("ai/images/generate", views.Generate.as_view()),
    path("ai/images/generate/<uuid:id>", views.Generated.as_view()),
    path("ai/queue", views.Queue.as_view()),
    path("ai/queue/<uuid:id>", views.Queued.as_view()),
    path("ai/generations", views.History.as_view()),
    path("ai/generations/<uuid:id>", views.Entry.as_view()),
    path("ai/models", views.Models.as_view()),
    path("ai/models/search", views.Search.as_view()),
    path("ai/models/featured", views.Models.as_view()),
    path("ai/models/favorites", views.Favorites.as_view()),
    path("ai/models/<str:id>", views.Model.as_view()),
    path("events", views.Events.as_view()),
    re_path(r"^ai/", views.Unknown.as_view()),
]
