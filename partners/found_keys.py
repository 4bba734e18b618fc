"""Where anybody reports a key that they found in public: a form for people, JSON for programs. No log-in is needed.

Whoever reports learns from the checksum whether it can be a key of ours, and nothing else: not whether it opened
anything. The key stands in the body alone, and comes back in no answer.
"""

import json
from ipaddress import IPv6Address, ip_address

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.crypto import salted_hmac
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from generations.brief import FieldError

from . import keys, rate_limits
from .problems import Problem, invalid_input

A_MINUTE = 30  # reports from one network
LONGEST = 200
NO_KEY = "This is no key of ours: krea_ and 38 letters and digits, of which the last six are a checksum of the rest."


class FoundForm(forms.Form):
    key = forms.CharField(
        label="The key",
        max_length=LONGEST,
        error_messages={"required": "Paste the whole key.", "max_length": NO_KEY},
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "autocapitalize": "off"}),
    )

    def clean_key(self) -> str:
        found = str(self.cleaned_data["key"])
        if not keys.is_well_formed(found):
            raise forms.ValidationError(NO_KEY)
        return found


@csrf_exempt
@sensitive_post_parameters()
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def report(request: HttpRequest) -> HttpResponse:
    if request.method == "POST" and request.content_type == "application/json":
        return _of_program(request)
    return _of_person(request)


@csrf_protect
def _of_person(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        return _page(request, FoundForm(), is_done="done" in request.GET)
    if not (verdict := _count(request)).is_allowed:
        answer = _page(request, FoundForm(), wait=verdict.wait_s, status=429)
        answer["Retry-After"] = str(verdict.wait_s)
        return answer
    form = FoundForm(request.POST)
    if not form.is_valid():
        return _page(request, form, status=422)
    keys.found_in_public(form.cleaned_data["key"])
    return redirect(f"{reverse('found-key')}?done")


def _of_program(request: HttpRequest) -> HttpResponse:
    """204 for whatever has the form of a key; a problem for everything else."""
    try:
        if not (verdict := _count(request)).is_allowed:
            raise rate_limits.refusal(verdict)
        keys.found_in_public(_told(request.body))
    except Problem as problem:
        return problem.response()
    gone = HttpResponse(status=204)
    del gone["Content-Type"]
    return gone


def _told(body: bytes) -> str:
    """Raises Problem."""
    try:
        told = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Problem("invalid_json") from error
    found = told.get("key") if isinstance(told, dict) else None
    if not isinstance(found, str) or not keys.is_well_formed(found.strip()):
        raise invalid_input([FieldError.at(("key",), "not_allowed", NO_KEY, None)])
    return found.strip()


def _count(request: HttpRequest) -> rate_limits.Verdict:
    return rate_limits.take(f"found:{_network(request.META.get('REMOTE_ADDR', ''))}", A_MINUTE)


def _network(address: str) -> str:
    """A keyed hash of the address; of IPv6 its /64, since one household has that many."""
    try:
        ip = ip_address(address)
    except ValueError:
        ip = IPv6Address(0)  # behind a socket without addresses all are one network
    packed = ip.packed[:8] if isinstance(ip, IPv6Address) else ip.packed
    return salted_hmac("partners.found_keys", packed, algorithm="sha256").hexdigest()[:32]


def _page(
    request: HttpRequest, form: FoundForm, *, is_done: bool = False, wait: int = 0, status: int = 200
) -> HttpResponse:
    context = {"error": form.errors.get("key", [""])[0], "is_done": is_done, "wait": wait, "longest": LONGEST}
    return render(request, "developers/found_key.html", context, status=status)
