"""The road of one generation, from the wish to the stored picture, against the stand-in over real HTTP."""

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone
from django_q.models import OrmQ

from billing import prices
from billing.errors import InsufficientCredits
from billing.models import Transfer
from generations import collect, dispatch, events, fal_state, lifecycle, sweep, tasks, unknowns
from generations.brief import BadBrief, Brief
from generations.models import Draw, Event, FalState, Generation, Image, Status
from generations.pictures import marks, store
from tests.conftest import let_pauses_pass, long_ago, status_of, wallet_of
from tests.standins.launch import StandIn

LARGE = {"prompt": "a lighthouse in fog"}
Run = Callable[[], Any]


def images_of(generation: Generation) -> list[Image]:
    return list(Image.objects.filter(generation=generation).order_by("index"))


def bytes_of(image: Image) -> bytes:
    reader = store.open_range(image.name)
    try:
        return reader.read(image.bytes or 0)
    finally:
        reader.close()


def test_three_pictures_are_drawn_stored_and_paid_for(alice: Any, finish_all: Run) -> None:
    generation = lifecycle.submit(alice, Brief.read("krea-2-large", LARGE, 3))
    assert (status_of(generation), wallet_of(alice)) == ("queued", (1000_00, 234_00))

    finish_all()

    assert (status_of(generation), wallet_of(alice)) == ("succeeded", (766_00, 0))
    images = images_of(generation)
    assert [image.status for image in images] == ["stored"] * 3
    assert len({image.sha256 for image in images}) == 3
    assert len({image.seed for image in images}) == 3
    for image in images:
        assert (image.width, image.height, image.content_type) == (1024, 1024, "image/png")
        assert marks.is_marked(bytes_of(image))
        assert set(image.variants) == {"320", "640", "1280"}
    paid = Transfer.objects.get(key=generation.key)
    assert (paid.kind, paid.amount, paid.memo) == ("usage", 234_00, "3 images, Krea 2 Large")


def test_a_pinned_seed_counts_up_and_each_image_is_one_call(alice: Any, standin: StandIn, finish_all: Run) -> None:
    generation = lifecycle.submit(alice, Brief.read("krea-2-medium", LARGE | {"seed": 2**32 - 1}, 3))

    finish_all()

    assert [image.seed for image in images_of(generation)] == [2**32 - 1, 0, 1]
    assert standin.summary()["billed_draws"] == 3


def test_a_wallet_that_cannot_pay_orders_nothing(bob: Any, fox: Brief, standin: StandIn) -> None:
    with pytest.raises(InsufficientCredits) as refused:
        lifecycle.submit(bob, fox)

    assert (refused.value.price, refused.value.missing) == (39_00, 39_00)
    assert not Generation.objects.exists()
    assert not Event.objects.filter(user=bob).exists()


def test_the_same_wish_is_one_generation_and_two_tabs_are_two(alice: Any, fox: Brief) -> None:
    first = lifecycle.submit(alice, fox, wish="tab-1:abc")
    again = lifecycle.submit(alice, fox, wish="tab-1:abc")
    other = lifecycle.submit(alice, fox, wish="tab-2:abc")

    assert first == again != other
    assert wallet_of(alice) == (1000_00, 78_00)


def test_a_quote_binds_when_the_price_rises_and_gives_way_when_it_falls(alice: Any, fox: Brief) -> None:
    quote = prices.read(prices.sign(fox.digest(), 39_00, 1))
    row = prices.current(["krea-2-medium"])["krea-2-medium"]
    row.pk, row.amount, row.holds_from = None, 60_00, timezone.now()
    row.save()

    assert lifecycle.submit(alice, fox, quote=quote).quoted == 39_00
    assert lifecycle.submit(alice, fox).quoted == 60_00

    row.amount = 10_00
    row.save()
    assert lifecycle.submit(alice, fox, quote=quote).quoted == 10_00


def test_more_than_the_customer_was_shown_is_never_charged(alice: Any, fox: Brief) -> None:
    with pytest.raises(lifecycle.PriceRose) as rose:
        lifecycle.submit(alice, fox, at_most=38_99)

    assert rose.value.total == 39_00
    assert not Generation.objects.exists()


