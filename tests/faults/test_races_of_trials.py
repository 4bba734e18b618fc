"""Races for trial credits, on a real PostgreSQL: many at the same moment, and exactly as many as there are get one."""

from functools import partial
from typing import Any

from pytest_django import Settings

from billing.models import Transfer
from krea_site import trial
from krea_site.models import TrialCount, TrialGrant
from tests.conftest import make_user, wallet_of
from tests.faults.together import ON_POSTGRES, crowd, failures, together

pytestmark = ON_POSTGRES

TRIAL = (200_00, 0)


State, Reason = TrialGrant.State, TrialGrant.Reason


def waiting(number: int, *, address: str = "", network: str = "n" * 64) -> tuple[Any, int]:
    """Somebody who verified an address just now, and their row."""
    user = make_user(f"p{number}@example.com")
    row = TrialGrant.objects.create(user=user, address_digest=address or f"{number:064}", network_digest=network)
    return user, row.pk


def test_of_30_sign_ups_of_one_network_at_once_exactly_the_cap_get_a_trial(db: None, settings: Settings) -> None:
    settings.TRIAL_PER_NETWORK = 3
    people = [waiting(number) for number in range(30)]

    results = together([partial(trial.decide, grant_id) for _, grant_id in people])

    assert failures(results) == []
    assert [wallet_of(user) for user, _ in people].count(TRIAL) == Transfer.objects.count() == 3
    assert TrialGrant.objects.filter(state=State.REFUSED, reason=Reason.NETWORK).count() == 27
    assert sorted(TrialCount.objects.values_list("used", flat=True)) == [3, 3]


def test_of_30_at_once_the_day_has_credits_for_7(db: None, settings: Settings) -> None:
    settings.TRIAL_PER_DAY = 7
    people = [waiting(number, network=f"{number:064}") for number in range(30)]

    results = together([partial(trial.decide, grant_id) for _, grant_id in people])

    assert failures(results) == []
    assert Transfer.objects.count() == 7
    assert TrialGrant.objects.filter(state=State.REFUSED, reason=Reason.DAY).count() == 23


def test_two_accounts_of_one_mailbox_at_once_get_one_trial(db: None) -> None:
    for number in range(10):
        pair = [waiting(2 * number + each, address=f"{number:064}", network="") for each in (0, 1)]

        results = together([partial(trial.decide, grant_id) for _, grant_id in pair])

        assert failures(results) == []
        assert sorted(wallet_of(user) for user, _ in pair) == [(0, 0), TRIAL]


def test_one_verification_that_is_decided_by_20_is_given_once(db: None) -> None:
    user, grant_id = waiting(1)

    results = crowd(partial(trial.decide, grant_id), 20)

    assert failures(results) == []
    assert wallet_of(user) == TRIAL
    assert sorted(TrialCount.objects.values_list("used", flat=True)) == [1, 1]
