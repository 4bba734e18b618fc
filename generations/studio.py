"""The studio: the form of an image model, its exact price, and the order. Everything works without JavaScript; with it,
htmx asks the same views for parts of the page."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from . import (
    catalogue,
    code_tab,
    controls,
    drafts,
    errands,
    offers,
    orders,
    presentation,
    recall,
    reference_rows,
    references,
    stream,
)
from .brief import BadBrief
from .forms import StudioForm, known_model, typed_from
from .models import Generation, Image
from .orders import NOT_REFUSED, PRICE_EVENT, Refusal, new_nonce, nonce_of
from .visits import Visit, page


@page
@require_http_methods(["GET", "HEAD", "POST"])
@errands.door
def studio(request: Visit) -> HttpResponse:
    """The form and the pictures under way; POST changes the form or orders."""
    if request.method != "POST":
        return _show(request, *_opened(request))
    form = StudioForm.posted(request)
    if "switch" in request.POST:
        return _show(request, form.for_model(_model_or_404(request.POST["switch"])))
    if reference_rows.is_asked(request.POST):
        changed = reference_rows.changed(request, form)
        return _show(request, changed.form, empty_rows="add_row" in request.POST, beside=changed.beside)
    if "dice" in request.POST:
        return _show(request, form.rolled(request.POST["dice"]))
    if request.POST.get("do") == "generate":
        return _generate(request, form)
    if request.POST.get("do") == "prompts":
        drafts.note(request, form)
        return redirect("studio-prompts")
    if request.POST.get("do") in drafts.ACTS:
        return _show(request, drafts.act(request, form))
    if request.POST.get("do") == "code":
        reference_rows.check(request, form)
        return _show(request, form, beside={"code_tab": code_tab.of(form, request.POST)})
    return _show(request, form)


@page
@require_POST
def price(request: Visit) -> HttpResponse:
    """The price of the form as it stands; a part of the page."""
    offer = offers.of(StudioForm.posted(request), request.user)
    return render(request, "studio/price.html", {"offer": offer})


def _opened(request: Visit) -> tuple[StudioForm, str]:
    """The form as `?from=` and `?model=` ask for it, and a word on how it was filled."""
    wanted = request.GET.get("model", "")
    model = known_model(wanted)
    notice = f"There is no image model called {wanted[:60]}." if wanted and not model else ""
    if "from" not in request.GET:
        draft = drafts.form_of(drafts.of(request.user).typed)
        return (draft if model is None else draft.for_model(model)), notice
    image = _image_or_404(request)
    if "take" in request.GET:
        return recall.opened(request.user, image, request.GET.getlist("take"))
    kept = image.generation
    typed = typed_from(kept.image_model, {**kept.input, "seed": image.seed}, 1)
    form = StudioForm(known_model(kept.image_model) or catalogue.get(catalogue.DEFAULT), typed)
    notice = notice or "These are the settings of your picture, with its seed. Empty the seed for a different picture."
    return form if model is None else form.for_model(model), notice


def _generate(request: Visit, form: StudioForm) -> HttpResponse:
    drafts.note(request, form)
    try:
        generation = _order(request, form)
    except BadBrief as bad:
        form.refuse(bad.errors)
        return _show(request, form, status=422)
    except orders.REFUSED as refused:
        return _show(request, form, refusal=orders.refusal(refused))
    drafts.note(request, form)  # once more: its files are uploads now
    if not request.htmx:
        drafts.note(request, form.after_an_order())
        return redirect("generation", generation.pk)
    context = {"card": stream.card(generation), "nonce": new_nonce()}
    answer = render(request, "studio/ordered.html", context)
    answer["HX-Retarget"], answer["HX-Reswap"] = "#cards", "afterbegin"
    answer["HX-Trigger-After-Settle"] = PRICE_EVENT
    return answer


def _order(request: Visit, form: StudioForm) -> Generation:
    """Read the form and order it at the price that the customer was shown; nothing else in it says a price."""
    try:
        brief = form.brief()
    except BadBrief:
        reference_rows.check(request, form)
        raise
    try:
        uploads = references.resolve(request.user, brief, request=request)
    except references.NotAll as bad:
        form.keep(bad.uploads)
        raise
    form.keep(uploads)
    return orders.take(request, brief, uploads)


def _show(
    request: Visit,
    form: StudioForm,
    notice: str = "",
    *,
    status: int = 200,
    refusal: Refusal = NOT_REFUSED,
    empty_rows: bool = False,
    beside: Mapping[str, Any] = MappingProxyType({}),
) -> HttpResponse:
    """The page, or for htmx the form alone. `beside`: what an act has to tell besides."""
    status = refusal.status if refusal.name else status
    context: dict[str, Any] = {
        "form": form,
        "controls": controls.of(form, request.user, empty_rows=empty_rows),
        "offer": offers.of(form, request.user),
        "price_tags": offers.price_tags(),
        "quantities": range(1, form.image_model.max_quantity + 1),
        "nonce": nonce_of(request),
        "notice": notice,
        "draft": drafts.shown(request, form),
        "refusal": refusal,
        **reference_rows.beside(request, form),
        **beside,
    }
    if request.htmx:
        return render(request, "studio/form.html", context, status=status)
    context["cards"] = stream.cards(request.user)
    context["fal_is_away"] = presentation.fal_notice()
    return render(request, "studio/page.html", context, status=status)


def _model_or_404(id: str) -> catalogue.ImageModel:
    model = known_model(id)
    if model is None:
        raise Http404("There is no such image model.")
    return model


def _image_or_404(request: Visit) -> Image:
    try:
        id = UUID(request.GET["from"])
    except ValueError as error:
        raise Http404("There is no such picture.") from error
    mine = Image.objects.filter(user=request.user, generation__deleted_at=None).select_related("generation")
    image = mine.filter(pk=id).first()
    if image is None:
        raise Http404("There is no such picture.")
    return image
