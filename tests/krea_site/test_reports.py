"""Reports of pictures: from anybody, a few an hour, the same answer for every picture. What staff does about them:
tests/krea_site/dashboard/test_reports.py."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import time_machine
from django.core import mail
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from generations.models import Generation
from krea_site import reports, schedule
from krea_site.models import Reason, Report
from tests.krea_site.test_mail_log import carol, read

__all__ = ["carol"]
pytestmark = pytest.mark.django_db
PICTURE = UUID("01900000-0000-7000-8000-000000000001")
GIVEN = {
    "picture": f"http://localhost:8000/images/{PICTURE}/",
    "reason": "rights",
    "details": "My work.",
    "email": "me@example.com",
}


def send(client: Client, **more: Any) -> Any:
    return client.post("/report/", {**GIVEN, **more}, follow=True)


def picture_of(user: Any) -> Any:
    generation = Generation.objects.create(
        user=user, image_model="krea-2-medium", input={"prompt": "x"}, quantity=1, image_price=100, unfinished=1
    )
    return generation.images.create(user=user, index=0, seed=1, price=100)


def test_anybody_reports_a_picture_and_staff_is_told(client: Client, carol: Client) -> None:
    page = send(Client()).content.decode()

    assert "Your report has arrived" in page
    report = Report.objects.get()
    assert (report.image_id, report.reason, report.details, report.email) == (
        PICTURE,
        "rights",
        "My work.",
        "me@example.com",
    )
    (told,) = mail.outbox
    assert (told.to, told.subject) == (["carol@example.com"], "A picture was reported")
    assert f"/admin/reports/{report.pk}/" in told.body and "My work." not in told.body


def test_reports_go_to_the_address_that_is_set(client: Client, carol: Client, settings: Settings) -> None:
    settings.REPORTS_TO = ["trust@example.com", "law@example.com"]

    send(Client())

    assert [told.to for told in mail.outbox] == [["trust@example.com"], ["law@example.com"]]


@pytest.mark.unaudited  # a picture whose price nobody set aside
def test_answer_is_the_same_whether_there_is_such_a_picture(client: Client, alice: Any) -> None:
    there, missing, words = (
        send(client, picture=picture) for picture in (str(picture_of(alice).pk), str(PICTURE), "the one with the fox")
    )

    assert there.content == missing.content == words.content
    assert Report.objects.count() == 3


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"picture": ""}, "Say which picture you mean."),
        ({"reason": ""}, "Choose what is wrong with it."),
        ({"reason": "boredom"}, "Select a valid choice"),
        ({"email": "me"}, "Enter a valid email address."),
        ({"details": "x" * 4001}, "at most 4000 characters"),
    ],
)
def test_what_is_missing_is_said_and_nothing_is_lost(client: Client, more: dict[str, str], said: str) -> None:
    answer = send(client, **more)

    assert answer.status_code == 422
    page = answer.content.decode()
    assert said in page
    assert more.get("details", GIVEN["details"]) in page
    assert Report.objects.count() == 0


def test_program_that_fills_in_everything_is_thanked_and_forgotten(client: Client, carol: Client) -> None:
    page = send(Client(), website="https://spam.example").content.decode()

    assert "Your report has arrived" in page
    assert (Report.objects.count(), mail.outbox) == (0, [])


def test_network_may_send_five_in_an_hour(client: Client) -> None:
    with time_machine.travel(timezone.now().replace(minute=10)) as clock:
        assert [send(client).status_code for _ in range(5)] == [200] * 5
        refused = send(client)
        assert refused.status_code == 429
        assert "send it again in an hour" in refused.content.decode() and "My work." in refused.content.decode()
        assert client.post("/report/", GIVEN, REMOTE_ADDR="192.0.2.9").status_code == 302
        clock.shift(3600)
        assert send(client).status_code == 200


def test_one_household_of_ipv6_is_one_network(client: Client) -> None:
    told = reports.Told("x", Reason.OTHER)
    with time_machine.travel(timezone.now().replace(minute=10)):
        for number in range(5):
            reports.write(told, address=f"2001:db8::{number}")
        with pytest.raises(reports.TooMany):
            reports.write(told, address="2001:db8::ffff")
        reports.write(told, address="2001:db8:1::1")


def test_networks_are_forgotten_after_a_day(client: Client) -> None:
    send(client)
    Report.objects.update(created_at=timezone.now() - timedelta(hours=25))
    send(client)

    assert schedule.prune_reports() == 1
    assert [bool(slot) for slot in Report.objects.order_by("id").values_list("slot", flat=True)] == [False, True]


@pytest.mark.unaudited
def test_staff_sees_whose_picture_it_is(carol: Client, alice: Any) -> None:
    send(Client(), picture=str(picture_of(alice).pk))

    report = Report.objects.get()
    assert "infringes a copyright" in read(carol, "/admin/reports/")
    page = read(carol, f"/admin/reports/{report.pk}/")
    assert f'made by <a href="/admin/people/{alice.pk}/">alice@example.com</a>' in page
    assert "me@example.com" in page and "My work." in page


@pytest.mark.parametrize("path", ["/admin/reports/", f"/admin/reports/{PICTURE}/"])
def test_reports_are_for_staff_alone(client: Client, mallory: Any, path: str) -> None:
    assert client.post(path).headers["Location"].startswith("/accounts/login/")
    client.force_login(mallory)
    assert client.post(path).status_code == 404


def test_form_may_know_the_picture(client: Client) -> None:
    assert f'value="{PICTURE}"' in read(client, f"/report/?picture={PICTURE}")
