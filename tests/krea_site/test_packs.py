"""The staff pages of packs and plans: what a change means is shown first, and it never reaches who bought before."""

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from billing import planned, shop
from billing.models import AutoTopUp, Pack, Plan, PlannedOffer, Purchase, Subscription
from krea_site.dashboard import moments
from krea_site.models import Role, StaffAct
from tests.staff import make_staff, staff_client

pytestmark = pytest.mark.django_db
PACKS = "/admin/packs/"
SAVE = {"confirmed": "1"}


def save(client: Client, address: str, typed: dict[str, str]) -> Any:
    """What the preview carries, and the press that does it."""
    shown = client.post(address, seen(client, address) | typed)
    carried = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', shown.content.decode())
    fields = {name: unescape(value) for name, value in carried if name != "csrfmiddlewaretoken"}
    return client.post(address, fields | SAVE, follow=True)


def seen(client: Client, address: str) -> dict[str, str]:
    """What the form brings along, and why somebody does it."""
    page = client.get(address).content.decode()
    found = re.search(r'name="seen" value="([^"]*)"', page)
    return {"seen": unescape(found[1]) if found else "", "why": "a new season", "holds_from": ""}


@pytest.fixture
def client(db: None) -> Client:
    """Somebody of the staff."""
    return staff_client(make_staff())


def text_of(response: Any) -> str:
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode())))


def pack() -> Pack:
    return Pack.objects.get(cents=1_000)


def plan() -> Plan:
    return Plan.objects.get(cents=1_000)


def offered(model: type[Pack] | type[Plan]) -> list[tuple[int, int]]:
    rows = model._default_manager.filter(is_offered=True).order_by("cents")
    return [(row.cents, row.credits // 100) for row in rows]


def test_the_list_has_all_that_is_sold(client: Client) -> None:
    text = text_of(client.get(PACKS))

    assert "$25.00 on offer Stop offering $25.00 26,000 0" in text
    assert "Monthly 11,000 on offer Stop offering $10.00 $10.00 11,000 0" in text


def test_a_change_of_a_pack_is_shown_before_it_is_done(client: Client, bob: Any) -> None:
    AutoTopUp.objects.create(
        user=bob,
        is_on=True,
        pack=pack(),
        threshold=1_00,
        cents=1_000,
        credits=10_000_00,
        month_ceiling_cents=5_000,
        agreed_at=timezone.now(),
    )
    address, typed = f"{PACKS}{pack().pk}/", {"dollars": "12", "credits": "12,500"}

    text = text_of(client.post(address, typed | seen(client, address)))

    assert "The price was $10.00 and will be $12.00." in text
    assert "The credits were 10,000 and will be 12,500." in text
    assert "$12.00 bring 12,500 credits, 500 of them a bonus." in text
    assert "What was agreed stays for 0 purchases under way." in text
    assert "The auto top-up of 1 customer is switched off, since they agreed to something else." in text
    assert pack().credits == 10_000_00
    assert "Saved. It holds at once. The price was $10.00" in text_of(save(client, address, typed))
    assert (1_200, 12_500) in offered(Pack)


def test_one_may_go_back_to_the_form_with_what_was_typed(client: Client) -> None:
    typed = {"dollars": "12", "credits": "12500", "edit": "1"}

    address = f"{PACKS}{pack().pk}/"

    assert 'value="12500"' in client.post(address, typed | seen(client, address)).content.decode()
    assert pack().credits == 10_000_00


def test_a_plans_new_price_is_another_plan_and_subscribers_keep_theirs(client: Client, bob: Any) -> None:
    old = plan()
    Plan.objects.filter(pk=old.pk).update(stripe_price="price_1")
    held = Subscription.objects.create(
        user=bob, stripe_id="sub_1", plan=old, status="active", read_at=timezone.now(), renews_at=timezone.now()
    )
    address, typed = f"{PACKS}{old.pk}/", {"name": old.name, "dollars": "12", "credits": "13000"}

    assert "The old price and credits stay for 1 subscriber." in text_of(
        client.post(address, typed | seen(client, address))
    )
    save(client, address, typed)

    old.refresh_from_db()
    held.refresh_from_db()
    assert (old.cents, old.credits, old.is_offered, held.plan) == (1_000, 11_000_00, False, old)
    assert offered(Plan) == [(1_200, 13_000), (3_000, 35_000)]
    assert Plan.objects.get(cents=1_200).stripe_price is None


def test_a_plans_name_changes_where_it_stands(client: Client) -> None:
    old = plan()
    typed = {"name": "Small", "dollars": "10.00", "credits": "11,000"}

    save(client, f"{PACKS}{old.pk}/", typed)

    old.refresh_from_db()
    assert (old.name, old.is_offered, Plan.objects.count()) == ("Small", True, 2)


def test_nothing_changed_is_nothing_done(client: Client) -> None:
    address = f"{PACKS}{pack().pk}/"

    text = text_of(client.post(address, {"dollars": "10", "credits": "10000"} | seen(client, address) | SAVE))

    assert "Nothing: it is so already." in text


@pytest.mark.parametrize(("what", "model"), [("pack", Pack), ("plan", Plan)])
def test_adding(client: Client, what: str, model: type[Pack] | type[Plan]) -> None:
    typed = {"name": "Large", "dollars": "$200.00", "credits": "230000"}
    address = f"{PACKS}add/{what}/"

    assert "It is on offer from then on." in text_of(client.post(address, typed | seen(client, address)))
    save(client, address, typed)

    assert (20_000, 230_000) in offered(model)


@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        ({"dollars": "ten", "credits": "10000"}, "'ten' is not an amount of US dollars"),
        ({"dollars": "10", "credits": "many"}, "'many' is not an amount of credits"),
        ({"dollars": "0.10", "credits": "100"}, "From $0.50 to $10,000.00."),
        ({"dollars": "10", "credits": "9999"}, "$10.00 stand for 10,000 at least."),
        ({"dollars": "20", "credits": "21000", "why": " "}, "Say why"),
        ({"dollars": "20", "credits": "21000", "holds_from": "2020-01-01T00:00"}, "A moment that is still to come"),
        ({"dollars": "20", "credits": "21000", "holds_from": "soon"}, "is not a date and time"),
        ({"dollars": "25", "credits": "26000", **SAVE}, "There is one at this price on offer already."),
    ],
)
def test_what_cannot_be_sold_is_refused_beside_its_field(client: Client, typed: dict[str, str], problem: str) -> None:
    address = f"{PACKS}{pack().pk}/"

    answer = client.post(address, seen(client, address) | typed)

    assert answer.status_code == 422
    assert "Nothing was changed." in text_of(answer) and problem in text_of(answer)
    assert (1_000, 10_000) in offered(Pack)


