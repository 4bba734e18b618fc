"""The pages of the texts, and where staff edits them."""

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from krea_site import texts
from krea_site.dashboard import acts
from krea_site.dashboard.gate import staff
from krea_site.dashboard.roles import Lever
from krea_site.models import TextVersion
from krea_site.texts import markup


class TextForm(forms.Form):
    body = forms.CharField(
        label="Text", max_length=texts.MOST_CHARACTERS, strip=False, widget=forms.Textarea(attrs={"class": "code tall"})
    )
    after = forms.IntegerField(min_value=0, max_value=1_000_000, widget=forms.HiddenInput)


@require_safe
def text(request: HttpRequest, slug: str) -> HttpResponse:
    shown = texts.current(slug)
    return render(request, "texts/text.html", {"text": shown, "html": markup.render(shown.body)})


@staff(Lever.EDIT_TEXTS)
@require_safe
def text_list(request: HttpRequest) -> HttpResponse:
    found = [texts.current(slug) for slug in texts.TITLES]
    return render(request, "staff/texts.html", {"texts": [(each, len(markup.blanks(each.body))) for each in found]})


@staff(Lever.EDIT_TEXTS)
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, slug: str) -> HttpResponse:
    """Edit, look at it, save. `?version=` begins with an older one: saving it restores it, as a new version."""
    newest = _current(slug)
    if request.method != "POST":
        begun = _version(slug, request.GET.get("version")) or newest
        form = TextForm(initial={"body": begun.body, "after": newest.number})
        return _page(request, newest, form, begun=begun)
    form = TextForm(request.POST)
    if not form.is_valid():
        return _page(request, newest, form, status=422)
    body, after = form.cleaned_data["body"].replace("\r\n", "\n").strip() + "\n", form.cleaned_data["after"]
    if "preview" in request.POST:
        acts.nothing_done(request)
        return _page(request, newest, form, preview=markup.render(body))
    try:
        with transaction.atomic():
            number = texts.save(slug, body, after=after, author=request.user)
            acts.write(request, "texts.save", f"text:{slug}", before={"version": after}, after={"version": number})
    except texts.Overtaken:
        newest = _current(slug)
        form = TextForm(initial={"body": body, "after": newest.number})
        return _page(request, newest, form, is_overtaken=True, status=409)
    messages.success(request, f"Version {number} is what the page shows now.")
    return redirect("staff-text", slug)


def _page(
    request: HttpRequest, newest: texts.Text, form: TextForm, *, status: int = 200, **known: object
) -> HttpResponse:
    versions = TextVersion.objects.filter(slug=newest.slug).select_related("author").defer("body")
    known |= {"text": newest, "form": form, "versions": versions}
    return render(request, "staff/text.html", known, status=status)


def _current(slug: str) -> texts.Text:
    try:
        return texts.current(slug)
    except KeyError:
        raise Http404("There is no such text.") from None


def _version(slug: str, number: str | None) -> texts.Text | None:
    if number is None:
        return None
    try:
        return texts.version(slug, int(number))
    except (ValueError, TextVersion.DoesNotExist):
        raise Http404("There is no such version.") from None
