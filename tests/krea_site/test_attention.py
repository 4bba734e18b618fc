"""What waits for staff is said on the first page of their area."""

import pytest
from django.test import Client
from django.utils import timezone

from krea_site import texts
from krea_site.models import Mail, Reason, Report
from tests.krea_site.test_mail_log import carol, read

__all__ = ["carol"]
pytestmark = pytest.mark.django_db


def test_what_waits_is_said_until_it_is_done(carol: Client) -> None:
    for slug in list(texts.TITLES)[1:]:
        texts.save(slug, "# Done", after=0, author=None)
    Report.objects.create(picture="x", reason=Reason.OTHER)
    for _ in range(2):
        Mail.objects.create(to="a@example.com", subject="x", given_up_at=timezone.now())

    page = read(carol, "/admin/")

    assert "1 report of a picture is open." in page
    assert "2 mails were given up in the last thirty days." in page and "/admin/mails/?state=failed" in page
    assert "Still drafts, and marked as such: Terms." in page

    texts.save("terms", "# Done", after=0, author=None)
    Mail.objects.all().delete()
    Report.objects.update(closed_at=timezone.now())
    done = read(carol, "/admin/")
    for words in ("report of a picture", "mails were given up", "Still drafts"):
        assert words not in done
