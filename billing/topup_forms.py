"""The forms of auto top-up and of the mail about a low balance: what is asked for, and what each answer means."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from . import cents, credits, planned
from .models import Pack
from .topups import Agreement

_SHORT = {"autocomplete": "off", "inputmode": "decimal"}


class CreditsField(forms.CharField):
    """An amount in 1/100 credit; None where nothing is written."""

    def clean(self, value: Any) -> int | None:
        text = str(super().clean(value)).replace(",", "")
        try:
            return credits.read(text) if text else None
        except ValueError as error:
            raise ValidationError(str(error)) from error


class DollarsField(forms.CharField):
    """An amount in US cents."""

    def clean(self, value: Any) -> int:
        try:
            return cents.read(str(super().clean(value)))
        except ValueError as error:
            raise ValidationError(str(error)) from error


class PackField(forms.ModelChoiceField):  # type: ignore[type-arg]  # only its stub is generic
    def label_from_instance(self, obj: Pack) -> str:
        return f"{credits.whole(obj.credits)} credits for {cents.show(obj.cents)}"


class TopUpForm(forms.Form):
    threshold = CreditsField(
        label="When fewer credits than this are available",
        help_text="Credits that are set aside for pictures on their way are not available.",
        error_messages={"required": "Say below how many credits you want to be topped up."},
        widget=forms.TextInput(attrs=_SHORT),
    )
    pack = PackField(
        label="Buy",
        queryset=Pack.objects.none(),
        empty_label=None,
        error_messages={
            "required": "Choose what is to be bought.",
            "invalid_choice": "This pack is not on offer any more. Choose from what is here now.",
        },
    )
    ceiling = DollarsField(
        label="For at most, in US dollars a month",
        help_text="In a month of the calendar (UTC). What you buy by hand does not count towards it.",
        error_messages={"required": "Say how much may be charged in a month at most."},
        widget=forms.TextInput(attrs=_SHORT),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        planned.bring_in()
        field: Any = self.fields["pack"]
        field.queryset = Pack.objects.filter(is_offered=True).order_by("cents")

    def clean(self) -> dict[str, Any]:
        said = self.cleaned_data
        threshold, pack, ceiling = said.get("threshold"), said.get("pack"), said.get("ceiling")
        if threshold == 0:
            self.add_error("threshold", "The threshold has to be more than 0.")
        elif threshold and pack and threshold > pack.credits:
            self.add_error(
                "threshold",
                f"This pack brings {credits.whole(pack.credits)} credits: give at most that, so that one charge is "
                "enough, or choose a larger pack.",
            )
        if pack and ceiling is not None and ceiling < pack.cents:
            self.add_error("ceiling", f"This pack costs {cents.show(pack.cents)}, so the ceiling has to be that much.")
        return said

    @property
    def agreement(self) -> Agreement:
        said = self.cleaned_data
        return Agreement(said["threshold"], said["pack"], said["ceiling"])


class LowBalanceForm(forms.Form):
    below = CreditsField(
        label="Mail me when fewer credits than this are left",
        required=False,
        help_text="Empty for no mail. One comes each time your credits fall below it.",
        widget=forms.TextInput(attrs=_SHORT),
    )
