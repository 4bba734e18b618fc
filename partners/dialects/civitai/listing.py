"""The list of workflows: which of them, in which order, from where on."""

from datetime import UTC, datetime
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.dateparse import parse_datetime
from django.utils.timezone import is_naive, make_aware
from rest_framework.request import Request

from generations.models import Generation, Outcome
from partners.dialects import seen
from partners.models import Tag
from partners.problems import invalid_query, parameter_error

from . import said_again
from .names import SIZES
from .view import TRUE

TAKE = 100
WORDS_MAX = 20  # of a query; those behind them narrow it no further


def filtered(request: Request) -> "tuple[QuerySet[Generation], int]":
    """The rows that are asked for, and how many of them at once. Raises Problem."""
    query, errors = request.query_params, []
    rows = seen.readable(request.user.pk).filter(image_model__in=SIZES.values())
    is_ascending = query.get("ascending", "").lower() in TRUE
    if query.get("excludeFailed", "").lower() in TRUE:
        rows = rows.filter(Q(outcome=None) | Q(outcome__in=[Outcome.SUCCEEDED, Outcome.PARTIAL]))
    for name, lookup in (("fromDate", "created_at__gte"), ("toDate", "created_at__lte")):
        if given := query.get(name):
            moment = _moment(given)
            if moment is None:
                errors.append(parameter_error(name, "not_allowed", f"{name} must be a time in ISO 8601."))
            else:
                rows = rows.filter(**{lookup: moment})
    if cursor := query.get("cursor"):
        try:
            rows = rows.filter(**{"pk__gt" if is_ascending else "pk__lt": UUID(cursor)})
        except ValueError:
            errors.append(parameter_error("cursor", "not_allowed", "cursor must be the next of a list."))
    take = query.get("take", str(TAKE))
    if not (take.isascii() and take.isdigit() and 1 <= int(take[:9]) <= TAKE):
        errors.append(parameter_error("take", "out_of_range", f"take must be a whole number from 1 to {TAKE}."))
    for name in ("tags", "excludeTags"):
        for tag in query.getlist(name):
            tagged = Exists(Tag.objects.filter(order=OuterRef("pk"), name=tag))
            if said_again.is_tag(tag):
                rows = rows.filter(tagged if name == "tags" else ~tagged)
            else:
                said = f"{name} must be texts of 1 to {said_again.TAG_MAX} characters."
                errors.append(parameter_error(name, "not_allowed", said))
    for word in query.get("query", "").casefold().replace("\0", " ").split()[:WORDS_MAX]:
        rows = rows.filter(order__searched__contains=word)
    if errors:
        raise invalid_query(errors)
    return rows.order_by("pk" if is_ascending else "-pk"), int(take)


def _moment(text: str) -> datetime | None:
    try:
        found = parse_datetime(text)
        return found and (make_aware(found) if is_naive(found) else found).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
