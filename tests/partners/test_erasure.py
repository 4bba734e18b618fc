"""A partner who leaves is forgotten: keys, words of their own, and the answers that were kept."""

from typing import Any

import pytest
from django.utils import timezone

from generations import bin
from generations import erasure as generations_erasure
from partners import erasure, keys
from partners.models import Delivery, DeliveryTry, KeptAnswer, Key, Order
from tests.krea_site.belongings import drawn

pytestmark = pytest.mark.django_db


def test_everything_of_one_partner_goes_and_nothing_of_another(alice: Any, mallory: Any) -> None:
    for user, shade in ((alice, 10), (mallory, 11)):
        key, _ = keys.make(user, "server")
        Order.objects.create(generation=drawn(user, shade), key=key, reference="order 7", metadata={"who": "me"})
        KeptAnswer.objects.create(user=user, key="one", fingerprint="f", ends_at=timezone.now())

    erasure.forget(alice.pk)
    erasure.forget(alice.pk)

    assert [row.user for row in Key.objects.all()] == [mallory]
    assert [row.generation.user for row in Order.objects.all()] == [mallory]
    assert [row.user for row in KeptAnswer.objects.all()] == [mallory]


def test_words_about_a_picture_that_is_gone_for_good_go_with_it(alice: Any) -> None:
    key, _ = keys.make(alice, "server")
    gone, stays = drawn(alice, 10), drawn(alice, 11)
    for row in (gone, stays):
        order = {
            "reference": "order 7",
            "metadata": {"who": "me"},
            "wire": {"tags": ["me"]},
            "webhook_url": "https://a.b/",
        }
        Order.objects.create(generation=row, key=key, **order)
        told = Delivery.objects.create(user=alice, url="https://a.b/", receiver="r", topic="test", object_id=row.pk)
        DeliveryTry.objects.create(
            delivery=told, number=1, url="https://a.b/", request_body=row.prompt, answer_body="!"
        )
    only = [gone.images.get().pk]
    bin.put(alice, only)

    bin.purge(alice, only)
    generations_erasure.sweep()

    empty, kept = Order.objects.get(pk=gone.pk), Order.objects.get(pk=stays.pk)
    assert (empty.reference, empty.metadata, empty.wire, empty.webhook_url, empty.key) == (None, {}, {}, "", key)
    assert (kept.reference, kept.metadata, kept.wire) == ("order 7", {"who": "me"}, {"tags": ["me"]})
    bodies = dict(DeliveryTry.objects.values_list("delivery__object_id", "request_body"))
    assert bodies == {gone.pk: "", stays.pk: stays.prompt}
