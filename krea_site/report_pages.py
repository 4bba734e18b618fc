"""The page on which anybody reports a picture. What staff sees of reports is in report_desk.py."""

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from krea_site import reports
from krea_site.models import Reason

ON_A_PAGE = 50
STATES = ("open", "closed")


class ReportForm(forms.Form):
    picture = forms.CharField(
        label="Which picture",
        max_length=500,
        help_text="Its address, or its id.",
        error_messages={"required": "Say which picture you mean."},
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    reason = forms.ChoiceField(
        label="What is wrong with it",
        choices=[("", "Choose one"), *Reason.choices],
        error_messages={"required": "Choose what is wrong with it."},
    )
    details = forms.CharField(
        label="What we should know",
        max_length=4000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text="Who is shown, whose work it is, where you found it. You may leave this empty.",
    )
    email = forms.EmailField(
        label="Your e-mail address",
        required=False,
        help_text="Only if you want an answer. It is used for nothing else.",
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
    # People do not see it; programs that fill in everything do.
    website = forms.CharField(required=False, widget=forms.TextInput(attrs={"autocomplete": "off", "tabindex": "-1"}))

    def told(self) -> reports.Told:
        given = self.cleaned_data
        return reports.Told(given["picture"], Reason(given["reason"]), given["details"], given["email"])


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def report(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        picture = request.GET.get("picture", "")[:500]
        return render(
            request,
            "reports/form.html",
            {"form": ReportForm(initial={"picture": picture}), "is_sent": "sent" in request.GET},
        )
    form = ReportForm(request.POST)
    if not form.is_valid():
        return render(request, "reports/form.html", {"form": form}, status=422)
    if not form.cleaned_data["website"]:
        try:
            reports.write(form.told(), address=request.META.get("REMOTE_ADDR", ""))
        except reports.TooMany:
            return render(request, "reports/form.html", {"form": form, "is_too_many": True}, status=429)
    return redirect(f"{reverse('report')}?sent")
