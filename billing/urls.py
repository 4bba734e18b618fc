"""The addresses of money. Beside them stands /billing/statement.csv, which Django does not see (krea_site.asgi)."""

from django.urls import path

from . import views

urlpatterns = [
    path("", views.overview, name="billing"),
    path("balance", views.balance, name="balance"),
    path("ceilings", views.ceiling, name="ceilings"),
]
