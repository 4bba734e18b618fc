"""Requests for erasure: what waits and what failed, trying again, and erasing an account for somebody who asked."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from generations import fal_erasures
from generations.models import FalErasure, Generation
from krea_site import farewell
from krea_site.models import Farewell, Mail, Role, StaffAct
from tests.conftest import run_queued_tasks
from tests.krea_site.belongings import drawn
from tests.staff import make_staff, staff_client

pytestmark = pytest.mark.django_db
WHY = "Asked by mail on 3 May."
BEGIN = "/admin/erasures/begin/"


@pytest.fixture
def owner(db: None) -> Client:
    return staff_client(make_staff(Role.OWNER))


def failed(number: int = 1) -> FalErasure:
    return FalErasure.objects.create(
        request_id=f"019ef3ca-{number}", cause="deleted", tries=7, error="fal answered 403", given_up_at=timezone.now()
    )


def test_what_fal_did_not_erase_is_seen_and_tried_again(owner: Client) -> None:
    first, second = failed(1), failed(2)
    page = owner.get("/admin/erasures/").content.decode()
    assert "2 requests were given up" in page and "fal answered 403" in page and first.request_id in page

    owner.post("/admin/erasures/again", {"id": str(first.pk)})
    assert set(FalErasure.objects.waiting()) == {first}
    owner.post("/admin/erasures/again")
    assert set(FalErasure.objects.waiting()) == {first, second}
    FalErasure.objects.update(gone_at=timezone.now())
    owner.post("/admin/erasures/again")
    owner.post("/admin/erasures/again", {"id": "nonsense"})

    assert [each.after["requests"] for each in StaffAct.objects.filter(verb="erasures.again").order_by("id")] == [1, 1]
    assert fal_erasures.prune() == 0


def test_an_account_is_erased_after_a_second_look(alice: Any, owner: Client) -> None:
    drawn(alice, 40)
    typed = {"email": "Alice@Example.com", "why": WHY}
    shown = owner.post(BEGIN, typed).content.decode()
    assert "1 picture " in shown and "1,000.00 credits are forfeited" in shown and "It cannot be undone" in shown
    assert not Farewell.objects.exists() and not StaffAct.objects.exists()

    for _ in range(2):  # pressed twice
        owner.post(BEGIN, typed | {"confirmed": str(alice.pk)})

    row = Farewell.objects.get(user=alice)
    act = StaffAct.objects.get()
    assert (act.verb, act.subject, act.why) == ("erasures.begin", f"user:{alice.pk}", WHY)
    assert "alice" not in str([act.before, act.after]).lower()
    run_queued_tasks()
    assert Generation.objects.get().input == {}
    assert f"user {alice.pk}" in owner.get("/admin/erasures/").content.decode()
    with time_machine.travel(timezone.now() + farewell.LATECOMERS + timedelta(minutes=2)):
        farewell.sweep()
        run_queued_tasks()
    row.refresh_from_db()
    assert row.finished_at
    assert not Mail.objects.filter(to="alice@example.com").exists()


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"email": "nobody@example.com"}, "No account has this address."),
        ({"email": ""}, "No account has this address."),
        ({"email": "operator@example.com"}, "This is an account of the staff."),
        ({"why": ""}, "Say why; it stays in the books."),
        ({"why": "alice@example.com asked"}, "Leave e-mail addresses out"),
    ],
)
def test_what_cannot_be_erased_says_why(alice: Any, owner: Client, typed: dict[str, str], said: str) -> None:
    answer = owner.post(BEGIN, {"email": "alice@example.com", "why": WHY, "confirmed": str(alice.pk)} | typed)

    assert answer.status_code == 422 and said in answer.content.decode()
    assert not Farewell.objects.exists() and not StaffAct.objects.exists()


def test_an_account_that_leaves_already_is_not_erased_again(alice: Any, owner: Client) -> None:
    farewell.begin(alice)

    answer = owner.post(BEGIN, {"email": "alice@example.com", "why": WHY})

    assert answer.status_code == 422 and "being deleted already" in answer.content.decode()


def test_a_step_that_waits_is_tried_now(alice: Any, owner: Client) -> None:
    row = farewell.begin(alice)
    Farewell.objects.update(due_at=timezone.now() + timedelta(hours=1), tries=farewell.MANY_TRIES)
    assert f"{farewell.MANY_TRIES} tries" in owner.get("/admin/erasures/").content.decode()

    owner.post(f"/admin/erasures/{row.pk}/go-on")

    assert Farewell.objects.get().due_at <= timezone.now()
    assert StaffAct.objects.get().subject == f"user:{alice.pk}"
    Farewell.objects.update(step="done", address="", finished_at=timezone.now())
    owner.post(f"/admin/erasures/{row.pk}/go-on")
    assert StaffAct.objects.count() == 1


@pytest.mark.parametrize("role", [Role.SUPPORT, Role.FINANCE, Role.MODERATOR])
def test_erasing_is_the_owners(role: Role, alice: Any) -> None:
    client = staff_client(make_staff(role))

    assert client.get("/admin/erasures/").status_code == 403
    assert client.post(BEGIN, {"email": "alice@example.com", "why": WHY}).status_code == 403
    assert client.post("/admin/erasures/again").status_code == 403