def test_the_safety_checker_is_only_off_for_whom_the_operator_allows(alice: Any) -> None:
    unsafe = Brief.read("flux-krea-dev", {"prompt": "a fox", "enable_safety_checker": False})
    with pytest.raises(BadBrief, match="enable_safety_checker"):
        lifecycle.submit(alice, unsafe)

    alice.customer.may_disable_safety_checker = True
    alice.customer.save()

    assert lifecycle.submit(alice, unsafe).quantity == 1


@pytest.mark.parametrize(("prompt", "model"), [("a forbidden fox", "krea-2-medium"), ("nsfw fox", "flux-krea-dev")])
def test_content_that_fal_declines_is_blocked_and_free(alice: Any, finish_all: Run, prompt: str, model: str) -> None:
    generation = lifecycle.submit(alice, Brief.read(model, {"prompt": prompt}))

    finish_all()

    (image,) = images_of(generation)
    assert (status_of(generation), image.error_code, image.name) == ("blocked", "content_blocked", "")
    assert "not charged" in image.error_message
    assert wallet_of(alice) == (1000_00, 0)


def test_a_black_picture_is_blocked_and_free(alice: Any, fox: Brief, standin: StandIn, finish_all: Run) -> None:
    standin.control([{"on": "cdn", "bytes": "black", "times": None}])

    generation = lifecycle.submit(alice, fox)
    finish_all()

    assert (status_of(generation), wallet_of(alice)) == ("blocked", (1000_00, 0))


def test_some_of_a_batch_fail_and_only_the_others_are_charged(alice: Any, standin: StandIn, finish_all: Run) -> None:
    standin.control(fail={"prompt": "lighthouse", "status": 422, "times": 2, "body": {
        "detail": [{"loc": ["body"], "msg": "no", "type": "no_media_generated"}]}})  # fmt: skip

    generation = lifecycle.submit(alice, Brief.read("krea-2-large", LARGE, 3))
    finish_all()

    assert (status_of(generation), wallet_of(alice)) == ("partial", (922_00, 0))
    assert sorted(image.status for image in images_of(generation)) == ["failed", "failed", "stored"]
    assert generation.error_code == "no_media"


def test_an_unbilled_fault_is_drawn_anew_at_most_three_times(
    alice: Any, fox: Brief, standin: StandIn, finish_all: Run
) -> None:
    standin.control(fail={"prompt": "fox", "status": 500, "times": None, "body": {
        "detail": "Internal", "error_type": "internal_error"}})  # fmt: skip

    generation = lifecycle.submit(alice, fox)
    finish_all()

    (image,) = images_of(generation)
    assert (image.status, image.draws_made, image.draws.count()) == ("failed", 3, 3)
    assert (wallet_of(alice), standin.summary()["billed_draws"]) == ((1000_00, 0), 0)


def test_a_fault_that_passes_costs_the_customer_nothing_extra(
    alice: Any, fox: Brief, standin: StandIn, finish_all: Run
) -> None:
    standin.control(fail={"prompt": "fox", "status": 503, "times": 1, "body": {
        "detail": "x", "error_type": "runner_disconnected"}})  # fmt: skip

    generation = lifecycle.submit(alice, fox)
    finish_all()

    assert (status_of(generation), wallet_of(alice)) == ("succeeded", (961_00, 0))
    assert standin.summary()["billed_draws"] == 1


@pytest.mark.parametrize("refusal", [{"status": 429}, {"status": 503}, {"status": 504}])
def test_a_send_that_fal_refused_is_sent_again(
    alice: Any, fox: Brief, standin: StandIn, finish_all: Run, refusal: dict[str, Any]
) -> None:
    standin.control([{"on": "submit", "times": 1, **refusal}])

    generation = lifecycle.submit(alice, fox)
    finish_all()

    assert (status_of(generation), wallet_of(alice)) == ("succeeded", (961_00, 0))
    assert standin.summary()["billed_draws"] == 1


