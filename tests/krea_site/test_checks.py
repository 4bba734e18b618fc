"""A half-configured site does not start: each mistake has its number and its advice."""

import os
import subprocess
import sys
from typing import Any

import pytest
from django.core import checks
from django.core.checks import CheckMessage
from pytest_django import Settings

from krea_site import checks as ours
from tests.standins.launch import ROOT

WHOLE: dict[str, Any] = {
    "IS_PUBLIC": True,
    "USES_HTTPS": True,
    "IS_POSTGRES": True,
    "DEBUG": False,
    "PUBLIC_URL": "https://shop.example",
    "EMAIL_URL": "smtp+tls://user:pass@mail.example:587",
    "ALLOWED_HOSTS": ["shop.example"],
    "SECRET_KEY": "0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJKLMNOP",
    "REDIS_URL": "rediss://:secret@redis.example:6380/1",
    "STRIPE_SECRET_KEY": "rk_live_standin",
    "EGRESS_PROXY": "http://proxy.example:4750",
    "S3_BUCKET": "pictures",
    "S3_ACCESS_KEY_ID": "an-id",
    "S3_SECRET_ACCESS_KEY": "a-secret",
    "STANDIN_SPEED": "0.05",
    "LOG_FORMAT": "json",
}
NO_KEYS: dict[str, Any] = {"S3_ACCESS_KEY_ID": "", "S3_SECRET_ACCESS_KEY": ""}
BROKEN: list[tuple[dict[str, Any], str, str]] = [
    ({"EMAIL_URL": ""}, "krea_site.E001", "EMAIL_URL"),
    ({"USES_HTTPS": False, "PUBLIC_URL": "http://shop.example"}, "krea_site.E002", "https"),
    ({"ALLOWED_HOSTS": ["*"]}, "krea_site.E003", "ALLOWED_HOSTS"),
    ({"DEBUG": True}, "krea_site.E004", "DEBUG"),
    ({"SECRET_KEY": "tooshort"}, "krea_site.E005", "SECRET_KEY"),
    ({"SECRET_KEY": "ab" * 40}, "krea_site.E005", "SECRET_KEY"),
    ({"REDIS_URL": "redis.example:6379"}, "krea_site.E006", "REDIS_URL"),
    ({"REDIS_URL": "redis://"}, "krea_site.E006", "REDIS_URL"),
    ({"EMAIL_URL": "mailto:me@shop.example"}, "krea_site.E007", "EMAIL_URL"),
    ({"EMAIL_URL": "smtp://mail.example:many"}, "krea_site.E007", "EMAIL_URL"),
    ({"S3_SECRET_ACCESS_KEY": ""}, "krea_site.E008", "S3_"),
    ({**NO_KEYS, "S3_ENDPOINT_URL": "https://s3.example"}, "krea_site.E008", "S3_"),
    ({"S3_BUCKET": ""}, "krea_site.E008", "S3_BUCKET"),
    ({"EGRESS_PROXY": "proxy.example"}, "krea_site.E009", "EGRESS_PROXY"),
    ({"UNREADABLE": ["PORT is 'abc'; it must be a whole number."]}, "krea_site.E010", "PORT"),
    ({"LOG_FORMAT": "xml"}, "krea_site.E011", "LOG_FORMAT"),
    ({"STANDIN_SPEED": "0"}, "krea_site.E012", "STANDIN_SPEED"),
    ({"STANDIN_SPEED": "fast"}, "krea_site.E012", "STANDIN_SPEED"),
    ({"PUBLIC_URL": "https://shop.example/shop"}, "krea_site.E013", "PUBLIC_URL"),
    ({"PUBLIC_URL": "ftp://shop.example"}, "krea_site.E013", "PUBLIC_URL"),
    ({"IS_POSTGRES": False}, "krea_site.W001", "SQLite"),
    (NO_KEYS, "krea_site.W003", "S3_BUCKET"),
    ({"STRIPE_SECRET_KEY": ""}, "krea_site.W004", "STRIPE_SECRET_KEY"),
    ({"IS_PUBLIC": False, "SECRET_KEY": "tooshort"}, "krea_site.W002", "SECRET_KEY"),
]  # fmt: skip


def found(settings: Settings, **changes: Any) -> list[CheckMessage]:
    """What our checks say of a whole public site with these settings changed."""
    for name, value in {**WHOLE, **changes}.items():
        setattr(settings, name, value)
    registered = [check for check in checks.registry.registry.get_checks() if check.__module__ == ours.__name__]
    assert len(registered) == 5
    return [message for check in registered for message in check(app_configs=None, databases=None)]


def test_whole_public_site_has_nothing_to_complain_of(settings: Settings) -> None:
    assert found(settings) == []


@pytest.mark.parametrize(("changes", "number", "named"), BROKEN)
def test_each_mistake_has_its_number_and_its_advice(
    settings: Settings, changes: dict[str, Any], number: str, named: str
) -> None:
    messages = found(settings, **changes)

    assert [message.id for message in messages] == [number]
    assert named in messages[0].msg
    assert messages[0].hint
    assert messages[0].is_serious() is number.startswith("krea_site.E")


def test_local_site_needs_none_of_it(settings: Settings) -> None:
    nothing = {"EMAIL_URL": "", "REDIS_URL": "", "EGRESS_PROXY": "", "S3_BUCKET": "", "S3_ENDPOINT_URL": ""}

    messages = found(settings, **nothing, **NO_KEYS, IS_PUBLIC=False, PUBLIC_URL="http://localhost:8000", DEBUG=True)

    assert messages == []


def test_no_message_repeats_a_secret(settings: Settings) -> None:
    changes = {"REDIS_URL": "http://:hunter2@redis", "EMAIL_URL": "imap://me:hunter2@mail", "SECRET_KEY": "hunter2"}

    messages = found(settings, **changes, EGRESS_PROXY="ftp://me:hunter2@proxy")

    assert len(messages) == 4
    assert "hunter2" not in str(messages)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "abc"),
        ("PORT", "65536"),
        ("WORKERS", "0"),
        ("DEBUG", "perhaps"),
        ("LOG_LEVEL", "loud"),
        ("DATABASE_URL", "mysql://me:hunter2@db/shop"),
        ("DATABASE_URL", "no address at all"),
    ],
)
@pytest.mark.parametrize("command", [["manage.py", "check"], ["-m", "krea_site.serve"]])
def test_setting_that_nobody_can_read_stops_the_start_without_a_traceback(
    command: list[str], name: str, value: str
) -> None:
    done = subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env={**os.environ, name: value},
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert done.returncode == 1
    assert f"(krea_site.E010) {name} is" in done.stderr
    assert "Traceback" not in done.stderr and "hunter2" not in done.stderr
