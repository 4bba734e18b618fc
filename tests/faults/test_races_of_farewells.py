"""Races around leaving, on a real PostgreSQL: two workers at one farewell, orders against it, writers against the
deletion of a file, workers at one archive."""

from datetime import timedelta
from functools import partial
from typing import Any

from django.utils import timezone

from billing import ledger
from billing.errors import LedgerError, StillHeld
from billing.models import Transfer
from generations import doomed, lifecycle
from generations.models import DoomedFile, Image
from generations.pictures import store
from krea_site import exports, farewell
from krea_site.models import Export, ExportFile, ExportPiece, Farewell
from tests.conftest import make_user, wallet_of
from tests.faults.on_the_road import FOX, FOX_COSTS
from tests.faults.together import ON_POSTGRES, crowd, failures, together
from tests.krea_site.belongings import developed, drawn, files
from tests.krea_site.test_farewell import finish

pytestmark = ON_POSTGRES


def test_an_account_that_is_deleted_by_12_at_once_leaves_once(rich: Any, mailoutbox: list[Any]) -> None:
    results = crowd(partial(farewell.begin, rich), 12)

    assert failures(results) == []
    assert (Farewell.objects.count(), len(mailoutbox)) == (1, 1)


def test_several_workers_at_each_step_of_one_farewell_forfeit_once(rich: Any) -> None:
    drawn(rich, 70, 71)
    row = farewell.begin(rich)

    def step() -> None:
        current = Farewell.objects.select_related("user").get(pk=row.pk)
        if current.step in farewell.STEPS:
            farewell.STEPS[current.step](current)

    for _ in range(9):
        assert failures(crowd(step, 6)) == []

    assert finish(row).forfeited == 10_000_00
    assert Transfer.objects.filter(key__startswith="forfeit").count() == 1


def test_a_wallet_is_closed_or_an_order_holds_and_never_both(db: None) -> None:
    for number in range(15):
        user = make_user(f"user{number}@example.com", FOX_COSTS)
        close = partial(ledger.close, user, key=f"forfeit:{number}")

        results = together([close, partial(lifecycle.submit, user, FOX), close])

        assert failures(results, LedgerError) == []
        assert wallet_of(user) in [(0, 0), (FOX_COSTS, FOX_COSTS)]
        assert (wallet_of(user) == (0, 0)) is not any(isinstance(each, StillHeld) for each in results)


def test_a_file_that_is_written_while_it_is_deleted_is_there(alice: Any, mallory: Any) -> None:
    """A writer that is let in before, during or after the deletion ends with its file."""
    for number in range(25):
        shade = 80 + number % 3
        drawn(alice, shade)
        names = files(alice)
        Image.objects.filter(user=alice).update(name="", variants={})
        doomed.doom(names)
        DoomedFile.objects.update(due_at=timezone.now() - timedelta(seconds=1))

        def write(shade: int = shade) -> None:
            doomed.spare(store.names(developed(shade)))
            store.write(developed(shade))

        results = together([doomed.sweep, write, doomed.sweep])

        assert failures(results) == []
        assert all(store.exists(name) for name in names)


def test_an_archive_that_is_wished_for_by_12_at_once_is_one(alice: Any) -> None:
    assert failures(crowd(partial(exports.wish, alice), 12)) == []

    assert Export.objects.count() == 1


def test_each_slice_of_an_archive_is_written_by_one_of_several_workers(alice: Any) -> None:
    drawn(alice, 90, 91)
    export = exports.wish(alice)
    assert export is not None
    while (now := Export.objects.select_related("user").get(pk=export.pk)).state == Export.State.BUILDING:
        results = crowd(partial(exports.write_slice, now), 6)
        assert failures(results) == []
        assert results.count(True) == 1

    pieces = ExportPiece.objects.order_by("file", "number").values_list("file", "number")
    assert len(set(pieces)) == len(pieces)
    assert ExportFile.objects.exclude(source="").count() == 2
