"""What limits of keys had used goes a year after its month, and the books stay right."""

from datetime import timedelta
from typing import Any

import time_machine
from django.utils import timezone

from billing import allowances, ledger
from billing.models import Allowance
from krea_site import schedule

LIMITS = [ledger.Limit("key:1", 100_00)]


def test_old_use_of_a_key_is_forgotten_and_that_of_open_holds_and_wallets_is_kept(alice: Any) -> None:
    long_ago = timezone.now() - allowances.KEPT_FOR - timedelta(days=62)
    with time_machine.travel(long_ago):
        ledger.hold(alice, 10_00, key="old", limits=LIMITS)
        ledger.capture("old", 4_00, memo="A picture")
    with time_machine.travel(long_ago + timedelta(days=31)):
        ledger.hold(alice, 10_00, key="open", limits=LIMITS)
    ledger.hold(alice, 10_00, key="new", limits=LIMITS)
    ledger.release("new")
    before = Allowance.objects.filter(allowances.OWN).count()

    assert schedule.prune_allowances() == 1

    assert list(Allowance.objects.exclude(allowances.OWN).order_by("since").values_list("used", flat=True)) == [
        10_00,
        0,
    ]
    assert Allowance.objects.filter(allowances.OWN).count() == before
    ledger.release("open")
    assert schedule.prune_allowances() == 1
