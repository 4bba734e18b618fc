"""Request by request: fal's billing events and history against our draws. What is safe is mended at once.

Billing events come first, since they say what each request cost; then the history, which an ordinary key may read too;
then our draws that neither names, and the requests that are no draw of ours.
"""

import logging
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from itertools import islice
from typing import Any, TypeVar

from django.db import IntegrityError, transaction
from django.utils import timezone

from . import unknowns
from .dollars import of_microusd
from .fal import history, platform
from .fal.platform import Listed, NotAllowed
from .fal_told import FIELDS, LIVES_FOR, Ours, Told, ids, made, millionths, ours_of, units
from .models import Draw, Status

logger = logging.getLogger(__name__)
T = TypeVar("T")

EDGES = timedelta(hours=1)  # read on both sides of a day: fal may count a request to the other one
AT_ONCE = 500
MOST_ASKED = 50  # requests that are looked into one by one, for each day and endpoint
MOST_LOST = 200


def look_for_the_lost(told: Told, breathe: Callable[[], None]) -> None:
    """Sends whose answer was lost: those that still wait go their way; those that were given up learn what became of
    them, so that their cost is known."""
    rows = made(told).filter(request_id=None, sent_at__range=(told.since, told.until), outcome="unknown")
    for draw in rows.select_related("image__generation").order_by("pk")[:MOST_LOST]:
        breathe()
        if draw.image.draw_id == draw.pk and draw.image.status == Status.UNKNOWN:
            unknowns.resolve(draw.pk)
            if Draw.objects.filter(pk=draw.pk, request_id__isnull=False).exists():
                words = "its answer was lost; fal has it, and it goes on"
                told.found(str(draw.pk), words, is_mended=True, draw=draw.pk)
        elif draw.may_be_billed:
            _learn(told, draw)


def _learn(told: Told, draw: Draw) -> None:
    found = unknowns.search(draw)
    lost = Draw.objects.filter(pk=draw.pk, request_id=None, may_be_billed=True)
    if isinstance(found, history.Found):
        try:
            with transaction.atomic():
                is_new = lost.update(request_id=found.request_id, accepted_at=timezone.now())
        except IntegrityError:  # another draw has taken it meanwhile
            return
        if is_new:
            words = f"was given up; fal has it as request {found.request_id}"
            told.found(str(draw.pk), words, is_mended=True, draw=draw.pk)
    elif found is not None and found.complete and told.is_booked(draw.sent_at) and lost.update(may_be_billed=False):
        told.found(str(draw.pk), "was given up; fal never had it, so it costs nothing", is_mended=True, draw=draw.pk)


def by_events(told: Told, breathe: Callable[[], None]) -> None:
    """Every request that fal charges for; what is of a neighbouring day is only remembered."""
    since, until = told.since - EDGES, told.until + EDGES
    try:
        for some in _batches(platform.charges(told.endpoint, since, until)):
            breathe()
            ours = ours_of(each.request_id for each in some)
            for charge in some:
                draw = ours.get(charge.request_id)
                if draw is not None and draw.pk in told.seen:
                    continue
                if told.is_in_day(charge.at):
                    told.charged += charge.microusd
                    if draw is None:
                        told.strangers[charge.request_id] = (None, charge.microusd)
                    else:
                        _charged(told, draw, charge)
                if draw is not None:
                    told.seen.add(draw.pk)
                elif not told.is_in_day(charge.at):
                    told.elsewhere.add(charge.request_id)
    except NotAllowed as refusal:
        logger.warning("fal's billing events may not be read with this key: %s", refusal)
        told.events = False


def _charged(told: Told, draw: Ours, charge: platform.Charge) -> None:
    cost = draw.cost
    if cost == 0 and charge.microusd:
        cost = charge.microusd
        if draw.completed_at is not None or told.is_booked(charge.at) or draw.outcome:
            _write_cost(told, draw, cost, in_millionths=charge.units_millionths)
    elif cost != charge.microusd:
        told.known += charge.microusd - cost
        if abs(charge.microusd - cost) > 1:  # fal rounds a millionth otherwise
            told.prices[cost, charge.microusd].append(draw.pk)
    told.draws += 1
    told.units += charge.units_millionths
    told.ours += cost


def _write_cost(told: Told, draw: Ours, cost: int, *, in_millionths: int = 0) -> None:
    fields: dict[str, Any] = {"cost_microusd": cost, "may_be_billed": True}
    if in_millionths and not draw.billable_units:
        fields["billable_units"] = units(in_millionths)
    if Draw.objects.filter(pk=draw.pk, cost_microusd=0).update(**fields):
        words = f"cost {of_microusd(cost)}, which was not known here ({draw.outcome or 'no answer'})"
        told.found(draw.request_id, words, is_mended=True, draw=draw.pk)


