"""What is said after pictures were deleted, with the button that takes them back out of the bin."""

from datetime import datetime

from django.template.loader import render_to_string

from .visits import Visit


def with_undo(request: Visit, count: int, moment: datetime, *, was_running: bool = False, of_form: bool = False) -> str:
    """Of `count` pictures that were deleted together at `moment`; safe to be shown as it is. `of_form`: within the form
    whose button was pressed."""
    context = {"count": count, "moment": moment.isoformat(), "was_running": was_running, "of_form": of_form}
    return render_to_string("gallery/undo.html", context, request)