def test_a_lost_answer_is_never_sent_again_and_found_in_the_history(
    alice: Any, fox: Brief, standin: StandIn, drain: Run, finish_all: Run
) -> None:
    standin.control([{"on": "submit", "times": 1, "cut": "before_reply"}])
    generation = lifecycle.submit(alice, fox)
    drain()
    assert [image.status for image in images_of(generation)] == ["unknown"]

    finish_all()

    assert (status_of(generation), wallet_of(alice)) == ("succeeded", (961_00, 0))
    assert (standin.summary()["billed_draws"], Draw.objects.count()) == (1, 1)


def test_a_lost_send_that_never_arrived_is_queued_again_once_that_is_sure(
    alice: Any, fox: Brief, standin: StandIn, drain: Run, finish_all: Run
) -> None:
    standin.control([{"on": "submit", "times": 1, "cut": "before_body"}])
    generation = lifecycle.submit(alice, fox)
    drain()
    sweep.run()
    drain()
    assert [image.status for image in images_of(generation)] == ["unknown"]  # the history may lag behind

    Draw.objects.update(sent_at=long_ago(), history_asked_at=None)
    sweep.unknown()
    unknowns.resolve(Draw.objects.get().pk)
    assert [image.status for image in images_of(generation)] == ["queued"]

    finish_all()
    assert (status_of(generation), wallet_of(alice)) == ("succeeded", (961_00, 0))
    assert standin.summary()["billed_draws"] == 1


def test_an_unknown_send_that_stays_undecided_fails_and_keeps_fals_possible_cost(
    alice: Any, fox: Brief, standin: StandIn, drain: Run
) -> None:
    standin.control([{"on": "submit", "times": 1, "cut": "before_reply"}])
    standin.control([{"on": "history", "times": None, "status": 500}])
    generation = lifecycle.submit(alice, fox)
    drain()
    Image.objects.update(deadline_at=long_ago())

    sweep.run()
    drain()

    (image,) = images_of(generation)
    assert (image.status, image.error_code, wallet_of(alice)) == ("failed", "lost", (1000_00, 0))
    assert Draw.objects.get().may_be_billed


def test_a_locked_account_stops_sending_and_resumes_by_itself(
    alice: Any, fox: Brief, standin: StandIn, drain: Run, finish_all: Run
) -> None:
    standin.control(locked="Exhausted balance. Top up your balance at fal.ai/dashboard/billing.")
    generations = [lifecycle.submit(alice, fox) for _ in range(4)]
    drain()
    assert fal_state.row().state == FalState.State.LOCKED
    assert [status_of(generation) for generation in generations] == ["queued"] * 4
    sent = len(standin.log(on="submit"))
    assert dispatch.run() == 0

    let_pauses_pass()
    assert dispatch.run() == 1  # the probe
    drain()
    assert len(standin.log(on="submit")) == sent + 1

    standin.control(locked=None)
    finish_all()

    assert fal_state.row().state == FalState.State.OK
    assert [status_of(generation) for generation in generations] == ["succeeded"] * 4


def test_a_lock_that_ended_is_noticed_also_when_nobody_orders(
    alice: Any, fox: Brief, standin: StandIn, drain: Run
) -> None:
    standin.control(locked="Exhausted balance.")
    generation = lifecycle.submit(alice, fox)
    drain()
    lifecycle.cancel(generation)
    let_pauses_pass()
    sweep.run()
    drain()
    assert fal_state.row().state == FalState.State.LOCKED

    standin.control(locked=None)
    let_pauses_pass()
    sweep.run()
    drain()

    assert fal_state.row().state == FalState.State.OK
    assert standin.summary()["billed_draws"] == 0


def test_when_fal_is_down_it_is_probed_and_what_waits_is_drawn_afterwards(
    alice: Any, fox: Brief, standin: StandIn, drain: Run, finish_all: Run
) -> None:
    standin.kill()
    generations = [lifecycle.submit(alice, fox) for _ in range(5)]
    drain()
    assert fal_state.row().state == FalState.State.DOWN
    assert [status_of(generation) for generation in generations] == ["queued"] * 5
    assert dispatch.run() == 0
    let_pauses_pass()
    assert dispatch.run() == 1  # the probe
    drain()

    standin.restart()
    standin.control(latency_s=0)
    finish_all()

    assert fal_state.row().state == FalState.State.OK
    assert [status_of(generation) for generation in generations] == ["succeeded"] * 5
    assert standin.summary()["billed_draws"] == 5


