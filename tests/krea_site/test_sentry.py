"""Errors reach Sentry with ids and without anything of a customer; a Sentry that fails slows nobody.

In a process of its own: Sentry hooks into whatever runs.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from krea_site.sentry import GONE, clean, stripped
from tests import migrated
from tests.krea_site.sentry_sink import Sink, sentry_sink
from tests.standins.launch import ROOT

SECRETS = (
    "a very secret fox", "alice@example.com", "krea_AbCdEf0123456789", "sk_live_abcdef123456", "a-secret-session",
    "a-secret-body", "the-draws-token",
)  # fmt: skip
PLAY = """
import logging, time
from django.test import Client
from django.conf import settings
from django.urls import path
import krea_site.urls as urls
from generations import trace

def breaks(request, token):
    prompt = "a very secret fox"
    raise ValueError("could not draw a very secret fox for alice@example.com with krea_AbCdEf0123456789")

urls.urlpatterns.insert(0, path("breaks/<str:token>", breaks, name="breaks"))
client = Client(raise_request_exception=False)
client.cookies["sessionid"] = "a-secret-session"
with trace.about(request="0123456789abcdef", generation="of-alice"):
    began = time.monotonic()
    answer = client.post(
        "/breaks/the-draws-token?q=a-secret-body", {"prompt": "a-secret-body"},
        headers={"Authorization": "Bearer krea_AbCdEf0123456789"},
    )
    took = time.monotonic() - began
    logging.getLogger("billing").error("mail to %s failed: %s", "alice@example.com", "sk_live_abcdef123456")
print(answer.status_code, took)
import sentry_sdk
sentry_sdk.flush(timeout=10)
"""


@pytest.fixture
def sink() -> Iterator[Sink]:
    with sentry_sink() as running:
        yield running


def play(code: str, folder: Path, dsn: str) -> subprocess.CompletedProcess[str]:
    migrated.lay(folder / "db.sqlite3")
    env = {**os.environ, "SENTRY_DSN": dsn, "VAR_DIR": str(folder), "DATABASE_URL": f"sqlite:///{folder}/db.sqlite3"}
    env |= {"DJANGO_SETTINGS_MODULE": "krea_site.settings", "ALLOWED_HOSTS": "testserver", "RELEASE": "abc123"}
    program = f"import django; django.setup()\n{code}"
    command = [sys.executable, "-c", program]
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=120, check=True)


def test_an_error_is_reported_with_ids_and_without_anything_of_a_customer(sink: Sink, tmp_path: Path) -> None:
    done = play(PLAY, tmp_path, sink.dsn)

    assert done.stdout.split()[0] == "500", done.stderr
    events = sink.wait_for(2)
    error = next(event for event in events if "exception" in event)
    line = next(event for event in events if "logentry" in event and "exception" not in event)
    assert error["exception"]["values"][-1]["type"] == "ValueError"
    frames = error["exception"]["values"][-1]["stacktrace"]["frames"]
    assert frames[-1]["function"] == "breaks" and not any("vars" in frame for frame in frames)
    assert error["release"] == "abc123" and set(error["request"]) <= {"method"}
    for event in (error, line):
        assert (event["tags"]["request"], event["tags"]["generation"]) == ("0123456789abcdef", "of-alice")
    assert line["logentry"] == {"message": "mail to %s failed: %s"}
    assert [secret for secret in SECRETS if any(secret in text for text in sink.raw)] == []


@pytest.mark.parametrize("trouble", ["refuses", "fails", "hangs"])
def test_a_sentry_that_is_away_slows_no_page_and_breaks_none(sink: Sink, tmp_path: Path, trouble: str) -> None:
    dsn = "http://public@127.0.0.1:9/1" if trouble == "refuses" else sink.dsn
    sink.status, sink.hangs_s = 500, 8.0 if trouble == "hangs" else 0.0

    done = play(PLAY.replace("sentry_sdk.flush(timeout=10)", "pass"), tmp_path, dsn)

    status, took = done.stdout.split()
    assert status == "500" and float(took) < 4


def test_without_a_dsn_nothing_is_hooked_in(tmp_path: Path) -> None:
    done = play("import sentry_sdk; print(sentry_sdk.get_client().is_active())", tmp_path, "")

    assert done.stdout.strip() == "False"


@pytest.mark.parametrize(
    "text",
    [
        "to alice@example.com", "key krea_AbCdEf012345", "with sk_test_51HxABCDEF", "whsec_0123456789ab",
        "Authorization: Key 0123abcd-ef:0123456789abcdef0123", "see https://localhost/pictures/x?signature=1",
        "at /webhooks/fal/a-secret-token", "at /accounts/confirm-email/abcdefgh", "/s/abcdefgh",
    ],
)  # fmt: skip
def test_secrets_are_taken_out_of_words(text: str) -> None:
    assert GONE in clean(text)
    assert not any(part in clean(text) for part in ("alice", "0123456789ab", "abcdefgh", "51Hx", "signature", "AbCd"))


def test_an_event_of_a_strange_shape_is_no_error() -> None:
    assert stripped({}, {}) == {"tags": {}, "contexts": {}}
    told = stripped({"exception": {"values": [{}]}, "request": {"cookies": "x", "data": "y", "url": "z"}}, {})
    assert json.dumps(told).count("x") == json.dumps({"exception": 0, "contexts": 0}).count("x")


def test_it_takes_no_time_to_begin(tmp_path: Path) -> None:
    began = time.monotonic()

    play("pass", tmp_path, "http://public@127.0.0.1:9/1")

    assert time.monotonic() - began < 60
