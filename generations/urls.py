"""The addresses of the storefront's pages: landing, studio, gallery."""

from django.urls import path

from . import gallery, landing, progress, studio

urlpatterns = [
    path("", landing.landing, name="landing"),
    path("studio/", studio.studio, name="studio"),
    path("studio/price", studio.price, name="studio-price"),
    path("studio/rows", studio.rows, name="studio-rows"),
    path("studio/notice", progress.notice, name="studio-notice"),
    path("studio/generations/<uuid:id>/", progress.generation, name="generation"),
    path("studio/generations/<uuid:id>/cancel", progress.cancel, name="generation-cancel"),
    path("history/", gallery.history, name="history"),
    path("images/<uuid:id>/", gallery.image, name="image"),
    path("images/<uuid:id>/delete", gallery.delete, name="image-delete"),
]
