"""A worker that dies anywhere over an act on many, or a press that dies on its way: whoever comes next brings it to the
same end, and nothing is done twice."""

from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
import time_machine
from django.utils import timezone
from django_q.models import OrmQ
from uuid_utils.compat import uuid7

from billing.models import Kind, Transfer
from generations.models import Generation, Status
from krea_site import bulk_acts
from krea_site.models import BulkAct, Retry
from tests.conftest import make_user, wallet_of
from tests.faults.fuse import Died, Fuse
from tests.faults.test_killed_farewells import kills
from tests.krea_site.roads import ended
from tests.staff import make_staff

pytestmark = pytest.mark.django_db(transaction=True)
CREDITS, EACH = 1000_00, 39_00
What = BulkAct.What


def customer(number: int, status: Status) -> Any:
    """With two generations of one image, which came to this end."""
    user = make_user(f"customer{number}@example.com", CREDITS)
    for _ in range(2):
        ended(user, status)
    OrmQ.objects.all().delete()
    return user


def asked_for(what: What, operator: Any, user: Any) -> UUID:
    ids = list(Generation.objects.filter(user=user).values_list("pk", flat=True))
    act = bulk_acts.begin(
        what, id=uuid7(), by=operator, why="A bad night", counted=2, ids=ids, newest=uuid7(), at_house_cost=True
    )
    return act.pk


def work(act_id: UUID) -> None:
    bulk_acts.go_on(act_id)


@pytest.mark.parametrize(("what", "status"), [(What.REFUND, Status.STORED), (What.RETRY, Status.FAILED)])
def test_an_act_on_many_whose_worker_dies_anywhere_is_done_once(what: What, status: Status) -> None:
    operator = make_staff()
    places = kills(partial(work, asked_for(what, operator, customer(0, status))))
    assert len(places) > 8

    for number, place in enumerate(places, start=1):
        user = customer(number, status)
        act_id = asked_for(what, operator, user)
        with pytest.raises(Died), Fuse(place).burning():
            work(act_id)

        with time_machine.travel(timezone.now() + bulk_acts.LEASE + timedelta(seconds=30), tick=True):
            bulk_acts.sweep()
            work(act_id)
            work(act_id)

        act = BulkAct.objects.get(pk=act_id)
        assert (act.state, act.seen, act.done, act.images, act.amount) == ("done", 2, 2, 2, 2 * EACH), place
        mine = Transfer.objects.filter(target__user=user)
        if what == What.REFUND:
            assert mine.filter(kind=Kind.CORRECTION).count() == 2, place
            assert wallet_of(user) == (CREDITS, 0), place
        else:
            assert Retry.objects.filter(first__user=user).count() == 2, place
            assert wallet_of(user) == (CREDITS + 2 * EACH, 2 * EACH), place
