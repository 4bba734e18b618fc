"""Races on the road, on a real PostgreSQL: workers, followers and webhooks at the same moment, many times over."""

import random
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

from django.db import connection, transaction

from billing import ledger
from billing.models import Hold, Transfer
from generations import collect, dispatch, draws, events, follow, lifecycle, sweep, tasks
from generations.models import AT_FAL, FINAL, Draw, Event, Generation, Image, Status
from tests.conftest import look_at_everything, make_user, wallet_of
from tests.faults.on_the_road import FOX, FOX_COSTS, PAIR, TEN, claimed_draws, delivered, fetched
from tests.faults.pretend_fal import DELIVERED
from tests.faults.together import ON_POSTGRES, crowd, failures, together
from tests.standins.launch import StandIn

pytestmark = ON_POSTGRES


def test_the_last_two_images_that_end_together_settle_once(rich: Any) -> None:
    for _ in range(25):
        generation = lifecycle.submit(rich, PAIR)
        pair = claimed_draws()
        for draw in pair:
            delivered(draw)

        results = together([partial(fetched, draw) for draw in pair])

        assert results == [True, True]
        generation.refresh_from_db()
        assert (generation.unfinished, generation.outcome) == (0, "succeeded")
        assert Hold.objects.get(key=generation.key).captured == 2 * FOX_COSTS
    assert Event.objects.filter(kind=events.GENERATION_FINISHED).count() == 25
    assert wallet_of(rich) == (10_000_00 - 50 * FOX_COSTS, 0)


def test_the_same_last_step_by_32_is_taken_once(rich: Any) -> None:
    generation = lifecycle.submit(rich, FOX)
    (draw,) = claimed_draws()
    delivered(draw)

    results = crowd(partial(fetched, draw))

    assert sorted(results, key=bool)[-2:] == [False, True]
    generation.refresh_from_db()
    assert generation.unfinished == 0


def test_many_dispatchers_never_overshoot(rich: Any) -> None:
    for _ in range(6):
        lifecycle.submit(rich, TEN)
    seen: list[int] = []

    def dispatch_and_count() -> int:
        taken = dispatch.run()
        seen.append(dispatch.in_flight())
        return taken

    taken = crowd(dispatch_and_count)

    assert failures(taken) == []
    assert sum(taken) == dispatch.places() == dispatch.in_flight()
    assert max(seen) <= dispatch.places()
    assert Draw.objects.count() == dispatch.places()


def test_dispatchers_among_pictures_that_end_never_overshoot(rich: Any) -> None:
    """Half end what is drawn and half dispatch, until 60 pictures are stored; an observer counts all the while."""
    for _ in range(6):
        lifecycle.submit(rich, TEN)
    over = threading.Event()

    def observe() -> int:
        most = 0
        while not over.is_set():
            most = max(most, Image.objects.filter(status__in=AT_FAL).count())
        return most

    def work(number: int) -> int:
        dice, done = random.Random(number), 0
        while not over.is_set() and Image.objects.exclude(status__in=FINAL).exists():
            dispatch.run()
            open_draws = Draw.objects.select_related("image").filter(image__status=Status.SENDING)
            for draw in dice.sample(list(open_draws), min(2, open_draws.count())):
                if draws.claim(draw):
                    delivered(draw)
                    done += fetched(draw)
        return done

    def work_and_stop(number: int) -> int:
        try:
            return work(number)
        finally:
            over.set()

    most, *done = together([observe, *(partial(work_and_stop, number) for number in range(8))])

    assert failures([most, *done]) == []
    assert 0 < most <= dispatch.places()
    assert sum(done) == 60
    assert wallet_of(rich) == (10_000_00 - 60 * FOX_COSTS, 0)


def test_a_picture_that_comes_against_a_cancel_ends_one_way(rich: Any) -> None:
    for _ in range(20):
        generation = lifecycle.submit(rich, FOX)
        (draw,) = claimed_draws()

        def deliver(draw: Draw = draw) -> None:
            delivered(draw)
            fetched(draw)

        results = together(
            [deliver, partial(lifecycle.cancel, generation), partial(draws.cancel_agreed, draw)]
        )  # fmt: skip

        assert failures(results) == []
        generation.refresh_from_db()
        paid = Transfer.objects.filter(key=generation.key).exists()
        assert (generation.outcome, paid) in [("succeeded", True), ("canceled", False)]


