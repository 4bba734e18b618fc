"""The forms of keys: what is asked for, and what each answer means."""

from datetime import datetime, timedelta

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from billing import credits

from .models import Scope

SCOPES = (
    (Scope.GENERATIONS_WRITE, "Order pictures, cancel and delete them. This spends your credits."),
    (Scope.GENERATIONS_READ, "See every picture of the account, and be told as they are made."),
    (Scope.BILLING_READ, "See the balance, every movement of credits, and the usage."),
    (Scope.WEBHOOKS_WRITE, "Set up webhooks, read their log, and have things told anew."),
)
USUAL_SCOPES = (Scope.GENERATIONS_WRITE, Scope.GENERATIONS_READ)
EXPIRIES = (("never", "Never"), ("30", "After 30 days"), ("90", "After 90 days"), ("365", "After 365 days"))
GRACES = (("0", "Not at all: it ends now"), ("1", "For 1 hour"), ("24", "For 24 hours"), ("168", "For 7 days"))
USUAL_GRACE = "24"


class CreditsField(forms.CharField):
    """An amount in 1/100 credit, written with at most two decimals; None where nothing is written."""

    def clean(self, value: object) -> int | None:
        text = str(super().clean(value))
        try:
            return credits.read(text) if text else None
        except ValueError as error:
            raise ValidationError(str(error)) from error


class ChangeForm(forms.Form):
    """What can be changed of a key."""

    name = forms.CharField(
        label="Name",
        max_length=100,
        help_text="For you alone: where it is used, such as “Shop, production”.",
        error_messages={"required": "Give the key a name, so that you know it again."},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    monthly_limit = CreditsField(
        label="Monthly limit in credits",
        required=False,
        help_text=(
            "What it may order for in a month of the calendar (UTC); empty for no limit. It counts from when it is set."
        ),
        widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "decimal"}),
    )


class MakeForm(ChangeForm):
    """A new key. `id` comes with the form, so that sending it twice makes one."""

    field_order = ("id", "name", "scopes", "expires", "monthly_limit")
    id = forms.UUIDField(widget=forms.HiddenInput())
    scopes = forms.MultipleChoiceField(
        label="What it may do",
        choices=[(scope.value, sentence) for scope, sentence in SCOPES],
        error_messages={
            "required": "Choose at least one thing that the key may do.",
            "invalid_choice": "There is nothing called %(value)s that a key may do.",
        },
    )
    expires = forms.ChoiceField(
        label="It ends",
        choices=EXPIRIES,
        error_messages={
            "required": "Choose when the key ends.",
            "invalid_choice": "Choose when the key ends: never, or after 30, 90 or 365 days.",
        },
    )

    @property
    def expires_at(self) -> datetime | None:
        days = self.cleaned_data["expires"]
        return None if days == "never" else timezone.now() + timedelta(days=int(days))


class RotateForm(forms.Form):
    grace = forms.ChoiceField(
        label="How long the old key is still good",
        choices=GRACES,
        help_text="Long enough to put the new one wherever the old one is.",
        error_messages={
            "required": "Choose how long the old key is still good.",
            "invalid_choice": "Choose how long the old key is still good: now, 1 hour, 24 hours or 7 days.",
        },
    )

    @property
    def wanted(self) -> timedelta:
        return timedelta(hours=int(self.cleaned_data["grace"]))