def by_history(told: Told, breathe: Callable[[], None]) -> None:
    """Every request that fal lists; by it alone is known what was drawn and not charged, or what an ordinary key is
    not told the price of."""
    since, until = told.since - EDGES, min(told.until + EDGES, told.now)
    for some in _batches(platform.requests(told.endpoint, since, until)):
        breathe()
        ours = ours_of(each.request_id for each in some)
        for listed in some:
            at, draw = listed.ended_at or listed.sent_at, ours.get(listed.request_id)
            told.requests += told.is_in_day(at)
            if draw is None:
                if told.is_in_day(at) and listed.request_id not in told.elsewhere:
                    cost = told.strangers.get(listed.request_id, (None, 0))[1]
                    told.strangers[listed.request_id] = (listed, cost)
                continue
            if draw.drawn_ms is None and listed.drawn_ms is not None:
                Draw.objects.filter(pk=draw.pk, drawn_ms=None).update(drawn_ms=listed.drawn_ms)
            if draw.pk not in told.seen:
                told.seen.add(draw.pk)
                if told.is_in_day(at):
                    _drawn(told, draw, listed)


def _drawn(told: Told, draw: Ours, listed: Listed) -> None:
    """A draw of ours that fal lists and, as far as we may know, does not charge for."""
    cost = draw.cost
    if told.events and not told.is_booked(listed.ended_at):
        return
    if told.events and cost:
        told.unbilled[draw.pk] = cost
    elif told.events and draw.may_be_billed:
        known = Draw.objects.filter(pk=draw.pk, cost_microusd=0, may_be_billed=True).exclude(outcome="delivered")
        if known.update(may_be_billed=False):
            words = f"was not charged for after all ({draw.outcome or 'no answer'})"
            told.found(draw.request_id, words, is_mended=True, draw=draw.pk)
    elif not told.events and not cost and listed.status == 200 and draw.outcome != "":
        cost = draw.expected
        _write_cost(told, draw, cost)
    told.draws += 1
    told.units += millionths(draw.billable_units)
    told.ours += cost


def unheard_of(told: Told, breathe: Callable[[], None]) -> None:
    """Draws of ours that were answered and that fal's lists lack: asked for one by one."""
    asked = more = 0
    rows = made(told).filter(completed_at__gte=told.since, completed_at__lt=told.until, request_id__isnull=False)
    for values in rows.order_by("pk").values_list(*FIELDS).iterator(chunk_size=AT_ONCE):
        draw = Ours(*values)
        if draw.pk in told.seen or (told.events and not told.is_booked(draw.completed_at)):
            continue
        told.draws += 1
        told.units += millionths(draw.billable_units)
        told.ours += draw.cost
        told.known -= draw.cost
        if not told.is_booked(draw.completed_at):
            continue
        asked += 1
        if asked > MOST_ASKED:
            more += 1
            continue
        breathe()
        if platform.request(told.endpoint, draw.request_id, told.since - LIVES_FOR) is None:
            words = f"a draw of ours that fal does not know; its cost here is {of_microusd(draw.cost)}"
            told.found(draw.request_id, words, is_mended=False, draw=draw.pk)
        elif draw.cost:
            told.unbilled[draw.pk] = draw.cost
            told.known += draw.cost  # counted below, with the others
    if more:
        told.found(told.endpoint, f"{more:,} more draws of ours are in none of fal's lists", is_mended=False)


def strangers(told: Told, breathe: Callable[[], None]) -> None:
    """Requests at fal that no draw of ours has. The youngest may be of a send whose answer is not saved yet."""
    more, cost_of_more = 0, 0
    for place, (request_id, (listed, cost)) in enumerate(sorted(told.strangers.items())):
        told.known += cost
        if place >= MOST_ASKED:
            more, cost_of_more = more + 1, cost_of_more + cost
            continue
        breathe()
        asked = platform.request(told.endpoint, request_id, told.since - LIVES_FOR)
        listed, given = asked or (listed, {})
        whose = _second_of(told, listed, given)
        costs = f"{of_microusd(cost)}" if told.events else "unknown cost"
        ended = f"{listed.status or 'no end yet'}" if listed else "not in its history"
        if whose is None:
            words = f"a request at fal that nobody here made ({costs}, {ended}): who else uses the key?"
            told.found(request_id, words, is_mended=False)
        else:
            words = f"a second drawing of image {whose.image_id} ({costs}, {ended}); its draw has another request"
            told.found(request_id, words, is_mended=False, draw=whose.pk)
    if more:
        words = f"{more:,} more requests at fal that nobody here made ({of_microusd(cost_of_more)})"
        told.found(told.endpoint, words, is_mended=False)


def _second_of(told: Told, listed: Listed | None, given: dict[str, Any]) -> Draw | None:
    """The draw of ours that asked for the same picture about then: a send that arrived twice."""
    prompt, seed = given.get("prompt"), given.get("seed")
    if listed is None or listed.sent_at is None or not isinstance(seed, int) or abs(seed) >= 2**63:
        return None
    rows = Draw.objects.filter(endpoint=told.endpoint, pk__range=ids(listed.sent_at - EDGES, listed.sent_at + EDGES))
    for draw in rows.filter(image__seed=seed).select_related("image__generation")[:AT_ONCE]:
        if draw.image.generation.prompt == prompt:
            return draw
    return None


def _batches(values: Iterable[T]) -> Iterator[list[T]]:
    left = iter(values)
    while some := list(islice(left, AT_ONCE)):
        yield some
