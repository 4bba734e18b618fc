"""Every address below /v2/consumer/."""

from django.urls import path, re_path

from . import blob_views, view, views

urlpatterns = [
    path("workflows", views.Workflows.as_view()),
    path("workflows/<str:id>", views.Workflow.as_view()),
    path("workflows/<str:id>/tags", views.Tags.as_view()),
    path("workflows/<str:id>/tags/<path:tag>", views.Tags.as_view()),
    path("workflows/<str:id>/steps/<str:name>", views.Step.as_view()),
    path("recipes/imageGen", views.Recipe.as_view()),
    path("blobs", blob_views.Blobs.as_view()),
    path("blobs/upload", blob_views.UploadAddress.as_view()),
    path("blobs/content/<str:token>", blob_views.Content.as_view()),
    path("blobs/<str:id>", blob_views.one_blob),
    path("blobs/<str:id>/refresh", blob_views.Refresh.as_view()),
    re_path(r"", view.Unknown.as_view()),
]
