"""One press that orders what was drawn before again: on the image model that finishes it, or because it failed.

By htmx from a card the new card appears right below it, and nothing moves above; without scripts each has a page."""

from dataclasses import replace
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from . import errands, offers, orders, presentation, references, repeats, stream
from .brief import BadBrief, Brief
from .models import Generation, Image
from .offers import Repeat
from .orders import NOT_REFUSED, Refusal
from .visits import Visit, page


@page
@require_http_methods(["GET", "HEAD", "POST"])
@errands.door
def finish(request: Visit, id: UUID) -> HttpResponse:
    """Draw a picture on the image model that finishes it, with the same seed, references and settings."""
    mine = Image.objects.filter(user=request.user, generation__deleted_at=None).select_related("generation")
    image = get_object_or_404(mine, pk=id)
    brief, repeat = repeats.finishing_brief(image), repeats.finishing(image)
    if brief is None or repeat is None:
        raise Http404("There is nothing that finishes this picture.")
    return _answer(request, image.generation, brief, repeat)


@page
@require_http_methods(["GET", "HEAD", "POST"])
@errands.door
def again(request: Visit, id: UUID) -> HttpResponse:
    """Order the pictures of a generation that failed once more."""
    mine = Generation.objects.filter(user=request.user, deleted_at=None).prefetch_related("images")
    [card] = repeats.offered([presentation.card(get_object_or_404(mine, pk=id))])
    brief = repeats.again_brief(card.generation, card.images)
    if brief is None or card.again is None:
        raise Http404("Nothing of it failed.")
    return _answer(request, card.generation, brief, card.again)


def _answer(request: Visit, source: Generation, brief: Brief, repeat: Repeat) -> HttpResponse:
    if request.method != "POST":
        return _show(request, source, brief, repeat, NOT_REFUSED)
    try:
        uploads = references.resolve(request.user, brief, request=request)
        generation = orders.take(request, brief, uploads)
    except BadBrief as bad:
        return _show(request, source, brief, repeat, Refusal(bad.errors[0].in_form, 422))
    except orders.REFUSED as refused:
        return _show(request, source, brief, repeat, orders.refusal(refused))
    if not request.htmx:
        return redirect("generation", generation.pk)
    context = {"card": stream.card(generation), "repeat": repeat}
    answer = render(request, "studio/repeated.html", context)
    answer["HX-Retarget"], answer["HX-Reswap"] = f"#card-{source.pk}", "afterend"
    answer["HX-Trigger-After-Settle"] = orders.PRICE_EVENT
    return answer


def _show(request: Visit, source: Generation, brief: Brief, repeat: Repeat, refusal: Refusal) -> HttpResponse:
    """The button with its price and, where it was refused, why: in its place for htmx, else as a page."""
    priced = replace(repeat, offer=offers.of_brief(brief, request.user))
    context = {"repeat": priced, "refusal": refusal, "source": source, "in_stream": bool(request.htmx)}
    if request.htmx:
        return render(request, "studio/repeat.html", context, status=refusal.status)
    card = presentation.card(source)
    return render(request, "studio/repeat_page.html", context | {"card": card, "brief": brief}, status=refusal.status)
