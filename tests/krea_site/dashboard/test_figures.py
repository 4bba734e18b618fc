"""The figures of the dashboard equal a slow recomputation over all rows, in plain Python."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Any

import pytest
import time_machine

from billing.models import Account, Book, Kind, Purchase, Reversal, StripeEvent, Transfer
from generations.models import Draw, Generation, Image, Status
from krea_site.dashboard import counting, figures, rollups
from krea_site.dashboard.figures import Counts, Sums, Wait
from krea_site.dashboard.periods import Period, Span, between
from krea_site.models import Figures
from partners.models import Delivery
from tests.krea_site.dashboard import world

pytestmark = [pytest.mark.django_db, pytest.mark.unaudited]


@pytest.fixture
def business(alice: Any, bob: Any, mallory: Any) -> None:
    world.fill([alice, bob, mallory])
    with time_machine.travel(world.END, tick=False):
        world.give_back(alice, 39_00, "krea-2-large")


def milliseconds(id: Any) -> datetime:
    """The moment in a UUIDv7."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=id.int >> 80)


def slow(span: Span) -> Counts:
    """One period, from all rows there are."""

    def is_in(at: datetime) -> bool:
        return span.start <= at < span.end

    rows = Image.objects.select_related("generation", "draw")
    images = [each for each in rows if is_in(milliseconds(each.generation_id))]
    ids = {each.pk for each in images}
    draws = [each for each in Draw.objects.select_related("image__generation") if each.image_id in ids]
    moved = [each for each in Transfer.objects.select_related("source", "target") if is_in(each.created_at)]
    spent = net(moved, Book.USAGE)
    names = {each.image_model for each in images} | {each.subject for each in moved if each.subject}
    wallets = Account.objects.filter(book=None)
    bought = [each for each in Purchase.objects.filter(status="paid") if each.paid_at and is_in(each.paid_at)]
    charged = [each.fee_cents or 0 for each in Reversal.objects.all() if is_in(each.created_at)]
    return Counts(
        **of_rows(images, draws), spent=-spent,
        sold=sum(each.amount for each in moved if each.source.book == "sales" and each.kind == Kind.PURCHASE),
        cash=net(moved, Book.SALES), fees=10_000 * (sum(each.fee_cents or 0 for each in bought) + sum(charged)),
        fees_unknown=sum(each.fee_cents is None for each in bought),
        granted=net(moved, Book.GRANTS), losses=net(moved, Book.LOSSES), forfeited=-net(moved, Book.FORFEITS),
        grown=sum(each.amount * ((each.target.book is None) - (each.source.book is None)) for each in moved),
        owed=sum(each.amount for each in moved if each.debtor_id)
        - sum(each.amount for each in moved if each.kind == Kind.DEBT),
        transfers=len(moved),
        outstanding=sum(each.balance for each in wallets), held=sum(each.held for each in wallets),
        debt=sum(each.debt for each in wallets), debtors=sum(each.debt > 0 for each in wallets),
        generations=dict(Counter(
            each.outcome or "open" for each in Generation.objects.all() if is_in(milliseconds(each.pk)))),
        causes=tuple(sorted((*cause, number) for cause, number in Counter(
            (each.status, each.error_code) for each in images if each.status in ("failed", "blocked")).items())),
        deliveries=dict(Counter(
            each.outcome or "waiting" for each in Delivery.objects.all() if is_in(each.created_at))),
        events={"handled": 0, "waiting": 0, "failed": 0} | Counter(
            "handled" if each.handled_at else "waiting" if each.due_at else "failed"
            for each in StripeEvent.objects.all() if is_in(each.received_at)),
        models={
            name: Sums(
                **of_rows([each for each in images if each.image_model == name],
                          [each for each in draws if each.image.image_model == name]),
                spent=-net([each for each in moved if each.subject == name], Book.USAGE),
            )
            for name in sorted(names)
        },
    )  # fmt: skip


def net(moved: Iterable[Transfer], book: Book) -> int:
    return sum(each.amount * ((each.source.book == book) - (each.target.book == book)) for each in moved)


def of_rows(images: list[Image], draws: list[Draw]) -> dict[str, Any]:
    doubtful = [each for each in draws if each.may_be_billed and not each.cost_microusd and each.outcome != "delivered"]
    return {
        "images": dict(Counter(each.status for each in images)),
        "cost": sum(each.cost_microusd for each in draws),
        "draws": len(draws),
        "doubtful": len(doubtful),
        "doubtful_cost": sum(each.image.generation.image_cost_microusd for each in doubtful),
        "waits": waits([each for each in images if each.status == Status.STORED]),
    }


def waits(stored: list[Image]) -> dict[str, Wait]:
    found: dict[str, list[int]] = defaultdict(list)
    for image in stored:
        draw, ordered = image.draw, image.generation.created_at
        assert draw is not None and draw.sent_at is not None and draw.completed_at is not None
        first = min(each.sent_at for each in Draw.objects.filter(image=image) if each.sent_at)
        at_fal = millis(draw.completed_at - draw.sent_at)
        found["whole"].append(millis(image.status_at - ordered))
        found["here"].append(millis(first - ordered))
        found["at_fal"].append(at_fal)
        found["storing"].append(millis(image.status_at - draw.completed_at))
        if draw.drawn_ms is not None:
            found["drawing"].append(draw.drawn_ms)
            found["waiting"].append(max(0, at_fal - draw.drawn_ms))
    return {name: Wait(len(each), rank(each, 0.5), rank(each, 0.95)) for name, each in found.items()}


def millis(took: timedelta) -> int:
    return took // timedelta(milliseconds=1)


def rank(values: list[int], share: float) -> int:
    return sorted(values)[ceil(round(share * len(values), 6)) - 1]


@pytest.mark.parametrize("period", Period)
def test_each_period_equals_a_slow_recomputation(period: Period, business: None) -> None:
    spans = list(between(period, world.BEGIN, world.END))

    for span in spans[:: 5 if period == Period.HOUR else 1]:
        assert figures.read(counting.count(span)) == slow(span), span


def test_all_is_counted_once(business: None) -> None:
    with time_machine.travel(world.END, tick=False):
        rollups.make_missing()
        while rollups.work(60):
            pass
        told = figures.totals()
    hours = figures.summed(slow(span) for span in between(Period.HOUR, world.BEGIN, world.END))

    assert (told.ordered, told.draws, told.transfers) == (Image.objects.count(), Draw.objects.count(), hours.transfers)
    assert (told.cash, told.spent, told.cost, told.causes) == (hours.cash, hours.spent, hours.cost, hours.causes)
    assert Figures.objects.filter(counted_at=None).count() == 0
