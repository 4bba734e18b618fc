"""Who deletes pictures and dies at any write, or the sweep that dies over them, leaves nothing half done: what comes
next brings it to the same end.

To die before a write is to die before the commit that it belongs to, or, where it is the first of a transaction, after
the commit before: nothing is changed between.
"""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
import time_machine
from django.utils import timezone
from django_q.models import OrmQ

from billing import ledger
from generations import bin, doomed, erasure, lifecycle
from generations.brief import Brief
from generations.models import Generation, Image, Status
from generations.pictures import store
from tests.conftest import make_user, wallet_of
from tests.faults.fuse import Died, Fuse
from tests.faults.test_killed_farewells import kills
from tests.krea_site.belongings import drawn, files

pytestmark = pytest.mark.django_db(transaction=True)

CREDITS = 100_00
Act = Callable[[Any], None]


def owner(number: int) -> tuple[Any, list[str]]:
    """Somebody with two pictures and one that waits; and the names of their files."""
    user = make_user(f"owner{number}@example.com")
    ledger.grant(user, CREDITS, key=f"gift:{number}", memo="A gift")
    drawn(user, 60, 61)
    lifecycle.submit(user, Brief.read("krea-2-medium", {"prompt": "a fox"}))
    OrmQ.objects.all().delete()
    return user, files(user)


def throw_away(user: Any) -> None:
    bin.put(user, list(Image.objects.filter(user=user).order_by("id").values_list("pk", flat=True)))


def delete_generations(user: Any) -> None:
    for generation in Generation.objects.of(user).order_by("id"):
        lifecycle.delete(generation)


def a_week_of_sweeps(user: Any) -> None:
    """The parts of the sweep that deletions need, as often as it takes."""
    with time_machine.travel(timezone.now() + bin.LASTS + timedelta(seconds=1), tick=True) as clock:
        for work in (lifecycle.cancel_deleted, bin.sweep, erasure.sweep):
            work()
        clock.shift(doomed.GRACE + timedelta(seconds=1))
        doomed.sweep()


@pytest.mark.parametrize("act", [throw_away, delete_generations])
def test_a_deletion_that_dies_anywhere_is_done_by_saying_it_again(act: Act) -> None:
    def life(user: Any) -> None:
        act(user)
        a_week_of_sweeps(user)

    places = kills(partial(life, owner(0)[0]))
    assert len(places) > 15

    for number, place in enumerate(places, start=1):
        user, names = owner(number)
        with pytest.raises(Died), Fuse(place).burning():
            life(user)

        life(user)  # its owner presses again, and the sweep comes again

        images = Image.objects.filter(user=user)
        assert set(images.values_list("name", "status")) == {("", Status.STORED), ("", Status.CANCELED)}, place
        assert not images.filter(erased_at=None).exists(), place
        mine = Generation.objects.filter(user=user)
        assert [(row.input, row.erased_at is None) for row in mine] == [({}, False)] * 2, place
        assert not any(store.exists(name) for name in names), place
        assert wallet_of(user) == (CREDITS, 0), place
