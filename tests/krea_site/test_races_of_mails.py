"""Many at the same moment on PostgreSQL: a mail is sent once, a key writes one, a network has its five reports."""

from collections.abc import Iterator

import pytest
from django_q.models import OrmQ
from pytest_django import Settings

from krea_site import mails, reports, texts
from krea_site.mails import post
from krea_site.models import Mail, MailTry, Reason, Report, TextVersion
from tests.faults.together import ON_POSTGRES, crowd, failures
from tests.krea_site.smtp_sink import Sink, open_sink
from tests.krea_site.test_mails import REPORT, serve

pytestmark = ON_POSTGRES


@pytest.fixture
def sink(settings: Settings) -> Iterator[Sink]:
    settings.EMAIL_BACKEND = "krea_site.mails.backend.Rows"
    with open_sink() as running:
        serve(settings, running.port)
        yield running


def test_one_of_many_workers_sends_a_mail(sink: Sink) -> None:
    mails.send("alice@example.com", "report", REPORT)
    row = Mail.objects.get()

    results = crowd(lambda: post.deliver(row.pk), 16)

    assert failures(results) == []
    assert (len(sink.mails), MailTry.objects.count(), Mail.objects.get().tries) == (1, 1, 1)


def test_one_of_many_writers_with_the_same_key_writes_a_mail(sink: Sink) -> None:
    results = crowd(lambda: mails.send("alice@example.com", "report", REPORT, key="export:1"), 16)

    assert failures(results) == []
    assert (Mail.objects.count(), OrmQ.objects.count()) == (1, 1)


def test_network_has_no_more_reports_than_it_may_however_quick_they_are(sink: Sink) -> None:
    told = reports.Told("https://example.com/images/x", Reason.OTHER)

    results = crowd(lambda: reports.write(told, address="192.0.2.7"), 16)

    assert failures(results, reports.TooMany) == []
    assert Report.objects.count() == reports.AN_HOUR


def test_one_of_many_editors_saves_the_next_version(sink: Sink) -> None:
    results = crowd(lambda: texts.save("imprint", "# Imprint", after=0, author=None), 8)

    assert failures(results, texts.Overtaken) == []
    assert results.count(1) == TextVersion.objects.count() == 1
