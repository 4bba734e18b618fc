"""The prompts that somebody used last, each once: at arrow-up in the studio, in a list, on a page without scripts."""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.fields.json import KeyTextTransform
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from . import drafts
from .drafts import Mark
from .models import Generation, Image
from .visits import Visit, page

MOST = 50
LOOKED_AT = 600  # generations: whoever orders one prompt again and again sees fewer than MOST
AT_ONCE = 150


@dataclass(frozen=True)
class Prompt:
    """`id` is that of the last generation that used it."""

    id: UUID
    text: str


@page
@require_http_methods(["GET", "HEAD", "POST"])
def prompts(request: Visit) -> HttpResponse:
    """The list; POST puts one of them into the draft, in place of the prompt that is there."""
    if request.method == "POST":
        return _use(request)
    template = "studio/prompts_list.html" if request.htmx else "studio/prompts.html"
    return render(request, template, {"prompts": of(request.user), "most": MOST})


def of(user: object) -> list[Prompt]:
    """The newest first. Nothing of what was deleted, and nothing whose pictures are all in the bin."""
    rows = rows_of(user)
    found: dict[str, UUID] = {}
    for start in range(0, LOOKED_AT, AT_ONCE):
        some = list(rows[start : start + AT_ONCE])
        for id, text in some:
            if text and text.strip():
                found.setdefault(text, id)
        if len(found) >= MOST or len(some) < AT_ONCE:
            break
    return [Prompt(id, text) for text, id in list(found.items())[:MOST]]


def rows_of(user: object) -> QuerySet[Generation, tuple[UUID, str | None]]:
    shown = Image.objects.filter(generation=OuterRef("pk"), binned_at=None, erased_at=None)
    mine = Generation.objects.of(user).newest_first().filter(Exists(shown))
    return mine.values_list("pk", KeyTextTransform("prompt", "input"))


def _use(request: Visit) -> HttpResponse:
    try:
        id = UUID(request.POST.get("use", ""))
    except ValueError as error:
        raise Http404("There is no such prompt.") from error
    found = get_object_or_404(Generation.objects.of(request.user), pk=id)
    row = drafts.of(request.user)
    drafts.keep(request.user, row.typed | {"prompt": found.prompt}, Mark.new(row.version))
    return redirect("studio")
