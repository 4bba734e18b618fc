"""Acts on many generations: counted first, done in the background, once for each, stopped where somebody says so."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone
from django_q.models import OrmQ

from billing.models import Hold, Kind, Transfer
from generations.models import Generation, Image, Status
from krea_site import bulk_acts
from krea_site.models import BulkAct, BulkRefusal, Retry, Role, StaffAct
from krea_site.nudges import DO_MANY
from tests.conftest import make_user, run_queued_tasks, wallet_of
from tests.faults.together import ON_POSTGRES, crowd
from tests.krea_site.roads import end, ended, ordered
from tests.staff import make_staff, staff_client

pytestmark = pytest.mark.django_db
STORED, FAILED, CANCELED = Status.STORED, Status.FAILED, Status.CANCELED
NEW = "/admin/generations/many/new"
EACH = 39_00


@pytest.fixture
def support(db: None) -> Client:
    return staff_client(make_staff(Role.SUPPORT))


def shown(client: Client, **asked: Any) -> Any:
    page = client.get(NEW, asked)
    assert page.status_code == 200, page.content
    return page


def begun(client: Client, page: Any, **fields: Any) -> BulkAct:
    """Press what the page shows."""
    sent: dict[str, Any] = {"name": page.context["name"], "newest": page.context["newest"]}
    sent |= {"counted": page.context["chosen"], "why": "fal lost a night"}
    for name, text in page.context["hidden"]:
        sent.setdefault(name, [])
        sent[name].append(text)
    answer = client.post(NEW, sent | fields)
    assert answer.status_code == 302, answer.content
    return BulkAct.objects.get(pk=page.context["name"])


def test_all_failures_of_a_filter_are_drawn_again_at_the_houses_cost(alice: Any, bob: Any, support: Client) -> None:
    made = [ended(alice, STORED, FAILED), ended(alice, FAILED, FAILED), ended(alice, CANCELED)]
    asked = {"do": "retry", "all": "yes", "image_status": "failed", "user": str(alice.pk)}

    page = shown(support, **asked)

    sums = page.context["sums"]
    assert (page.context["chosen"], sums["generations"], sums["images"], sums["credits"]) == (2, 2, 3, 3 * EACH)
    before = wallet_of(alice)[0]
    act = begun(support, page, cost="house")
    later = ended(alice, FAILED)  # ordered after it was shown
    run_queued_tasks_of_ours()
    act.refresh_from_db()
    assert (act.state, act.seen, act.done, act.images, act.amount, act.refused) == ("done", 2, 2, 3, 3 * EACH, 0)
    assert {each.first_id for each in Retry.objects.all()} == {each.pk for each in made[:2]}
    assert not Retry.objects.filter(first=later).exists()
    assert wallet_of(alice)[0] == before + 3 * EACH
    log = StaffAct.objects.get()
    assert (log.verb, log.subject) == ("pictures.retry_many", f"bulk:{act.pk}")
    assert log.after["counted"] == 2


def test_those_that_are_ticked_are_refunded_once(alice: Any, support: Client) -> None:
    one, two, _other = (ended(alice, STORED, STORED) for _ in range(3))
    page = shown(support, do="refund", generation=[one.pk, two.pk])

    act = begun(support, page)
    assert begun(support, page).pk == act.pk
    run_queued_tasks_of_ours()
    again = begun(support, shown(support, do="refund", generation=[one.pk, _other.pk]))
    run_queued_tasks_of_ours()

    act.refresh_from_db()
    again.refresh_from_db()
    assert (act.done, act.images, act.amount) == (2, 4, 4 * EACH)
    assert (again.done, again.images, again.amount) == (1, 2, 2 * EACH)
    assert wallet_of(alice) == (1000_00, 0)
    assert StaffAct.objects.count() == 2


def test_what_is_refused_is_listed_with_its_reason_and_the_rest_is_done(alice: Any, support: Client) -> None:
    poor = make_user("poor@example.com", EACH)
    mine, theirs = ended(alice, FAILED), ended(poor, FAILED)
    ordered(poor)
    page = shown(support, do="retry", generation=[mine.pk, theirs.pk])

    act = begun(support, page, cost="customer")
    run_queued_tasks_of_ours()

    act.refresh_from_db()
    assert (act.state, act.done, act.refused) == ("done", 1, 1)
    refusal = BulkRefusal.objects.get()
    assert refusal.generation == theirs
    assert "are missing" in refusal.words
    text = support.get(f"/admin/generations/many/{act.pk}/").content.decode()
    assert str(theirs.pk) in text
    assert "are missing" in text


def test_an_act_that_is_stopped_leaves_the_rest_alone(alice: Any, support: Client) -> None:
    for _ in range(4):
        ended(alice, STORED)
    act = begun(support, shown(support, do="refund", all="yes", status="succeeded"))
    bulk_acts._do(act, Generation.objects.order_by("-pk")[0].pk)

    answer = support.post(f"/admin/generations/many/{act.pk}/stop")
    again = support.post(f"/admin/generations/many/{act.pk}/stop")
    run_queued_tasks_of_ours()

    assert (answer.status_code, again.status_code) == (302, 302)
    act.refresh_from_db()
    BulkAct.objects.filter(pk=act.pk).update(due_at=act.created_at)
    bulk_acts.go_on(act.pk)
    act.refresh_from_db()
    assert (act.state, act.seen, act.amount) == ("stopped", 1, EACH)
    assert sorted(StaffAct.objects.values_list("verb", flat=True)) == ["pictures.refund_many", "pictures.stop_many"]
    assert Transfer.objects.filter(kind=Kind.CORRECTION).count() == 1


def test_cancelling_many_is_done_by_the_sweep_where_the_nudge_was_lost(alice: Any, support: Client) -> None:
    for _ in range(3):
        ordered(alice, 2)
    act = begun(support, shown(support, do="cancel", all="yes", status="open"))
    OrmQ.objects.all().delete()

    with time_machine.travel(timezone.now() + timedelta(seconds=30), tick=True):
        bulk_acts.sweep()
        run_queued_tasks_of_ours()

    act.refresh_from_db()
    assert (act.state, act.done, act.images) == ("done", 3, 6)
    assert set(Image.objects.values_list("status", flat=True)) == {CANCELED}
    assert wallet_of(alice) == (1000_00, 0)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"do": "paint", "all": "yes", "status": "failed"}, "do is one of retry, cancel, refund"),
        ({"do": "refund", "all": "yes"}, "Filter first"),
        ({"do": "refund", "all": "yes", "status": "done"}, "status is one of"),
        ({"do": "refund"}, "Tick the generations that you mean"),
        ({"do": "refund", "generation": "x"}, "Tick the generations that you mean"),
    ],
)
def test_what_is_not_clear_is_not_begun(asked: dict[str, str], words: str, support: Client) -> None:
    page = support.get(NEW, asked)

    assert page.status_code == 422
    assert words in page.content.decode()
    assert support.post(NEW, asked).status_code == 422
    assert not BulkAct.objects.exists()


def test_more_than_can_be_looked_over_is_refused(
    alice: Any, mallory: Any, support: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk_acts, "MOST", 2)
    for user in (alice, alice, mallory):
        ended(user, FAILED)
    asked = {"do": "retry", "all": "yes", "image_status": "failed"}
    some = shown(support, **asked, user=str(alice.pk))
    assert some.context["chosen"] == 2

    for page in (support.get(NEW, asked), support.post(NEW, asked | {"why": "fal lost a night", "cost": "house"})):
        assert page.status_code == 422
        assert "More than 2 generations match. Narrow the filter" in page.content.decode()
        assert "?image_status=failed" in page.content.decode()
    assert not BulkAct.objects.exists()


def test_without_a_reason_or_a_cost_nothing_begins(alice: Any, support: Client) -> None:
    generation = ended(alice, FAILED)
    page = shown(support, do="retry", generation=generation.pk)
    sent = {"do": "retry", "generation": generation.pk, "name": page.context["name"]}

    answer = support.post(NEW, sent | {"why": "", "newest": "x"})

    text = answer.content.decode()
    assert answer.status_code == 422
    assert [words for words in ("Say why", "Say at whose cost", "out of date") if words not in text] == []
    assert not BulkAct.objects.exists()


def run_queued_tasks_of_ours() -> None:
    """The worker, for acts alone: what they order stays in its queue."""
    for row in OrmQ.objects.order_by("id"):
        if row.task["func"] != DO_MANY:
            row.delete()
    run_queued_tasks()
    OrmQ.objects.all().delete()


def test_more_than_was_shown_is_not_done(alice: Any, support: Client) -> None:
    ended(alice, FAILED)
    waiting = ordered(alice)  # before the numbers were shown
    page = shown(support, do="retry", all="yes", image_status="failed")
    end(waiting.images.get(), FAILED)

    sent = {**dict(page.context["hidden"]), "name": page.context["name"], "newest": page.context["newest"]}
    sent |= {"why": "fal lost a night", "cost": "house", "counted": page.context["chosen"]}
    answer = support.post(NEW, sent)

    assert answer.status_code == 422
    assert "More match by now than you were shown" in answer.content.decode()
    assert (answer.context["chosen"], BulkAct.objects.count()) == (2, 0)
    assert begun(support, answer, cost="house").counted == 2


@pytest.mark.parametrize("counted", ["-1", "99999999999", "many", ""])
def test_a_number_that_no_page_showed_is_refused(counted: str, alice: Any, support: Client) -> None:
    page = shown(support, do="refund", generation=[ended(alice, STORED).pk])

    sent = {**dict(page.context["hidden"]), "name": page.context["name"], "newest": page.context["newest"], "why": "x"}
    answer = support.post(NEW, sent | {"counted": counted})

    assert answer.status_code == 422, answer.content
    assert not BulkAct.objects.exists()


@pytest.mark.unaudited
def test_one_whose_books_are_damaged_holds_up_no_other(alice: Any, support: Client) -> None:
    made = [ended(alice, STORED) for _ in range(3)]
    Hold.objects.filter(key=made[1].key).update(returned=EACH)

    act = begun(support, shown(support, do="refund", generation=[each.pk for each in made]))
    run_queued_tasks_of_ours()

    act.refresh_from_db()
    assert (act.state, act.seen, act.done, act.refused) == ("done", 3, 2, 1)
    assert BulkRefusal.objects.get().words == bulk_acts.FAULT
    assert not Image.objects.filter(generation=made[1]).exclude(refunded_at=None).exists()


class TestRaces:
    pytestmark = ON_POSTGRES

    def test_a_button_that_is_pressed_twice_at_once_begins_one(self) -> None:
        alice, client = make_user("alice@example.com", 100_00), staff_client(make_staff(Role.SUPPORT))
        page = shown(client, do="refund", generation=[ended(alice, STORED).pk])
        sent = {**dict(page.context["hidden"]), "name": page.context["name"], "newest": page.context["newest"]}

        answers = crowd(lambda: client.post(NEW, sent | {"counted": "1", "why": "fal lost a night"}), 6)

        assert {answer.status_code for answer in answers} == {302}
        assert BulkAct.objects.count() == StaffAct.objects.count() == 1
