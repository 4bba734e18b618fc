"""The first page: what this is, what it costs, what people ask, and the way in."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from billing import set_limits, trial_limits
from billing.credits import PER_CREDIT

from . import calculator, model_pages, samples


@require_safe
def landing(request: HttpRequest) -> HttpResponse:
    """`?model=…&quantity=…` fills the calculator, so that it works without JavaScript and can be passed on."""
    context = {
        "compared": model_pages.compared(),
        "samples": samples.pictures(),
        "trial_credits": set_limits.amount(trial_limits.CREDITS) * PER_CREDIT,
        "calculation": calculator.calculate(request.GET.dict()),
    }
    return render(request, "landing.html", context)
