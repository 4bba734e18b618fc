"""Who takes the payments: the stand-in on this machine, Stripe where it has a key, nobody on a public site without."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from billing.checks import stripe_is_whole
from tests.standins.launch import ROOT

NAMES = ("STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET", "STRIPE_API_URL")
TELL = f"from krea_site import settings; import json; print(json.dumps([getattr(settings, n) for n in {NAMES}]))"
STANDIN = ["sk_test_standin", "whsec_standin", "http://127.0.0.1:9002"]
STRIPE = "https://api.stripe.com"
PUBLIC = {"PUBLIC_URL": "https://shop.example"}
KEY = {"STRIPE_SECRET_KEY": "sk_live_1"}
SECRET = {"STRIPE_WEBHOOK_SECRET": "whsec_1"}


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({}, STANDIN),
        ({"STANDIN_STRIPE_PORT": "9100"}, [*STANDIN[:2], "http://127.0.0.1:9100"]),
        (KEY | SECRET, ["sk_live_1", "whsec_1", STRIPE]),
        (KEY, ["sk_live_1", "", STRIPE]),  # billing.E002 refuses it
        (SECRET, ["", "whsec_1", STRIPE]),  # the same
        (PUBLIC, ["", "", STRIPE]),
        (PUBLIC | KEY | SECRET, ["sk_live_1", "whsec_1", STRIPE]),
    ],
)
def test_who_takes_the_payments(given: dict[str, str], found: list[str]) -> None:
    unset = dict.fromkeys((*NAMES, "PUBLIC_URL", "STANDIN_STRIPE_PORT"), "")
    env = {**os.environ, **unset, "PORT": "9000", "SECRET_KEY": "x" * 50, **given}

    done = subprocess.run([sys.executable, "-c", TELL], cwd=ROOT, env=env, capture_output=True, text=True, check=True)

    assert json.loads(done.stdout) == found


@pytest.mark.parametrize("one", [KEY, SECRET])
def test_a_key_without_the_other_half_stops_the_start(settings: Any, one: dict[str, str]) -> None:
    for name in NAMES[:2]:
        setattr(settings, name, one.get(name, ""))

    assert [(error.id, "Only one of" in error.msg) for error in stripe_is_whole()] == [("billing.E002", True)]
