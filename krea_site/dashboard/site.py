"""Django's admin behind our own door, with the navigation of the dashboard."""

from collections.abc import Callable
from typing import Any, cast

from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseRedirect
from django.templatetags.static import static
from django.urls import reverse
from django.utils.functional import cached_property
from django.views.decorators.http import require_safe
from unfold.admin import ModelAdmin
from unfold.sites import UnfoldAdminSite

from krea_site.dashboard import gate, pages, roles
from krea_site.dashboard.roles import Lever

COUNTED = 10_000
LEFT_OUT = ("search", "autocomplete", "view_on_site", "password_change", "password_change_done")


class Dashboard(UnfoldAdminSite):  # type: ignore[misc]
    """Every page of it needs a lever; log-in, log-out and passwords are those of the site."""

    index_title = "Overview"

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Tables that are shown are `Rows`; what other apps bring along could edit anything, and is left out."""
        if admin_class is not None and issubclass(admin_class, Rows):
            super().register(model_or_iterable, admin_class, **options)

    def get_urls(self) -> list[Any]:
        """Django's own, without what nothing here needs."""
        return [each for each in super().get_urls() if getattr(each, "name", None) not in LEFT_OUT]

    def has_permission(self, request: HttpRequest) -> bool:
        return roles.may(request.user, Lever.SEE) and not getattr(request, "impersonator", None)

    def admin_view(self, view: Callable[..., Any], cacheable: bool = False) -> Callable[..., Any]:
        """What Django's admin puts around each of its pages, which are there to look: the levers of tables are asked by
        `Rows`."""
        return gate.staff(Lever.SEE)(require_safe(super().admin_view(view, cacheable)))

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return HttpResponseRedirect(reverse("staff-home"))

    def logout(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return HttpResponseRedirect(reverse("account_logout"))

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        return HttpResponseRedirect(reverse("staff-home"))

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """What the frame of every page needs; the colours are in static/css/dashboard.css, not in the page."""
        icon = {"rel": "icon", "href": static("favicon.svg"), "type": "image/svg+xml"}
        ours = {"colors": None, "border_radius": None, "styles": [static("css/dashboard.css")], "site_favicons": [icon]}
        ours["scripts"] = [static("js/scheme.js")]
        known: dict[str, Any] = super().each_context(request)
        return known | ours | {"staff_role": roles.of(request.user)}

    def get_sidebar_list(self, request: HttpRequest) -> list[dict[str, Any]]:
        return pages.navigation(request)


class Bounded(Paginator):  # type: ignore[type-arg]  # no generic at run time
    """Counts no further than COUNTED rows: a list of a million is not counted to show fifty of them."""

    @cached_property
    def count(self) -> int:
        rows = cast(QuerySet[Any], self.object_list)
        return rows.order_by()[:COUNTED].count()  # in an order, all of them would be sorted first


class Rows(ModelAdmin):  # type: ignore[misc]
    """The rows of one table, to be looked at, never to be edited here: each change is a lever with a page of its own.

    `lever` says whose they are. Large tables are counted to COUNTED alone.
    """

    lever: Lever = Lever.SET_ROLES
    paginator = Bounded
    show_full_result_count = False
    list_per_page = 50
    list_fullwidth = True
    view_on_site = False

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return roles.may(request.user, self.lever)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return roles.may(request.user, self.lever)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        return {}
