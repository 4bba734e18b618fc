"""Trial credits: once for each mailbox, on verification, within the caps; and who gets none is told why."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from allauth.account.adapter import get_adapter
from allauth.account.models import EmailAddress
from django.contrib.messages import get_messages
from django.core.cache import cache
from django.core.mail import EmailMessage
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from accounts.signals import email_verified
from billing import ledger
from billing.models import Transfer
from krea_site import farewell, mail_hosts, trial
from krea_site.models import TrialCount, TrialGrant
from tests.conftest import make_user, wallet_of
from tests.faults.fuse import Died

HERE, THERE = "8.8.8.8", "9.9.9.9"
TRIAL = (200_00, 0)
State, Reason = TrialGrant.State, TrialGrant.Reason


@pytest.fixture(autouse=True)
def _no_limit_is_used_up(db: None) -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


def verify(rf: Any, email: str, *, client: str = HERE, user: Any = None) -> Any:
    """What the accounts ring when somebody shows that an address is theirs; decided by the sweep."""
    user = user or make_user(email)
    email_verified.send(sender=None, user=user, address=email, request=rf.get("/", REMOTE_ADDR=client))
    with time_machine.travel(timezone.now() + timedelta(minutes=1)):
        trial.sweep()
    return user


def test_somebody_who_signs_up_and_opens_the_link_has_the_credits_and_is_told(
    client: Client, mailoutbox: list[EmailMessage], django_capture_on_commit_callbacks: Any
) -> None:
    password = "correct horse battery 9"
    form = {"email": "new@example.com", "password1": password, "password2": password}
    client.post("/accounts/signup/", form, REMOTE_ADDR=HERE)
    link = re.search(r"/accounts/confirm-email/[^\s/]+/", str(mailoutbox[0].body))
    assert link

    with django_capture_on_commit_callbacks(execute=True):
        answer = client.post(link[0], REMOTE_ADDR=HERE)

    user = User.objects.get(email="new@example.com")
    assert wallet_of(user) == TRIAL
    assert "You have 200.00 credits to try things out." in [str(each) for each in get_messages(answer.wsgi_request)]
    assert Transfer.objects.get().key == f"trial:{user.pk}"


def test_a_process_that_dies_after_the_verification_leaves_it_to_the_sweep(rf: Any) -> None:
    user = make_user("new@example.com")
    email_verified.send(sender=None, user=user, address=user.email, request=rf.get("/", REMOTE_ADDR=HERE))
    trial.sweep()
    assert wallet_of(user) == (0, 0)  # the request that is at it may still be deciding

    with time_machine.travel(timezone.now() + timedelta(minutes=1)):
        trial.sweep()
        trial.sweep()

    assert wallet_of(user) == TRIAL


def test_an_account_that_is_being_deleted_gets_none_by_a_link_that_is_opened_late(rf: Any) -> None:
    user = make_user("leaving@example.com")
    farewell.begin(user)

    verify(rf, "leaving@example.com", user=user)

    assert wallet_of(user) == (0, 0)


def test_verifying_again_or_another_address_gives_nothing_more(rf: Any) -> None:
    user = verify(rf, "new@example.com")

    verify(rf, "new@example.com", user=user)
    verify(rf, "other@example.com", user=user)

    assert wallet_of(user) == TRIAL


def test_the_same_mailbox_in_other_words_gets_no_second_trial(rf: Any) -> None:
    verify(rf, "first.person@gmail.com")

    again = verify(rf, "firstperson+more@googlemail.com", client=THERE)

    assert wallet_of(again) == (0, 0)
    assert trial.refusal(again).startswith("Trial credits were given for this e-mail address before")


def test_a_throw_away_address_gets_none_until_another_one_is_verified(rf: Any) -> None:
    user = verify(rf, "x@some.mailinator.com")
    assert wallet_of(user) == (0, 0)
    assert "throw-away" in trial.refusal(user)

    verify(rf, "real@example.com", user=user)

    assert (wallet_of(user), trial.refusal(user)) == (TRIAL, "")


def test_a_host_that_the_operator_takes_off_the_list_gets_it(rf: Any) -> None:
    mail_hosts.remove("yopmail.com")

    assert wallet_of(verify(rf, "x@yopmail.com")) == TRIAL


def test_a_network_gets_so_many_in_a_month(rf: Any, settings: Settings) -> None:
    settings.TRIAL_PER_NETWORK = 2
    with time_machine.travel("2026-03-30 12:00", tick=True) as clock:
        people = [verify(rf, f"p{number}@example.com", client=f"8.8.8.{number}") for number in range(3)]
        elsewhere = verify(rf, "elsewhere@example.com", client=THERE)
        clock.move_to("2026-04-01 12:00")
        later = verify(rf, "later@example.com", client=HERE)

    assert [wallet_of(each) for each in [*people, elsewhere, later]] == [TRIAL, TRIAL, (0, 0), TRIAL, TRIAL]
    assert "your network" in trial.refusal(people[2])


def test_the_whole_site_gives_so_many_in_a_day_and_a_refusal_uses_nothing_up(rf: Any, settings: Settings) -> None:
    settings.TRIAL_PER_DAY = 2
    with time_machine.travel("2026-03-30 12:00", tick=True) as clock:
        people = [verify(rf, f"p{number}@example.com", client=f"8.8.{number}.1") for number in range(3)]
        clock.shift(timedelta(days=1))
        later = verify(rf, "later@example.com", client="8.8.2.1")

    assert [wallet_of(each) for each in [*people, later]] == [TRIAL, TRIAL, (0, 0), TRIAL]
    assert trial.refusal(people[2]) == "Today's trial credits have all been given."
    assert sorted(TrialCount.objects.filter(name__startswith="network").values_list("used", flat=True)) == [1, 1, 1]


def test_people_on_this_machine_are_no_network(rf: Any, settings: Settings) -> None:
    settings.TRIAL_PER_NETWORK = 1

    people = [verify(rf, f"p{number}@example.com", client="127.0.0.1") for number in range(3)]

    assert [wallet_of(each) for each in people] == [TRIAL] * 3


def test_no_row_of_it_holds_an_address_or_a_network(rf: Any) -> None:
    verify(rf, "new@example.com")

    rows = [str(row) for model in (TrialGrant, TrialCount) for row in model.objects.values()]

    assert not [row for row in rows if "new@" in row or "example" in row or "8.8.8" in row]


def test_old_counters_are_pruned(rf: Any) -> None:
    with time_machine.travel(timezone.now() - timedelta(days=80)):
        verify(rf, "old@example.com")
    verify(rf, "new@example.com")

    assert trial.prune_counts() == 2
    assert TrialCount.objects.count() == 2


def test_the_demo_has_its_own_credits_and_is_no_trial(alice: Any) -> None:
    EmailAddress.objects.create(user=alice, email=alice.email, verified=True)

    trial.sweep()

    assert not TrialGrant.objects.exists()


def test_the_verification_and_the_row_of_the_trial_are_written_together(rf: Any) -> None:
    """A process that dies between them would leave somebody without a trial whom nobody ever looks at again."""

    def die(**_: Any) -> None:
        raise Died

    user = make_user("new@example.com")
    address = EmailAddress.objects.create(user=user, email=user.email)
    request = rf.get("/", REMOTE_ADDR=HERE)
    request.session, request.user = {}, user
    email_verified.connect(die)
    try:
        with pytest.raises(Died):
            get_adapter(request).confirm_email(request, address)
    finally:
        email_verified.disconnect(die)

    assert not EmailAddress.objects.filter(verified=True).exists()
    assert not TrialGrant.objects.exists()


def test_the_statement_says_why_there_are_none(rf: Any, client: Client) -> None:
    user = verify(rf, "x@mailinator.com")
    client.force_login(user)

    assert "You got no trial credits." in client.get("/billing/").content.decode()

    ledger.grant(user, 1_00, key="gift", memo="A gift")
    assert "You got no trial credits." not in client.get("/billing/").content.decode()