def test_a_plan_needs_a_name(client: Client) -> None:
    assert client.post(f"{PACKS}add/plan/", {"dollars": "20", "credits": "23000", "why": "x"}).status_code == 422


def test_off_the_shelf_and_on_again(client: Client, bob: Any) -> None:
    address = f"{PACKS}{pack().pk}/offer"

    assert client.post(address, {"is_offered": "0"}).status_code == 422  # nobody said why
    client.post(address, {"is_offered": "0", "why": "slow seller"})
    client.post(address, {"is_offered": "0", "why": "slow seller"})
    assert (1_000, 10_000) not in offered(Pack)
    client.post(address, {"is_offered": "1", "why": "asked for"})
    assert (1_000, 10_000) in offered(Pack)
    told = [(act.verb, act.before["is_offered"], act.after["is_offered"]) for act in StaffAct.objects.order_by("pk")]
    assert told == [("packs.offer", True, False), ("packs.offer", False, True)]


def test_two_at_one_price_are_never_on_offer(client: Client) -> None:
    old = Pack.objects.create(cents=1_000, credits=10_500_00, is_offered=False)

    text = text_of(client.post(f"{PACKS}{old.pk}/offer", {"is_offered": "1", "why": "x"}))

    assert "There is one at this price on offer already." in text
    assert (1_000, 10_500) not in offered(Pack)


def test_a_changed_pack_leaves_what_was_bought(client: Client, bob: Any) -> None:
    bought = Purchase.objects.create(
        user=bob, what="pack", pack=pack(), cents=1_000, credits=10_000_00, created_at=timezone.now()
    )

    save(client, f"{PACKS}{pack().pk}/", {"dollars": "12", "credits": "12500"})

    bought.refresh_from_db()
    assert (bought.cents, bought.credits) == (1_000, 10_000_00)
    client.force_login(bob)
    assert "Pack of 10,000 credits" in text_of(client.get(f"/billing/purchases/{bought.pk}/"))


