"""The addresses of the storefront's pages: landing, image models, studio, gallery."""

from django.urls import path

from . import crawlers, gallery, landing, model_pages, progress, studio

urlpatterns = [
    path("", landing.landing, name="landing"),
    path("models/", model_pages.models, name="models"),
    path("models/<slug:id>/", model_pages.model, name="model"),
    path("models/<slug:id>/llms.txt", model_pages.model_llms, name="model-llms"),
    path("llms.txt", model_pages.llms, name="llms"),
    path("robots.txt", crawlers.robots, name="robots"),
    path("sitemap.xml", crawlers.sitemap, name="sitemap"),
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
