"""What staff does with mail hosts, mails and texts stands in the audit log; what changed nothing does not."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from krea_site.models import Mail, MailHost, StaffAct
from tests.staff import make_staff, staff_client

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner(db: None) -> Client:
    return staff_client(make_staff())


def told() -> list[tuple[str, str, Any, Any]]:
    return [(act.verb, act.subject, act.before, act.after) for act in StaffAct.objects.order_by("id")]


def test_mail_hosts(owner: Client) -> None:
    for _ in range(2):
        owner.post("/admin/mail-hosts/add", {"hosts": "junk.example\nrubbish.example"})
    owner.post("/admin/mail-hosts/add", {"hosts": "??"})
    for _ in range(2):
        owner.post("/admin/mail-hosts/remove", {"host": "junk.example"})

    assert told() == [
        ("mail_hosts.add", "mail hosts", {}, {"hosts": ["junk.example", "rubbish.example"], "count": 2}),
        ("mail_hosts.remove", "mail hosts", {"hosts": ["junk.example"], "count": 1}, {}),
    ]
    assert MailHost.objects.listed().filter(host="rubbish.example").exists()


def test_mails(owner: Client, settings: Settings) -> None:
    settings.EMAIL_URL = "smtp://mail.example"
    lost = Mail.objects.create(to="a@example.com", subject="Hello", text="Hello", given_up_at=timezone.now())
    sent = Mail.objects.create(to="a@example.com", subject="Hello", text="Hello", sent_at=timezone.now())

    for mail in (lost, sent):
        assert owner.post(f"/admin/mails/{mail.pk}/again").status_code == 302

    assert told() == [("mails.again", f"mail:{lost.pk}", {}, {})]


def test_texts(owner: Client) -> None:
    form = {"body": "# Terms\n\nBe kind.", "after": "0"}
    assert owner.post("/admin/texts/terms/", form | {"preview": "1"}).status_code == 200
    assert owner.post("/admin/texts/terms/", form).status_code == 302
    assert owner.post("/admin/texts/terms/", form).status_code == 409  # the same press again

    assert told() == [("texts.save", "text:terms", {"version": 0}, {"version": 1})]
