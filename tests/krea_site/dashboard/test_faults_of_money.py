"""Faults that somebody puts into the money by hand: each is found, shown to staff, and mended as the runbook says."""

from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client

from billing import audit, chains, ledger, reconcile, triggers
from billing.models import Account, Book, Purchase, Transfer
from krea_site import check_orders, check_runs, schedule
from krea_site.models import CheckOrder, CheckRun, Role, StaffAct
from tests.billing.at_stripe import bought
from tests.conftest import wallet_of
from tests.staff import make_staff, staff_client
from tests.standins.launch import StripeStandIn

pytestmark = pytest.mark.django_db


@pytest.fixture
def fiona(db: None) -> Client:
    """Keeps the money."""
    return staff_client(make_staff(Role.FINANCE, email="fiona@example.com"))


def miss_a_cent(stripe: StripeStandIn, purchase: Purchase) -> None:
    """Stripe's own record of a payment has one cent less than it said when it was paid."""
    stripe.act("alter", object=purchase.payment, amount_received=(purchase.paid_cents or 0) - 1)


def alter_a_transfer(transfer: Transfer, amount: int) -> None:
    """By somebody with the password of the database, who takes the trigger away and puts it back."""
    with triggers.lifted(connection, "billing_transfer", "update"):
        Transfer.objects.filter(pk=transfer.pk).update(amount=amount)


def read(answer: Any, status: int = 200) -> str:
    assert answer.status_code == status
    return " ".join(str(answer.content.decode()).split())


def sales() -> int:
    """What the book received, in cents."""
    received = sum(row.amount for row in Transfer.objects.filter(source__book=Book.SALES))
    given_back = sum(row.amount for row in Transfer.objects.filter(target__book=Book.SALES))
    return (received - given_back) // 1000


# One cent missing at Stripe


@pytest.fixture
def purchase(bob: Any, stripe_standin: StripeStandIn) -> Purchase:
    """$25.00, which brought a bonus."""
    row = bought(stripe_standin, bob, cents=2_500)
    assert reconcile.run().left == 0
    return row


def test_a_cent_that_is_missing_at_stripe_is_found_and_shown(
    fiona: Client, stripe_standin: StripeStandIn, purchase: Purchase
) -> None:
    miss_a_cent(stripe_standin, purchase)

    assert schedule.reconcile_stripe() == 1

    words = "$24.99 was paid according to Stripe, $25.00 here"
    assert words in read(fiona.get("/admin/stripe/"))
    assert words in read(fiona.get(f"/admin/purchases/{purchase.pk}/"))
    assert "1 thing differs between Stripe&#x27;s records and ours." in read(fiona.get("/admin/"))


def test_the_missing_cent_is_mended_when_stripes_amount_is_taken_over(
    fiona: Client, bob: Any, stripe_standin: StripeStandIn, purchase: Purchase
) -> None:
    miss_a_cent(stripe_standin, purchase)
    schedule.reconcile_stripe()
    before = wallet_of(bob)

    answer = fiona.post(f"/admin/purchases/{purchase.pk}/correct", {"why": "A cent less in their dashboard"})

    assert answer.status_code == 302
    assert check_orders.go_on(CheckOrder.Kind.STRIPE) == 0  # asked for at once: the alert ends
    assert sales() == 2_499
    assert wallet_of(bob) == before  # the customer keeps what was agreed
    row = Transfer.objects.get(key=f"stripe:{purchase.payment}:corrected")
    assert (row.source.book, row.target.book, row.amount) == (Book.GRANTS, Book.SALES, 1000)
    act = StaffAct.objects.get()
    assert (act.verb, act.before["paid_cents"], act.after["paid_cents"]) == ("purchase.correct", 2_500, 2_499)
    assert "Stripe says otherwise" not in read(fiona.get(f"/admin/purchases/{purchase.pk}/"))


def test_taken_over_twice_is_once(fiona: Client, stripe_standin: StripeStandIn, purchase: Purchase) -> None:
    miss_a_cent(stripe_standin, purchase)
    path, told = f"/admin/purchases/{purchase.pk}/correct", {"why": "A cent less"}

    assert [fiona.post(path, told).status_code for _ in range(2)] == [302, 409]

    assert (Transfer.objects.filter(key__endswith=":corrected").count(), sales()) == (1, 2_499)
    assert StaffAct.objects.count() == 1


def test_a_cent_more_at_stripe_is_taken_over_too(
    fiona: Client, bob: Any, stripe_standin: StripeStandIn, purchase: Purchase
) -> None:
    stripe_standin.act("alter", object=purchase.payment, amount_received=2_501)
    before = wallet_of(bob)

    assert fiona.post(f"/admin/purchases/{purchase.pk}/correct", {"why": "A cent more"}).status_code == 302

    assert (schedule.reconcile_stripe(), sales(), wallet_of(bob)) == (0, 2_501, before)


