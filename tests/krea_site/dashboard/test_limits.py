"""Limits that the operator sets: the most particular one holds, wherever it is enforced, and the page says why."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from accounts.signals import email_verified
from billing import ledger, set_limits
from billing.models import LimitRow, Plan, Subscription
from billing.set_limits import EVERYBODY, Overtaken, Scope
from generations import fair_order, lifecycle, unfinished, upkeep
from generations.brief import Brief
from generations.models import Generation
from generations.pictures import store
from krea_site import limit_pages, trial
from krea_site.models import Role, StaffAct, TrialGrant
from partners import keys, limits, rate_limits
from tests.conftest import make_user, wallet_of
from tests.generations.pages import GENERATE, open_form, send
from tests.krea_site.belongings import picture, uploaded
from tests.partners.caller import FOX, Caller, refusal
from tests.staff import make_staff, staff_client

pytestmark = pytest.mark.django_db
WHY = "Agreed with the customer."


@pytest.fixture
def acme(db: None) -> Any:
    return make_user("acme@example.com", 1000_00)


@pytest.fixture
def owner(db: None) -> Client:
    return staff_client(make_staff(Role.OWNER))


def put(scope: Scope = EVERYBODY, **values: int | None) -> None:
    set_limits.put(scope, values, was=set_limits.set_for(scope))


def plan_of(user: Any, cents: int = 1000, status: str = "active") -> Plan:
    plan = Plan.objects.create(name="Studio", cents=cents, credits=1000_00, is_offered=False)
    Subscription.objects.create(user=user, stripe_id=f"sub_{cents}", plan=plan, status=status, read_at=timezone.now())
    return plan


def page_of(address: str, client: Client) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def save(client: Client, address: str, why: str = WHY, was: dict[str, str] | None = None, **typed: str) -> Any:
    form = {"why": why, **typed, **{f"was_{name}": value for name, value in (was or {}).items()}}
    return client.post(address, form | {"confirmed": "1"}, follow=True)


def test_the_most_particular_one_holds_and_says_so(alice: Any, bob: Any, settings: Settings) -> None:
    settings.API_CALLS_A_MINUTE = 60
    limit = rate_limits.CALLS

    def held(user: Any) -> tuple[int | None, str]:
        found = set_limits.why(limit, user.pk)
        return found.value, found.by

    assert held(alice) == held(bob) == (60, "setting")
    put(calls_a_minute=50)
    assert held(alice) == (50, "everybody")
    put(Scope(plan_id=plan_of(alice).pk), calls_a_minute=40)
    assert (held(alice), held(bob)) == ((40, "plan"), (50, "everybody"))
    put(Scope(plan_id=plan_of(alice, cents=2000).pk), calls_a_minute=45)
    assert held(alice) == (45, "plan")  # of two plans, the better one
    put(Scope(user_id=alice.pk), calls_a_minute=0)
    assert held(alice) == (0, "user")
    put(Scope(user_id=alice.pk), calls_a_minute=None)
    Subscription.objects.update(status="canceled")
    assert held(alice) == (50, "everybody")
    put(calls_a_minute=None)
    assert held(alice) == (60, "setting")
    assert set(LimitRow.objects.values_list("user", flat=True)) == {None}


def test_asking_again_asks_no_database(alice: Any, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    put(Scope(user_id=alice.pk), queue_weight=2)
    set_limits.forget()
    with django_assert_num_queries(1):
        assert set_limits.amount(fair_order.WEIGHT, alice.pk) == 2
    with django_assert_num_queries(0):
        for limit in (fair_order.WEIGHT, rate_limits.CALLS, limits.UNFINISHED, unfinished.OF_A_CUSTOMER):
            set_limits.of(limit, alice.pk)


def test_an_order_asks_nothing_more_while_the_rows_are_kept(alice: Any, fox: Brief) -> None:
    put(Scope(user_id=alice.pk), queue_weight=2, calls_a_minute=90)
    lifecycle.submit(alice, fox)
    asked: list[str] = []

    def note(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        asked.append(sql)
        return execute(sql, *rest)

    with connection.execute_wrapper(note):
        lifecycle.submit(alice, fox)

    assert any("billing_hold" in sql for sql in asked)
    assert [sql for sql in asked if "billing_limitrow" in sql or "billing_subscription" in sql] == []


def test_a_program_is_held_to_calls_and_images(acme: Any, owner: Client) -> None:
    caller = Caller(keys.make(acme, "server")[1])
    address = f"/admin/limits/user/{acme.pk}/"

    assert "Saved." in save(owner, address, unfinished_of_key="1").content.decode()
    caller.order()
    refused = caller.post("/generations", FOX)
    assert refusal(refused) == (429, "too_many_unfinished")
    assert refused.json()["unfinished_limit"] == 1

    save(owner, address, was={"unfinished_of_key": "1"}, calls_a_minute="3")
    answers = [caller.get("/balance") for _ in range(4)]
    assert answers[0].headers["RateLimit-Policy"] == '"calls";q=3;w=60'
    assert answers[-1].status_code == 429
    client = Client()
    client.force_login(acme)
    assert "3 calls" in client.get("/developers/keys/").content.decode()


def test_a_key_that_has_its_own_limit_keeps_it(acme: Any) -> None:
    key, secret = keys.make(acme, "server")
    type(key).objects.filter(pk=key.pk).update(calls_a_minute=9)
    put(Scope(user_id=acme.pk), calls_a_minute=3)

    assert Caller(secret).get("/balance").headers["RateLimit-Policy"] == '"calls";q=9;w=60'


def test_the_studio_and_every_door_are_held_to_the_images_of_a_customer(alice: Any, acme: Any, owner: Client) -> None:
    save(owner, f"/admin/limits/user/{alice.pk}/", unfinished_images="2")
    client = Client()
    client.force_login(alice)
    caller = Caller(keys.make(alice, "server")[1])
    caller.order()

    send(client, open_form(client) | {"prompt": "a fox"} | GENERATE)
    refused = send(client, open_form(client) | {"prompt": "another fox"} | GENERATE)

    assert Generation.objects.filter(user=alice).count() == 2
    assert refused.status_code == 429
    assert "2 images of this account are under way, and it may have 2" in refused.content.decode()
    assert refusal(caller.post("/generations", FOX)) == (429, "too_many_unfinished")
    held = wallet_of(alice)[1]
    lifecycle.cancel(Generation.objects.filter(user=alice)[0])
    assert wallet_of(alice)[1] < held
    caller.order()
    lifecycle.submit(acme, Brief.read("krea-2-medium", {"prompt": "others are free"}, 4))


def test_nothing_at_all_may_be_allowed(alice: Any, fox: Brief) -> None:
    put(unfinished_images=0)

    with pytest.raises(unfinished.TooManyUnfinished, match="0 images of this account are under way"):
        lifecycle.submit(alice, fox)

    assert (wallet_of(alice), Generation.objects.count()) == ((1000_00, 0), 0)


def test_weight_holds_for_images_that_are_ordered_from_then_on(alice: Any, fox: Brief, owner: Client) -> None:
    before = lifecycle.submit(alice, fox).images.get().turn
    save(owner, f"/admin/limits/user/{alice.pk}/", queue_weight="4")

    after = lifecycle.submit(alice, fox).images.get().turn

    assert Generation.objects.order_by("id")[0].images.get().turn == before
    assert after - before == fox.model.typical_seconds * 1000 // 4


def test_uploads_kept(alice: Any, owner: Client) -> None:
    uploaded(alice, 40)
    save(owner, "/admin/limits/", uploads="1")

    with pytest.raises(upkeep.QuotaReached, match="1 of 1 uploads"):
        upkeep.make_room(alice.pk, bytes=1)
    assert upkeep.room(alice.pk).bytes_allowed == 1000 * upkeep.MB
    assert store.size(store.put(picture(40), "image/png")) > 0


@pytest.mark.parametrize(
    ("name", "value", "credits", "said"),
    [
        ("trial_credits", "75", 75_00, ""),
        ("trial_credits", "0", 0, "There are no trial credits at this time."),
        ("trial_per_day", "0", 0, "Today's trial credits have all been given."),
        ("trial_per_network", "0", 0, "Several people on your network"),
    ],
)
def test_trial_credits_and_their_caps(
    rf: Any, owner: Client, name: str, value: str, credits: int, said: str, settings: Settings
) -> None:
    typed: Any = {name: value}
    save(owner, "/admin/limits/", **typed)
    user = make_user("new@example.com")
    email_verified.send(sender=None, user=user, address=user.email, request=rf.get("/", REMOTE_ADDR="8.8.8.8"))
    trial.decide(TrialGrant.objects.get().pk)

    assert wallet_of(user) == (credits, 0)
    assert trial.refusal(user).startswith(said) if said else trial.refusal(user) == ""
    if name == "trial_credits" and credits:
        assert "75.00 credits to try" in Client().get("/").content.decode()


def test_what_changes_is_shown_first_and_said_in_the_log(alice: Any, owner: Client) -> None:
    address = f"/admin/limits/user/{alice.pk}/"
    page = page_of(address, owner)
    assert "as it comes, by API_CALLS_A_MINUTE" in page and "Trial credits" not in page

    shown = owner.post(address, {"calls_a_minute": "1,200", "queue_weight": "3", "why": WHY}).content.decode()
    assert "Calls of the API: nothing of its own becomes 1,200 calls a minute." in shown
    assert not LimitRow.objects.exists() and not StaffAct.objects.exists()

    save(owner, address, calls_a_minute="1,200", queue_weight="3")
    page = page_of(address, owner)
    assert "1,200 calls a minute" in page and "set for this customer" in page
    act = StaffAct.objects.get()
    assert (act.verb, act.subject, act.why) == ("limits.set", f"user:{alice.pk}", WHY)
    assert act.before == {"calls_a_minute": None, "queue_weight": None}
    assert act.after == {"calls_a_minute": 1200, "queue_weight": 3}
    assert f'href="{address}"' in page_of("/admin/limits/?q=alice", owner)
    assert f'href="{address}"' in page_of("/admin/limits/", owner)


def test_a_plan_has_a_page(alice: Any, owner: Client) -> None:
    plan = plan_of(alice)
    save(owner, f"/admin/limits/plan/{plan.pk}/", queue_weight="5")

    assert set_limits.why(fair_order.WEIGHT, alice.pk).value == 5
    assert "set for the customer&#x27;s plan" in page_of(f"/admin/limits/user/{alice.pk}/", owner)
    assert StaffAct.objects.get().subject == f"plan:{plan.pk}"


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"queue_weight": "0"}, "Weight in the queue: from 1 to 100, or empty."),
        ({"queue_weight": "many"}, "Weight in the queue: a whole number from 1 to 100, or empty."),
        ({"calls_a_minute": "-1"}, "Calls of the API: a whole number from 0 to 1,000,000, or empty."),
        ({"calls_a_minute": "9" * 40}, "Calls of the API: a whole number"),
        ({"calls_a_minute": "5", "why": ""}, "Say why; it stays in the books."),
        ({"calls_a_minute": "5", "why": "for a@example.com"}, "Leave e-mail addresses out"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_lost(
    alice: Any, owner: Client, typed: dict[str, str], said: str
) -> None:
    answer = owner.post(f"/admin/limits/user/{alice.pk}/", {"why": WHY, "uploads": "7", "confirmed": "1"} | typed)

    assert answer.status_code == 422
    assert said in answer.content.decode() and 'value="7"' in answer.content.decode()
    assert not LimitRow.objects.exists()


def test_two_at_once_and_twice(alice: Any, owner: Client) -> None:
    address = f"/admin/limits/user/{alice.pk}/"
    save(owner, address, queue_weight="2")

    twice = save(owner, address, queue_weight="2")  # the same press again, with what its page showed
    assert "It is so already." in twice.content.decode()
    other = save(owner, address, queue_weight="5")  # somebody whose page showed nothing yet
    assert other.status_code == 409 and "Somebody else changed these limits" in other.content.decode()
    with pytest.raises(Overtaken):
        set_limits.put(Scope(user_id=alice.pk), {"queue_weight": None}, was={"queue_weight": 9})

    assert StaffAct.objects.count() == 1
    assert set_limits.set_for(Scope(user_id=alice.pk)) == {"queue_weight": 2}


def test_a_limit_of_the_site_is_nobodys_own(alice: Any, owner: Client) -> None:
    save(owner, f"/admin/limits/user/{alice.pk}/", trial_credits="5")

    assert not LimitRow.objects.exists()


@pytest.mark.parametrize("query", ["", "q=customer"])
def test_customers_come_in_pages(query: str, owner: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limit_pages, "ON_A_PAGE", 2)
    made = [make_user(f"customer{number}@example.com") for number in range(5)]
    for user in made:
        put(Scope(user_id=user.pk), queue_weight=2)

    seen, address = [], f"/admin/limits/?{query}"
    while address:
        page = owner.get(address).content.decode()
        seen.append(re.findall(r"/admin/limits/user/(\d+)/", page))
        onwards = re.search(r'rel="next" href="([^"]+)"', page)
        address = "/admin/limits/" + onwards[1].replace("&amp;", "&") if onwards else ""

    newest = [str(user.pk) for user in reversed(made)]
    assert seen == [newest[:2], newest[2:4], newest[4:]]
    assert owner.get("/admin/limits/?before=x").status_code == 404


@pytest.mark.parametrize("role", [Role.SUPPORT, Role.FINANCE, Role.MODERATOR])
def test_limits_are_the_owners(role: Role, alice: Any) -> None:
    client = staff_client(make_staff(role))
    for address in ("/admin/limits/", f"/admin/limits/user/{alice.pk}/"):
        assert client.get(address).status_code == client.post(address, {"uploads": "1"}).status_code == 403


def test_a_customer_who_leaves_takes_their_limits_along(alice: Any) -> None:
    put(Scope(user_id=alice.pk), queue_weight=2)

    set_limits.erase(alice.pk)

    assert not LimitRow.objects.exists()
    assert ledger.wallet(alice)
