"""A partner who leaves is forgotten: keys, words of their own, and the answers that were kept."""

from typing import Any

import pytest

from partners import erasure, keys
from partners.models import KeptAnswer, Key, Order
from tests.krea_site.belongings import drawn

pytestmark = pytest.mark.django_db


def test_everything_of_one_partner_goes_and_nothing_of_another(alice: Any, mallory: Any) -> None:
    for user, shade in ((alice, 10), (mallory, 11)):
        key, _ = keys.make(user, "server")
        Order.objects.create(generation=drawn(user, shade), key=key, reference="order 7", metadata={"who": "me"})
        KeptAnswer.objects.create(user=user, key="one", fingerprint="f", body=b"{}")

    erasure.forget(alice.pk)
    erasure.forget(alice.pk)

    assert [row.user for row in Key.objects.all()] == [mallory]
    assert [row.generation.user for row in Order.objects.all()] == [mallory]
    assert [row.user for row in KeptAnswer.objects.all()] == [mallory]
