"""fal's usage and requests against our draws: what agrees, what is mended, what is left for a person."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.utils import timezone

from billing.models import Price
from generations import catalogue, dispatch, fal_prices, lifecycle, unknowns
from generations.brief import Brief
from generations.fal import platform
from generations.models import Draw, FalDay, Image
from krea_site import check_orders, check_runs, schedule
from krea_site.models import CheckOrder, CheckRun
from tests.conftest import run_queued_tasks
from tests.standins.launch import KEY, StandIn

pytestmark = pytest.mark.django_db
Run = Callable[[], None]
MEDIUM = "krea/v2/medium/text-to-image"
LORA = "fal-ai/krea-2/turbo/lora"


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "PAUSES_S", (0.0, 0.0))


def later(**units: int) -> Any:
    """Some hours on, when fal's books must have everything. The stand-in's own clock stays."""
    return time_machine.travel(timezone.now() + timedelta(**(units or {"hours": 3})))


def reconcile(capsys: pytest.CaptureFixture[str], *, hours: int = 3) -> dict[str, Any]:
    """What the command says, as JSON; its exit status is `status`."""
    status = 0
    since = (timezone.now() - timedelta(days=1)).date()
    with later(hours=hours):
        try:
            call_command("reconcile_fal", json=True, since=str(since))
        except SystemExit as end:
            status = int(str(end.code))
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    return told | {"status": status}


def total(told: dict[str, Any], name: str) -> int:
    return sum(day[name] or 0 for day in told["days"])


def words(told: dict[str, Any], *, mended: bool = False) -> list[str]:
    rows = FalDay.objects.order_by("day", "endpoint")
    return [each["words"] for row in rows for each in row.findings if each["is_mended"] is mended]


def by_somebody_else(standin: StandIn, endpoint: str = MEDIUM, **given: Any) -> str:
    """A request under our key that this house did not make; its id."""
    with httpx.Client(base_url=standin.url, headers={"Authorization": KEY}, trust_env=False) as http:
        told = http.post(f"/queue/{endpoint}", json={"prompt": "a heron", **given}).json()
        while http.get(f"/queue/krea/v2/requests/{told['request_id']}/status").json()["status"] != "COMPLETED":
            pass
    return str(told["request_id"])


@pytest.fixture
def drawn(alice: Any, standin: StandIn, finish_all: Run) -> Iterator[None]:
    """Two pictures of Medium and one of the LoRA model, which is priced by the megapixel."""
    lifecycle.submit(alice, Brief.read("krea-2-medium", {"prompt": "a red fox"}, 2))
    lifecycle.submit(alice, Brief.read("krea-2-turbo-lora", {"prompt": "a hare", "image_size": "square"}))
    finish_all()
    yield


def test_what_agrees_to_the_millionth_leaves_nothing(drawn: None, capsys: pytest.CaptureFixture[str]) -> None:
    told = reconcile(capsys)

    assert (told["status"], told["ok"], told["left"], told["findings"]) == (0, True, 0, [])
    assert (total(told, "fal_requests"), total(told, "our_draws")) == (3, 3)
    assert (total(told, "fal_microusd"), total(told, "our_microusd")) == (62_621, 62_622)  # a millionth is rounding
    assert total(told, "fal_units_millionths") == 2_262_144
    run = CheckRun.objects.get(kind="fal")
    assert (run.left, run.findings, CheckOrder.objects.exists()) == (0, [], False)


def test_again_is_the_same_and_writes_no_row_twice(drawn: None, capsys: pytest.CaptureFixture[str]) -> None:
    first = reconcile(capsys)
    rows = FalDay.objects.count()

    assert reconcile(capsys) == first
    assert (FalDay.objects.count(), CheckRun.objects.count()) == (rows, 2)


def test_a_request_of_somebody_else_is_listed_with_what_it_cost(
    drawn: None, standin: StandIn, capsys: pytest.CaptureFixture[str]
) -> None:
    stranger = by_somebody_else(standin)

    told = reconcile(capsys)

    assert (told["status"], told["left"]) == (1, 1)
    assert stranger in told["findings"][0]
    assert words(told) == ["a request at fal that nobody here made ($0.03, 200): who else uses the key?"]
    assert total(told, "remainder_microusd") == 30_000 - 1


def test_a_send_that_arrived_twice_names_the_picture(
    drawn: None, standin: StandIn, capsys: pytest.CaptureFixture[str]
) -> None:
    image = Image.objects.filter(image_model="krea-2-medium").order_by("index")[0]
    by_somebody_else(standin, prompt="a red fox", seed=image.seed)

    reconcile(capsys)

    (found,) = words({})
    assert found.startswith(f"a second drawing of image {image.pk} ($0.03, 200)")


def test_a_cost_that_was_not_known_is_written_on_its_draw(
    drawn: None, standin: StandIn, capsys: pytest.CaptureFixture[str]
) -> None:
    late = Draw.objects.filter(endpoint=MEDIUM).order_by("pk")[0]
    Draw.objects.filter(pk=late.pk).update(
        cost_microusd=0, outcome="timed_out", completed_at=None, billable_units="", may_be_billed=True
    )

    told = reconcile(capsys)

    late.refresh_from_db()
    assert (late.cost_microusd, late.billable_units, late.may_be_billed) == (30_000, "1", True)
    assert (told["status"], total(told, "mended")) == (0, 1)
    assert words(told, mended=True) == ["cost $0.03, which was not known here (timed_out)"]


def test_what_fal_did_not_charge_for_may_not_be_billed_any_more(
    alice: Any, finish_all: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    lifecycle.submit(alice, Brief.read("krea-2-medium", {"prompt": "a forbidden fox"}))
    finish_all()
    Draw.objects.update(may_be_billed=True)  # as after an answer without fal's word on it

    told = reconcile(capsys)

    assert not Draw.objects.get().may_be_billed
    assert words(told, mended=True) == ["was not charged for after all (content_blocked)"]


def given_up(alice: Any, standin: StandIn, *, when: str) -> Draw:
    """A draw whose answer was lost, and which nobody found in time."""
    standin.control([{"on": "submit", "cut": when}], history_shows="none")
    lifecycle.submit(alice, Brief.read("krea-2-medium", {"prompt": "a lost fox"}))
    dispatch.run()
    run_queued_tasks()
    Image.objects.update(deadline_at=timezone.now() - timedelta(seconds=1))
    Draw.objects.update(history_asked_at=None)
    image = Image.objects.select_related("draw").get()
    assert image.draw is not None
    Draw.objects.update(sent_at=timezone.now() - timedelta(seconds=1))
    unknowns.resolve(image.draw.pk)
    standin.control(history_shows="ended")
    return Draw.objects.get()


def test_a_lost_send_that_was_given_up_is_found_with_its_cost(
    alice: Any, standin: StandIn, capsys: pytest.CaptureFixture[str]
) -> None:
    lost = given_up(alice, standin, when="before_reply")
    assert (lost.outcome, lost.request_id, lost.may_be_billed) == ("unknown", None, True)

    told = reconcile(capsys)

    lost.refresh_from_db()
    assert (lost.cost_microusd, lost.may_be_billed) == (30_000, True)
    assert lost.request_id == standin.log(on="submit")[0]["request_id"]
    assert (told["status"], total(told, "mended"), total(told, "remainder_microusd")) == (0, 2, 0)
    assert Image.objects.get().status == "failed"


def test_a_lost_send_that_fal_never_had_costs_nothing(
    alice: Any, standin: StandIn, capsys: pytest.CaptureFixture[str]
) -> None:
    lost = given_up(alice, standin, when="before_reply")
    standin.control(reset=True)

    told = reconcile(capsys)

    lost.refresh_from_db()
    assert (lost.cost_microusd, lost.may_be_billed, told["status"]) == (0, False, 0)


def test_a_draw_that_fal_does_not_know_is_listed(
    drawn: None, standin: StandIn, capsys: pytest.CaptureFixture[str]
) -> None:
    draw = Draw.objects.filter(endpoint=MEDIUM).order_by("pk")[0]
    id = draw.request_id
    hide: dict[str, Any] = {"missing": True, "request_id": id, "times": None}
    standin.control([{"on": "history", **hide}, {"on": "events", **hide}, {"on": "usage", **hide}])

    told = reconcile(capsys)

    assert words(told) == ["a draw of ours that fal does not know; its cost here is $0.03"]
    assert (told["status"], total(told, "remainder_microusd")) == (1, -30_001)
    row = FalDay.objects.get(endpoint=MEDIUM, left=1)
    assert row.findings[0]["draw"] == str(draw.pk)


def test_what_fal_draws_and_does_not_charge_is_listed_once(
    drawn: None, standin: StandIn, capsys: pytest.CaptureFixture[str]
) -> None:
    hide: dict[str, Any] = {"missing": True, "endpoint": MEDIUM, "times": None}
    standin.control([{"on": "events", **hide}, {"on": "usage", **hide}])

    told = reconcile(capsys)

    assert words(told) == ["2 pictures that fal does not charge for; our draws say $0.06"]
    assert told["left"] == 1


def test_the_young_are_not_missed(drawn: None, standin: StandIn, capsys: pytest.CaptureFixture[str]) -> None:
    """fal books with some delay: what ended half an hour ago and has no event yet is no finding."""
    hide: dict[str, Any] = {"missing": True, "endpoint": MEDIUM, "times": None}
    standin.control([{"on": "events", **hide}, {"on": "usage", **hide}])
    since = (timezone.now() - timedelta(days=1)).date()

    with later(minutes=30):
        call_command("reconcile_fal", json=True, since=str(since))

    told = json.loads(capsys.readouterr().out)
    assert (told["left"], total(told, "our_draws")) == (0, 1)


def test_a_wrong_sum_of_fals_own_is_listed(drawn: None, standin: StandIn, capsys: pytest.CaptureFixture[str]) -> None:
    standin.control([{"on": "usage", "endpoint": MEDIUM, "off_micro_usd": 10_000, "times": None}])

    told = reconcile(capsys)

    assert words(told) == ["fal's usage says $0.07, its billing events add up to $0.06"]
    assert (told["status"], total(told, "remainder_microusd")) == (1, 9_999)


def test_a_price_that_fal_raised_is_told_with_what_it_costs(
    alice: Any, standin: StandIn, finish_all: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    standin.control(prices={MEDIUM: 40_000})
    lifecycle.submit(alice, Brief.read("krea-2-medium", {"prompt": "a dear fox"}, 2))
    finish_all()

    told = reconcile(capsys)

    assert words(told) == ["fal charges $0.04 where our table says $0.03: 2 pictures, $0.02 in all"]
    assert told["findings"][0] == f"{MEDIUM}: fal's price list says $0.04 a image, our table $0.03"
    assert (told["left"], total(told, "remainder_microusd")) == (2, 20_000)

    row = Price.objects.get(item="krea-2-medium")
    row.pk, row.cost_microusd, row.holds_from = None, 40_000, timezone.now()
    row.save()
    assert fal_prices.differences() == []


def test_style_references_are_no_other_price(
    alice: Any, standin: StandIn, finish_all: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    """The surcharge is in our table; fal's list cannot show it."""
    url = "https://example.com/style.png"
    costs = {each.item: each.cost_microusd for each in Price.objects.all()}
    assert costs["krea-2-medium.style_references"] == 5_000
    by_somebody_else(standin, image_style_references=[{"image_url": url}])  # fails: it cannot be had, and costs nothing

    told = reconcile(capsys)

    assert words(told) == ["a request at fal that nobody here made ($0.00, 422): who else uses the key?"]


