"""The addresses of money."""

from django.urls import path

from . import views

urlpatterns = [
    path("", views.overview, name="billing"),
    path("balance", views.balance, name="balance"),
]
