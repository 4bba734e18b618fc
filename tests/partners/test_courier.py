"""The courier: nobody's deliveries stand before another's, and however many couriers work, each try is made once."""

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

from asgiref.sync import async_to_sync
from django.utils import timezone

from generations import events
from partners.models import Delivery, DeliveryTry, Endpoint, Listener
from partners.webhooks import deliveries, endpoints, fan_out
from partners.webhooks.courier import Courier
from tests.faults.together import ON_POSTGRES, crowd, failures
from tests.partners.caller import Caller
from tests.partners.receivers import Receiver, finished, listen

Open = Callable[[], Receiver]


def told_so_often(endpoint: Endpoint, times: int) -> None:
    """Deliveries that have been due for long, as many as a burst makes."""
    long_ago = timezone.now() - timedelta(hours=1)
    Delivery.objects.bulk_create(
        Delivery(user_id=endpoint.user_id, endpoint=endpoint, receiver=str(endpoint.pk), topic="test", due_at=long_ago)
        for _ in range(times)
    )


def test_a_long_queue_for_one_receiver_stands_before_nobody(api: Caller, stranger: Caller, acme: Any) -> None:
    listen(api, "https://busy.example/hook")
    told_so_often(Endpoint.objects.get(), 1000)
    quick = listen(stranger, "https://quick.example/hook")
    stranger.post(f"/webhooks/{quick['id']}/test")

    taken = deliveries.claim(timezone.now(), 200, Counter())

    assert Counter(str(call.delivery.endpoint_id) for call in taken)[quick["id"]] == 1
    assert len(taken) == deliveries.FOR_EACH + 1


def test_an_account_holds_only_so_many_places_however_many_receivers_it_has(
    api: Caller, stranger: Caller, acme: Any
) -> None:
    for number in range(endpoints.MOST):
        listen(api, f"https://{number}.busy.example/hook")
    for endpoint in Endpoint.objects.all():
        told_so_often(endpoint, 10)
    quick = listen(stranger, "https://quick.example/hook")
    stranger.post(f"/webhooks/{quick['id']}/test")

    taken = deliveries.claim(timezone.now(), 200, Counter())

    assert Counter(call.delivery.user_id for call in taken) == {
        acme.pk: deliveries.FOR_ACCOUNT,
        taken[-1].delivery.user_id: 1,
    }
    inside = Counter(name for call in taken for name in deliveries.places(call.delivery))
    assert [call.delivery.user_id for call in deliveries.claim(timezone.now(), 200, inside)] == []


def test_one_account_that_stalls_everywhere_does_not_slow_another(
    api: Caller, stranger: Caller, acme: Any, open_receiver: Open, transactional_db: None, monkeypatch: Any
) -> None:
    """The slow ones never answer: the other is told while they hang, or never."""
    monkeypatch.setattr(deliveries, "TIMEOUT_S", 30.0)
    slow, quick = open_receiver(), open_receiver()
    slow.then(lambda visit: visit.drip(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n", b"x", every_s=0.1))
    for _ in range(5):
        listen(api, slow.url)
    for endpoint in Endpoint.objects.all():
        told_so_often(endpoint, 20)
    hers = listen(stranger, quick.url)
    for _ in range(20):
        stranger.post(f"/webhooks/{hers['id']}/test")

    async def work() -> None:
        stop, courier = asyncio.Event(), Courier()
        running = asyncio.create_task(courier.run(stop))
        while len(quick.server.seen) < 20:
            await asyncio.sleep(0.01)
        stop.set()
        await running

    async_to_sync(work)()

    assert slow.server.most_inside == deliveries.FOR_ACCOUNT
    assert quick.server.most_inside <= deliveries.FOR_EACH


def test_one_account_whose_events_cannot_be_told_stops_no_other(
    api: Caller, stranger: Caller, acme: Any, mallory: Any
) -> None:
    listen(api, "https://shop.example/hook")
    listen(stranger, "https://hers.example/hook", "balance.low")
    endpoint = Endpoint.objects.get(user=acme)
    Endpoint.objects.filter(pk=endpoint.pk).update(topics=7)  # damaged
    stranger.patch("/webhooks/settings", {"low_below": "5000.00"})
    finished(acme)
    events.write(mallory.pk, events.BALANCE_UPDATED, None)

    fan_out.run()

    assert list(Delivery.objects.values_list("user", "topic")) == [(mallory.pk, "balance.low")]
    behind, told = Listener.objects.get(user=acme), Listener.objects.get(user=mallory)
    assert behind.fanned_seq < events.latest(acme.pk) and told.fanned_seq == events.latest(mallory.pk)


class TestTwoCouriers:
    pytestmark = ON_POSTGRES

    def test_each_try_is_made_once(self, api: Caller, acme: Any) -> None:
        listen(api, "https://shop.example/hook")
        for _ in range(20):
            finished(acme)

        results = crowd(fan_out.run, 8)
        assert failures(results) == []
        assert Delivery.objects.count() == 20
        Delivery.objects.update(receiver="")
        for delivery in Delivery.objects.all():
            Delivery.objects.filter(pk=delivery.pk).update(receiver=str(delivery.pk))

        rounds = crowd(partial(deliveries.claim, timezone.now(), 50, Counter()), 8)

        assert failures(rounds) == []
        taken = [call.delivery.pk for calls in rounds for call in calls]
        assert len(taken) == len(set(taken)) == DeliveryTry.objects.count() >= deliveries.FOR_ACCOUNT
        assert set(DeliveryTry.objects.values_list("number", flat=True)) == {1}

    def test_all_that_reach_for_the_same_delivery_at_once_leave_it_to_one(self, api: Caller, acme: Any) -> None:
        for _ in range(10):
            hook = listen(api, "https://shop.example/hook")
            api.post(f"/webhooks/{hook['id']}/test")
            row = Delivery.objects.get()

            results = crowd(partial(deliveries._claim, row, timezone.now()), 8)

            assert failures(results) == []
            assert sum(call is not None for call in results) == 1
            assert Delivery.objects.get().tries == 1
            api.delete(f"/webhooks/{hook['id']}")
