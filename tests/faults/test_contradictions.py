"""Words that contradict each other: too late, about a picture that is here already, or by a fal that is not sure."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.utils import timezone

from generations import dispatch, draws, fal_state, lifecycle, looks, sweep, unknowns
from generations.brief import Brief
from generations.fal.errors import classify
from generations.models import FINAL, Draw, FalState, Image, Status
from tests.conftest import let_pauses_pass, long_ago, wallet_of
from tests.faults.on_the_road import claimed_draws, delivered
from tests.faults.pretend_fal import ANSWERS, DELIVERED
from tests.standins.launch import StandIn

Run = Callable[[], Any]
Word = Callable[[Draw], Any]
PINNED = Brief.read("krea-2-medium", {"prompt": "a fox", "seed": 7})
TOO_LATE: dict[str, Word] = {
    "accepted": lambda draw: draws.accepted(draw, "request-1"),
    "refused": lambda draw: draws.refused(draw, reason="down"),
    "locked": lambda draw: draws.account_locked(draw, reason="Exhausted balance"),
    "rejected": lambda draw: draws.rejected(draw, classify(*ANSWERS[3], submitting=True)),
    "declined": lambda draw: draws.rejected(draw, classify(*ANSWERS[2], submitting=True)),
    "lost": draws.lost,
    "never arrived": draws.never_arrived,
    "expired": draws.expired,
    "given up": draws.given_up,
    "cancel agreed": draws.cancel_agreed,
    **{
        f"answered {place}": partial(draws.answered, status=said[0], body=said[1]) for place, said in enumerate(ANSWERS)
    },
}


@pytest.fixture
def sent(alice: Any, fox: Brief) -> Draw:
    """A fox on its way to fal, as the task that sends it holds it."""
    lifecycle.submit(alice, fox)
    dispatch.run()
    draw = Draw.objects.select_related("image__generation").get()
    assert draws.claim(draw)
    return draw


@pytest.mark.parametrize("word", TOO_LATE)
def test_no_late_word_throws_away_a_picture_that_came_meanwhile(sent: Draw, word: str) -> None:
    image = sent.image
    lifecycle.cancel_image(image)
    draws.answered(Draw.objects.select_related("image").get(pk=sent.pk), *DELIVERED, request_id="request-1")

    TOO_LATE[word](sent)

    image.refresh_from_db()
    sent.refresh_from_db()
    assert (image.status, image.draw_id) == ("storing", sent.pk)
    assert (sent.outcome, sent.may_be_billed, sent.cost_microusd) == ("delivered", True, 30_000)


@pytest.mark.parametrize("word", TOO_LATE)
def test_no_word_about_an_old_draw_touches_the_new_one(sent: Draw, word: str) -> None:
    draws.refused(sent, reason="down")
    let_pauses_pass()
    dispatch.run()
    image = Image.objects.get()
    assert (image.status, image.draw_id != sent.pk) == ("sending", True)

    TOO_LATE[word](sent)

    now = Image.objects.get()
    assert (now.status, now.draw_id, now.draws_made) == ("sending", image.draw_id, 0)


def test_a_draw_that_nobody_waits_for_any_more_is_never_sent(alice: Any, fox: Brief) -> None:
    """Its task was slow to begin; meanwhile the image went back, and on with another draw."""
    lifecycle.submit(alice, fox)
    dispatch.run()
    old = Draw.objects.select_related("image__generation").get()
    draws.refused(old, reason="references")
    assert not draws.claim(old)
    let_pauses_pass()
    dispatch.run()

    assert not draws.claim(old)
    assert draws.claim(Draw.objects.latest("id"))


@pytest.mark.parametrize("fault", ["a fault", "garbage"])
def test_a_picture_that_is_spoilt_every_time_is_drawn_three_times_and_not_again(
    alice: Any, fox: Brief, fault: str
) -> None:
    lifecycle.submit(alice, fox)
    for _ in range(draws.MOST_DRAWS):
        let_pauses_pass()
        (draw,) = claimed_draws()
        if fault == "garbage":
            delivered(draw)
            draws.file_wrong(draw, "garbage")
        else:
            draws.answered(draw, *ANSWERS[4])
    let_pauses_pass()

    assert (dispatch.run(), Draw.objects.count()) == (0, draws.MOST_DRAWS)
    assert (Image.objects.get().status, wallet_of(alice)) == ("failed", (1000_00, 0))


@pytest.mark.parametrize("word", TOO_LATE)
def test_a_final_status_stays_final(alice: Any, sent: Draw, word: str) -> None:
    draws.answered(sent, *DELIVERED, request_id="request-1")
    lifecycle.finish(sent.image, Status.STORED, draw=sent, sha256="0" * 64)

    TOO_LATE[word](sent)

    assert (Image.objects.get().status, wallet_of(alice)) == ("stored", (961_00, 0))


def test_a_locked_account_whose_probe_is_refused_waits_before_the_next(alice: Any, fox: Brief) -> None:
    for _ in range(5):
        lifecycle.submit(alice, fox)
    fal_state.locked("Exhausted balance")
    for _ in range(fal_state.FAILURES_UNTIL_DOWN):
        FalState.objects.update(probe_at=None)
        assert dispatch.run() == 1
        draws.refused(Draw.objects.select_related("image").latest("id"), reason="down")

    assert dispatch.run() == 0
    assert fal_state.row().state == FalState.State.LOCKED


def test_a_picture_that_came_says_that_fal_is_not_down_but_not_that_a_lock_is_over(sent: Draw) -> None:
    for _ in range(fal_state.FAILURES_UNTIL_DOWN):
        fal_state.unreachable("down")
    draws.answered(sent, *DELIVERED, request_id="request-1")
    assert fal_state.row().state == FalState.State.OK

    fal_state.locked("Exhausted balance")
    draws.answered(sent, *DELIVERED, request_id="request-1")
    assert fal_state.row().state == FalState.State.LOCKED


@pytest.mark.parametrize(("status", "body"), [(403, "User is locked. Reason: TOP_UP"), (400, "still in progress")])
def test_a_result_that_fal_never_gives_is_given_up_in_the_end(
    alice: Any, fox: Brief, standin: StandIn, drain: Run, look: Run, status: int, body: str
) -> None:
    standin.control([{"on": "result", "status": status, "body": {"detail": body}, "times": None}])
    lifecycle.submit(alice, fox)
    drain()
    look()
    assert Image.objects.get().status == "drawing"

    Image.objects.update(deadline_at=timezone.now() - looks.LOST_CONTACT_PATIENCE - timedelta(seconds=1))
    look()

    image = Image.objects.get()
    assert (image.status, image.error_code, wallet_of(alice)) == ("failed", "lost", (1000_00, 0))
    assert Draw.objects.get().may_be_billed


def test_two_equal_pictures_whose_answers_were_lost_each_find_a_request_of_their_own(
    alice: Any, standin: StandIn, drain: Run, finish_all: Run
) -> None:
    standin.control([{"on": "submit", "times": 2, "cut": "before_reply"}])
    lifecycle.submit(alice, PINNED)
    lifecycle.submit(alice, PINNED)
    drain()
    assert [image.status for image in Image.objects.all()] == ["unknown"] * 2

    finish_all()

    assert len(set(Draw.objects.values_list("request_id", flat=True))) == Draw.objects.count() == 2
    assert (standin.summary()["billed_draws"], wallet_of(alice)) == (2, (922_00, 0))


def test_a_request_that_an_equal_picture_took_for_its_own_still_brings_both(alice: Any) -> None:
    """The history found the second's request for the first; then fal calls at the second's own address."""
    for _ in range(2):
        lifecycle.submit(alice, PINNED)
    dispatch.run()
    first, second = Draw.objects.select_related("image").order_by("id")
    for draw in (first, second):
        draws.claim(draw)
        draws.lost(draw)
    draws.accepted(first, "request-of-the-second")

    draws.answered(second, *DELIVERED, request_id="request-of-the-second")
    draws.answered(first, *DELIVERED)

    assert [image.status for image in Image.objects.all()] == ["storing", "storing"]


def test_a_sender_whose_request_an_equal_picture_took_goes_looking_for_the_other(alice: Any) -> None:
    for _ in range(2):
        lifecycle.submit(alice, PINNED)
    dispatch.run()
    first, second = Draw.objects.select_related("image").order_by("id")
    for draw in (first, second):
        draws.claim(draw)
    draws.lost(first)
    draws.accepted(first, "request-of-the-second")

    draws.accepted(second, "request-of-the-second")

    assert [image.status for image in Image.objects.order_by("draw")] == ["drawing", "unknown"]


def test_a_history_that_was_cut_short_proves_nothing(alice: Any, fox: Brief, standin: StandIn, drain: Run) -> None:
    standin.control([{"on": "submit", "times": 1, "cut": "before_body"}])
    standin.control([{"on": "history", "status": 200, "body": {"items": "?"}, "times": None}])
    lifecycle.submit(alice, fox)
    drain()
    Draw.objects.update(sent_at=long_ago())

    unknowns.resolve(Draw.objects.get().pk)

    assert Image.objects.get().status == "unknown"


def test_a_lost_send_that_fal_may_still_be_drawing_is_not_sent_again(
    alice: Any, fox: Brief, standin: StandIn, drain: Run
) -> None:
    """The history lists what has ended: only when the picture must long be drawn is "not there" an answer."""
    standin.control([{"on": "submit", "times": 1, "cut": "before_reply"}])
    standin.control(latency_s=600)
    lifecycle.submit(alice, fox)
    drain()
    Draw.objects.update(sent_at=timezone.now() - timedelta(seconds=61))

    unknowns.resolve(Draw.objects.get().pk)
    drain()

    assert Image.objects.get().status == "unknown"
    assert len(standin.log(on="submit")) == 1


def test_a_picture_that_is_finished_at_its_deadline_is_delivered(
    alice: Any, fox: Brief, standin: StandIn, drain: Run, look: Run
) -> None:
    """The status was read a moment before the end, and fal answers the cancel that it is too late."""
    standin.control([{"on": "status", "status": 202, "body": {"status": "IN_PROGRESS"}, "times": 1}])
    lifecycle.submit(alice, fox)
    drain()
    Image.objects.update(deadline_at=timezone.now())

    look()
    assert Image.objects.get().status == "drawing"
    look()
    drain()

    assert (Image.objects.get().status, wallet_of(alice)) == ("stored", (961_00, 0))


def test_a_defect_in_one_look_of_the_sweep_does_not_stop_the_others(
    alice: Any, fox: Brief, monkeypatch: pytest.MonkeyPatch
) -> None:
    lifecycle.submit(alice, fox)
    Image.objects.update(deadline_at=long_ago())

    def broken() -> None:
        raise LookupError

    monkeypatch.setattr(sweep, "unsent", broken)
    sweep.run()

    assert set(Image.objects.values_list("status", flat=True)) <= FINAL
