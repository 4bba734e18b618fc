"""The pages of money: the balance, and the statement of every movement."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from . import statement
from .models import Account


@login_required
@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """What is there, what is held, what is owed, and every movement in words."""
    wallet = _wallet(request)
    found = statement.page(wallet, cursor=request.GET.get("cursor", ""))
    context = {"wallet": wallet or Account(), "page": found, "is_first": "cursor" not in request.GET}
    return render(request, "billing/statement.html", context)


@never_cache
@require_safe
def balance(request: HttpRequest) -> HttpResponse:
    """The balance in the head of every page; nothing for whoever is not logged in."""
    if not request.user.is_authenticated:
        return HttpResponse(status=204)
    return render(request, "billing/balance.html", {"wallet": _wallet(request) or Account()})


def _wallet(request: Any) -> Account | None:
    """The wallet, if anything was ever moved: a page that only shows makes none."""
    return Account.objects.filter(user_id=request.user.pk).first()
