"""The queue of reports: what waits and until when, who is on it, the picture under its cover, and what is decided."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from generations.models import Image
from krea_site import reports
from krea_site.models import Decision, Reason, Report, Role, StaffAct
from tests.krea_site.belongings import drawn
from tests.staff import make_staff, staff_client

pytestmark = pytest.mark.django_db
WHY = "It is a drawing of a fox."


@pytest.fixture
def moderator(db: None) -> Client:
    return staff_client(make_staff(Role.MODERATOR, "moderator@example.com"))


@pytest.fixture
def colleague(db: None) -> Client:
    return staff_client(make_staff(Role.MODERATOR, "colleague@example.com"))


@pytest.fixture
def image(alice: Any) -> Image:
    drawn(alice, 40)
    return Image.objects.get()


def reported(picture: Any, reason: Reason = Reason.RIGHTS, email: str = "") -> Report:
    return reports.write(reports.Told(str(picture), reason, email=email), address="192.0.2.1")


def at(report: Report, what: str = "") -> str:
    return f"/admin/reports/{report.pk}/{what}"


def body(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def test_open_ones_stand_by_age_and_minors_before_all_others(moderator: Client) -> None:
    with time_machine.travel(timezone.now() - timedelta(hours=25), tick=True) as clock:
        old = reported("x")
        clock.shift(timedelta(hours=23))
        young, urgent = reported("y"), reported("z", Reason.MINOR)

    page = body(moderator.get("/admin/reports/"))

    places = [page.index(at(each)) for each in (urgent, old, young)]
    assert places == sorted(places)
    assert page.count("late by 1 h 0 min") == 2  # the old one after a day, that of a minor after an hour
    assert "due in 21 h 59 min" in page or "due in 22 h 0 min" in page


def test_the_clock_is_a_setting(moderator: Client, settings: Settings) -> None:
    settings.REPORTS_DUE_HOURS = 48
    report = reported("x")

    assert reports.due_at(report) - report.created_at == timedelta(hours=48)


def test_a_picture_is_shown_by_a_short_address_to_those_who_may_see_it(image: Image, moderator: Client) -> None:
    report = reported(image.pk)
    assert f'src="{at(report, "picture")}?size=320"' in body(moderator.get("/admin/reports/"))
    page = body(moderator.get(at(report)))
    assert '<input type="checkbox" class="covered-switch"' in page and image.name not in page

    with time_machine.travel(timezone.now(), tick=False):
        answer = moderator.get(at(report, "picture") + "?size=320")
        expires = int(answer.headers["Location"].partition("expires=")[2].partition("&")[0])
        assert answer.status_code == 302 and image.variants["320"]["name"] in answer.headers["Location"]
        assert 0 < expires - timezone.now().timestamp() <= 60
    assert "no-store" in answer.headers["Cache-Control"]
    for role in (Role.SUPPORT, Role.FINANCE):
        other = staff_client(make_staff(role, f"{role}@example.com"))
        assert other.get(at(report, "picture")).status_code == 403
    assert Client().get(at(report, "picture")).headers["Location"].startswith("/accounts/login/")
    assert moderator.get(at(reported("x"), "picture")).status_code == 404


def test_two_do_not_do_the_same(moderator: Client, colleague: Client) -> None:
    report = reported("x")
    assert moderator.post(at(report, "claim")).status_code == 302
    assert moderator.post(at(report, "claim")).status_code == 302  # pressed twice
    assert "moderator@example.com" in body(colleague.get("/admin/reports/"))

    assert "Somebody else is on it" in body(colleague.post(at(report, "claim"), follow=True))
    refused = colleague.post(at(report, "dismiss"), {"why": WHY})
    assert refused.status_code == 409 and "Take it over first" in body(refused)

    report.refresh_from_db()
    colleague.post(at(report, "claim"), {"instead_of": report.claimed_by_id})
    assert colleague.post(at(report, "dismiss"), {"why": WHY}).status_code == 302
    verbs = list(StaffAct.objects.order_by("id").values_list("verb", flat=True))
    assert verbs == ["reports.claim", "reports.claim", "reports.dismiss"]


def test_who_is_on_it_may_leave_it_and_is_forgotten_after_a_while(moderator: Client, colleague: Client) -> None:
    report = reported("x")
    moderator.post(at(report, "claim"))
    colleague.post(at(report, "release"))  # not theirs
    assert Report.objects.get().claimed_by
    moderator.post(at(report, "release"))
    assert Report.objects.get().claimed_by is None

    moderator.post(at(report, "claim"))
    Report.objects.update(claimed_at=timezone.now() - reports.CLAIM_LASTS - timedelta(seconds=1))
    assert colleague.post(at(report, "dismiss"), {"why": WHY}).status_code == 302


def test_a_dismissed_report_is_closed_once_and_answered(image: Image, moderator: Client) -> None:
    report = reported(image.pk, email="reader@example.com")
    mail.outbox.clear()

    assert moderator.post(at(report, "dismiss"), {"why": " "}).status_code == 422
    moderator.post(at(report, "dismiss"), {"why": WHY})
    again = moderator.post(at(report, "dismiss"), {"why": "Another."})

    assert again.status_code == 409 and WHY in body(again)
    report.refresh_from_db()
    assert (report.decision, report.done) == (Decision.DISMISSED, WHY)
    assert report.closed_by and report.closed_by.email == "moderator@example.com"
    (told,) = mail.outbox
    assert told.to == ["reader@example.com"] and WHY in told.body
    image.refresh_from_db()
    assert image.name
    assert StaffAct.objects.get().why == WHY
    assert "No report is open." in body(moderator.get("/admin/reports/"))
    assert "Nothing was done" in body(moderator.get("/admin/reports/?state=closed"))


def test_what_cannot_be_taken_down_says_so(alice: Any, moderator: Client) -> None:
    report = reported("the one with the fox")

    answer = moderator.post(at(report, "takedown"), {"why": WHY})

    assert answer.status_code == 409 and "There is no picture to take down any more." in body(answer)


@pytest.mark.parametrize("role", [Role.SUPPORT, Role.FINANCE])
@pytest.mark.parametrize("what", ["claim", "release", "dismiss", "takedown"])
def test_other_roles_decide_nothing(role: Role, what: str, image: Image) -> None:
    report = reported(image.pk)

    assert staff_client(make_staff(role)).post(at(report, what), {"why": WHY}).status_code == 403
    assert Report.objects.open().exists() and not StaffAct.objects.exists()


def test_a_report_leads_to_the_owner(image: Image, moderator: Client) -> None:
    page = body(moderator.get(at(reported(image.pk))))

    assert f"/admin/people/{image.user_id}/suspend/" in page and "alice@example.com" in page
