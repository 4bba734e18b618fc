"""fal's money on the staff's pages: the balance, the days, what nobody explained; and each act written down once."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from billing.models import Reconciliation
from generations import fal_balance, lifecycle
from generations.brief import Brief
from generations.models import Draw, FalBalance, FalDay, FalState
from krea_site import check_orders, check_runs
from krea_site.models import CheckOrder, CheckRun, Role, StaffAct
from tests.conftest import run_queued_tasks
from tests.staff import make_staff, staff_client
from tests.standins.launch import StandIn

pytestmark = pytest.mark.django_db
MEDIUM = "krea/v2/medium/text-to-image"
TODAY = timezone.now().date()


@pytest.fixture
def fiona(db: None) -> Client:
    """Keeps the money."""
    return staff_client(make_staff(Role.FINANCE, email="fiona@example.com"))


@pytest.fixture
def sam(db: None) -> Client:
    """Helps customers: sees money, and moves none."""
    return staff_client(make_staff(Role.SUPPORT, email="sam@example.com"))


def a_day(**fields: Any) -> FalDay:
    finding = {"id": "req-1", "words": "a request at fal that nobody here made", "is_mended": False, "draw": ""}
    told = {
        "endpoint": MEDIUM, "day": TODAY, "fal_requests": 3, "fal_units_millionths": 3_000_000, "fal_unit": "image",
        "fal_microusd": 90_000, "our_draws": 2, "our_microusd": 60_000, "left": 1, "findings": [finding], **fields,
    }  # fmt: skip
    return FalDay.objects.create(**told)


def read(answer: Any, status: int = 200) -> str:
    assert answer.status_code == status
    return " ".join(str(answer.content.decode()).split())


def test_the_page_says_what_is_left_and_how_long_it_lasts(fiona: Client) -> None:
    now = timezone.now()
    FalBalance.objects.create(pk=1, amount_microusd=24_500_000, read_at=now, asked_at=now, burn_microusd=2_000_000)

    page = read(fiona.get("/admin/fal/"))

    for words in (">$24.50<", ">$2.00<", ">12</span> days", "They were not compared yet"):
        assert words in page, words


def test_the_page_says_that_the_account_is_locked_and_since_when(fiona: Client) -> None:
    locked = {"state": "locked", "reason": "Exhausted balance.", "since": timezone.now()}
    FalState.objects.update_or_create(pk=1, defaults=locked)
    FalBalance.objects.create(pk=1, refusal="This endpoint requires an Admin API key.", asked_at=timezone.now())

    page = read(fiona.get("/admin/fal/"))

    for words in ("Our account is locked since", "Exhausted balance.", "not told to this key", "Only an Admin key"):
        assert words in page, words


def test_days_have_theirs_ours_and_the_remainder(fiona: Client) -> None:
    row = a_day()
    a_day(endpoint="fal-ai/flux/krea", left=0, findings=[], fal_microusd=10_000, our_microusd=10_000, mended=2)
    check_runs.write_down(CheckRun.Kind.FAL, timezone.now(), ["2026-11-21: a request that nobody made"])

    page = read(fiona.get("/admin/fal/"))

    for words in (
        "1 thing differs and could not be mended", "a request that nobody made", ">$0.09</td>", ">$0.06</td>",
        ">$0.03</td>", "2 mended", f"/admin/fal/days/{row.pk}/", 'id="open"',
    ):  # fmt: skip
        assert words in page, words
    assert ">$0.03</td> </tr> <tr" not in page or page.count(">$0.03</td>") >= 3  # row, open, and the day's sum


def test_days_go_on_on_the_next_page(fiona: Client) -> None:
    for back in range(16):
        a_day(day=TODAY - timedelta(days=back), left=0, findings=[])

    assert f"?before={TODAY - timedelta(days=13)}" in read(fiona.get("/admin/fal/"))
    second = read(fiona.get(f"/admin/fal/?before={TODAY - timedelta(days=13)}"))
    assert second.count("/admin/fal/days/") == 2
    assert fiona.get("/admin/fal/?before=x").status_code == 404


def test_a_day_that_costs_nobody_was_told_of_says_so(sam: Client) -> None:
    row = a_day(fal_microusd=None, fal_units_millionths=None, left=0, findings=[])
    check_runs.write_down(CheckRun.Kind.FAL, timezone.now(), [check_orders.NO_MONEY], left=0)

    assert "usage and billing events are for Admin keys" in read(sam.get("/admin/fal/"))
    assert "not told" in read(sam.get(f"/admin/fal/days/{row.pk}/"))


def test_what_may_have_been_charged_is_listed_with_its_road(
    sam: Client, alice: Any, standin: StandIn, finish_all: Any
) -> None:
    generation = lifecycle.submit(alice, Brief.read("krea-2-medium", {"prompt": "a fox"}))
    finish_all()
    Draw.objects.update(outcome="timed_out", cost_microusd=0, may_be_billed=True)

    page = read(sam.get("/admin/fal/"))

    assert ">$0.03</span> for 1 draw<" in page
    assert f"/admin/generations/{generation.pk}/" in page


def explain(browser: Client, row: FalDay, **told: Any) -> Any:
    given = {"why": "Tried a prompt by hand", "seen": row.compared_at.isoformat(), **told}
    return browser.post(f"/admin/fal/days/{row.pk}/", given)


def test_a_remainder_is_explained_and_opened_again(fiona: Client) -> None:
    row = a_day()

    assert explain(fiona, row).status_code == 302
    row.refresh_from_db()
    assert (row.explained_microusd, row.explained_why, row.is_explained) == (30_000, "Tried a prompt by hand", True)
    assert 'id="open"' not in read(fiona.get("/admin/fal/"))
    assert "Tried a prompt by hand" in read(fiona.get(f"/admin/fal/days/{row.pk}/"))

    assert explain(fiona, row, again="1", why="It was not ours after all").status_code == 302
    row.refresh_from_db()
    assert (row.explained_microusd, row.is_explained) == (None, False)
    acts = StaffAct.objects.order_by("pk")
    assert [(act.verb, act.after, act.why) for act in acts] == [
        ("fal_day.explain", {"explained_microusd": 30_000}, "Tried a prompt by hand"),
        ("fal_day.doubt", {"explained_microusd": None}, "It was not ours after all"),
    ]


@pytest.mark.parametrize(("told", "status"), [({"why": " "}, 422), ({"seen": "x"}, 409), ({"seen": ""}, 409)])
def test_what_is_not_explained_changes_nothing(fiona: Client, told: dict[str, str], status: int) -> None:
    row = a_day()

    assert "Nothing was changed" in read(explain(fiona, row, **told), status)

    row.refresh_from_db()
    assert (row.explained_microusd, StaffAct.objects.exists()) == (None, False)


def test_a_day_that_was_compared_meanwhile_is_not_explained_unseen(fiona: Client) -> None:
    row = a_day()
    FalDay.objects.update(fal_microusd=900_000, compared_at=timezone.now() + timedelta(seconds=1))

    assert "compared again meanwhile" in read(explain(fiona, row), 409)
    assert FalDay.objects.get().explained_microusd is None


def test_compare_now_runs_once_however_often_it_is_pressed(fiona: Client, standin: StandIn) -> None:
    for _ in range(2):
        assert fiona.post("/admin/checks/fal/now").status_code == 302
    assert "was asked for at" in read(fiona.get("/admin/fal/"))

    run_queued_tasks()

    assert CheckRun.objects.filter(kind="fal").count() == 1
    assert [act.verb for act in StaffAct.objects.all()] == ["check.ask"]
    assert not CheckOrder.objects.exists()


def test_the_audit_and_stripe_are_run_by_hand_too(fiona: Client, stripe_standin: Any) -> None:
    for kind, page in (("audit", "/admin/audit/"), ("stripe", "/admin/stripe/")):
        assert fiona.post(f"/admin/checks/{kind}/now")["Location"] == page

    run_queued_tasks()

    assert CheckRun.objects.get().kind == "audit"
    assert Reconciliation.objects.get().ended_at is not None


def test_who_only_sees_money_has_no_buttons_and_is_refused(sam: Client) -> None:
    row = a_day()

    assert "Compare now" not in read(sam.get("/admin/fal/"))
    assert "Compare now" not in read(sam.get("/admin/stripe/"))
    assert "<h2>Explain it</h2>" not in read(sam.get(f"/admin/fal/days/{row.pk}/"))
    assert [sam.post("/admin/checks/fal/now").status_code, explain(sam, row).status_code] == [403, 403]
    assert not CheckOrder.objects.exists()


def test_there_is_no_other_check(fiona: Client) -> None:
    assert fiona.post("/admin/checks/moon/now").status_code == 404


# The balance


def test_the_balance_is_read_every_five_minutes(standin: StandIn) -> None:
    standin.control(balance_usd=24.5)

    for _ in range(3):
        fal_balance.sweep()
    assert run_queued_tasks() == 1

    row = fal_balance.known()
    assert (row.amount_microusd, row.refusal, row.read_at is not None) == (24_500_000, "", True)
    FalBalance.objects.update(due_at=timezone.now())
    standin.control(balance_usd=-0.25)
    fal_balance.sweep()
    run_queued_tasks()
    assert fal_balance.known().amount_microusd == -250_000


def test_a_key_that_may_not_read_it_is_told_and_asked_again_after_hours(standin: StandIn) -> None:
    standin.control(admin_key=False)

    fal_balance.look()

    row = fal_balance.known()
    assert (row.amount_microusd, row.days_left) == (None, None)
    assert "Admin API key" in row.refusal
    assert row.due_at > timezone.now() + timedelta(hours=5)


def test_a_fal_that_is_away_leaves_what_was_known(standin: StandIn) -> None:
    fal_balance.look()
    standin.control(down=True)

    fal_balance.look()

    assert fal_balance.known().amount_microusd == 1_000_000_000


def test_the_pace_is_that_of_our_own_draws(alice: Any, standin: StandIn, finish_all: Any) -> None:
    lifecycle.submit(alice, Brief.read("krea-2-medium", {"prompt": "a fox"}, 4))
    finish_all()
    standin.control(balance_usd=1)

    fal_balance.look()

    row = fal_balance.known()
    assert (row.burn_microusd, row.days_left) == (120_000, 8)


def test_the_account_is_locked_when_nothing_is_left(alice: Any, standin: StandIn, finish_all: Any) -> None:
    standin.control(balance_usd=0.03, locks_at_zero=True)
    lifecycle.submit(alice, Brief.read("krea-2-medium", {"prompt": "a fox"}))
    finish_all()
    lifecycle.submit(alice, Brief.read("krea-2-medium", {"prompt": "a hare"}))
    run_queued_tasks()

    fal_balance.look()

    assert FalState.objects.get().state == "locked"
    assert "Exhausted balance" in FalState.objects.get().reason
    assert fal_balance.known().amount_microusd == 0