def test_an_ordinary_key_is_told_plainly_and_requests_are_compared_all_the_same(
    drawn: None, standin: StandIn, capsys: pytest.CaptureFixture[str]
) -> None:
    standin.control(admin_key=False)
    draw = Draw.objects.filter(endpoint=MEDIUM).order_by("pk")[0]
    Draw.objects.filter(pk=draw.pk).update(cost_microusd=0, outcome="timed_out", completed_at=None)

    told = reconcile(capsys)

    assert (told["status"], told["findings"]) == (0, [check_orders.NO_MONEY])
    assert {day["fal_microusd"] for day in told["days"]} == {None}
    assert (total(told, "fal_requests"), total(told, "our_draws"), total(told, "our_microusd")) == (3, 3, 62_622)
    draw.refresh_from_db()
    assert draw.cost_microusd == 30_000  # a success is charged for, at our table's cost

    stranger = by_somebody_else(standin)
    assert stranger in reconcile(capsys)["findings"][1]


def test_pages_are_read_to_their_end(
    alice: Any, standin: StandIn, finish_all: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(platform, "REQUESTS_A_PAGE", 2)
    monkeypatch.setattr(platform, "EVENTS_A_PAGE", 2)
    monkeypatch.setattr(platform, "LINES_A_PAGE", 1)
    lifecycle.submit(alice, Brief.read("krea-2-medium", {"prompt": "a red fox"}, 5))
    lifecycle.submit(alice, Brief.read("flux-krea-dev", {"prompt": "a hare"}))
    finish_all()

    told = reconcile(capsys)

    assert (told["status"], total(told, "fal_requests"), total(told, "our_draws")) == (0, 6, 6)


@pytest.mark.parametrize("place", ["usage", "events", "history"])
@pytest.mark.parametrize("status", [429, 503])
def test_a_fal_that_is_busy_is_asked_again(
    drawn: None, standin: StandIn, capsys: pytest.CaptureFixture[str], place: str, status: int
) -> None:
    standin.control([{"on": place, "status": status, "headers": {"Retry-After": "0.01"}, "times": 2}])

    assert reconcile(capsys)["status"] == 0


def test_a_fal_that_is_away_is_waited_for_and_the_rest_is_done_then(drawn: None, standin: StandIn) -> None:
    today = timezone.now().date()
    standin.control([{"on": "history", "status": 503, "times": None, "skip": 8}])

    with later(), pytest.raises(CommandError, match="fal does not answer"):
        call_command("reconcile_fal", since=str(today - timedelta(days=3)))

    order = CheckOrder.objects.get()
    assert (order.next_day, order.tries) == (today - timedelta(days=1), 1)
    assert "503" in order.error
    assert not CheckRun.objects.exists()
    check_orders.sweep()
    assert run_queued_tasks() == 0  # not due yet

    standin.control(calm=True, latency_s=0)
    with later(hours=4):
        check_orders.sweep()
        run_queued_tasks()

    assert not CheckOrder.objects.exists()
    assert CheckRun.objects.get().left == 0
    days = [call["query"].partition("start=")[2][:10] for call in standin.log(on="usage")]
    assert days.count(str(today - timedelta(days=3))) == 1  # what was done is not done again


def test_a_worker_that_died_is_followed_by_another(drawn: None) -> None:
    check_orders.ask(CheckOrder.Kind.FAL)
    run_before = CheckOrder.objects.filter(due_at__lte=timezone.now())
    assert run_before.update(due_at=timezone.now() + timedelta(minutes=5), tries=1) == 1  # taken up, then killed

    run_queued_tasks()
    assert not CheckRun.objects.exists()  # leased

    with later(hours=3):
        check_orders.sweep()
        run_queued_tasks()
    assert CheckRun.objects.filter(kind="fal").count() == 1


def test_one_that_was_taken_over_writes_nothing_down(drawn: None, standin: StandIn) -> None:
    """Two workers at once: the first comes back after its lease was lost."""
    check_orders.ask(CheckOrder.Kind.FAL)
    order = CheckOrder.objects.get()
    CheckOrder.objects.update(tries=7)

    assert check_orders._fal(order) is None
    assert not CheckRun.objects.exists()


def test_asked_twice_is_one_run(db: None) -> None:
    assert [check_orders.ask(CheckOrder.Kind.FAL) for _ in range(2)] == [True, False]
    assert CheckOrder.objects.count() == 1


def test_while_one_runs_the_command_says_so(db: None) -> None:
    CheckOrder.objects.create(kind="fal", due_at=timezone.now() + timedelta(minutes=5))

    with pytest.raises(CommandError, match="is running"):
        call_command("reconcile_fal")


@pytest.mark.parametrize(("since", "says"), [("x", "no date"), ("2090-01-01", "future"), ("2020-01-01", "go back to")])
def test_a_day_that_cannot_be_is_refused(db: None, since: str, says: str) -> None:
    with pytest.raises(CommandError, match=says):
        call_command("reconcile_fal", since=since)


def test_each_night_goes_on_three_days_before_the_last_run(standin: StandIn, db: None) -> None:
    check_runs.write_down(CheckRun.Kind.FAL, timezone.now() - timedelta(days=1), [])

    assert check_orders.begin(timezone.now()) == (timezone.now() - timedelta(days=4)).date()
    assert schedule.reconcile_fal() == 0
    assert CheckRun.objects.count() == 2


def test_what_differed_is_told_in_every_run_until_it_is_explained(
    drawn: None, standin: StandIn, capsys: pytest.CaptureFixture[str]
) -> None:
    by_somebody_else(standin)
    reconcile(capsys)
    FalDay.objects.update(day=timezone.now().date() - timedelta(days=9))  # outside of what the next run looks at

    with later():
        assert schedule.reconcile_fal() == 2  # the old day, and the same again today

    FalDay.objects.filter(left=1).update(explained_microusd=30_000, explained_why="Tried by hand")
    with later():
        assert schedule.reconcile_fal() == 0


def test_an_explanation_ends_when_more_is_found(
    drawn: None, standin: StandIn, capsys: pytest.CaptureFixture[str]
) -> None:
    by_somebody_else(standin)
    reconcile(capsys)
    FalDay.objects.filter(left=1).update(explained_microusd=30_000, explained_why="Tried by hand")
    assert reconcile(capsys)["left"] == 0

    by_somebody_else(standin)

    assert reconcile(capsys)["left"] == 2
    assert set(FalDay.objects.values_list("explained_microusd", flat=True)) == {None}


def test_the_text_has_every_day_and_the_sum(drawn: None, capsys: pytest.CaptureFixture[str]) -> None:
    with later():
        call_command("reconcile_fal", since=str((timezone.now() - timedelta(days=1)).date()))

    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["day", "endpoint", "requests", "units", "fal", "draws", "ours", "remainder"]
    assert any(line.split()[1:] == [MEDIUM, "2", "2.00", "$0.06", "2", "$0.06", "$0.00"] for line in lines)
    assert lines[-1] == "mended 0, left 0, unexplained in all: -$0.000001"


def test_every_model_has_an_endpoint_of_its_own() -> None:
    """The comparison is by endpoint: two image models of one would be compared as one."""
    endpoints = [model.endpoint for model in catalogue.all()]
    assert len(endpoints) == len(set(endpoints))
