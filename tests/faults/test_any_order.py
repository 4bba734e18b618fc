"""Chance drives the ledger and the road through whatever it can think of; after every step the books are right.

HYPOTHESIS_PROFILE=thorough tries much more.
"""

import os
from typing import Any

import hypothesis
import pytest
from django.conf import settings as django_settings
from django.db import connection
from hypothesis import HealthCheck, Phase
from hypothesis.stateful import run_state_machine_as_test
from pytest_django import Settings

from tests.faults.any_order import AnyOrder

QUIET: dict[str, Any] = {"deadline": None, "print_blob": True, "suppress_health_check": list(HealthCheck)}
PLAYS = 20 if django_settings.IS_POSTGRES else 60
QUICK = hypothesis.settings(max_examples=PLAYS, stateful_step_count=25, derandomize=True, **QUIET)
PROFILES = {
    "quick": QUICK,
    "unshrunk": hypothesis.settings(QUICK, phases=[Phase.generate]),  # for `break_it`: the first failure is enough
    "thorough": hypothesis.settings(max_examples=500, stateful_step_count=60, **QUIET),
}


@pytest.mark.django_db(transaction=True)
def test_whatever_happens_in_whatever_order_the_books_stay_right(settings: Settings) -> None:
    settings.FAL_CONCURRENCY = 2
    if django_settings.IS_POSTGRES:
        with connection.cursor() as cursor:
            cursor.execute("SET synchronous_commit = off")  # nobody pulls the plug here; each step has many commits

    run_state_machine_as_test(AnyOrder, settings=PROFILES[os.environ.get("HYPOTHESIS_PROFILE") or "quick"])