def test_answers_lost_in_a_row_stop_the_sending_too(alice: Any, fox: Brief, standin: StandIn, drain: Run) -> None:
    standin.control([{"on": "submit", "times": None, "cut": "before_reply"}])
    for _ in range(3):
        lifecycle.submit(alice, fox)

    drain()

    assert fal_state.row().state == FalState.State.DOWN


def test_an_image_that_fal_keeps_refusing_fails_at_its_deadline(
    alice: Any, fox: Brief, standin: StandIn, drain: Run
) -> None:
    standin.control([{"on": "submit", "times": None, "status": 503}])
    generation = lifecycle.submit(alice, fox)
    drain()
    Image.objects.update(deadline_at=timezone.now(), not_before=None)

    dispatch.run()
    drain()

    (image,) = images_of(generation)
    assert (image.status, image.error_code, wallet_of(alice)) == ("failed", "fal_unavailable", (1000_00, 0))


def test_cancelling_what_waits_is_free_at_once(alice: Any, fox: Brief, standin: StandIn) -> None:
    generation = lifecycle.submit(alice, fox)

    lifecycle.cancel(generation)

    assert (status_of(generation), wallet_of(alice)) == ("canceled", (1000_00, 0))
    assert standin.log(on="submit") == []


def test_cancelling_what_fal_has_asks_fal_and_is_free_when_fal_agrees(
    alice: Any, fox: Brief, standin: StandIn, drain: Run, finish_all: Run
) -> None:
    standin.control(latency_s=30)
    generation = lifecycle.submit(alice, fox)
    drain()
    assert status_of(generation) == "running"

    lifecycle.cancel(generation)
    finish_all()

    assert (status_of(generation), wallet_of(alice)) == ("canceled", (1000_00, 0))
    assert standin.summary()["billed_draws"] == 0


def test_a_picture_that_comes_in_spite_of_the_wish_is_delivered_and_charged(
    alice: Any, fox: Brief, standin: StandIn, drain: Run, finish_all: Run
) -> None:
    generation = lifecycle.submit(alice, fox)
    drain()

    lifecycle.cancel(generation)
    finish_all()

    assert (status_of(generation), wallet_of(alice)) == ("succeeded", (961_00, 0))


def test_a_deleted_generation_keeps_no_file_of_what_still_comes(
    alice: Any, fox: Brief, standin: StandIn, drain: Run, finish_all: Run
) -> None:
    generation = lifecycle.submit(alice, fox)
    drain()

    lifecycle.delete(generation)
    finish_all()

    (image,) = images_of(generation)
    assert (image.status, image.name, image.variants) == ("stored", "", {})
    assert not Generation.objects.of(alice).exists()


def test_a_picture_that_takes_too_long_fails_and_fal_is_asked_to_stop(
    alice: Any, fox: Brief, standin: StandIn, drain: Run, look: Run
) -> None:
    standin.control(latency_s=600)
    generation = lifecycle.submit(alice, fox)
    drain()
    Image.objects.update(deadline_at=timezone.now())

    look()

    (image,) = images_of(generation)
    assert (image.status, image.error_code, wallet_of(alice)) == ("failed", "timed_out", (1000_00, 0))
    assert len(standin.log(on="cancel")) == 1


@pytest.mark.parametrize("bad", ["garbage", "truncated", "html", "huge"])
def test_wrong_bytes_are_drawn_anew_and_the_customer_pays_once(
    alice: Any, fox: Brief, standin: StandIn, finish_all: Run, bad: str
) -> None:
    standin.control([{"on": "cdn", "bytes": bad, "times": 1}])

    generation = lifecycle.submit(alice, fox)
    finish_all()

    (image,) = images_of(generation)
    assert (image.status, image.draws.count(), wallet_of(alice)) == ("stored", 2, (961_00, 0))


