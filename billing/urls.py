"""The addresses of money. Beside them stands /billing/statement.csv, which Django does not see (krea_site.asgi)."""

from django.urls import path

from . import shop_pages, topup_pages, views

urlpatterns = [
    path("", views.overview, name="billing"),
    path("balance", views.balance, name="balance"),
    path("ceilings", views.ceiling, name="ceilings"),
    path("buy/", shop_pages.buy, name="buy"),
    path("buy/begin", shop_pages.begin, name="buy-begin"),
    path("portal", shop_pages.portal, name="portal"),
    path("purchases/", shop_pages.purchase_list, name="purchases"),
    path("purchases/<uuid:id>/", shop_pages.purchase, name="purchase"),
    path("purchases/<uuid:id>/state", shop_pages.state, name="purchase-state"),
    path("purchases/<uuid:id>/pay", shop_pages.go_on, name="purchase-pay"),
    path("purchases/<uuid:id>/drop", shop_pages.drop, name="purchase-drop"),
    path("top-up/", topup_pages.top_up, name="top-up"),
    path("top-up/card", topup_pages.save_card, name="top-up-card"),
    path("top-up/off", topup_pages.switch_off, name="top-up-off"),
    path("top-up/low", topup_pages.low, name="low-balance"),
    path("top-up/<uuid:id>/", topup_pages.answer, name="top-up-answer"),
    path("top-up/<uuid:id>/pay", topup_pages.pay, name="top-up-pay"),
    path("top-up/<uuid:id>/cancel", topup_pages.cancel, name="top-up-cancel"),
]
