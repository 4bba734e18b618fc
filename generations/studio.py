"""The studio: the form of an image model, its exact price, and the order. Everything works without JavaScript; with it,
htmx asks the same views for parts of the page."""

import re
import secrets
from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from billing import prices
from billing.errors import CeilingReached, InsufficientCredits
from billing.prices import BadQuote, Quote

from . import catalogue, controls, errands, lifecycle, offers, presentation, references
from .brief import BadBrief
from .forms import StudioForm, known_model, typed_from
from .lifecycle import PriceRose
from .models import Generation, Image
from .visits import Visit, page

RECENT = 8
PRICE_EVENT = "price"  # told to the page: ask for the price anew
_NONCE = re.compile(r"[A-Za-z0-9_-]{16,48}")


class Unconfirmed(Exception):
    """The form carries no price that we gave: the customer has to see it first."""


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
    if "add_row" in request.POST or "remove_row" in request.POST:
        return _show(request, _with_rows_changed(request, form), empty_rows="add_row" in request.POST)
    if request.POST.get("do") == "generate":
        return _generate(request, form)
    return _show(request, form)


@page
@require_POST
def price(request: Visit) -> HttpResponse:
    """The price of the form as it stands; a part of the page."""
    offer = offers.of(StudioForm.posted(request), request.user)
    return render(request, "studio/price.html", {"offer": offer})


@page
@require_POST
@errands.door
def rows(request: Visit) -> HttpResponse:
    """One list of the form with a row added or removed, or with its chosen file kept; a part of the page."""
    name = (
        request.POST.get("add_row") or request.POST.get("keep") or request.POST.get("remove_row", "").partition(".")[0]
    )
    form = _with_rows_changed(request, StudioForm.posted(request))
    try:
        control = controls.one_list(form, request.user, name, empty_row="add_row" in request.POST)
    except KeyError:
        return HttpResponseBadRequest("No such list.")
    answer = render(request, control.template, {"control": control, "autofocus": True})
    answer["HX-Trigger-After-Settle"] = PRICE_EVENT
    return answer


def _opened(request: Visit) -> tuple[StudioForm, str]:
    """The form as `?from=` and `?model=` ask for it, and a word on how it was filled."""
    wanted = request.GET.get("model", "")
    model = known_model(wanted)
    notice = f"There is no image model called {wanted[:60]}." if wanted and not model else ""
    if "from" not in request.GET:
        return StudioForm(model or catalogue.get(catalogue.DEFAULT)), notice
    image = _image_or_404(request)
    kept = image.generation
    typed = typed_from(kept.image_model, {**kept.input, "seed": image.seed}, 1)
    form = StudioForm(known_model(kept.image_model) or catalogue.get(catalogue.DEFAULT), typed)
    notice = notice or "These are the settings of your picture, with its seed. Empty the seed for a different picture."
    return form if model is None else form.for_model(model), notice


def _generate(request: Visit, form: StudioForm) -> HttpResponse:
    try:
        generation = _order(request, form)
    except BadBrief as bad:
        form.refuse(bad.errors)
        return _show(request, form, status=422)
    except InsufficientCredits:
        return _show(request, form, status=402, refusal="credits")
    except CeilingReached as over:
        return _show(request, form, status=402, refusal="ceiling", over=over)
    except PriceRose:
        return _show(request, form, status=409, refusal="price_rose")
    except Unconfirmed:
        return _show(request, form, status=409, refusal="unconfirmed")
    except prices.NoPrice:
        return _show(request, form, offers.NOT_FOR_SALE, status=409)
    if not request.htmx:
        return redirect("generation", generation.pk)
    fresh = Generation.objects.prefetch_related("images").get(pk=generation.pk)
    context = {"card": presentation.card(fresh), "nonce": new_nonce()}
    answer = render(request, "studio/ordered.html", context)
    answer["HX-Retarget"], answer["HX-Reswap"] = "#cards", "afterbegin"
    answer["HX-Trigger-After-Settle"] = PRICE_EVENT
    return answer


def _order(request: Visit, form: StudioForm) -> Generation:
    """Read the form and order it at the price that the customer was shown; nothing else in it says a price."""
    try:
        brief = form.brief()
    except BadBrief:
        _keep_files(request, form)
        raise
    uploads = references.resolve(request.user, brief, request=request)
    form.keep(uploads)
    quote, nonce = _quote(request.POST.get("quote", "")), request.POST.get("nonce", "")
    if quote is None or not _NONCE.fullmatch(nonce):
        raise Unconfirmed
    binds = quote.digest == brief.digest() and prices.is_fresh(quote)
    return lifecycle.submit(
        request.user,
        brief,
        uploads=uploads,
        quote=quote if binds else None,
        at_most=None if binds else quote.total,
        wish=f"{nonce}:{brief.digest()}",
    )


def _with_rows_changed(request: Visit, form: StudioForm) -> StudioForm:
    _keep_files(request, form)
    name, _, number = request.POST.get("remove_row", "").partition(".")
    return form.without_row(name, int(number)) if number.isascii() and number.isdigit() else form


def _keep_files(request: Visit, form: StudioForm) -> None:
    """Keep the chosen files as uploads, so that nobody has to choose them again."""
    try:
        if (brief := form.files_brief()) is not None:
            form.keep(references.resolve(request.user, brief, request=request))
    except BadBrief as bad:
        form.refuse_files(bad.errors)


def _show(
    request: Visit,
    form: StudioForm,
    notice: str = "",
    *,
    status: int = 200,
    refusal: str = "",
    over: CeilingReached | None = None,
    empty_rows: bool = False,
) -> HttpResponse:
    """The page, or for htmx the form alone. `over` is the ceiling that refused."""
    context: dict[str, Any] = {
        "form": form,
        "controls": controls.of(form, request.user, empty_rows=empty_rows),
        "offer": offers.of(form, request.user),
        "price_tags": offers.price_tags(),
        "quantities": range(1, form.image_model.max_quantity + 1),
        "nonce": new_nonce(),
        "notice": notice,
        "refusal": refusal,
        "over": over,
    }
    if request.htmx:
        return render(request, "studio/form.html", context, status=status)
    context["cards"] = presentation.cards(_under_way_and_recent(request))
    context["fal_is_away"] = presentation.fal_notice()
    return render(request, "studio/page.html", context, status=status)


def _under_way_and_recent(request: Visit) -> list[Generation]:
    mine = Generation.objects.filter(user=request.user, deleted_at=None).prefetch_related("images")
    return list(mine.order_by("-id")[:RECENT])


def new_nonce() -> str:
    """The name of one wish: the same form sent twice is one generation, a form opened twice is two."""
    return secrets.token_urlsafe(18)


def _quote(token: str) -> Quote | None:
    try:
        return prices.read(token)
    except BadQuote:
        return None


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