def test_a_file_that_is_away_for_a_moment_is_fetched_again_not_drawn_again(
    alice: Any, fox: Brief, standin: StandIn, finish_all: Run
) -> None:
    standin.control([{"on": "cdn", "status": 503, "times": 6}])

    generation = lifecycle.submit(alice, fox)
    finish_all()

    assert (status_of(generation), Draw.objects.count()) == ("succeeded", 1)


def test_a_result_that_the_queue_forgot_is_rescued_from_the_history(
    alice: Any, fox: Brief, standin: StandIn, finish_all: Run
) -> None:
    standin.control([{"on": "result", "gone": True, "times": None}])

    generation = lifecycle.submit(alice, fox)
    finish_all()

    assert (status_of(generation), standin.summary()["billed_draws"]) == ("succeeded", 1)


def test_what_stands_still_is_taken_up_by_the_sweep(
    alice: Any, fox: Brief, standin: StandIn, drain: Run, finish_all: Run
) -> None:
    generation = lifecycle.submit(alice, fox)
    OrmQ.objects.all().delete()  # the nudge to dispatch is lost
    dispatch.run()
    OrmQ.objects.all().delete()  # the nudge to send is lost
    assert [image.status for image in images_of(generation)] == ["sending"]
    Image.objects.update(status_at=long_ago())
    sweep.run()
    drain()
    assert [image.status for image in images_of(generation)] == ["drawing"]

    finish_all()

    assert status_of(generation) == "succeeded"


def test_a_sender_that_died_is_asked_about_before_anything_is_sent_again(
    alice: Any, fox: Brief, standin: StandIn, drain: Run, finish_all: Run
) -> None:
    standin.control([{"on": "history", "times": None, "status": 500}])
    generation = lifecycle.submit(alice, fox)
    dispatch.run()
    Draw.objects.update(sent_at=long_ago())  # claimed, and then nothing
    Image.objects.update(status_at=long_ago())
    sweep.run()
    drain()
    assert [image.status for image in images_of(generation)] == ["unknown"]
    assert standin.log(on="submit") == []

    standin.control(reset=True)
    finish_all()

    assert status_of(generation) == "succeeded"
    assert len(standin.log(on="submit")) == 1


def test_an_image_that_found_no_slot_in_a_day_fails_and_is_free(alice: Any, fox: Brief) -> None:
    generation = lifecycle.submit(alice, fox)
    Generation.objects.update(created_at=timezone.now() - sweep.LONGEST_WAIT)

    sweep.run()

    generation.refresh_from_db()
    assert (generation.outcome, generation.error_code, wallet_of(alice)) == ("failed", "no_slot", (1000_00, 0))


def test_every_task_may_run_twice(alice: Any, fox: Brief, standin: StandIn, finish_all: Run) -> None:
    generation = lifecycle.submit(alice, fox)
    finish_all()
    draw = Draw.objects.get()

    tasks.dispatch()
    tasks.send(str(draw.pk))
    tasks.look(str(draw.pk))
    tasks.collect(str(draw.pk))
    tasks.cancel(str(draw.image_id))

    assert (status_of(generation), wallet_of(alice), Draw.objects.count()) == ("succeeded", (961_00, 0), 1)
    assert len(standin.log(on="submit")) == 1


def test_events_tell_the_story_without_a_gap(alice: Any, fox: Brief, finish_all: Run) -> None:
    before = events.latest(alice.pk)
    lifecycle.submit(alice, fox)

    finish_all()

    told = events.after(alice.pk, before)
    assert [event.seq for event in told] == list(range(before + 1, before + 1 + len(told)))
    assert [(event.kind, event.data.get("status")) for event in told] == [
        ("generation.updated", "queued"),
        ("balance.updated", None),
        ("image.updated", "sending"),
        ("image.updated", "drawing"),
        ("image.updated", "storing"),
        ("image.updated", "stored"),
        ("generation.finished", "succeeded"),
        ("balance.updated", None),
    ]


def test_a_lost_file_is_fetched_again_while_fal_still_has_it(alice: Any, fox: Brief, finish_all: Run) -> None:
    generation = lifecycle.submit(alice, fox)
    finish_all()
    (image,) = images_of(generation)
    store.delete(image.name)

    assert collect.restore(image.name)

    assert store.exists(image.name)
    assert Status(image.status) == Status.STORED
