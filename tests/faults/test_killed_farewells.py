"""A farewell that dies at any of its writes is brought to its end by the next worker.

To die before a write is to die before the commit that it belongs to, or, where it is the first of a transaction, after
the commit before: nothing is changed between.
"""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.utils import timezone
from django_q.models import OrmQ

from billing import ledger
from billing.models import Account, Transfer
from generations import lifecycle
from generations.brief import Brief
from generations.pictures import store
from krea_site import farewell
from krea_site.models import Farewell, TrialGrant
from partners import keys
from tests.conftest import make_user
from tests.faults.fuse import HARMLESS, Died, Fuse
from tests.krea_site.belongings import drawn, files, uploaded
from tests.krea_site.test_farewell import finish, traces

pytestmark = pytest.mark.django_db(transaction=True)

CREDITS = 300_00


def leaving(number: int) -> tuple[Any, list[str]]:
    """Somebody with a picture, a reference, a key, a trial and a picture on its way; and the names of their files."""
    user = make_user(f"leaver{number}@example.com")
    ledger.grant(user, CREDITS, key=f"gift:{number}", memo="A gift")
    TrialGrant.objects.create(
        user=user, address_digest=f"{number}", state=TrialGrant.State.GIVEN, decided_at=timezone.now()
    )
    drawn(user, 60, prompt=f"a picture of leaver{number}")
    uploaded(user, 61)
    keys.make(user, f"key of leaver{number}")
    lifecycle.submit(user, Brief.read("krea-2-medium", {"prompt": f"leaver{number} again"}))
    OrmQ.objects.all().delete()
    return user, files(user)


def life(row: Farewell) -> None:
    """All steps, in three tasks."""
    with time_machine.travel(timezone.now(), tick=True) as clock:
        for _ in range(3):
            farewell.go_on(row.pk)
            clock.shift(farewell.LATECOMERS + timedelta(seconds=10))


def kills(work: Callable[[], Any]) -> list[int]:
    """After how many statements to die: before each write."""
    made: list[str] = []

    def note(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        made.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        work()
    return [place for place, sql in enumerate(made) if not sql.startswith(HARMLESS)]


def test_a_farewell_that_dies_anywhere_comes_to_its_end() -> None:
    whole = farewell.begin(leaving(0)[0])
    places = kills(partial(life, whole))
    assert finish(whole).forfeited == CREDITS
    assert len(places) > 30

    for number, place in enumerate(places, start=1):
        user, names = leaving(number)
        row, fuse = farewell.begin(user), Fuse(place)
        with pytest.raises(Died), fuse.burning():
            life(row)

        row = finish(row)

        purse = Account.objects.get(user=user)
        assert (row.forfeited, purse.balance, purse.held, purse.debt) == (CREDITS, 0, 0, 0), place
        assert Transfer.objects.filter(source=purse).count() == 1, place
        assert not any(store.exists(name) for name in names), place
        assert TrialGrant.objects.filter(address_digest=f"{number}", user=None).exists(), place
    assert traces("leaver") == []


def test_a_beginning_that_dies_has_not_begun(alice: Any, mallory: Any) -> None:
    places = kills(partial(farewell.begin, mallory))
    assert len(places) >= 5

    for place in places:
        with pytest.raises(Died), Fuse(place).burning():
            farewell.begin(alice)

        alice.refresh_from_db()
        assert alice.is_active
        assert not Farewell.objects.filter(user=alice).exists()
