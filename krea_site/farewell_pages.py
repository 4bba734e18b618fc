"""The page that deletes an account: what becomes of everything is said first, and the address is typed in."""

from django import forms
from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from accounts.fresh import fresh_confirmation
from accounts.models import User
from krea_site import farewell


class FarewellForm(forms.Form):
    """The address of the account, typed in by its owner."""

    email = forms.CharField(
        label="Your e-mail address",
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
    )

    def __init__(self, user: User, *args: object, **kwargs: object) -> None:
        self.user = user
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]

    def clean_email(self) -> str:
        typed = str(self.cleaned_data["email"]).strip().lower()
        if typed != self.user.email.lower():
            raise forms.ValidationError("This is not the address of this account.")
        return typed


@fresh_confirmation
@require_http_methods(["GET", "HEAD", "POST"])
def delete_account(request: HttpRequest) -> HttpResponse:
    assert isinstance(request.user, User)
    form = FarewellForm(request.user, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        farewell.begin(request.user)
        logout(request)
        messages.success(request, "Your account is deleted. Your pictures go within minutes.")
        return redirect("landing")
    known = {"form": form, "outlook": farewell.outlook(request.user)}
    return render(request, "account/delete.html", known, status=422 if form.errors else 200)