def test_it_is_for_staff_alone(bob: Any) -> None:
    client = Client()
    client.force_login(bob)

    assert client.get(PACKS).status_code == client.post(f"{PACKS}{pack().pk}/offer").status_code == 404


def test_each_change_is_in_the_audit_log_with_why(client: Client) -> None:
    address = f"{PACKS}{pack().pk}/"

    save(client, address, {"dollars": "12", "credits": "12,500"})

    act = StaffAct.objects.get()
    assert (act.verb, act.why, act.subject) == ("packs.set", "a new season", f"pack:{Pack.objects.get(cents=1_200).pk}")
    assert (act.before["price"], act.after["price"], act.after["credits"]) == ("$10.00", "$12.00", "12500.00")


@pytest.mark.parametrize(("what", "name"), [("pack", ""), ("plan", "Large")])
def test_pressed_twice_it_is_one(client: Client, what: str, name: str) -> None:
    address, typed = f"{PACKS}add/{what}/", {"dollars": "200", "credits": "230000", "name": name, "why": "more"}
    before = Pack.objects.count() + Plan.objects.count()

    client.post(address, typed | SAVE)
    again = client.post(address, typed | SAVE, follow=True)

    assert "It is so already." in text_of(again) and StaffAct.objects.count() == 1
    assert Pack.objects.count() + Plan.objects.count() == before + 1


def test_a_change_pressed_twice_is_one(client: Client) -> None:
    address = f"{PACKS}{plan().pk}/"
    typed = {"name": "Small", "dollars": "12", "credits": "13000"} | seen(client, address) | SAVE

    client.post(address, typed)
    again = client.post(address, typed, follow=True)

    assert "It is so already." in text_of(again)
    assert offered(Plan) == [(1_200, 13_000), (3_000, 35_000)] and StaffAct.objects.count() == 1


def test_of_two_staff_one_is_told(client: Client) -> None:
    colleague = staff_client(make_staff(Role.FINANCE, "second@example.com"))
    address = f"{PACKS}{pack().pk}/"
    theirs = {"dollars": "13", "credits": "13,500"} | seen(colleague, address) | SAVE
    save(client, address, {"dollars": "12", "credits": "12,500"})

    told = colleague.post(address, theirs)

    assert told.status_code == 409 and "Somebody else changed it meanwhile." in text_of(told)
    assert (1_200, 12_500) in offered(Pack) and StaffAct.objects.count() == 1


# From a moment on


def in_days(days: float) -> str:
    return moments.typed(timezone.now() + timedelta(days=days))


def days_go_by(days: float) -> None:
    for row in PlannedOffer.objects.all():
        PlannedOffer.objects.filter(pk=row.pk).update(holds_from=row.holds_from - timedelta(days=days))


def test_a_planned_change_holds_from_its_moment_on(client: Client, bob: Any) -> None:
    address = f"{PACKS}{pack().pk}/"

    answer = save(client, address, {"dollars": "12", "credits": "12,500", "holds_from": in_days(1)})

    assert "Planned. It holds from" in text_of(answer)
    assert "The pack at $10.00 becomes $12.00 for 12,500 credits" in text_of(answer)
    assert StaffAct.objects.get().verb == "packs.plan" and (1_000, 10_000) in offered(Pack)
    client.force_login(bob)
    assert "12,500" not in text_of(client.get("/billing/buy/"))
    days_go_by(2)
    assert "12,500" in text_of(client.get("/billing/buy/"))  # the page itself, though no follower runs
    assert (1_200, 12_500) in offered(Pack) and (1_000, 10_000) not in offered(Pack)


def test_the_sweep_carries_out_what_is_due_once(client: Client) -> None:
    save(client, f"{PACKS}add/plan/", {"name": "Year", "dollars": "20", "credits": "23000", "holds_from": in_days(1)})
    save(client, f"{PACKS}add/pack/", {"dollars": "20", "credits": "21000", "holds_from": in_days(1)})
    planned.sweep()
    assert (2_000, 23_000) not in offered(Plan)
    days_go_by(2)

    planned.sweep()
    planned.sweep()

    assert (2_000, 23_000) in offered(Plan) and (2_000, 21_000) in offered(Pack)
    assert Plan.objects.filter(cents=2_000).count() == 1


