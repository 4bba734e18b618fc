"""Sign-ups that nobody confirmed go after thirty days; nobody else does."""

from datetime import timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth import get_user_model
from django.utils import timezone

from accounts import unconfirmed
from billing import ledger
from krea_site import schedule
from partners import keys

pytestmark = pytest.mark.django_db
User = get_user_model()
MINUTE = timedelta(minutes=1)


def signed_up(name: str, *, days: float = 31, verified: bool = False, address: bool = True) -> Any:
    user = User.objects.create_user(f"{name}@example.com", "a long password 7")
    User.objects.filter(pk=user.pk).update(date_joined=timezone.now() - timedelta(days=days))
    if address:
        EmailAddress.objects.create(user=user, email=user.email, verified=verified, primary=True)
    return user


def left() -> set[str]:
    return {email.partition("@")[0] for email in User.objects.values_list("email", flat=True)}


def test_sign_up_that_was_never_confirmed_goes_after_thirty_days() -> None:
    for name, days in (("old", 30.1), ("young", 29.9)):
        signed_up(name, days=days)

    assert schedule.prune_unconfirmed() == 1

    assert left() == {"young"}
    assert not EmailAddress.objects.filter(email="old@example.com").exists()


def test_whoever_confirmed_or_was_ever_logged_in_stays() -> None:
    signed_up("confirmed", verified=True)
    seen = signed_up("seen")
    User.objects.filter(pk=seen.pk).update(last_login=timezone.now())

    assert unconfirmed.prune(within=MINUTE) == 0

    assert left() == {"confirmed", "seen"}


def test_one_confirmed_address_of_two_is_enough() -> None:
    user = signed_up("two", verified=True)
    EmailAddress.objects.create(user=user, email="other@example.com", verified=False)

    assert unconfirmed.prune(within=MINUTE) == 0


def test_whoever_was_given_a_key_or_credits_stays() -> None:
    keys.make(signed_up("with-key"), "A key")
    ledger.grant(signed_up("with-credits"), 5, key="gift", memo="A gift")
    signed_up("by-command", address=False)

    assert unconfirmed.prune(within=MINUTE) == 0

    assert left() == {"with-key", "with-credits", "by-command"}
