"""A suspended account: shut for everybody, nothing charged, nothing lost, and lifted as it was before."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.db import transaction
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts import erasure, suspensions
from accounts.models import Suspension, User
from billing import ledger, topups
from billing.models import Pack
from generations import let_in, lifecycle, shares
from generations.brief import Brief
from generations.models import Generation, Status
from krea_site import farewell, retries
from krea_site.models import Mail, Role
from krea_site.steering import Refused
from partners import keys, problems
from partners.models import Delivery
from tests.accounts.conftest import logged_in
from tests.conftest import make_user, run_queued_tasks, status_of, wallet_of
from tests.faults.test_races_of_money import wait_until_somebody_waits
from tests.faults.together import ON_POSTGRES, together
from tests.krea_site.dashboard.pulling import desk, pull, told
from tests.krea_site.roads import ended

pytestmark = pytest.mark.django_db
PASSWORD = "a long password 7"


@pytest.fixture(autouse=True)
def _mails(settings: Settings) -> None:
    settings.EMAIL_BACKEND = "krea_site.mails.backend.Rows"


@pytest.fixture
def moderator() -> Client:
    return desk(Role.MODERATOR)[1]


def suspended(client: Client, person: Any) -> Any:
    answer = pull(client, "suspend", person, why="Sells what is not theirs")
    person.refresh_from_db()
    return answer


def test_every_session_ends_and_log_in_says_why_not(alice: Any, moderator: Client) -> None:
    hers = Client()
    hers.force_login(alice)
    assert hers.get("/studio/").status_code == 200

    assert suspended(moderator, alice).status_code == 302

    assert hers.get("/studio/").status_code == 302
    answer = Client().post("/accounts/login/", {"login": alice.email, "password": PASSWORD})
    assert answer.status_code == 403
    assert "This account is suspended" in answer.content.decode()
    wrong = Client().post("/accounts/login/", {"login": alice.email, "password": "not this one"})
    assert "suspended" not in wrong.content.decode()
    assert [mail.subject for mail in Mail.objects.filter(to=alice.email)] == ["Your account is suspended"]
    assert told(alice) == [("people.suspend", "Sells what is not theirs")]


def test_whoever_forgot_the_password_meanwhile_is_told_the_truth(alice: Any, moderator: Client) -> None:
    suspended(moderator, alice)
    Mail.objects.all().delete()

    answer = Client().post("/accounts/password/reset/", {"email": alice.email})

    assert answer.status_code == 302
    assert [mail.subject for mail in Mail.objects.all()] == ["Your account is suspended"]


def test_keys_are_refused_in_the_words_of_every_door(alice: Any, moderator: Client) -> None:
    _, secret = keys.make(alice, "Shop")
    suspended(moderator, alice)

    native = Client(headers={"Authorization": f"Bearer {secret}"}).get("/api/v1/balance")
    assert (native.status_code, native.json()["code"]) == (403, "account_suspended")
    fal = Client(headers={"Authorization": f"Key {secret}"}).post(
        "/fal/queue/krea/v2/medium/text-to-image", {"prompt": "a fox"}, content_type="application/json"
    )
    assert fal.status_code == 403, fal.content
    assert fal.json()["detail"].startswith("User is locked. Reason: Account suspended.")
    civitai = Client(headers={"Authorization": f"Bearer {secret}"}).get("/v2/consumer/workflows")
    assert (civitai.status_code, civitai.json()["status"]) == (403, 403)
    oxen = Client(headers={"Authorization": f"Bearer {secret}"}).post(
        "/api/ai/images/generate", {"model": "krea-2-medium", "prompt": "a fox"}, content_type="application/json"
    )
    assert (oxen.status_code, oxen.json()["error"]["type"]) == (403, "unauthorized"), oxen.content


def test_lifted_everything_is_as_before_but_for_the_sessions(alice: Any, moderator: Client) -> None:
    _, secret = keys.make(alice, "Shop")
    EmailAddress.objects.create(user=alice, email=alice.email, verified=True, primary=True)
    hers = logged_in(alice)
    suspended(moderator, alice)

    answer = pull(moderator, "lift", alice, why="A mistake of ours")

    assert answer.status_code == 302
    assert hers.get("/studio/").status_code == 302
    assert logged_in(alice).get("/studio/").status_code == 200
    assert keys.find(secret) is not None
    assert wallet_of(alice) == (1000_00, 0)
    assert [verb for verb, _ in told(alice)] == ["people.suspend", "people.lift"]
    row = Suspension.objects.get()
    assert (row.reason, row.lifted_at is not None) == ("Sells what is not theirs", True)


def test_pictures_under_way_come_to_their_end_and_are_paid(
    alice: Any, fox: Brief, finish_all: Any, moderator: Client
) -> None:
    generation = lifecycle.submit(alice, fox)
    suspended(moderator, alice)

    finish_all()

    assert status_of(generation) == "succeeded"
    assert wallet_of(alice)[1] == 0


def test_an_order_whose_caller_was_let_in_before_is_refused(alice: Any, fox: Brief, moderator: Client) -> None:
    caller = User.objects.get(pk=alice.pk)  # as a request that began before has it
    suspended(moderator, alice)

    with pytest.raises(let_in.AccountIsShut, match="suspended") as refused:
        lifecycle.submit(caller, fox)

    assert caller.is_active
    assert problems.of(refused.value).code == "account_suspended"
    assert (wallet_of(alice), Generation.objects.count()) == ((1000_00, 0), 0)


def test_staff_has_nothing_drawn_again_for_a_suspended_account(alice: Any, moderator: Client) -> None:
    first = ended(alice, Status.FAILED)
    suspended(moderator, alice)
    staff, _ = desk(Role.SUPPORT)

    with pytest.raises(Refused, match="account is suspended"):
        retries.retry(first.pk, at_house_cost=True, by=staff, why="A bad night")

    assert wallet_of(alice) == (1000_00, 0)


def test_shared_links_are_closed_meanwhile(alice: Any, fox: Brief, finish_all: Any, moderator: Client) -> None:
    generation = lifecycle.submit(alice, fox)
    finish_all()
    share = shares.make(alice, generation.images.get(), shares.Wish(shares.LIFETIMES[-1]))
    address = f"/s/{share.token}/"
    assert Client().get(address).status_code == 200

    suspended(moderator, alice)
    closed = Client().get(address).status_code
    pull(moderator, "lift", alice)

    assert (closed, Client().get(address).status_code) == (404, 200)


def test_webhooks_wait_and_are_told_afterwards(alice: Any, moderator: Client) -> None:
    row = Delivery.objects.create(user=alice, url="https://shop.example/hook", receiver="shop.example", topic="ping")
    suspended(moderator, alice)
    assert list(Delivery.objects.due(timezone.now() + timedelta(hours=1))) == []

    pull(moderator, "lift", alice)

    assert list(Delivery.objects.due(timezone.now() + timedelta(hours=1))) == [row]


def test_nobody_is_topped_up(alice: Any, moderator: Client) -> None:
    pack = Pack.objects.filter(is_offered=True).first()
    assert pack is not None
    said = topups.Agreement(threshold=pack.credits, pack=pack, month_ceiling_cents=pack.cents)
    ledger.hold(alice, 999_00, key="order:1")
    topups.switch_on(alice, said)
    assert topups.wanting().count() == 1

    suspended(moderator, alice)

    assert topups.wanting().count() == 0


def test_it_is_said_once_and_staff_is_not_suspended(alice: Any, bob: Any, moderator: Client) -> None:
    suspended(moderator, alice)

    again = pull(moderator, "suspend", alice)
    assert (again.status_code, Suspension.objects.count()) == (409, 1)
    assert "suspended already" in again.content.decode()
    assert pull(moderator, "lift", bob).status_code == 409
    staff, _ = desk(Role.SUPPORT)
    _, owner = desk(Role.OWNER)
    answer = pull(owner, "suspend", staff)
    assert answer.status_code == 409
    assert "Take their role away first" in answer.content.decode()


def test_an_account_that_is_deleted_meanwhile_is_not_opened_by_lifting(alice: Any, moderator: Client) -> None:
    suspended(moderator, alice)
    erasure.lock_out(alice.pk)

    answer = moderator.get(f"/admin/people/{alice.pk}/lift/")

    assert "closed for good" in answer.content.decode()
    assert not suspensions.lift(alice.pk, by=1)
    assert not User.objects.get(pk=alice.pk).is_active


def test_a_closed_account_says_closed(alice: Any) -> None:
    _, secret = keys.make(alice, "Shop")
    farewell.begin(alice)
    run_queued_tasks()

    answer = Client(headers={"Authorization": f"Bearer {secret}"}).get("/api/v1/balance")

    assert answer.status_code == 401


@pytest.mark.parametrize("role", [Role.SUPPORT, Role.FINANCE])
def test_other_roles_do_not_suspend(role: Role, alice: Any) -> None:
    _, client = desk(role)

    assert client.get(f"/admin/people/{alice.pk}/suspend/").status_code == 403
    assert client.post(f"/admin/people/{alice.pk}/suspend/", {"why": "x"}).status_code == 403
    alice.refresh_from_db()
    assert alice.is_active


class TestRaces:
    pytestmark = ON_POSTGRES

    def test_of_many_who_suspend_at_once_one_does(self) -> None:
        alice = make_user("alice@example.com")

        rows = together([lambda: suspensions.suspend(alice.pk, reason="x", by=1)] * 6)

        assert sum(isinstance(row, Suspension) for row in rows) == 1
        assert sum(row is None for row in rows) == 5

    @pytest.mark.parametrize("has_ordered", [True, False])
    def test_no_order_comes_after_the_suspension(self, has_ordered: bool, fox: Brief) -> None:
        alice, (_, moderator) = make_user("alice@example.com", 1000_00), desk(Role.MODERATOR)
        orders = int(has_ordered)
        for _ in range(orders):
            lifecycle.submit(alice, fox)
        began, over = threading.Event(), threading.Event()

        def suspend() -> None:
            with transaction.atomic():
                suspended(moderator, alice)
                began.set()
                wait_until_somebody_waits(unless=over)

        def order() -> Any:
            caller = User.objects.get(pk=alice.pk)
            assert began.wait(60)
            try:
                return lifecycle.submit(caller, fox)
            finally:
                over.set()

        done, ordered = together([suspend, order])

        assert done is None
        assert isinstance(ordered, let_in.AccountIsShut)
        assert Generation.objects.count() == orders
