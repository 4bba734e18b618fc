"""The page "Your data": an archive of it, and the way to the deletion of the account."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.fresh import ask, is_fresh
from accounts.models import User
from krea_site import exports
from krea_site.models import Export


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def data(request: HttpRequest) -> HttpResponse:
    """GET shows what there is; POST asks for a new archive, of whoever confirmed lately that it is they."""
    assert isinstance(request.user, User)
    if request.method == "POST":
        if not is_fresh(request):
            return ask(request)
        if exports.has_enough(request.user):
            messages.warning(request, "You have several archives already. Ask for a new one when the oldest is gone.")
            return redirect("account-data")
        exports.wish(request.user)
        messages.success(request, "Your archive is being put together. You get a mail when it is ready.")
        return redirect("account-data")
    mine = list(Export.objects.filter(user=request.user).order_by("-id"))
    known = {
        "exports": [each for each in mine if each.is_downloadable],
        "is_building": any(each.state == Export.State.BUILDING for each in mine),
        "has_failed": bool(mine) and mine[0].state == Export.State.FAILED,
        "days": exports.LASTS.days,
    }
    return render(request, "account/data.html", known)