def test_taking_it_off_the_shelf_can_be_planned(client: Client) -> None:
    client.post(f"{PACKS}{pack().pk}/offer", {"is_offered": "0", "why": "slow", "holds_from": in_days(1)})

    assert 1_000 in [each.cents for each in shop.packs()]
    days_go_by(2)
    assert 1_000 not in [each.cents for each in shop.packs()]


def test_what_is_planned_can_be_withdrawn_and_leaves_a_trace(client: Client) -> None:
    save(client, f"{PACKS}add/pack/", {"dollars": "20", "credits": "21000", "holds_from": in_days(1)})
    address = f"{PACKS}planned/{PlannedOffer.objects.get().pk}/"

    done = client.post(address, {"why": "no"}, follow=True)
    again = client.post(address, {"why": "no"}, follow=True)
    days_go_by(2)
    planned.sweep()

    assert "It was withdrawn: nothing changes" in text_of(done) and "It was withdrawn before." in text_of(again)
    assert (2_000, 21_000) not in offered(Pack) and "withdrawn" in text_of(client.get(PACKS))
    assert list(StaffAct.objects.order_by("pk").values_list("verb", flat=True)) == ["packs.plan", "packs.withdraw"]


def test_what_was_carried_out_is_not_withdrawn(client: Client) -> None:
    save(client, f"{PACKS}add/pack/", {"dollars": "20", "credits": "21000", "holds_from": in_days(1)})
    days_go_by(2)

    told = client.post(f"{PACKS}planned/{PlannedOffer.objects.get().pk}/", {"why": "no"}, follow=True)

    assert "It has been carried out" in text_of(told) and (2_000, 21_000) in offered(Pack)


def test_what_cannot_be_carried_out_any_more_says_so(client: Client) -> None:
    address = f"{PACKS}{pack().pk}/"
    save(client, address, {"dollars": "12", "credits": "12,500", "holds_from": in_days(1)})
    client.post(f"{address}offer", {"is_offered": "0", "why": "slow seller"})
    days_go_by(2)

    text = text_of(client.get(PACKS))

    assert "not done It was not on offer any more at that moment, so its new terms were left out." in text
    assert Pack.objects.filter(cents=1_200).count() == 0


def test_a_plan_has_one_change_planned_at_a_time(client: Client) -> None:
    address = f"{PACKS}{plan().pk}/"
    typed = {"name": "More", "dollars": "12", "credits": "13000"}
    save(client, address, typed | {"holds_from": in_days(2)})

    again = save(client, address, typed | {"dollars": "14", "credits": "15000", "holds_from": in_days(1)})
    at_once = client.post(address, seen(client, address) | typed | {"dollars": "14", "credits": "15000"})

    assert again.status_code == 422 and "A change is planned already, from" in text_of(again)
    assert PlannedOffer.objects.count() == StaffAct.objects.count() == 1
    assert re.search("What is planned for it from .* on is left out by then", text_of(at_once))


def test_a_form_that_is_older_than_another_change_plans_nothing(client: Client) -> None:
    address = f"{PACKS}{pack().pk}/"
    old = seen(client, address) | SAVE | {"dollars": "12", "credits": "12500", "holds_from": in_days(1)}
    save(client, address, {"dollars": "15", "credits": "16000"})

    answer = client.post(address, old)

    assert answer.status_code == 409 and "Somebody else changed it meanwhile" in text_of(answer)
    assert not PlannedOffer.objects.exists()


def test_what_is_due_is_brought_in_before_another_change(client: Client) -> None:
    address = f"{PACKS}{pack().pk}/"
    save(client, address, {"dollars": "12", "credits": "12,500", "holds_from": in_days(1)})
    old = seen(client, address) | SAVE | {"dollars": "15", "credits": "16000"}
    days_go_by(2)

    answer = client.post(address, old)
    planned.sweep()

    assert answer.status_code == 409
    assert (1_200, 12_500) in offered(Pack) and (1_500, 16_000) not in offered(Pack)
