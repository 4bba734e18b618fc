"""Giving and taking credits: alone up to a sum, above it with a second member of the staff, and each thing once."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from billing import ledger, takings
from billing.models import Kind, Transfer
from krea_site import farewell, sweeps
from krea_site.dashboard.people import credit_requests
from krea_site.models import CreditRequest, Role
from tests.conftest import make_user, wallet_of
from tests.faults.together import ON_POSTGRES, together
from tests.krea_site.dashboard.pulling import desk, form, pull, told
from tests.staff import make_staff, show_factor

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _sum(settings: Settings) -> None:
    settings.STAFF_CREDITS_ALONE = 100


@pytest.fixture
def support() -> Client:
    return desk(Role.SUPPORT)[1]


@pytest.fixture
def clock() -> Iterator[Any]:
    with time_machine.travel(timezone.now(), tick=True) as traveller:
        yield traveller


def decide(client: Client, what: str, row: CreditRequest, why: str = "It is right") -> Any:
    return client.post(f"/admin/credit-requests/{row.pk}/{what}", {"why": why})


def test_credits_are_given_with_a_reason_that_the_customer_reads(alice: Any, support: Client) -> None:
    answer = pull(support, "give", alice, amount="45.50", why="A lost afternoon")

    assert (answer.status_code, answer.headers["Location"]) == (302, f"/admin/people/{alice.pk}/")
    assert wallet_of(alice) == (1045_50, 0)
    row = Transfer.objects.latest("created_at")
    assert (row.kind, row.memo, row.actor[:6]) == (Kind.GRANT, "A lost afternoon", "staff:")
    assert told(alice) == [("people.give", "A lost afternoon")]
    client = Client()
    client.force_login(alice)
    assert "A lost afternoon" in client.get("/billing/").content.decode()


def test_what_is_given_pays_a_debt_first(alice: Any, support: Client) -> None:
    takings.take(alice, cash=1010_00, bonus=0, kind=Kind.DISPUTE, key="dispute:1", memo="A dispute")

    pull(support, "give", alice, amount="30")

    purse = ledger.wallet(alice)
    assert (purse.balance, purse.debt) == (20_00, 0)


def test_no_more_is_taken_than_is_available(alice: Any, support: Client) -> None:
    ledger.hold(alice, 960_00, key="order:1")

    refused = pull(support, "take", alice, amount="40.01")

    assert refused.status_code == 409
    assert "At most 40 credits can be taken" in refused.content.decode()
    assert (wallet_of(alice), told(alice)) == ((1000_00, 960_00), [])
    assert pull(support, "take", alice, amount="40").status_code == 302
    assert wallet_of(alice) == (960_00, 960_00)
    assert Transfer.objects.get(kind=Kind.CORRECTION).amount == 40_00


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"amount": "0"}, "More than 0"),
        ({"amount": "-5"}, "is not an amount of credits"),
        ({"amount": "many"}, "is not an amount of credits"),
        ({"amount": "99999999"}, "at most 10,000,000"),
        ({"amount": "5", "why": " "}, "Say why"),
        ({"amount": "5", "why": "for bob@example.com"}, "Leave e-mail addresses out"),
        ({"amount": "5", "token": "x"}, "This form was incomplete"),
    ],
)
def test_what_cannot_be_read_is_said_and_nothing_moves(
    typed: dict[str, str], words: str, alice: Any, support: Client
) -> None:
    answer = pull(support, "give", alice, **typed)

    assert (answer.status_code, wallet_of(alice)) == (422, (1000_00, 0))
    assert words in answer.content.decode()


def test_a_form_that_is_sent_twice_gives_once(alice: Any, support: Client) -> None:
    address = f"/admin/people/{alice.pk}/give/"
    typed = form(support, address, amount="10")

    answers = [support.post(address, typed, follow=True) for _ in range(2)]

    assert "10 credits given." in answers[0].content.decode()
    assert "This was done already" in answers[1].content.decode()
    assert (wallet_of(alice), len(told(alice))) == ((1010_00, 0), 1)


def test_above_the_sum_a_second_member_of_staff_confirms(alice: Any, support: Client) -> None:
    pull(support, "give", alice, amount="100.01", why="A large one")

    row = CreditRequest.objects.get()
    assert (wallet_of(alice), row.state, row.amount) == ((1000_00, 0), "waiting", 100_01)
    _, finance = desk(Role.FINANCE)
    assert "A large one" in finance.get("/admin/credit-requests/").content.decode()

    answer = decide(finance, "confirm", row)

    row.refresh_from_db()
    assert (answer.status_code, wallet_of(alice), row.state) == (302, (1100_01, 0), "confirmed")
    assert told(alice) == [("people.ask_credits", "A large one"), ("people.confirm_credits", "It is right")]


def test_many_small_ones_within_a_day_count_together(alice: Any, support: Client, clock: Any) -> None:
    pull(support, "give", alice, amount="60")
    pull(support, "take", alice, amount="40")
    assert (wallet_of(alice), CreditRequest.objects.count()) == ((1020_00, 0), 0)

    pull(support, "give", alice, amount="0.01")
    assert (wallet_of(alice), CreditRequest.objects.count()) == ((1020_00, 0), 1)

    pull(desk(Role.FINANCE)[1], "give", alice, amount="100")
    assert wallet_of(alice) == (1120_00, 0)  # another one counts for themselves
    clock.shift(timedelta(hours=11))
    pull(support, "give", alice, amount="1")
    assert CreditRequest.objects.count() == 2


def test_after_a_day_one_may_give_alone_again(alice: Any, clock: Any) -> None:
    user, support = desk(Role.SUPPORT)
    pull(support, "give", alice, amount="100")

    clock.shift(timedelta(hours=25))
    show_factor(support, user)
    pull(support, "give", alice, amount="100")

    assert (wallet_of(alice), CreditRequest.objects.count()) == ((1200_00, 0), 0)


def test_whoever_asked_does_not_decide(alice: Any) -> None:
    _, owner = desk(Role.OWNER)
    pull(owner, "give", alice, amount="500")
    row = CreditRequest.objects.get()

    for what in ("confirm", "refuse"):
        answer = decide(owner, what, row)
        assert answer.status_code == 409
        assert "You asked for this yourself" in answer.content.decode()
    row.refresh_from_db()
    assert (row.state, wallet_of(alice)) == ("waiting", (1000_00, 0))


def test_support_asks_and_does_not_confirm(alice: Any, support: Client) -> None:
    _, other = desk(Role.FINANCE)
    pull(other, "give", alice, amount="500")
    row = CreditRequest.objects.get()

    assert "Your role does not confirm credits" in support.get("/admin/credit-requests/").content.decode()
    assert decide(support, "confirm", row).status_code == 403
    assert wallet_of(alice) == (1000_00, 0)


def test_what_waits_is_said_on_the_front_page_of_who_may_decide(alice: Any, support: Client) -> None:
    pull(support, "give", alice, amount="500")
    words = "1 request for credits waits for a second member of the staff."

    assert words in desk(Role.FINANCE)[1].get("/admin/").content.decode()
    assert words not in support.get("/admin/").content.decode()


def test_it_is_decided_once(alice: Any, support: Client) -> None:
    pull(support, "give", alice, amount="500")
    row = CreditRequest.objects.get()
    _, finance = desk(Role.FINANCE)
    _, owner = desk(Role.OWNER)

    decide(finance, "refuse", row, why="Too much")
    late = decide(owner, "confirm", row)
    again = decide(finance, "refuse", row)

    assert (late.status_code, again.status_code, wallet_of(alice)) == (409, 302, (1000_00, 0))
    assert "It was refused already" in late.content.decode()
    assert [verb for verb, _ in told(alice)] == ["people.ask_credits", "people.refuse_credits"]


def test_it_expires_after_seven_days(alice: Any, support: Client, clock: Any) -> None:
    pull(support, "give", alice, amount="500")
    row = CreditRequest.objects.get()

    clock.shift(timedelta(days=7, seconds=1))
    late = decide(desk(Role.FINANCE)[1], "confirm", row)
    sweeps.run()

    row.refresh_from_db()
    assert (late.status_code, row.state, wallet_of(alice)) == (409, "expired", (1000_00, 0))
    assert "It has expired" in late.content.decode()


def test_what_is_to_be_taken_is_looked_at_anew_when_it_is_confirmed(alice: Any, support: Client) -> None:
    pull(support, "take", alice, amount="500")
    row = CreditRequest.objects.get()
    ledger.hold(alice, 700_00, key="order:1")

    answer = decide(desk(Role.FINANCE)[1], "confirm", row)

    row.refresh_from_db()
    assert (answer.status_code, row.state, wallet_of(alice)) == (409, "waiting", (1000_00, 700_00))
    assert "At most 300 credits can be taken" in answer.content.decode()


@pytest.mark.parametrize("what", ["give", "take"])
def test_nobody_gives_or_takes_credits_of_their_own(what: str) -> None:
    user, owner = desk(Role.OWNER)

    page = owner.get(f"/admin/people/{user.pk}/{what}/")
    answer = owner.post(f"/admin/people/{user.pk}/{what}/", {"amount": "5", "why": "Me", "token": str(user.pk)})

    assert "This is your own account" in page.content.decode()
    assert answer.status_code == 422
    assert not Transfer.objects.exists()


def test_a_closed_account_stays_at_zero(alice: Any, support: Client) -> None:
    farewell.begin(alice)
    page = support.get(f"/admin/people/{alice.pk}/give/")

    assert "closed for good" in page.content.decode()
    assert 'name="token"' not in page.content.decode()


class TestRaces:
    pytestmark = ON_POSTGRES

    def test_two_who_confirm_at_once_move_it_once(self) -> None:
        alice = make_user("alice@example.com", 1000_00)
        asker, one, two = (make_staff(Role.OWNER, f"{name}@example.com") for name in ("asker", "one", "two"))
        row = credit_requests.ask(alice, takes=False, amount=5_00, reason="Why", actor=asker, id=uuid4())

        results = together(
            [lambda who=who: credit_requests.confirm(row.pk, actor=who, answer="Yes") for who in (one, two) * 4]  # type: ignore[misc]
        )

        assert [result for result in results if not isinstance(result, Exception)] == [(1000_00, 1005_00)]
        assert {type(result) for result in results if isinstance(result, Exception)} == {credit_requests.NotNow}
        assert wallet_of(alice) == (1005_00, 0)

    def test_a_click_doubled_eight_times_gives_once(self) -> None:
        alice = make_user("alice@example.com", 1000_00)
        _, support = desk(Role.SUPPORT)
        address = f"/admin/people/{alice.pk}/give/"
        typed = form(support, address, amount="10")

        def press() -> Any:
            client = Client()
            client.cookies = support.cookies
            return client.post(address, typed).status_code

        assert together([press] * 8) == [302] * 8
        assert (wallet_of(alice), len(told(alice))) == ((1010_00, 0), 1)

    def test_small_sums_at_once_do_not_slip_past_the_sum_together(self) -> None:
        alice = make_user("alice@example.com", 1000_00)
        _, support = desk(Role.SUPPORT)
        address = f"/admin/people/{alice.pk}/give/"
        forms = [form(support, address, amount="40") for _ in range(6)]

        def press(typed: dict[str, str]) -> Any:
            client = Client()
            client.cookies = support.cookies
            return client.post(address, typed).status_code

        assert together([lambda typed=typed: press(typed) for typed in forms]) == [302] * 6  # type: ignore[misc]
        assert (wallet_of(alice), CreditRequest.objects.count()) == ((1080_00, 0), 4)