@pytest.mark.parametrize("case", ["no reason", "nothing differs", "refunded", "Stripe is away"])
def test_what_cannot_be_taken_over_changes_nothing(
    fiona: Client, stripe_standin: StripeStandIn, purchase: Purchase, case: str
) -> None:
    if case == "refunded":
        stripe_standin.act("refund", payment=purchase.payment, amount=100)
    if case != "nothing differs":
        miss_a_cent(stripe_standin, purchase)
    if case == "Stripe is away":
        stripe_standin.control(down=True)

    told = {} if case == "no reason" else {"why": "A cent less"}
    answer = fiona.post(f"/admin/purchases/{purchase.pk}/correct", told)

    assert answer.status_code == (422 if case == "no reason" else 409)
    stripe_standin.control(down=False)
    purchase.refresh_from_db()
    assert (purchase.paid_cents, sales(), StaffAct.objects.exists()) == (2_500, 2_500, False)


def test_the_missing_cent_heals_by_itself_when_stripe_finds_it(
    fiona: Client, stripe_standin: StripeStandIn, purchase: Purchase
) -> None:
    miss_a_cent(stripe_standin, purchase)
    assert schedule.reconcile_stripe() == 1

    stripe_standin.act("alter", object=purchase.payment, amount_received=2_500)

    assert schedule.reconcile_stripe() == 0


# An altered transfer


@pytest.fixture
def movements(alice: Any) -> list[Transfer]:
    """Of alice's wallet, oldest first: 1,000.00 were given to her, 100.00 more, and she spent 39.00."""
    ledger.grant(alice, 100_00, key="more", memo="More")
    ledger.hold(alice, 39_00, key="spent")
    ledger.capture("spent", 39_00, memo="A picture")
    return list(Transfer.objects.order_by("created_at", "pk"))


@pytest.mark.unaudited
@pytest.mark.parametrize("place", [0, 1, 2])
def test_an_altered_transfer_is_found_by_its_id_and_mended(
    fiona: Client, alice: Any, movements: list[Transfer], place: int
) -> None:
    altered = movements[place]
    alter_a_transfer(altered, altered.amount + 7)

    assert schedule.audit_ledger() > 0

    words = f"transfer {altered.pk} ({altered.key}): it moved {altered.amount + 7}, the balances around it say"
    run = check_runs.newest(CheckRun.Kind.AUDIT)
    assert run is not None
    named = [finding for finding in run.findings if finding.startswith("transfer ")]
    assert named == [f"{words} {altered.amount}"]
    assert words in read(fiona.get("/admin/audit/"))
    assert "wrong in the books" in read(fiona.get("/admin/"))

    call_command("mend_transfer", str(altered.pk))

    altered.refresh_from_db()
    assert (list(audit.findings()), schedule.audit_ledger()) == ([], 0)
    assert "Nothing was wrong." in read(fiona.get("/admin/audit/"))


@pytest.mark.unaudited
def test_a_transfer_that_was_not_altered_is_left_alone(movements: list[Transfer]) -> None:
    with pytest.raises(CommandError, match="it was not altered"):
        call_command("mend_transfer", str(movements[0].pk))

    alter_a_transfer(movements[0], 5)
    with pytest.raises(CommandError, match="fit its amount"):
        call_command("mend_transfer", str(movements[1].pk))
    alter_a_transfer(movements[1], 5)
    with pytest.raises(CommandError, match="2 movements of this wallet do not fit"):
        call_command("mend_transfer", str(movements[0].pk))

    assert [row.amount for row in Transfer.objects.order_by("created_at", "pk")] == [5, 5, 39_00]


@pytest.mark.unaudited
def test_a_wallet_that_was_altered_itself_accuses_no_transfer(alice: Any, movements: list[Transfer]) -> None:
    Account.objects.filter(user=alice).update(balance=1)

    assert [finding for finding in audit.findings() if finding.startswith("transfer ")] == []
    alter_a_transfer(movements[0], 5)
    with pytest.raises(chains.NotMended, match="more than a transfer was altered"):
        chains.mend(str(movements[0].pk))


@pytest.mark.parametrize("id", ["x", "01a200d1-30db-72c5-897b-9be92fda6187"])
def test_a_transfer_that_there_is_not_is_no_mystery(db: None, id: str) -> None:
    with pytest.raises(CommandError, match="There is no transfer"):
        call_command("mend_transfer", id)


@pytest.mark.unaudited
def test_triggers_are_back_after_a_mend(movements: list[Transfer]) -> None:
    alter_a_transfer(movements[0], 5)
    call_command("mend_transfer", str(movements[0].pk))

    assert triggers.missing(connection) == []
