"""The forms of webhooks: an address with its events, a threshold, a moment."""

from datetime import UTC, datetime, timedelta

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from .key_forms import CreditsField
from .models import Delivery, Topic
from .webhooks import addresses, endpoints
from .webhooks.deliveries import LOG_LASTS

TOPICS = (
    (Topic.GENERATION_FINISHED, "A generation is over: delivered, failed, blocked or canceled."),
    (Topic.GENERATION_UPDATED, "Every change of a generation on its way, and its end. Many calls."),
    (Topic.BALANCE_LOW, "Less is left than the threshold that you set below the list of webhooks."),
)
EVERYTHING = "everything"
MOMENT = "%Y-%m-%dT%H:%M"  # as the browser's own field writes it


class EndpointForm(forms.Form):
    url = forms.CharField(
        label="Address",
        help_text=f"It must be {addresses.ALLOWED}. It is called by POST; redirects are not followed.",
        error_messages={"required": f"Give the address that is called: {addresses.ALLOWED}."},
        widget=forms.URLInput(attrs={"autocomplete": "off", "placeholder": "https://example.com/hooks/pictures"}),
    )
    topics = forms.MultipleChoiceField(
        label="What it is told",
        choices=[(topic.value, sentence) for topic, sentence in TOPICS],
        error_messages={
            "required": "Choose at least one event.",
            "invalid_choice": "There is no event called %(value)s.",
        },
    )

    def clean_url(self) -> str:
        try:
            return addresses.check(self.cleaned_data["url"])
        except addresses.BadAddress as bad:
            raise ValidationError(str(bad)) from bad

    def clean_topics(self) -> list[str]:
        return endpoints.check_topics(self.cleaned_data["topics"])


class MakeForm(EndpointForm):
    """A new webhook. `id` comes with the form, so that sending it twice makes one."""

    id = forms.UUIDField(widget=forms.HiddenInput())


class LowBalanceForm(forms.Form):
    low_below = CreditsField(
        label="Tell balance.low below (credits)",
        required=False,
        help_text="It is told once, until more was left again. Empty: never.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "decimal"}),
    )


class AgainForm(forms.Form):
    """What is told anew: all since a moment (UTC) that ended so."""

    since = forms.CharField(
        label="Since (UTC)",
        max_length=40,
        error_messages={"required": "Say since when, such as 2026-11-30T08:00."},
    )
    only = forms.ChoiceField(
        label="What",
        initial=Delivery.Outcome.GIVEN_UP.value,
        choices=[(Delivery.Outcome.GIVEN_UP.value, "What was given up"), (EVERYTHING, "Everything")],
        error_messages={
            "required": "Choose what was given up, or everything.",
            "invalid_choice": "Choose what was given up, or everything.",
        },
    )

    def clean_since(self) -> datetime:
        text = str(self.cleaned_data["since"]).strip()
        try:
            found = datetime.strptime(text[: len("2026-11-30T08:00")], MOMENT).replace(tzinfo=UTC)
        except ValueError as error:
            raise ValidationError(f"{text!r} is not a time; write it as 2026-11-30T08:00.") from error
        return max(found, timezone.now() - LOG_LASTS)


def a_day_ago() -> str:
    """What stands in the field of AgainForm at first."""
    return (timezone.now().astimezone(UTC) - timedelta(days=1)).strftime(MOMENT)
