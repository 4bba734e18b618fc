"""/admin/alerts/: what is wrong now, what was, what to do, and saying that one knows of it."""

from typing import Any

import pytest
from django.test import Client

from krea_site.models import Alert, Role, StaffAct
from krea_site.watch import rows
from krea_site.watch.conditions import Found
from tests.staff import make_staff, staff_client

pytestmark = pytest.mark.django_db

LOCKED = Found("fal_locked", "fal says: Exhausted balance.")


@pytest.fixture
def desk() -> Client:
    return staff_client(make_staff(Role.SUPPORT))


def stand(*found: Found) -> None:
    rows.bring_up_to_date(rows.of_site(), found)


def page(answer: Any, status: int = 200) -> str:
    assert answer.status_code == status
    return " ".join(str(answer.content.decode()).split())


def test_nothing_is_wrong(desk: Client) -> None:
    assert "Nothing is wrong that the watch knows of." in page(desk.get("/admin/alerts/"))


def test_an_alert_says_what_it_means_what_to_do_and_where(desk: Client) -> None:
    stand(LOCKED)

    text = page(desk.get("/admin/alerts/"))

    assert "fal has locked our account" in text and "fal says: Exhausted balance." in text
    assert "Critical" in text and 'href="/admin/fal/"' in text
    assert "<summary>What it means and what to do</summary>" in text and "A probe is sent every 30 seconds" in text


def test_somebody_knows_of_it_and_says_why(desk: Client) -> None:
    stand(LOCKED)
    alert = Alert.objects.get()

    answer = desk.post(f"/admin/alerts/{alert.pk}/acknowledge", {"why": " Topped up,  it takes an hour "})

    assert answer.status_code == 302
    text = page(desk.get("/admin/alerts/"))
    assert "Topped up, it takes an hour" in text and "I know of it" not in text
    act = StaffAct.objects.get()
    assert (act.verb, act.subject, act.why) == (
        "alerts.acknowledge",
        f"alert:{alert.pk}",
        "Topped up, it takes an hour",
    )
    alert.refresh_from_db()
    assert alert.ended_at is None and alert.acknowledged_by == f"staff:{act.actor_id}"


@pytest.mark.parametrize("why", ["", "ask me@example.com", "x" * 301])
def test_a_reason_that_cannot_stay_changes_nothing(desk: Client, why: str) -> None:
    stand(LOCKED)
    alert = Alert.objects.get()

    text = page(desk.post(f"/admin/alerts/{alert.pk}/acknowledge", {"why": why}), 422)

    assert f'aria-describedby="why-{alert.pk}-error"' in text
    alert.refresh_from_db()
    assert (alert.acknowledged_at, StaffAct.objects.exists()) == (None, False)


@pytest.mark.parametrize("case", ["twice", "over"])
def test_what_is_known_or_over_is_left_alone(desk: Client, case: str) -> None:
    stand(LOCKED)
    path = f"/admin/alerts/{Alert.objects.get().pk}/acknowledge"
    if case == "twice":
        desk.post(path, {"why": "First"})
    else:
        stand()

    answer = desk.post(path, {"why": "Second"}, follow=True)

    assert "It is over already, or somebody else was first." in page(answer)
    assert StaffAct.objects.filter(why="Second").count() == 0
    assert Alert.objects.exclude(acknowledged_why="Second").count() == 1


def test_what_is_over_is_listed_page_by_page(desk: Client) -> None:
    for number in range(52):
        stand(Found("margin_negative", f"It cost ${number + 1000} more.", "krea-2-large"))
        stand()

    first = page(desk.get("/admin/alerts/"))

    assert "It cost $1051 more." in first and "It cost $1001 more." not in first
    following = first.partition('rel="next" href="')[2].partition('"')[0]
    assert "It cost $1001 more." in page(desk.get(f"/admin/alerts/{following}"))
    assert desk.get("/admin/alerts/?before=x").status_code == 404


def test_an_alert_that_the_code_no_longer_knows_is_shown_all_the_same(desk: Client) -> None:
    Alert.objects.create(name="of_long_ago", severity="warning", words="Something.")

    assert "of_long_ago" in page(desk.get("/admin/alerts/"))


def test_an_alert_that_there_is_not(desk: Client) -> None:
    assert desk.post("/admin/alerts/999999/acknowledge", {"why": "x"}).status_code == 404
