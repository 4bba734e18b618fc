"""The pages of reports: the form that anybody may send, and the list that staff works through."""

from uuid import UUID

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from generations.models import Image
from krea_site import reports
from krea_site.models import Reason, Report
from krea_site.staff_area import staff_only

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


@staff_only
@require_safe
def report_list(request: HttpRequest) -> HttpResponse:
    state = request.GET.get("state", "open")
    rows = list(_before(_of_state(state), request.GET.get("before"))[: ON_A_PAGE + 1])
    following = rows[ON_A_PAGE - 1].pk if len(rows) > ON_A_PAGE else None
    known = {"reports": rows[:ON_A_PAGE], "state": state, "states": STATES, "following": following}
    return render(request, "staff/reports.html", known)


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def report_page(request: HttpRequest, id: UUID) -> HttpResponse:
    row = get_object_or_404(Report.objects.select_related("closed_by"), pk=id)
    if request.method == "POST":
        return _close(request, row)
    return render(request, "staff/report.html", {"report": row, "image": _image(row)})


def _close(request: HttpRequest, row: Report) -> HttpResponse:
    done = request.POST.get("done", "").strip()
    if not done:
        known = {
            "report": row,
            "image": _image(row),
            "error": "Say what was done, if only that there was nothing to do.",
        }
        return render(request, "staff/report.html", known, status=422)
    if reports.close(row.pk, by=request.user, done=done[:4000]):
        messages.success(request, "The report is closed.")
    else:
        messages.error(request, "Somebody else closed it before; what they wrote stands below.")
    return redirect("staff-report", row.pk)


def _image(row: Report) -> Image | None:
    return Image.objects.select_related("generation", "user").filter(pk=row.image_id).first() if row.image_id else None


def _of_state(state: str) -> "QuerySet[Report]":
    """Open ones oldest first, since those have waited longest."""
    if state not in STATES:
        raise Http404("There is no such state.")
    return Report.objects.open().order_by("id") if state == "open" else Report.objects.closed().order_by("-id")


def _before(rows: "QuerySet[Report]", cursor: str | None) -> "QuerySet[Report]":
    if not cursor:
        return rows
    try:
        after = UUID(cursor)
    except ValueError:
        raise Http404("There is no such page.") from None
    return rows.filter(pk__lt=after) if rows.query.order_by == ("-id",) else rows.filter(pk__gt=after)
