"""Mails: rows before they are sent, sent once, tried again, given up, and never in anybody's way."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from email.message import EmailMessage as EmailMessageRead
from typing import Any

import pytest
import time_machine
from django.core import mail as django_mail
from django.core.cache import cache
from django.core.mail import BadHeaderError, EmailMessage
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone
from django_q.models import OrmQ
from pytest_django import Settings

from krea_site import mails, schedule, sweeps
from krea_site.mails import post, smtp
from krea_site.models import Mail, MailTry
from tests.faults.bomb import DEAD
from tests.krea_site.smtp_sink import Sink, open_sink
from tests.standins.launch import ROOT

pytestmark = pytest.mark.django_db
REPORT = {"reason": "Something else", "report_id": "01900000-0000-7000-8000-000000000000"}


@pytest.fixture(autouse=True)
def rows(settings: Settings) -> None:
    """Mails become rows, as outside of tests."""
    settings.EMAIL_BACKEND = "krea_site.mails.backend.Rows"


@pytest.fixture
def sink(settings: Settings) -> Iterator[Sink]:
    """A mail server at EMAIL_URL."""
    with open_sink() as running:
        serve(settings, running.port)
        yield running
    cache.clear()


def serve(settings: Settings, port: int) -> None:
    settings.EMAIL_URL = f"smtp://127.0.0.1:{port}"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", port, 5


def written(to: str = "alice@example.com", **more: Any) -> Mail:
    mails.send(to, "report", REPORT, **more)
    return Mail.objects.order_by("-id")[0]


def reload(row: Mail) -> Mail:
    row.refresh_from_db()
    return row


def let_time_pass() -> None:
    """The next try of each is due; a server that was away is asked again."""
    past = timezone.now() - timedelta(seconds=1)
    Mail.objects.update(due_at=past, nudged_at=past - timedelta(seconds=30))
    cache.delete(post.AWAY)


def test_mail_is_a_row_that_a_task_sends(sink: Sink, drain: Callable[[], int], settings: Settings) -> None:
    settings.MAIL_REPLY_TO = "help@example.com"
    row = written()
    assert (row.state, sink.mails) == ("waiting", [])

    drain()

    (arrived,) = sink.mails
    assert (arrived["To"], arrived["Subject"]) == ("alice@example.com", "A picture was reported")
    assert (arrived["Message-ID"], arrived["Auto-Submitted"]) == (smtp.message_id(row.pk), "auto-generated")
    assert arrived["Reply-To"] == "help@example.com"
    assert [part.get_content_type() for part in arrived.iter_parts()] == ["text/plain", "text/html"]
    assert f"/admin/reports/{REPORT['report_id']}/" in text_of(arrived)
    assert not any(name.lower().startswith("x-mail") for name in arrived)
    row = reload(row)
    assert (row.state, row.tries, row.text, row.html, row.kind) == ("sent", 1, "", "", "mail/report")


def test_whatever_django_is_told_to_send_becomes_a_row_for_each_address(sink: Sink, drain: Callable[[], int]) -> None:
    django_mail.send_mail("Two", "text", "somebody@example.com", ["a@example.com", "b@example.com"])

    drain()

    assert sorted(Mail.objects.values_list("to", flat=True)) == ["a@example.com", "b@example.com"]
    assert sorted(arrived["To"] for arrived in sink.mails) == ["a@example.com", "b@example.com"]
    assert {arrived["From"] for arrived in sink.mails} == {"Krea Studio <no-reply@localhost>"}


def test_nothing_is_sent_when_the_transaction_rolls_back(sink: Sink, drain: Callable[[], int]) -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        written()
        raise ZeroDivisionError

    assert drain() == 0
    assert (Mail.objects.count(), sink.mails) == (0, [])


def test_saying_a_key_twice_mails_once(sink: Sink, drain: Callable[[], int]) -> None:
    for _ in range(2):
        written(key="export:1")

    drain()

    assert (Mail.objects.count(), len(sink.mails)) == (1, 1)


@pytest.mark.parametrize(
    ("message", "refusal"),
    [
        (EmailMessage("A\nBcc: mallory@example.com", "x", to=["a@example.com"]), BadHeaderError),
        (EmailMessage("A", "x", to=["a@example.com\nBcc: m@example.com"]), BadHeaderError),
        (EmailMessage("A", "x", to=["a@example.com", "b@example.com"], headers={"X-Mail-Key": "k"}), ValueError),
        (EmailMessage("A", "x", to=["a@example.com"], attachments=[("a.txt", "x", "text/plain")]), ValueError),
    ],
)
def test_what_no_row_can_hold_is_refused_at_once(message: EmailMessage, refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        message.send()

    assert Mail.objects.count() == 0


def test_signing_up_does_not_wait_for_a_server_that_hangs(client: Client, sink: Sink) -> None:
    sink.replies["CONNECT"] = ""
    password = "a quite long password 7"

    answer = client.post(
        "/accounts/signup/", {"email": "new@example.com", "password1": password, "password2": password}
    )

    assert answer.status_code == 302
    row = Mail.objects.get()
    assert (row.to, row.kind, row.tries) == ("new@example.com", "account/email/email_confirmation_signup", 0)


def test_forgotten_password_is_chosen_anew_by_mail(
    client: Client, alice: Any, sink: Sink, drain: Callable[[], int]
) -> None:
    client.post("/accounts/password/reset/", {"email": "alice@example.com"})
    drain()
    (link,) = re.findall(r"^http://localhost:8000(/\S+)$", text_of(sink.mails[0]), re.MULTILINE)

    form: Any = client.get(link, follow=True)
    password = "another long password 8"
    firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
    answers = {"password1": password, "password2": password}
    client.post(form.request["PATH_INFO"], answers, headers={"User-Agent": firefox})
    drain()

    alice.refresh_from_db()
    assert alice.check_password(password)
    assert [mail["Subject"] for mail in sink.mails] == ["Choose a new password", "Your password was changed"]
    assert "- From: 127.0.0.1\n- With: Firefox on Linux\n" in text_of(sink.mails[1])


def text_of(mail: EmailMessageRead) -> str:
    part = mail.get_body(("plain",))
    assert part
    return str(part.get_content()).replace("\r\n", "\n")


@pytest.mark.parametrize(
    ("verb", "reply"),
    [
        ("RCPT", "450 greylisted"),
        ("DATA", "451 busy"),
        ("MAIL", "550 who are you"),
        ("CONNECT", "554 not you"),
        ("DATA", ""),
    ],
)
def test_refusal_for_now_is_tried_again_until_it_is_taken(
    sink: Sink, drain: Callable[[], int], verb: str, reply: str
) -> None:
    sink.replies[verb] = reply
    row = written()
    drain()
    assert (reload(row).state, row.tries) == ("waiting", 1)
    assert timedelta(seconds=20) < row.due_at - timezone.now() < timedelta(seconds=40)
    assert row.error and row.text
    drain()
    assert reload(row).tries == 1

    sink.replies.clear()
    let_time_pass()
    sweeps.run()
    drain()

    assert (reload(row).state, row.tries, row.error, len(sink.mails)) == ("sent", 2, "", 1)
    assert [bool(each.error) for each in row.attempts.all()] == [True, False]


@pytest.mark.parametrize(("verb", "reply"), [("RCPT", "550 no such user"), ("DATA", "554 spam")])
def test_refusal_for_good_is_given_up_at_once_and_sent_again_by_hand(
    sink: Sink, drain: Callable[[], int], verb: str, reply: str
) -> None:
    sink.replies[verb] = reply
    row = written()
    drain()
    assert (reload(row).state, row.tries) == ("failed", 1)
    assert reply in row.error

    sink.replies.clear()
    assert post.again(row.pk)
    drain()

    assert (reload(row).state, len(sink.mails)) == ("sent", 1)
    assert not post.again(row.pk)


def test_refusal_of_the_whole_text_is_told_apart(sink: Sink, drain: Callable[[], int]) -> None:
    for says, state in (("554 spam", "failed"), ("452 full", "waiting")):
        sink.says = says
        row = written()
        drain()
        assert reload(row).state == state


def test_mail_is_given_up_after_ten_tries_in_about_two_days(sink: Sink, drain: Callable[[], int]) -> None:
    sink.replies["RCPT"] = "450 later"
    row = written()

    for number in range(1, 11):
        drain()
        assert reload(row).tries == number
        let_time_pass()
        sweeps.run()

    assert row.state == "failed"
    assert timedelta(days=1.5) < sum(post.LADDER, timedelta()) < timedelta(days=2.5)


def test_server_that_is_away_costs_one_try_and_not_one_for_each_mail(
    settings: Settings, sink: Sink, drain: Callable[[], int]
) -> None:
    sink.replies["CONNECT"] = "421 closing"
    for number in range(3):
        written(f"user{number}@example.com")

    drain()

    assert MailTry.objects.count() == 1
    sink.replies.clear()
    let_time_pass()
    sweeps.run()
    drain()
    assert len(sink.mails) == 3


def nudges_of_mails() -> int:
    return sum(row.task["func"] == "krea_site.tasks.send_mail" for row in OrmQ.objects.all())


def test_lost_nudge_costs_seconds_and_a_doubled_one_nothing(sink: Sink, drain: Callable[[], int]) -> None:
    row = written()
    OrmQ.objects.all().delete()

    sweeps.run()
    assert nudges_of_mails() == 0  # it is a moment old
    with time_machine.travel(timezone.now() + timedelta(seconds=post.LOST_NUDGE_AGE_S + 1)):
        sweeps.run()
        sweeps.run()
        assert nudges_of_mails() == 1
    post.deliver(row.pk)
    post.deliver(row.pk)
    drain()

    assert len(sink.mails) == 1


def test_mail_that_is_being_sent_is_nobody_elses(sink: Sink) -> None:
    row = written()

    assert post.claim(row.pk) is not None
    assert post.claim(row.pk) is None
    assert not post.again(row.pk)
    post.deliver(row.pk)

    assert sink.mails == []


def test_who_was_overtaken_changes_nothing(sink: Sink) -> None:
    row = written()
    slow = post.claim(row.pk)
    let_time_pass()
    quick = post.claim(row.pk)
    assert slow and quick

    post.not_sent(slow, smtp.NotTaken("too late", "450", permanent=True))
    assert reload(row).state == "waiting"
    post.sent(quick)
    post.not_sent(quick, smtp.NotTaken("twice", "450", permanent=True))

    assert (reload(row).state, row.error) == ("sent", "")


@pytest.mark.django_db(transaction=True)
def test_process_that_dies_anywhere_loses_no_mail(sink: Sink, settings: Settings) -> None:
    deaths = [("before commit", 1), ("after commit", 1), ("before commit", 2), ("after commit", 2)]
    doomed = [written(f"user{number}@example.com") for number in range(len(deaths))]
    OrmQ.objects.all().delete()
    stem = settings.DATABASE_URL.rpartition("/")[0] if settings.IS_POSTGRES else "sqlite://"
    name = connection.settings_dict["NAME"]
    environment = os.environ | {
        "DATABASE_URL": f"{stem}/{name}", "EMAIL_URL": settings.EMAIL_URL, "LOG_LEVEL": "CRITICAL",
        "DJANGO_SETTINGS_MODULE": "krea_site.settings",
    }  # fmt: skip
    lives = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.krea_site.mortal_post", str(row.pk), kind, str(number)],
            cwd=ROOT,
            env=environment,
        )
        for row, (kind, number) in zip(doomed, deaths, strict=True)
    ]
    assert [life.wait(60) for life in lives] == [DEAD] * 4

    # Before it was claimed; claimed, not sent; sent, not written down; all done.
    assert [(reload(row).state, row.tries) for row in doomed] == [
        ("waiting", 0),
        ("waiting", 1),
        ("waiting", 1),
        ("sent", 1),
    ]
    assert sorted(mail["To"] for mail in sink.mails) == ["user2@example.com", "user3@example.com"]

    Mail.objects.waiting().update(due_at=timezone.now())
    for row in doomed:
        post.deliver(row.pk)

    assert {reload(row).state for row in doomed} == {"sent"}
    counts = [[mail["Message-ID"] for mail in sink.mails].count(smtp.message_id(row.pk)) for row in doomed]
    assert counts == [1, 1, 2, 1]  # the one that nobody can know of, recognisable by its name
    lost = MailTry.objects.filter(ended_at=None).order_by("mail").values_list("mail", "number")
    assert list(lost) == [(doomed[1].pk, 1), (doomed[2].pk, 1)]


def test_bodies_are_wiped_after_a_week_and_the_log_after_a_month(sink: Sink) -> None:
    for number, days in enumerate((1, 8, 31)):
        row = written(f"user{number}@example.com")
        Mail.objects.filter(pk=row.pk).update(created_at=timezone.now() - timedelta(days=days))

    assert schedule.prune_mails() == 1

    young, old = Mail.objects.order_by("id")
    assert (young.state, bool(young.text)) == ("waiting", True)
    assert (old.state, old.error, old.text, old.html) == ("failed", post.TOO_OLD, "", "")
    assert not post.again(old.pk)


def test_log_lines_name_no_address(sink: Sink, drain: Callable[[], int], caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    sink.replies["RCPT"] = "550 <alice@example.com> is unknown"
    row = written()

    drain()

    assert "alice" in reload(row).error
    said = [record.getMessage() for record in caplog.records]
    assert any(str(row.pk) in line for line in said) and not any("alice" in line for line in said)
