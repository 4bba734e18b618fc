"""Keys: shown once, found by their hash, told from noise without the database."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from partners import keys
from partners.models import Key, Scope


def test_key_is_found_by_its_secret(alice: Any) -> None:
    made, secret = keys.make(alice, "Shop", ["generations:read"], 500_00)

    found = keys.find(secret)

    assert found == made
    assert found is not None
    assert (found.user, found.name, found.scopes, found.monthly_limit) == (
        alice,
        "Shop",
        ["generations:read"],
        500_00,
    )
    assert found.allows("generations:read") and not found.allows("generations:write")


def test_secret_has_the_promised_shape_and_begins_with_its_prefix(alice: Any) -> None:
    made, secret = keys.make(alice, "Shop")

    assert re.fullmatch(r"krea_[A-Za-z0-9]{32}[A-Za-z0-9]{6}", secret)
    assert secret.startswith(made.prefix) and len(made.prefix) == 11
    assert made.scopes == list(Scope.values)


def test_secret_is_kept_nowhere(alice: Any) -> None:
    made, secret = keys.make(alice, "Shop")

    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM partners_key")
        row = "|".join(str(value) for value in cursor.fetchone())

    assert secret not in row
    assert secret[len(made.prefix) :] not in row


def test_two_keys_never_share_a_secret() -> None:
    assert len({keys.new_secret() for _ in range(500)}) == 500


def test_known_key_has_its_known_checksum() -> None:
    # The CRC32 of what stands before it is 4260578758: 4·62⁵ + 40·62⁴ + 20·62³ + 59·62² + 10·62 + 14.
    secret = "krea_" + "a" * 32 + "4eKxAE"

    assert keys.is_well_formed(secret)


@pytest.mark.parametrize("place", range(len("krea_") + 32 + 6))
def test_one_wrong_character_is_noticed_without_the_database(place: int) -> None:
    secret = keys.new_secret()
    other = "A" if secret[place] != "A" else "B"

    assert keys.is_well_formed(secret)
    assert not keys.is_well_formed(secret[:place] + other + secret[place + 1 :])


@pytest.mark.parametrize("noise", ["", "krea_", "krea_" + "a" * 38, "ключ", "krea_" + "é" * 38, "x" * 1_000_000])
def test_noise_is_no_key_and_asks_no_database(noise: str) -> None:
    assert keys.find(noise) is None


def test_secret_of_nobody_finds_nothing(alice: Any) -> None:
    keys.make(alice, "Shop")

    assert keys.find(keys.new_secret()) is None


def test_revoked_expired_and_locked_out_keys_are_not_found(alice: Any, mallory: Any) -> None:
    revoked, first = keys.make(alice, "Revoked")
    expired, second = keys.make(alice, "Expired")
    _, third = keys.make(mallory, "Of one who may not log in")
    lasting, fourth = keys.make(alice, "Lasting")
    Key.objects.filter(pk=revoked.pk).update(revoked_at=timezone.now())
    Key.objects.filter(pk=expired.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    Key.objects.filter(pk=lasting.pk).update(expires_at=timezone.now() + timedelta(hours=1))
    mallory.is_active = False
    mallory.save()

    assert [keys.find(secret) for secret in (first, second, third, fourth)] == [None, None, None, lasting]


def test_unknown_scope_is_refused_with_those_that_there_are(alice: Any) -> None:
    with pytest.raises(keys.UnknownScope) as refusal:
        keys.make(alice, "Shop", ["generations:read", "images:write"])

    assert str(refusal.value) == (
        "There is no scope 'images:write'. There are: "
        "generations:write, generations:read, billing:read, webhooks:write."
    )
    assert not Key.objects.exists()
