"""The audit log: in the transaction of what it tells of, and never changed."""

from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import DatabaseError, transaction
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from krea_site.dashboard import acts, gate, roles
from krea_site.dashboard.roles import Lever
from krea_site.models import StaffAct
from tests.staff import make_staff, staff_client

pytestmark = pytest.mark.django_db


def asked_by(user: Any) -> HttpRequest:
    request = RequestFactory().post("/admin/")
    request.user = user
    return request


def test_an_act_says_who_what_before_after_and_why() -> None:
    operator = make_staff()

    acts.write(asked_by(operator), "people.suspend", "user:7", before={"on": True}, after={"on": False}, why="Spam")

    act = StaffAct.objects.get()
    assert (act.actor, act.role, act.verb, act.subject) == (operator, "owner", "people.suspend", "user:7")
    assert (act.before, act.after, act.why) == ({"on": True}, {"on": False}, "Spam")


@pytest.mark.parametrize("verb", ["update", "delete"])
def test_an_act_is_neither_edited_nor_deleted(verb: str) -> None:
    acts.write(asked_by(make_staff()), "people.suspend", "user:7")

    with pytest.raises(DatabaseError, match="never edited and never deleted"), transaction.atomic():
        if verb == "update":
            StaffAct.objects.update(why="Another")
        else:
            StaffAct.objects.all().delete()

    assert StaffAct.objects.get().why == ""


@pytest.mark.django_db(transaction=True)
def test_an_act_outside_of_a_transaction_is_refused() -> None:
    with pytest.raises(RuntimeError, match="transaction of what was done"):
        acts.write(asked_by(make_staff()), "people.suspend", "user:7")

    assert not StaffAct.objects.exists()


def test_a_page_that_does_something_and_tells_nobody_is_an_error() -> None:
    @gate.staff(Lever.SEE)
    def silent(request: HttpRequest) -> HttpResponse:
        return HttpResponse("done")

    request = asked_by(make_staff())
    request.session = staff_client(request.user).session
    with pytest.raises(RuntimeError, match="not in the audit log"):
        silent(request)


def test_nobody_has_no_role() -> None:
    assert roles.of(AnonymousUser()) is None
