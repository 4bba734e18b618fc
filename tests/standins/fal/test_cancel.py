"""Cancelling: in time, too late, and in between."""

from tests.standins.fal.caller import Caller
from tests.standins.launch import StandIn

CANCELED = {"detail": "Request was cancelled by the client", "error_type": "client_cancelled"}


def test_what_still_waits_is_taken_out_of_the_queue(fal: StandIn, caller: Caller) -> None:
    fal.control(concurrency=1, latency_s=60)
    caller.submit()
    ticket, behind = caller.submit(), caller.submit()

    said = caller.cancel(ticket)

    result = caller.result(ticket)
    assert (said.status_code, said.json()) == (200, {"status": "OK"})
    assert caller.status(ticket).status_code == 200
    assert (result.status_code, result.json()) == (499, CANCELED)
    assert result.headers["x-fal-error-type"] == "client_cancelled"
    assert caller.status(behind).json()["queue_position"] == 0


def test_what_is_being_drawn_is_stopped_and_not_billed(fal: StandIn, caller: Caller) -> None:
    fal.control(latency_s=60)
    ticket = caller.submit()

    said = caller.cancel(ticket)

    assert (said.status_code, said.json()) == (202, {"status": "CANCELLATION_REQUESTED"})
    assert caller.result(ticket).status_code == 499
    assert (fal.summary()["billed_draws"], fal.summary()["in_progress"]) == (0, 0)


def test_a_cancel_may_come_too_late_to_be_heard(fal: StandIn, caller: Caller) -> None:
    fal.control([{"on": "cancel", "ignored": True}], latency_s=60)
    ticket = caller.submit()

    said = caller.cancel(ticket)
    fal.control(finish=True)

    assert said.status_code == 202
    assert caller.result(ticket).status_code == 200
    assert fal.summary()["billed_draws"] == 1


def test_what_is_over_cannot_be_canceled(fal: StandIn, caller: Caller) -> None:
    ticket = caller.submit()
    caller.events(ticket)

    said = caller.cancel(ticket)

    assert (said.status_code, said.json()) == (400, {"status": "ALREADY_COMPLETED"})
    assert caller.result(ticket).status_code == 200
