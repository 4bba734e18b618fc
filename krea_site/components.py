"""The component page: every part of the design in every state, in real markup, for staff."""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from generations.models import Status
from generations.presentation import STAGES
from krea_site.dashboard.gate import staff
from krea_site.dashboard.roles import Lever


@dataclass(frozen=True)
class Section:
    """One kind of components; its examples are `staff/components/<id>.html`."""

    id: str
    name: str

    @property
    def template(self) -> str:
        return f"staff/components/{self.id}.html"


SECTIONS = (
    Section("type", "Type"),
    Section("buttons", "Buttons"),
    Section("fields", "Fields"),
    Section("said", "Notices, badges, states of a generation"),
    Section("states", "Empty, loading, failed, under way"),
    Section("tables", "Tables and lists of values"),
    Section("charts", "Charts"),
    Section("code", "Code and tabs"),
    Section("navigation", "Ways through the site"),
    Section("pictures", "Pictures on their way"),
    Section("prose", "Long texts"),
)


@staff(Lever.SEE)
@require_safe
def components(request: HttpRequest) -> HttpResponse:
    stages = [(status, stage) for status, stage in STAGES.items() if status != Status.STORED]
    return render(request, "staff/components.html", {"sections": SECTIONS, "tiles": stages})
