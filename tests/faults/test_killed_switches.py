"""Who switches and dies at any write, the sweep that gives back and dies, a planned offer that dies: each is whole or
not there, and what comes next brings it to the same end.

To die before a write is to die before the commit that it belongs to, or, where it is the first of a transaction, after
the commit before: nothing is changed between.
"""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.utils import timezone
from django_q.models import OrmQ

from billing import offering, planned
from billing.models import Pack, PlannedOffer
from generations import lifecycle, sweep, switches
from generations.brief import Brief
from generations.models import Image, Pause, Status, Switch
from krea_site.models import Role, StaffAct
from tests.conftest import make_user, wallet_of
from tests.faults.fuse import Died, Fuse
from tests.faults.test_killed_farewells import kills
from tests.staff import make_staff, staff_client

pytestmark = pytest.mark.django_db(transaction=True)
CREDITS = 1000_00


def customer(number: int) -> Any:
    """Somebody with three images that wait."""
    user = make_user(f"customer{number}@example.com", CREDITS)
    lifecycle.submit(user, Brief.read("krea-2-medium", {"prompt": "a fox"}, 3))
    OrmQ.objects.all().delete()
    return user


def dies_at_each(work: Callable[[], Any], begin: Callable[[int], Any], then: Callable[[int, Any], None]) -> int:
    """Do it whole, then with a death before each write; how many deaths. `then` looks at what is left. What the very
    first of all writes besides is written before the places are counted."""
    begin(9_000)
    work()
    begin(0)
    places = kills(work)
    for number, place in enumerate(places, start=1):
        given = begin(number)
        with pytest.raises(Died), Fuse(place).burning():
            work()
        then(place, given)
    return len(places)


def test_giving_back_that_dies_anywhere_is_gone_on_with() -> None:
    switches.turn("krea-2-medium", is_off=False, seen=0)

    def begin(number: int) -> Any:
        Switch.objects.update(off_at=None, gives_back=False)
        user = customer(number)
        Switch.objects.update(off_at=timezone.now(), gives_back=True)
        return user

    def then(place: int, user: Any) -> None:
        sweep.withheld()
        assert set(Image.objects.filter(user=user).values_list("status", flat=True)) == {Status.CANCELED}, place
        assert wallet_of(user) == (CREDITS, 0), place

    assert dies_at_each(sweep.withheld, begin, then) > 15


@pytest.mark.parametrize("is_off", [True, False])
def test_a_switch_that_dies_anywhere_is_turned_whole_or_not_at_all(is_off: bool) -> None:
    """Sending, the one with most to it: the switch, the pause, the deadlines, and the line in the audit log."""
    desk = staff_client(make_staff(Role.OWNER))
    desk.get("/admin/switches/sending/")  # what a first visit writes is written

    def begin(number: int) -> int:
        for row in Switch.objects.filter(pk=switches.SENDING):
            Switch.objects.filter(pk=row.pk).update(off_at=None if is_off else timezone.now())
        Pause.objects.all().delete()
        if not is_off:
            Switch.objects.get_or_create(name=switches.SENDING)
            Switch.objects.update(off_at=timezone.now())
            Pause.objects.create(since=timezone.now() - timedelta(hours=1))
        return StaffAct.objects.count()

    def press() -> None:
        typed = {"state": "off" if is_off else "on", "why": "a story", "confirmed": "1", "notice": ""}
        assert desk.post("/admin/switches/sending/", typed | {"seen": str(_version())}).status_code == 302

    def then(place: int, acts: int) -> None:
        is_turned = (switches.off_since(switches.SENDING) is not None) is is_off
        assert Pause.objects.filter(until=None).exists() is (is_off is is_turned), place
        assert StaffAct.objects.count() - acts == int(is_turned), place
        press()
        assert (switches.off_since(switches.SENDING) is not None) is is_off, place
        assert Pause.objects.filter(until=None).exists() is is_off and StaffAct.objects.count() - acts == 1, place

    assert dies_at_each(press, begin, then) >= 3


def _version() -> int:
    return Switch.objects.filter(pk=switches.SENDING).values_list("version", flat=True).first() or 0


def test_a_planned_offer_that_dies_anywhere_is_carried_out_once() -> None:
    def begin(number: int) -> int:
        cents = 7_000 + number
        wish = offering.Wish(False, cents, cents * 1000)
        planned.plan(None, wish=wish, is_plan=False, at=timezone.now() + timedelta(hours=1))
        PlannedOffer.objects.filter(done_at=None).update(holds_from=timezone.now() - timedelta(seconds=1))
        return cents

    def then(place: int, cents: int) -> None:
        planned.sweep()
        assert Pack.objects.filter(cents=cents, is_offered=True).count() == 1, place
        assert PlannedOffer.objects.get(cents=cents).problem == "", place

    assert dies_at_each(partial(planned.sweep), begin, then) >= 2