def test_a_webhook_32_times_against_the_follower_and_the_sender_is_one_picture(rich: Any) -> None:
    for _ in range(5):
        generation = lifecycle.submit(rich, FOX)
        dispatch.run()
        draw = Draw.objects.select_related("image__generation").get(image__generation=generation)
        draws.claim(draw)

        def look(draw: Draw = draw) -> None:
            draws.answered(draw, *DELIVERED)

        results = together(
            [partial(delivered, draw), look, partial(draws.accepted, draw, f"request-{draw.pk}"), look] * 8
        )  # fmt: skip
        stored = crowd(partial(fetched, draw), 4)

        assert failures([*results, *stored]) == []
        assert stored.count(True) == 1
        draw.image.refresh_from_db()
        assert (draw.image.status, draw.image.draws_made) == (Status.STORED, 1)
    told = Event.objects.filter(kind=events.IMAGE_UPDATED, data__status="storing").count()
    assert (told, wallet_of(rich)) == (5, (10_000_00 - 5 * FOX_COSTS, 0))


def test_only_one_of_32_sends_a_draw_and_only_one_fetches_its_picture(rich: Any) -> None:
    lifecycle.submit(rich, FOX)
    dispatch.run()
    draw = Draw.objects.get()

    claims = crowd(partial(draws.claim, draw))
    delivered(draw)
    fetches = crowd(partial(collect._claim, draw))

    assert (claims.count(True), fetches.count(True)) == (1, 1)
    assert failures([*claims, *fetches]) == []


def test_events_by_8_writers_reach_a_reader_without_a_gap(rich: Any) -> None:
    first, over = events.latest(rich.pk), threading.Event()

    def write(number: int) -> None:
        dice = random.Random(number)
        for count in range(25):
            with transaction.atomic(), connection.cursor() as cursor:
                events.write(rich.pk, "test", writer=number, count=count)
                # Whoever took a later number must not be seen before this one: a slow end gives it the chance.
                cursor.execute("SELECT pg_sleep(%s)", [dice.random() / 300])

    def read() -> list[Event]:
        found: list[Event] = []
        last = first
        while True:
            is_last_look = over.is_set()
            news = events.after(rich.pk, last, limit=7)
            found += news
            last = news[-1].seq if news else last
            if is_last_look and not news:
                return found

    def write_all() -> list[object]:
        try:
            return failures(together([partial(write, number) for number in range(8)]))
        finally:
            over.set()

    found, failed = together([read, write_all])

    assert failed == []
    assert [event.seq for event in found] == list(range(first + 1, first + 201))
    told: dict[int, list[int]] = {}
    for event in found:
        told.setdefault(event.data["writer"], []).append(event.data["count"])
    assert told == {number: list(range(25)) for number in range(8)}


def test_a_bulk_cancel_against_dispatch_finish_and_orders_does_not_lock_up(db: None) -> None:
    """Every order of locks meets every other: 100 images of 3 customers, in all directions."""
    users = [make_user(f"user{number}@example.com", 5_000_00) for number in range(3)]
    generations = [lifecycle.submit(users[number % 3], TEN) for number in range(10)]
    in_flight = claimed_draws()

    def end(draw: Draw) -> None:
        delivered(draw)
        fetched(draw)

    def each(action: Callable[[Generation], None], rows: list[Generation]) -> None:
        for row in rows:
            action(row)

    works: list[Callable[[], Any]] = [
        partial(each, lifecycle.cancel, generations),
        partial(each, lifecycle.delete, generations[::-1]),
        *(partial(each, lifecycle.cancel, generations[number::3]) for number in range(3)),
        *(partial(end, draw) for draw in in_flight),
        *[dispatch.run] * 8,
        *(partial(lifecycle.submit, user, PAIR) for user in users),
        *(partial(ledger.grant, user, 1_00, key=f"gift:{user.pk}", memo="A gift") for user in users),
        sweep.too_long_queued,
        sweep.unanswered,
        follow.in_flight,
    ]

    results = together(works)

    assert failures(results) == []
    for draw in claimed_draws():
        end(draw)
    for draw in claimed_draws():
        end(draw)
    assert set(Image.objects.filter(generation__in=generations).values_list("status", flat=True)) <= FINAL
    assert not Image.objects.queued().exclude(cancel_requested_at=None).exists()


def test_a_generation_that_is_deleted_while_its_picture_is_fetched_keeps_no_file(rich: Any, standin: StandIn) -> None:
    generation = lifecycle.submit(rich, FOX)
    tasks.dispatch()
    tasks.send(str(Draw.objects.get().pk))
    standin.control([{"on": "cdn", "answer_delay_s": 0.5}])
    look_at_everything()
    draw = Draw.objects.get()

    def delete_meanwhile() -> None:
        while not standin.log(on="cdn"):
            pass
        lifecycle.delete(generation)

    results = together([partial(collect.collect, draw.pk), delete_meanwhile])

    assert failures(results) == []
    image = Image.objects.get()
    assert (image.status, image.name, image.variants) == (Status.STORED, "", {})


def test_two_followers_share_one_lease(db: None) -> None:
    numbers = iter(range(32))

    results = crowd(lambda: follow.take_lease(f"follower-{next(numbers)}"))

    assert failures(results) == []
    assert results.count(True) == 1
