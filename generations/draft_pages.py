"""The draft for the studio's script, as JSON: kept by small requests while somebody types, and asked after when a page
comes back into view. Who has no script has it saved with every button of the form."""

from django.http import HttpRequest, JsonResponse
from django.middleware.csrf import get_token
from django.template.loader import render_to_string
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from . import drafts, visits
from .drafts import BadDraft, Changed, Mark

ASIDE = "aside"  # `do`: what a browser kept for itself while the draft was changed elsewhere


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def draft(request: HttpRequest) -> JsonResponse:
    """GET: who is logged in, a fresh token for the forms of a page from before, and the draft's version. POST: saves;
    409 `changed` where it was changed elsewhere, 409 `another_account` where the page is not this account's."""
    if not request.user.is_authenticated:
        notice = render_to_string("studio/logged_out.html", request=request)
        return _refused(401, "logged_out", "You have been logged out.", notice=notice)
    if request.method != "POST":
        return JsonResponse(_session(request))
    return _save(request)


def _session(request: HttpRequest) -> dict[str, object]:
    """`changed` is what a page from before a change elsewhere has to be told; empty where there was none."""
    row, mark = drafts.of(request.user), Mark.read(request.GET)
    is_old = mark is not None and mark.page != row.page and mark.version != row.version
    return {
        "member": visits.member(request.user),
        "csrf": get_token(request),
        "version": row.version,
        "changed": _changed() if is_old else "",
    }


def _changed() -> str:
    return render_to_string("studio/draft/changed.html")


def _save(request: HttpRequest) -> JsonResponse:
    if not visits.is_of(request.user, request.POST.get("member", "")):
        return _refused(409, "another_account", "This page was opened by another account. Load it again.")
    mark = Mark.read(request.POST)
    if mark is None:
        return _refused(422, "bad_draft", "draft_page must be 16 to 48 letters, digits, - or _.")
    try:
        typed = drafts.clean((name, values[-1]) for name, values in request.POST.lists())
        if request.POST.get("do") == ASIDE:
            row = drafts.set_aside(request.user, typed)
        else:
            row = drafts.save(request.user, typed, mark)
    except BadDraft as bad:
        return _refused(422, "bad_draft", bad.detail, field=bad.field)
    except Changed as changed:
        return _refused(409, "changed", str(changed), version=changed.draft.version, notice=_changed())
    return JsonResponse({"version": row.version})


def _refused(status: int, code: str, detail: str, **more: object) -> JsonResponse:
    return JsonResponse({"code": code, "detail": detail, **more}, status=status)
