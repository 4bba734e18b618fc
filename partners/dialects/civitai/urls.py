"""Every address below /v2/consumer/."""

from django.urls import path, re_path

from . import views

urlpatterns = [
    path("workflows", views.Workflows.as_view()),
    path("workflows/<str:id>", views.Workflow.as_view()),
    path("workflows/<str:id>/tags", views.Tags.as_view()),
    path("workflows/<str:id>/tags/<path:tag>", views.Tags.as_view()),
    path("workflows/<str:id>/steps/<str:name>", views.Step.as_view()),
    path("recipes/imageGen", views.Recipe.as_view()),
    path("blobs/<str:id>", views.Blob.as_view()),
    path("blobs/<str:id>/refresh", views.Refresh.as_view()),
    re_path(r"", views.Unknown.as_view()),
]
